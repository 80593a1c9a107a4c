"""Every event in every status, against the functions that make it happen: the table says what may, nothing else does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from django.forms.models import model_to_dict

from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.jobs import outcomes
from lapwing.jobs.actions.cancel import cancel
from lapwing.jobs.actions.run_now import run_now
from lapwing.jobs.actions.settle import settle
from lapwing.jobs.claim import Claimer, Wanted, begin, new_token
from lapwing.jobs.lease import give_back, renew, take_back_dispatched
from lapwing.jobs.models import Job, JobAttempt
from lapwing.jobs.rescue import rescue
from lapwing.jobs.states import ENDED, JOB, LIVE, Status
from lapwing.jobs.types import HeldJob
from tests.jobs.conftest import ask, broken_invariants, end, expire, make_due


@dataclass
class Case:
    """A job in some status, and how it is known to whoever held it last."""

    job: Job
    held: HeldJob
    chunk: str = ""  # token under which it was dispatched


def waiting() -> Case:
    return _case(ask())


def dispatched() -> Case:
    job, claimer = ask(), Claimer(new_token(), status=Status.DISPATCHED)
    held = claimer.claim(Wanted("database"), 1)[0]
    return Case(job, replace(held, started_at=job.created_at), claimer.token)


def in_progress() -> Case:
    return _begun(ask())


def _after(outcome: Callable[[], object]) -> Callable[[], Case]:
    def bring() -> Case:
        case = in_progress()
        assert end(case.held, outcome())
        return case

    return bring


def retry() -> Case:
    case = _after(lambda: outcomes.Retry("busy"))()
    make_due(case.job.pk)
    return case


def cancelled() -> Case:
    case = waiting()
    cancel([case.job.pk])
    return case


in_doubt = _after(lambda: outcomes.Failed("needs_person"))

BRING: dict[Status, Callable[[], Case]] = {
    Status.WAITING: waiting,
    Status.DISPATCHED: dispatched,
    Status.IN_PROGRESS: in_progress,
    Status.RETRY: retry,
    Status.FAILED: _after(lambda: outcomes.Failed("refused")),
    Status.SUCCEEDED: _after(outcomes.Succeeded),
    Status.NOT_APPLICABLE: _after(lambda: outcomes.NotApplicable("nothing")),
    Status.CANCELLED: cancelled,
}


ANSWERS = ("did_happen", "did_not_happen")
PERSONS = ("cancel", "run_now", *ANSWERS)


def bring(status: Status, event: str) -> Case:
    """What became of it can only be answered where nobody knows."""
    return in_doubt() if status == Status.FAILED and event in ANSWERS else BRING[status]()


def _case(job: Job) -> Case:
    held = HeldJob(
        job.pk, job.type, "", 0, 0, 0, "", job.created_at, {}, "subscription", 1, "S1", "olga", False
    )
    return Case(job, held)


def _begun(job: Job) -> Case:
    return Case(job, Claimer(new_token()).claim(Wanted("database"), 1)[0])


def do_dispatch(case: Case) -> None:
    Claimer(new_token(), status=Status.DISPATCHED).claim(Wanted("database"), 9)


def do_begin(case: Case) -> None:
    """By a local worker, and by one that a message names it to."""
    if not Claimer(new_token()).claim(Wanted("database"), 9):
        begin([case.job.pk], case.chunk, new_token())


def do_cancel(case: Case) -> None:
    cancel([case.job.pk])
    if Job.objects.get(pk=case.job.pk).status == Status.IN_PROGRESS:
        end(case.held, outcomes.Retry("busy"))  # the safe point


def do_run_now(case: Case) -> None:
    run_now([case.job.pk])


def _do_settle(happened: bool) -> Callable[[Case], None]:
    return lambda case: settle([case.job.pk], happened=happened, reason="asked") and None


def do_give_back(case: Case) -> None:
    take_back_dispatched(case.chunk or "none")
    give_back([case.held])


def _ends(outcome: Callable[[], object]) -> Callable[[Case], None]:
    return lambda case: end(case.held, outcome()) and None


EVENTS: dict[str, Callable[[Case], None]] = {
    "dispatch": do_dispatch,
    "begin": do_begin,
    "cancel": do_cancel,
    "run_now": do_run_now,
    "did_happen": _do_settle(True),
    "did_not_happen": _do_settle(False),
    "give_back": do_give_back,
    "succeed": _ends(outcomes.Succeeded),
    "not_apply": _ends(lambda: outcomes.NotApplicable("nothing")),
    "retry": _ends(lambda: outcomes.Retry("busy")),
    "fail": _ends(lambda: outcomes.Failed("refused")),
    "postpone": _ends(lambda: outcomes.Later(clock.now() + timedelta(days=1), "not_yet")),
}
PAIRS = [(status, event) for status in Status for event in EVENTS]


def test_every_status_and_event_of_the_table_has_a_case():
    assert set(BRING) == set(Status)
    assert set(EVENTS) == {event for _, event in JOB.table}
    assert {status for status, _ in JOB.table} | set(ENDED) == set(Status)


@pytest.mark.parametrize(("status", "event"), PAIRS, ids=lambda value: str(value))
def test_event_does_what_the_table_says_and_nothing_else(desk, status, event):
    case = bring(status, event)
    before = _all(case.job)
    assert before["status"] == status
    target = JOB.table.get((status, event))
    if target is None and event in PERSONS:
        with pytest.raises(Refused) as refused:
            EVENTS[event](case)
        assert refused.value.code == "illegal_transition"
    else:
        EVENTS[event](case)
    after = _all(case.job)
    if target is None:
        assert after == before
    else:
        assert after["status"] == target
        assert after != before or (status, event) == (Status.WAITING, "run_now")
    assert broken_invariants() == []


@pytest.mark.parametrize("status", list(Status))
def test_rescue_takes_back_live_jobs_whose_lease_ended_and_touches_no_other(desk, status):
    case = BRING[status]()
    before = _all(case.job)
    assert rescue() == 0
    assert _all(case.job) == before
    if status not in LIVE:
        return
    expire(case.job.pk)
    assert rescue() == 1
    expected = {Status.DISPATCHED: Status.WAITING, Status.IN_PROGRESS: Status.RETRY}
    assert _all(case.job)["status"] == expected[status]
    assert broken_invariants() == []


@pytest.mark.parametrize("status", list(Status))
def test_only_a_job_in_progress_is_renewed(desk, status):
    case = BRING[status]()
    assert set(renew(case.held.token or "none", [case.job.pk])) == (
        {case.job.pk} if status == Status.IN_PROGRESS else set()
    )


@pytest.mark.parametrize("field", ["attempt", "token"])
def test_ending_is_refused_to_whoever_has_another_attempt_or_token(desk, field):
    case = in_progress()
    before = _all(case.job)
    other = replace(case.held, **{field: {"attempt": 2, "token": new_token()}[field]})
    assert not end(other)
    assert _all(case.job) == before
    assert end(case.held)


def _all(job: Job) -> dict:
    row = model_to_dict(Job.objects.get(pk=job.pk))
    return {**row, "attempts": JobAttempt.objects.filter(job_id=job.pk).count()}
