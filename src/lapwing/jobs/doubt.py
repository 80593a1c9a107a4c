"""Doubt about a job's effect: while nobody knows what became of it, a person may not close the job, only answer."""

from lapwing.core.errors import Refused
from lapwing.jobs.models import JobColumns
from lapwing.jobs.states import DID_HAPPEN, DID_NOT_HAPPEN, Status

ANSWERS = (DID_HAPPEN, DID_NOT_HAPPEN)


def is_in_its_way(job: JobColumns, event: str) -> bool:
    """Whether an event that the table of states allows has to wait for the answer, or has none to give."""
    if event in ANSWERS:
        return not job.doubtful
    # One in progress is only asked to stop; where it stops, the same is looked at again.
    return event == "cancel" and job.doubtful and job.status != Status.IN_PROGRESS


def refuse_unless_failed(job: JobColumns) -> None:
    """Before an answer is taken. Raises Refused `illegal_transition`."""
    if job.status != Status.FAILED:
        raise Refused(
            "illegal_transition",
            f"job {job.pk} is {job.status}; only a job that failed with needs_person can be settled",
        )


def refuse_in_its_way(job: JobColumns, event: str) -> None:
    """Raises Refused `outcome_unknown`, `outcome_known`."""
    if not is_in_its_way(job, event):
        return
    if event in ANSWERS:
        raise Refused(
            "outcome_known",
            f"job {job.pk} failed with {job.result_code or 'no code'}: it is known to have had no effect, "
            "expected needs_person; run it now, or cancel it",
        )
    if job.status == Status.FAILED:
        raise Refused(
            "outcome_unknown",
            f"job {job.pk} may have had its effect; find out at the other system, then say which: "
            f"`lapwing job settle {job.pk} --happened`, or `--not-happened`",
        )
    raise Refused(
        "outcome_unknown",
        f"job {job.pk} may have had its effect already; run it now, so that it asks what became of it",
    )
