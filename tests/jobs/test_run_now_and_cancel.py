"""What persons do to jobs."""

import threading
from datetime import timedelta

import pytest

from lapwing.audit.models import AuditEntry
from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.errors import Refused
from lapwing.identity.actions.add_user import grant_role
from lapwing.jobs import outcomes
from lapwing.jobs.actions.cancel import cancel
from lapwing.jobs.actions.run_now import run_now
from lapwing.jobs.actions.set_limit import pause
from lapwing.jobs.archive import sweep
from lapwing.jobs.executor import Executor
from lapwing.jobs.heartbeat import Heartbeat
from lapwing.jobs.models import Job
from lapwing.jobs.types import job_types
from tests.jobs.conftest import (
    again,
    ask,
    attempts,
    broken_invariants,
    claim,
    end,
    make_due,
    shown,
    told,
    work,
)


@pytest.mark.parametrize("action", [run_now, cancel, lambda ids: pause("type", "book")])
def test_viewer_may_not_steer_jobs(desk, action):
    job = ask()
    with acting_as("root"):
        grant_role("vera", "viewer")
    with acting_as("vera"), pytest.raises(Refused):
        action([job.pk])
    assert shown(job) == ("waiting", "")


@pytest.mark.parametrize("action", [run_now, cancel])
def test_all_or_none(desk, action):
    job, ended = ask(scheduled_for=clock.now() + timedelta(days=1)), ask("no_op")
    work()
    before = Job.objects.values().get(pk=job.pk)
    for others, code in (([ended.pk], "illegal_transition"), ([4711], "unknown_job")):
        with pytest.raises(Refused) as refused:
            action([job.pk, *others])
        assert refused.value.code == code
        assert Job.objects.values().get(pk=job.pk) == before
    assert not AuditEntry.objects.filter(action__startswith="job.").exists()


def test_waiting_job_is_brought_forward(desk):
    job = ask(scheduled_for=clock.now() + timedelta(days=1))
    work()
    assert shown(job)[0] == "waiting"
    run_now([job.pk])
    work()
    assert shown(job)[0] == "succeeded"
    entry = AuditEntry.objects.get(action="job.run_now")
    assert (entry.actor, entry.before, entry.after) == ("olga", {"status": "waiting"}, {"status": "waiting"})


def test_retry_is_brought_forward_and_keeps_its_tries(desk, monkeypatch):
    monkeypatch.setattr(type(job_types.get("book")), "retry_delays_s", (3600,))
    job = told("transient")
    work()
    work()
    assert again(job).attempt == 1
    run_now([job.pk])
    work()
    assert (again(job).attempt, again(job).tries) == (2, 2)


def test_failed_job_starts_a_new_series_of_six_and_its_attempts_go_on(desk):
    job = told("transient")
    for _ in range(6):
        work()
        make_due(job.pk)
    assert shown(job) == ("failed", "busy")
    run_now([job.pk])
    assert again(job).finished_at is None
    for _ in range(6):
        work()
        make_due(job.pk)
    assert shown(job) == ("failed", "busy")
    assert attempts(job) == [(number, "retry") for number in range(1, 13)]


def test_key_that_another_job_holds_refuses_and_names_it(desk):
    first = ask(key="k")
    cancel([first.pk])
    second = ask(key="k")
    with pytest.raises(Refused, match="another open book job does the same work") as refused:
        run_now([first.pk])
    assert refused.value.code == "key_held"
    assert shown(first)[0] == "cancelled"
    cancel([second.pk])
    run_now([first.pk])
    assert shown(first)[0] == "waiting"


def test_archived_job_is_not_changed(desk):
    job = ask()
    end(claim()[0], outcomes.Failed("x"))
    sweep(keep_broken_s=-1)
    for action in (run_now, cancel):
        with pytest.raises(Refused) as refused:
            action([job.pk])
        assert refused.value.code == "job_archived"


def test_job_that_ran_alone_has_neighbours_again(desk):
    job = ask()
    Job.objects.filter(pk=job.pk).update(pool="alone", deaths=2, status="failed")
    run_now([job.pk])
    assert (again(job).pool, again(job).deaths) == ("database", 0)


def test_cancelled_job_says_who_and_when(desk):
    job = ask()
    cancel([job.pk])
    assert shown(job) == ("cancelled", "cancelled")
    assert again(job).result == "cancelled by olga while it was waiting"
    assert again(job).finished_at
    work()
    assert attempts(job) == []


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (outcomes.Succeeded(), "succeeded"),
        (outcomes.Failed("refused"), "failed"),
        (outcomes.Retry("busy"), "cancelled"),
        (outcomes.GivenBack(), "cancelled"),
        (outcomes.Retry("outcome_unknown"), "retry"),
    ],
    ids=["succeeded", "failed", "retry", "given back", "unknown"],
)
def test_cancel_of_one_in_progress_wins_over_another_try_but_not_over_what_was_done(desk, outcome, status):
    job = ask(key="k")
    held = claim()[0]
    cancel([job.pk])
    assert shown(job)[0] == "in_progress"
    assert end(held, outcome)
    assert shown(job)[0] == status
    if status == "cancelled":
        assert again(job).result == "cancelled by olga while it was in progress"
        assert again(job).result_code == "cancelled"
    assert broken_invariants() == []


def test_cancel_is_seen_before_the_other_side_is_asked(ledger, tmp_path, monkeypatch):
    """The heartbeat brings the word; what has not been asked yet is not asked any more."""
    file, gate = tmp_path / "told", threading.Event()
    job, executor = ask("tell", parameters={"file": str(file)}), Executor()
    monkeypatch.setattr(
        "lapwing.jobs.executor.failpoint", lambda name: name == "jobs.outside.before_call" and gate.wait(20)
    )
    held = claim(pool="outside")
    executor.begin(held)
    cancel([job.pk])
    Heartbeat(held[0].token, executor).beat()
    gate.set()
    executor.finish()
    assert shown(job) == ("cancelled", "cancelled")
    assert not file.exists()


def test_follower_of_a_cancelled_job_waits_until_that_is_run_again(desk):
    first = ask()
    second = ask("no_op", after=[first.pk])
    cancel([first.pk])
    work()
    assert shown(second)[0] == "waiting"
    run_now([first.pk])
    work()
    assert shown(second)[0] == "succeeded"


def test_job_that_may_have_had_its_effect_is_asked_about_though_somebody_cancels_it_meanwhile(
    ledger, tmp_path, monkeypatch
):
    executor = Executor()
    file = tmp_path / "told"
    job = ask("tell", parameters={"file": str(file), "do": "no_answer"})
    work()
    assert shown(job) == ("retry", "outcome_unknown")
    make_due(job.pk)
    (held,) = claim(pool="outside")
    cancel([job.pk])
    tell = job_types.get("tell")

    def prepare(each, real=tell.prepare):
        Heartbeat(held.token, executor).beat()  # it takes long
        return real(each)

    monkeypatch.setattr(tell, "prepare", prepare)
    executor.begin([held])
    executor.finish()
    assert shown(job) == ("succeeded", "")
    assert file.read_text() == f"{job.pk}\n"
