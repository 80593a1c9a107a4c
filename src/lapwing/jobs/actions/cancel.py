"""A person cancels jobs; one that is under way ends where its handler can stop safely."""

from collections.abc import Sequence

from django.db import transaction

from lapwing.audit.actions.record import record
from lapwing.core.context import actor
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.actions.run_now import lock_jobs
from lapwing.jobs.links import release_followers
from lapwing.jobs.machine_time import machine_now
from lapwing.jobs.models import Job
from lapwing.jobs.states import JOB, READY, Status


@transaction.atomic
def cancel(job_ids: Sequence[int]) -> list[Job]:
    """All or none. Raises Refused `unknown_job`, `illegal_transition`, `outcome_unknown`."""
    require(Permission.STEER_JOBS)
    return [_cancel(job) for job in lock_jobs(job_ids)]


def _cancel(job: Job) -> Job:
    before = job.status
    target = JOB.target(before, "cancel", str(job.pk))
    if job.doubtful and before in READY:
        raise Refused(
            "outcome_unknown",
            f"job {job.pk} may have had its effect already; run it now, so that it asks what became of it",
        )
    job.cancel_asked_by = actor()
    if before != Status.IN_PROGRESS:
        job.status, job.result_code = target, "cancelled"
        job.result = f"cancelled by {actor()} while it was {before.replace('_', ' ')}"
        job.lease_token, job.lease_until, job.finished_at = "", None, machine_now()
    job.save()
    if job.status == target and job.has_followers:
        release_followers([job.pk])
    record(
        "job.cancel",
        kind="job",
        subject_id=job.pk,
        subject=str(job.pk),
        before={"status": before},
        after={"status": str(job.status)},
    )
    return job
