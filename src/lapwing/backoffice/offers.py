"""Which steps a screen offers: what the table of states allows, of what the user's roles allow."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.jobs.doubt import ANSWERS, is_in_its_way
from lapwing.jobs.models import ArchivedJob, Job
from lapwing.jobs.states import DID_HAPPEN, DID_NOT_HAPPEN, JOB, NEEDS_PERSON
from lapwing.runs.actions.approve_run import involved_in, is_held
from lapwing.runs.actions.undo_run import refuse_undo
from lapwing.runs.models import Run
from lapwing.runs.states import RUN, RunState
from lapwing.subscriptions.models import Subscription
from lapwing.subscriptions.states import SUBSCRIPTION

JOB_STEPS = {
    "run_now": _("Run now"),
    "cancel": _("Cancel"),
    DID_HAPPEN: _("It did happen"),
    DID_NOT_HAPPEN: _("It did not happen"),
}


@dataclass(frozen=True)
class Step:
    """One thing that a person may do to a run."""

    name: str
    label: Any
    permission: Permission
    possible: Callable[[Run], bool]
    tone: str = "plain"


def _table(event: str) -> Callable[[Run], bool]:
    return lambda run: event in RUN.events(run.state)


def _may_approve(run: Run) -> bool:
    return is_held(run) and actor() not in involved_in(run)


def _may_resume(run: Run) -> bool:
    return "resume" in RUN.events(run.state) and not is_held(run)


def _may_undo(run: Run) -> bool:
    """A second undo is legal, but finds nothing to do: it is offered only where the first did not get through."""
    if run.undone_by.filter(state=RunState.COMPLETED).exists():
        return False
    try:
        refuse_undo(run)
    except Refused:
        return False
    return run.batches.filter(finished=True, done__gt=0).exists()


RUN_STEPS = {
    step.name: step
    for step in (
        Step("approve", _("Approve"), Permission.APPROVE_RUNS, _may_approve, "strong"),
        Step("resume", _("Resume"), Permission.CONDUCT_RUNS, _may_resume, "strong"),
        Step("pause", _("Pause"), Permission.CONDUCT_RUNS, _table("pause")),
        Step("cancel", _("Cancel the run"), Permission.CONDUCT_RUNS, _table("cancel"), "danger"),
        Step("undo", _("Undo"), Permission.CONDUCT_RUNS, _may_undo, "danger"),
        Step(
            "delete", _("Delete"), Permission.CONDUCT_RUNS, lambda run: run.state == RunState.DRAFT, "danger"
        ),
    )
}


def run_offers(run: Run, permissions: Set[Permission]) -> list[Step]:
    return [step for step in RUN_STEPS.values() if step.permission in permissions and step.possible(run)]


def subscription_offers(subscription: Subscription) -> list[str]:
    """Behaviours that the table of states allows."""
    return SUBSCRIPTION.events(subscription.life_cycle_state)


def job_offers(job: Job | ArchivedJob) -> list[str]:
    """Steps that the table of states allows and no doubt forbids; what is archived cannot be changed any more."""
    if isinstance(job, ArchivedJob):
        return []
    legal = JOB.events(job.status)
    return [step for step in JOB_STEPS if step in legal and not is_in_its_way(job, step)]


def job_steps_for(code: str) -> dict[str, Any]:
    """Steps offered for many jobs at once, with their labels: an answer, where all of them wait for one."""
    without = ("cancel",) if code == NEEDS_PERSON else ANSWERS
    return {step: label for step, label in JOB_STEPS.items() if step not in without}
