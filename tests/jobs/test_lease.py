"""Leases: who holds a job, who lost it, and what never comes back."""

import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from lapwing.core import clock
from lapwing.jobs import outcomes
from lapwing.jobs.claim import begin
from lapwing.jobs.executor import Executor
from lapwing.jobs.heartbeat import STUCK, Heartbeat
from lapwing.jobs.lease import give_back, renew
from lapwing.jobs.models import Job, Worker
from lapwing.jobs.outlook import due_pools
from lapwing.jobs.rescue import rescue
from lapwing.jobs.types import ALONE, job_types
from lapwing.jobs.worker import LocalWorker
from tests.conftest import NOON
from tests.jobs.conftest import (
    again,
    ask,
    attempts,
    broken_invariants,
    claim,
    dispatch,
    end,
    expire,
    make_due,
    shown,
    told,
    work,
)
from tests.jobs.samples.models import Effect

CHILD = """
import django
django.setup()
from lapwing.jobs.worker import LocalWorker
LocalWorker(lease_s=5, renew_every_s=0.2).run(stop=lambda: False, until_idle=True)
"""


def test_holder_whose_lease_ended_writes_nothing_and_his_effect_is_rolled_back(desk):
    job = ask()
    held = claim()
    expire(job.pk)
    assert rescue() == 1
    before = attempts(job)
    Executor().begin(held)
    assert not Effect.objects.exists()
    assert (attempts(job), shown(job)) == (before, ("retry", "worker_lost"))
    assert broken_invariants() == []


def test_late_holder_does_not_end_the_attempt_of_the_next_one(desk):
    job = ask()
    late = claim()
    expire(job.pk)
    rescue()
    (held,) = claim()
    Executor().begin(late)
    assert not Effect.objects.exists()
    assert shown(job)[0] == "in_progress"
    assert end(held)
    assert attempts(job) == [(1, "lost"), (2, "succeeded")]


def test_chunk_of_which_one_was_lost_does_the_others(desk):
    jobs = [ask() for _ in range(5)]
    held = claim()
    expire(jobs[2].pk)
    rescue()
    Executor().begin(held)
    assert [shown(job)[0] for job in jobs] == ["succeeded"] * 2 + ["retry"] + ["succeeded"] * 2
    assert sorted(Effect.objects.values_list("job_id", flat=True)) == sorted(
        job.pk for job in jobs if job != jobs[2]
    )


@pytest.mark.parametrize("at_once", [True, False])
def test_answer_of_an_attempt_that_was_lost_is_not_taken_for_the_next_ones(
    ledger, tmp_path, monkeypatch, at_once
):
    """The same process has both attempts of one job under way, and the first one's answer comes last."""
    gates = {1: threading.Event(), 2: threading.Event()}

    def call(self, job, intent, deadline):
        gates[job.attempt].wait(20)
        return f"answer {job.attempt}"

    monkeypatch.setattr(type(job_types.get("tell")), "call", call)
    job, executor = ask("tell", parameters={"file": str(tmp_path / "told")}), Executor()
    for attempt in (1, 2):
        executor.begin(claim(pool="outside"))
        if attempt == 1:
            expire(job.pk)
            rescue()
            assert shown(job)[0] == "retry"
    if at_once:
        gates[2].set()
        time.sleep(0.1)
    gates[1].set()
    time.sleep(0.1)
    executor.flush()
    if not at_once:
        assert set(executor.running) == {(job.pk, 2)}  # it is still renewed
    gates[2].set()
    executor.finish()
    assert shown(job)[0] == "succeeded"
    assert [(effect.attempt, effect.what) for effect in Effect.objects.all()] == [(2, "answer 2")]


def test_lease_that_is_renewed_is_not_taken(desk):
    job = ask()
    held = claim()[0]
    expire(job.pk)
    assert renew(held.token, [job.pk]) == {job.pk: False}
    assert rescue() == 0
    assert renew("somebody else", [job.pk]) == {}


def test_rescue_does_not_ask_for_age(desk):
    job = ask()
    claim()
    Job.objects.update(started_at="2015-01-01 00:00:00Z", created_at="2015-01-01 00:00:00Z")
    assert rescue() == 0
    assert shown(job)[0] == "in_progress"


def test_what_the_engine_lost_waits_again_at_no_cost(desk):
    job = ask()
    held = dispatch()[0]
    token = Job.objects.get(pk=job.pk).lease_token
    expire(job.pk)
    assert rescue() == 1
    assert (again(job).attempt, again(job).tries, again(job).deaths) == (0, 0, 0)
    assert begin([held.id], token, "late") == []


def test_job_whose_worker_died_twice_runs_alone(desk):
    poison, others = ask(), [ask() for _ in range(3)]
    for expected in ("database", ALONE):
        held = [each for each in claim(1) if each.id == poison.pk]
        assert held
        expire(poison.pk)
        rescue()
        make_due(poison.pk)
        Job.objects.filter(pk=poison.pk).update(scheduled_for="2015-01-01 00:00:00Z")
        assert again(poison).pool == expected
    assert poison.pk not in {held.id for held in claim()}
    for job in others:
        assert shown(job)[0] == "in_progress"
    assert due_pools() == {ALONE}
    assert [held.id for held in claim(100, ALONE)] == [poison.pk]


