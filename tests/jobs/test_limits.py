"""Pauses, concurrency, rates, priorities, and that one slow system does not take everything."""

import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import transaction

from lapwing.core.errors import Refused
from lapwing.jobs.actions.set_limit import pause, resume, set_limit
from lapwing.jobs.claim import Claimer, Wanted, new_token
from lapwing.jobs.limits import BURST_S, claim_limited
from lapwing.jobs.models import Job, JobLimit
from lapwing.jobs.outlook import due_pools
from lapwing.jobs.types import BULK, NORMAL, URGENT
from lapwing.jobs.worker import LocalWorker
from tests.jobs.conftest import ask, claim, close_connection, end, only_postgresql, shown, work

LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)


def limited(limit: int = 100, pool: str = "database", not_lanes=()) -> list:
    return claim_limited(Claimer(new_token()), Wanted(pool, not_lanes), limit)


def test_paused_type_and_lane_stay_and_go_on_when_resumed(desk):
    paused, in_lane, free = ask(), ask("no_op", lane="north"), ask("no_op")
    pause("type", "book")
    pause("lane", "north")
    work()
    assert [shown(job)[0] for job in (paused, in_lane, free)] == ["waiting", "waiting", "succeeded"]
    assert due_pools() == set()
    assert limited() == []
    resume("type", "book")
    resume("lane", "north")
    work()
    assert [shown(job)[0] for job in (paused, in_lane)] == ["succeeded", "succeeded"]


def test_pause_is_kept_by_a_worker_that_looked_before(ledger):
    """Nothing that is claimed after the pause has returned is of the paused type."""
    worker = LocalWorker()
    ask("no_op")
    assert worker._turn()
    pause("type", "book")
    job = ask()
    ask("no_op")
    assert worker._turn()
    assert shown(job)[0] == "waiting"


def test_limits_want_a_known_type_and_numbers_from_one(desk):
    for name, values in (
        ("bok", {}),
        ("book", {"concurrency": 0}),
        ("book", {"rate": 0}),
        ("book", {"per_s": 0}),
    ):
        with pytest.raises(Refused):
            set_limit("type", name, **{"concurrency": None, **values})
    assert not JobLimit.objects.exists()


def test_at_most_so_many_are_in_progress_at_once(desk):
    for _ in range(5):
        ask()
    set_limit("type", "book", concurrency=2)
    assert claim() == []
    held = limited()
    assert len(held) == 2
    assert limited() == []
    assert end(held[0])
    assert len(limited()) == 1


def test_type_and_lane_are_both_kept(desk):
    for lane in ("north", "north", "south", "south", ""):
        ask(lane=lane)
    ask("no_op", lane="north")
    set_limit("type", "book", concurrency=3)
    set_limit("lane", "north", concurrency=1)
    assert sorted((held.type, held.lane) for held in limited()) == [
        ("book", "north"),
        ("book", "south"),
        ("book", "south"),
    ]
    assert limited() == []


def test_jobs_behind_a_full_lane_are_found(desk):
    for _ in range(250):
        ask(lane="north")
    other = ask(lane="south")
    set_limit("lane", "north", concurrency=1)
    set_limit("lane", "south", concurrency=1)
    found = limited()
    assert [held.lane for held in found] in (["north", "south"], ["north"])
    assert other.pk in {held.id for held in [*found, *limited()]}


@only_postgresql
def test_two_claimers_at_once_do_not_pass_a_limit(ledger):
    for _ in range(40):
        ask()
    set_limit("type", "book", concurrency=5)
    for _ in range(8):
        both, taken = threading.Barrier(3), []

        def one(both: threading.Barrier = both, taken: list = taken) -> None:
            both.wait()
            taken.extend(limited())
            close_connection()

        threads = [threading.Thread(target=one) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
        assert 1 <= Job.objects.filter(status="in_progress").count() <= 5
        for held in taken:
            assert end(held)
    assert Job.objects.filter(status="succeeded").count() >= 8


@only_postgresql
def test_limit_that_somebody_is_changing_is_not_passed_over(ledger):
    """The row of one limit is locked elsewhere: jobs that it limits are not claimed by the other limit alone."""
    ask(lane="north")
    set_limit("type", "book", concurrency=1)
    set_limit("lane", "north", concurrency=5)
    locked, done = threading.Event(), threading.Event()

    def change() -> None:
        with transaction.atomic():
            JobLimit.objects.select_for_update().get(scope="type")
            locked.set()
            done.wait(20)
        close_connection()

    thread = threading.Thread(target=change)
    thread.start()
    locked.wait(20)
    try:
        assert limited() == []
    finally:
        done.set()
        thread.join()
    assert len(limited()) == 1


def test_rate_holds_over_time_and_is_made_up_for_a_second_at_most(desk):
    for _ in range(60):
        ask()
    set_limit("type", "book", concurrency=None, rate=20, per_s=1)
    began, started, elapsed = time.monotonic(), 0, 0.0
    while started < 24 and elapsed < 30:
        started += len(limited())
        elapsed = time.monotonic() - began
        assert started <= 20 * elapsed + 1
        time.sleep(0.01)
    assert started >= 24
    JobLimit.objects.update(free_at=LONG_AGO)
    assert len(limited()) <= 20 * BURST_S + 1


def test_slow_rate_lets_one_begin(desk):
    for _ in range(5):
        ask()
    set_limit("type", "book", concurrency=None, rate=1, per_s=60)
    assert len(limited()) == 1
    assert limited() == []
    JobLimit.objects.update(free_at=LONG_AGO)
    assert len(limited()) == 1


def test_urgent_comes_first_then_what_is_due_longest(desk):
    bulk, normal, urgent, other = (ask(priority=each) for each in (BULK, NORMAL, URGENT, NORMAL))
    assert [held.id for held in claim(3)] == [urgent.pk, normal.pk, other.pk]
    assert [held.id for held in claim(3)] == [bulk.pk]


def test_limited_jobs_do_not_wait_for_the_backlog_of_others(desk):
    for _ in range(100):
        ask("no_op")
    set_limit("type", "book", concurrency=1)
    job = ask(priority=URGENT)
    worker = LocalWorker(chunk_at_most=10)
    for _ in range(3):
        worker._turn()
    assert shown(job)[0] == "succeeded"
    assert Job.objects.filter(type="no_op", status="waiting").count() >= 50


def test_one_slow_lane_does_not_take_all_calls(ledger, tmp_path):
    file = str(tmp_path / "told")
    for _ in range(20):
        ask("tell", lane="slow", parameters={"file": file, "do": "hang"})
    fast = ask("tell", lane="fast", parameters={"file": file})
    worker = LocalWorker(calls_at_once=8)
    for _ in range(6):
        worker._turn()
        time.sleep(0.02)
    assert shown(fast)[0] == "succeeded"
    assert Job.objects.filter(lane="slow", status="in_progress").count() == 6


def test_place_that_a_claimer_remembers_hides_nothing_for_long(desk):
    claimer = Claimer(new_token())
    later = [ask() for _ in range(20)]
    assert len(claimer.claim(Wanted("database"), 10)) == 10
    early = ask()
    Job.objects.filter(pk=early.pk).update(scheduled_for=LONG_AGO)
    claimer._since -= 2
    assert early.pk in {held.id for held in claimer.claim(Wanted("database"), 3)}
    found: list[int] = []
    while some := claimer.claim(Wanted("database"), 3):
        found += [held.id for held in some]
    assert len(found) == len(later) + 1 - 10 - 3
