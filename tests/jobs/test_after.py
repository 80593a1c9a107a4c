"""Jobs that wait for others."""

import threading

import pytest

from lapwing.core.errors import Refused
from lapwing.core.sql import rows
from lapwing.jobs import outcomes
from lapwing.jobs.actions.cancel import cancel
from lapwing.jobs.actions.run_now import run_now
from lapwing.jobs.archive import sweep
from lapwing.jobs.claim import HELD_COLUMNS, held_job
from lapwing.jobs.links import blocking
from lapwing.jobs.models import Job, JobLink
from lapwing.jobs.types import HeldJob
from tests.jobs.conftest import (
    ask,
    broken_invariants,
    claim,
    close_connection,
    end,
    only_postgresql,
    shown,
    work,
)


def blockers(job: Job) -> int:
    return Job.objects.get(pk=job.pk).blockers


@pytest.mark.parametrize(
    ("outcome", "goes_on"),
    [
        (outcomes.Succeeded(), True),
        (outcomes.NotApplicable("nothing"), True),
        (outcomes.Failed("refused"), False),
        (outcomes.Retry("busy"), False),
        (outcomes.GivenBack(), False),
    ],
    ids=lambda value: getattr(value, "code", value) or "succeeded",
)
def test_follower_goes_on_when_its_predecessor_has_ended_well(desk, outcome, goes_on):
    first = ask()
    second = ask("no_op", after=[first.pk])
    assert [held.id for held in claim()] == [first.pk]
    assert end(_held(first), outcome)
    assert (blockers(second) == 0) is goes_on
    assert (second.pk in [held.id for held in claim()]) is goes_on
    assert broken_invariants() == []


def test_follower_of_several_waits_for_the_last(desk):
    firsts = [ask() for _ in range(3)]
    last = ask(after=[job.pk for job in firsts] * 2)
    assert blockers(last) == 3
    for left, held in zip((2, 1, 0), claim(), strict=True):
        assert end(held)
        assert blockers(last) == left
    assert [held.id for held in claim()] == [last.pk]


def test_predecessors_that_end_in_one_statement_release_their_followers_once(desk):
    firsts = [ask("no_op") for _ in range(3)]
    last, other = ask(after=[job.pk for job in firsts]), ask(after=[firsts[0].pk])
    work()
    assert shown(last)[0] == shown(other)[0] == "succeeded"
    assert broken_invariants() == []


def test_follower_at_any_end_goes_on_after_a_failure_or_a_cancellation(desk):
    failing, cancelled = ask(), ask()
    followers = [ask("no_op", after=[job.pk], at_any_end=True) for job in (failing, cancelled)]
    cancel([cancelled.pk])
    assert end(claim(1)[0], outcomes.Failed("refused"))
    assert [blockers(job) for job in followers] == [0, 0]


def test_follower_of_a_failed_job_shows_why_it_waits_and_goes_on_when_that_is_run_again(desk):
    first = ask()
    second = ask("no_op", after=[first.pk])
    assert end(claim()[0], outcomes.Failed("refused"))
    work()
    assert shown(second)[0] == "waiting"
    assert [(job.pk, job.status) for job in blocking(second.pk)] == [(first.pk, "failed")]
    run_now([first.pk])
    work()
    assert shown(second)[0] == "succeeded"
    assert blocking(second.pk) == []


def test_predecessor_that_ended_already_holds_nobody_up(desk):
    done, failed = ask("no_op"), ask()
    for held in claim():
        assert end(held, outcomes.Failed("x") if held.id == failed.pk else None)
    assert blockers(ask(after=[done.pk])) == 0
    assert blockers(ask(after=[failed.pk])) == 1
    assert blockers(ask(after=[failed.pk], at_any_end=True)) == 0


def _held(job: Job) -> HeldJob:
    (row,) = rows(f"SELECT lease_token, {HELD_COLUMNS} FROM jobs_job WHERE id = %s", [job.pk])
    return held_job(row[1:], row[0])


def test_predecessor_that_was_archived_well_holds_nobody_up(desk):
    first = ask()
    assert end(claim()[0])
    assert sweep(keep_s=-1) == 1
    assert blockers(ask(after=[first.pk])) == 0


def test_predecessor_with_a_follower_is_not_archived_while_it_can_be_run_again(desk):
    first = ask()
    second = ask(after=[first.pk])
    assert end(claim()[0], outcomes.Failed("x"))
    assert sweep(keep_s=-1, keep_broken_s=-1) == 0
    run_now([first.pk])
    work()
    assert shown(second)[0] == "succeeded"


def test_nobody_is_asked_to_wait_for_an_archived_failure(desk):
    first = ask()
    assert end(claim()[0], outcomes.Failed("x"))
    assert sweep(keep_s=-1, keep_broken_s=-1) == 1
    with pytest.raises(Refused, match="job_archived"):
        ask(after=[first.pk])
    assert ask(after=[first.pk], at_any_end=True).blockers == 0


def test_predecessor_that_does_not_exist_is_refused(desk):
    with pytest.raises(Refused) as refused:
        ask(after=[4711])
    assert refused.value.code == "unknown_job"
    assert not Job.objects.exists()


def test_many_followers_are_released_in_a_handful_of_statements(desk, django_assert_max_num_queries):
    first = ask()
    followers = [ask("no_op", after=[first.pk]) for _ in range(200)]
    held = claim()[0]
    with django_assert_max_num_queries(14):
        assert end(held)
    assert Job.objects.filter(blockers=0, status="waiting").count() == len(followers)


def test_failing_predecessor_with_a_follower_can_end(desk):
    """There is nothing to release, which must not be an error."""
    first = ask()
    ask(after=[first.pk])
    assert end(claim()[0], outcomes.Failed("x"))
    assert shown(first) == ("failed", "x")


@only_postgresql
def test_two_predecessors_that_end_at_once_both_count(ledger):
    for _ in range(10):
        firsts = [ask() for _ in range(2)]
        last = ask("no_op", after=[job.pk for job in firsts])
        both = threading.Barrier(2)

        def one(held, both: threading.Barrier = both) -> None:
            both.wait()
            assert end(held)
            close_connection()

        threads = [threading.Thread(target=one, args=(held,)) for held in claim(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=20)
        assert blockers(last) == 0
        work()
    assert broken_invariants() == []


@only_postgresql
def test_follower_that_is_asked_for_while_its_predecessor_ends_is_not_forgotten(ledger):
    for _ in range(10):
        first, both = ask(), threading.Barrier(2)
        held = claim()[0]

        def one(held=held, both: threading.Barrier = both) -> None:
            both.wait()
            assert end(held)
            close_connection()

        thread = threading.Thread(target=one)
        thread.start()
        both.wait()
        second = ask("no_op", after=[first.pk])
        thread.join(timeout=20)
        assert blockers(second) == 0
        assert not JobLink.objects.filter(job_id=second.pk, met=False).exists()
        work()
