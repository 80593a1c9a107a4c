"""A person brings jobs forward, or runs ended ones again."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from lapwing.audit.actions.record import record
from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.identity.permissions import Permission
from lapwing.identity.queries import require
from lapwing.jobs.machine_time import machine_now
from lapwing.jobs.models import ArchivedJob, Job
from lapwing.jobs.states import BROKEN, JOB, Status
from lapwing.jobs.types import job_types
from lapwing.jobs.waking import wake_after_commit


@transaction.atomic
def run_now(job_ids: Sequence[int]) -> list[Job]:
    """Waiting and retrying jobs become due; failed and cancelled ones start a new series of six tries, under the
    same rules. All or none. Raises Refused `unknown_job`, `illegal_transition`, `key_held`.
    """
    require(Permission.STEER_JOBS)
    jobs = [_run_now(job) for job in lock_jobs(job_ids)]
    wake_after_commit()
    return jobs


def _run_now(job: Job) -> Job:
    before = job.status
    job.status = JOB.target(before, "run_now", str(job.pk))
    job.scheduled_for = machine_now() if job.status == Status.RETRY else clock.now()
    job.finished_at = None
    if before in BROKEN:
        job.pool = job_types.get(job.type).pool
        job.tries = job.deaths = 0
        job.cancel_asked_by = ""
    try:
        with transaction.atomic():
            job.save()
    except IntegrityError:
        raise Refused(
            "key_held",
            f"job {job.pk} cannot run again: another open {job.type} job does the same work "
            f"({job.deduplication_key}); wait for that one",
        ) from None
    record(
        "job.run_now",
        kind="job",
        subject_id=job.pk,
        subject=str(job.pk),
        before={"status": before},
        after={"status": str(job.status)},
    )
    return job


def lock_jobs(job_ids: Sequence[int]) -> list[Job]:
    """Jobs in the order of their numbers, locked. Raises Refused `unknown_job`, `job_archived`."""
    wanted = sorted(set(job_ids))
    found = list(Job.objects.select_for_update().filter(pk__in=wanted).order_by("pk"))
    missing = sorted(set(wanted) - {job.pk for job in found})
    if ArchivedJob.objects.filter(pk__in=missing).exists():
        raise Refused(
            "job_archived", f"job {missing[0]} ended and was archived; it cannot be changed any more"
        )
    if missing:
        raise Refused(
            "unknown_job", f"there is no job {missing[0]}; `lapwing job list` shows those there are"
        )
    return found