def test_job_that_runs_alone_gets_its_turn_under_load_and_has_no_neighbours(ledger, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        type(job_types.get("tell")),
        "call",
        lambda self, job, *_: (time.sleep(0.05), seen.append((job.lane, len(worker._executor.running)))),
    )
    file = str(tmp_path / "told")
    poison = ask("tell", lane="poison", parameters={"file": file})
    Job.objects.filter(pk=poison.pk).update(pool=ALONE, deaths=2)
    for _ in range(40):
        ask("tell", lane="other", parameters={"file": file})
    worker = LocalWorker(calls_at_once=4)
    worker.run(stop=lambda: False, until_idle=True)
    assert [beside for lane, beside in seen if lane == "poison"] == [1]
    assert Job.objects.filter(status="succeeded").count() == 41


def test_call_that_never_returns_is_given_up_after_its_limit_and_others_go_on(ledger, tmp_path, monkeypatch):
    kind = type(job_types.get("tell"))
    monkeypatch.setattr(kind, "time_limit_s", 0.3)
    monkeypatch.setattr(kind, "retry_delays_s", (3600,))
    file = str(tmp_path / "told")
    stuck = ask("tell", parameters={"file": file, "do": "hang"})
    worker = LocalWorker(renew_every_s=0.1)
    worker.run(stop=lambda: attempts(stuck) != [], until_idle=False)
    found = again(stuck)
    assert (found.status, found.result_code, found.deaths) == ("retry", "outcome_unknown", 0)
    assert found.result == "it ran longer than its limit of 0.3 s and was not waited for any more"
    other = ask("tell", parameters={"file": file})
    Job.objects.filter(pk=stuck.pk).update(scheduled_for="2040-01-01 00:00:00Z")
    worker = work()
    assert shown(other)[0] == "succeeded"


def test_answer_that_came_in_time_is_not_given_up_while_the_worker_is_busy(ledger, tmp_path, monkeypatch):
    monkeypatch.setattr(type(job_types.get("tell")), "time_limit_s", 0.2)
    job, executor = ask("tell", parameters={"file": str(tmp_path / "told")}), Executor()
    held = claim(pool="outside")
    executor.begin(held)
    executor.answered.wait(5)
    time.sleep(0.3)  # the worker is at something else
    Heartbeat(held[0].token, executor).beat()
    assert shown(job)[0] == "in_progress"
    executor.flush()
    assert shown(job)[0] == "succeeded"


def test_calls_that_came_back_late_are_forgiven(ledger, tmp_path, monkeypatch):
    kind, gate = type(job_types.get("tell")), threading.Event()
    monkeypatch.setattr(kind, "time_limit_s", 0.1)
    monkeypatch.setattr(kind, "call", lambda *_: gate.wait(20))
    ask("tell", parameters={"file": str(tmp_path / "told")})
    executor = Executor()
    held = claim(pool="outside")
    executor.begin(held)
    time.sleep(0.2)
    Heartbeat(held[0].token, executor).beat()
    assert len(executor.abandoned) == 1
    assert executor.running == {}
    gate.set()
    while not executor.flush():
        time.sleep(0.01)
    assert not executor.abandoned
    assert not Effect.objects.exists()


def test_database_work_that_never_returns_ends_its_process_and_the_job_is_taken_back(ledger, tmp_path):
    job, other = told("hang"), ask("no_op")
    began = time.monotonic()
    done = _child(tmp_path)
    assert done.returncode == STUCK, done.stderr[-2000:]
    assert 3 <= time.monotonic() - began < 30  # its limit is 3 s
    assert f"job {job.pk} (book) never returned" in done.stderr
    assert shown(job)[0] == "in_progress"
    assert not Effect.objects.exists()
    expire(job.pk)
    rescue()
    assert shown(job) == ("retry", "worker_lost")
    assert shown(other)[0] in ("succeeded", "in_progress")


def test_handler_that_kills_its_process_costs_tries_and_then_is_set_aside(ledger, tmp_path):
    job = told("exit")
    for _ in range(2):
        assert _child(tmp_path).returncode == 3
        expire(job.pk)
        rescue()
        make_due(job.pk)
    assert again(job).pool == ALONE
    assert attempts(job) == [(1, "lost"), (2, "lost")]


def _child(home: Path) -> subprocess.CompletedProcess[str]:
    settings = connection.settings_dict
    url = f"sqlite:///{settings['NAME']}"
    if connection.vendor == "postgresql":
        url = f"postgresql://{settings['USER']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    environment = {**os.environ, "LAPWING_DATABASE_URL": url, "LAPWING_HOME": str(home)}
    environment["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    return subprocess.run(
        [sys.executable, "-c", CHILD],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )


def test_worker_signs_on_and_off_and_leaves_no_thread(ledger):
    before = {thread.name for thread in threading.enumerate()}
    ask("no_op")
    work(renew_every_s=0.05)
    assert not Worker.objects.filter(ended_at=None).exists()
    assert {thread.name for thread in threading.enumerate()} == before


def test_worker_that_stops_gives_back_what_it_has_not_begun(ledger, monkeypatch):
    stop = threading.Event()
    monkeypatch.setattr(type(job_types.get("book")), "perform", lambda self, job: stop.set())
    first, second = ask(), ask("no_op")
    LocalWorker().run(stop=stop.is_set)
    assert shown(first)[0] == "succeeded"
    assert shown(second) == ("waiting", "given_back")
    assert attempts(second) == [(1, "given_back")]
    assert again(second).tries == 0
    assert outcomes.GivenBack().text == again(second).result


@pytest.mark.parametrize("given_back", ["by a worker that stops", "by a rescue of what the engine lost"])
def test_job_given_back_while_business_time_stood_ahead_does_not_wait_for_that_time(desk, given_back):
    job = ask()
    with clock.standing_at(NOON + timedelta(days=30)):
        if given_back.endswith("stops"):
            give_back(claim())
        else:
            dispatch()
            expire(job.pk)
            assert rescue() == 1
    assert [held.id for held in claim()] == [job.pk]
