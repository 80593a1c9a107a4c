"""Reads of the ledger: what is due, lists over both tables, one job with all that happened to it, health."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet

from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.core.sql import rows
from lapwing.jobs.claim import due_sql
from lapwing.jobs.machine_time import after_sql, instant, stored
from lapwing.jobs.models import ArchivedJob, Job, JobAttempt, JobLimit
from lapwing.jobs.states import READY, Status
from lapwing.jobs.types import PRIORITIES, job_types

WORKER_HEARD_WITHIN_S = 60.0
DUE_TOO_LONG_S = 3600.0
UNRESCUED_S = 600.0
POOLS = ("run", "database", "outside")


def due_pools(not_types: Sequence[str] = (), not_lanes: Sequence[str] = ()) -> set[str]:
    """Pools that have something due: one statement, so that idling costs one a second."""
    now = stored(clock.now())
    condition, left_out = due_sql(), []
    for column, names in (("type", not_types), ("lane", not_lanes)):
        if names:
            condition += f" AND {column} NOT IN ({', '.join(['%s'] * len(names))})"
            left_out += names
    looks, values = [], []
    for pool in POOLS:
        for priority in PRIORITIES:
            looks.append(
                f"SELECT '{pool}' AS pool WHERE EXISTS (SELECT 1 FROM jobs_job WHERE pool = '{pool}' "
                f"AND priority = {priority} AND {condition})"
            )
            values += [now, now, *left_out]
    return {pool for (pool,) in rows(" UNION ALL ".join(looks), values)}


def find_job(number: int) -> Job | ArchivedJob:
    """Raises Refused `unknown_job`."""
    found = Job.objects.filter(pk=number).first() or ArchivedJob.objects.filter(pk=number).first()
    if found is None:
        raise Refused("unknown_job", f"there is no job {number}; `lapwing job list` shows those there are")
    return found


def attempts_of(job_id: int) -> QuerySet[JobAttempt]:
    return JobAttempt.objects.filter(job_id=job_id).order_by("number")


def newest_jobs(
    *,
    status: str = "",
    job_type: str = "",
    subject: str = "",
    below: int | None = None,
    limit: int | None = None,
) -> list[Job | ArchivedJob]:
    """Jobs of both tables, newest first; `below` is the last number of the page before."""
    ids = _newest_ids(status, job_type, subject, below, limit)
    found: dict[int, Job | ArchivedJob] = {}
    for model in (ArchivedJob, Job):
        for start in range(0, len(ids), 10_000):
            found |= model.objects.in_bulk(ids[start : start + 10_000])
    return [found[pk] for pk in ids if pk in found]


def _newest_ids(status: str, job_type: str, subject: str, below: int | None, limit: int | None) -> list[int]:
    """Each table is read along an index in the order of the answer: where none has it, once for each type and status
    that may match, and the heads of these are merged.
    """
    statuses, types = [status] if status else [""], [job_type] if job_type else [""]
    if (status or job_type) and not subject:
        statuses = [status] if status else list(Status.values)
        types = [job_type] if job_type else [each.name for each in job_types]
    looks, values = [], []
    for table in ("jobs_job", "jobs_archivedjob"):
        for one_type in types:
            for one_status in statuses:
                given = {"type": one_type, "status": one_status, "subject": subject}
                conditions = [f"{column} = %s" for column, value in given.items() if value]
                values += [value for value in given.values() if value]
                if below is not None:
                    conditions.append("id < %s")
                    values.append(below)
                where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
                bound = f"LIMIT {limit:d}" if limit is not None else ""
                looks.append(f"SELECT id FROM (SELECT id FROM {table} {where}ORDER BY id DESC {bound}) AS t")
    bound = f" LIMIT {limit:d}" if limit is not None else ""
    return [pk for (pk,) in rows(f"{' UNION ALL '.join(looks)} ORDER BY id DESC{bound}", values)]


def counts_by_status() -> dict[str, int]:
    """Of the ledger without its archive."""
    return dict(Job.objects.values_list("status").annotate(Count("id")).order_by("status"))


def health() -> dict[str, Any]:
    """What the person on call asks first. `oldest_due_s` is how long the oldest due job has waited, in seconds."""
    heard = f"SELECT count(*) FROM jobs_worker WHERE seen_at > {after_sql('%s')}"
    oldest = _oldest_due()
    return {
        "workers": rows(heard, [-WORKER_HEARD_WITHIN_S])[0][0],
        "open": counts_by_status(),
        "oldest_due_s": None if oldest is None else max((clock.now() - oldest).total_seconds(), 0),
        "silent": len(silent_jobs()),
        "paused": [f"{limit.scope} {limit.name}" for limit in JobLimit.objects.filter(paused=True)],
    }


def _oldest_due() -> Any:
    now = stored(clock.now())
    return instant(rows(f"SELECT min(scheduled_for) FROM jobs_job WHERE {due_sql()}", [now, now])[0][0])


def silent_jobs() -> list[tuple[int, str, str]]:
    """Jobs that nobody has heard of for too long: number, type, why."""
    now = clock.now()
    late = Job.objects.filter(
        status__in=READY, blockers=0, scheduled_for__lt=now - timedelta(seconds=DUE_TOO_LONG_S)
    )
    late = late.exclude(type__in=JobLimit.objects.filter(scope="type", paused=True).values("name"))
    late = late.exclude(lane__in=JobLimit.objects.filter(scope="lane", paused=True).values("name"))
    found = [(pk, name, "is due for more than an hour") for pk, name in late.values_list("pk", "type")[:100]]
    expired = rows(
        f"SELECT id, type FROM jobs_job WHERE status IN ('dispatched', 'in_progress') "
        f"AND lease_until < {after_sql('%s')} LIMIT 100",
        [-UNRESCUED_S],
    )
    return found + [(pk, name, "lost its worker and nobody took it back") for pk, name in expired]
