"""Reads of the ledger: what is due, lists over both tables, one job with all that happened to it, health."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncHour

from lapwing.core import clock
from lapwing.core.errors import Refused
from lapwing.core.sql import rows
from lapwing.jobs.claim import PAUSED, due_sql, without_sql
from lapwing.jobs.machine_time import after_sql, instant, steady_now_sql, stored
from lapwing.jobs.models import ArchivedJob, Job, JobAttempt, JobLimit, JobLink, Worker
from lapwing.jobs.states import Status
from lapwing.jobs.types import ALONE, POOLS, PRIORITIES, job_types

WORKER_HEARD_WITHIN_S = 60.0
DUE_TOO_LONG_S = 3600.0
UNRESCUED_S = 600.0
HELD_UP_TOO_LONG_S = 3600.0


@dataclass(frozen=True)
class Outlook:
    """What a worker asks when it has nothing to do: pools with the priorities of what is due and not paused, whether
    some of it may be limited, and whether a lease has ended.
    """

    due: dict[str, list[int]]
    limited: bool
    expired: bool


def outlook() -> Outlook:
    """One statement, so that idling costs one a second."""
    looks = [
        f"SELECT '{pool}' AS pool, {priority} AS priority "
        f"WHERE EXISTS (SELECT 1 FROM jobs_job WHERE {part} AND {due_sql()} AND {without_sql(PAUSED)})"
        for pool, priority, part in _parts()
    ]
    now = stored(clock.now())
    values = [now, now] * len(looks)
    limits = "NOT paused AND (concurrency IS NOT NULL OR rate IS NOT NULL)"
    looks.append(f"SELECT 'limited', 0 WHERE EXISTS (SELECT 1 FROM jobs_joblimit WHERE {limits})")
    ended = f"status IN ('dispatched', 'in_progress') AND lease_until < {steady_now_sql()}"
    looks.append(f"SELECT 'expired', 0 WHERE EXISTS (SELECT 1 FROM jobs_job WHERE {ended})")
    due: dict[str, list[int]] = {}
    for pool, priority in rows(" UNION ALL ".join(looks), values):
        due.setdefault(pool, []).append(priority)
    limited, expired = bool(due.pop("limited", False)), bool(due.pop("expired", False))
    return Outlook(due, limited, expired)


def due_pools() -> set[str]:
    """Pools that have something due that is not paused."""
    return set(outlook().due)


def _parts() -> list[tuple[str, int, str]]:
    """The parts in which the index of ready jobs is ordered by time: pool, priority and the condition."""
    return [
        (pool, priority, f"pool = '{pool}' AND priority = {priority}")
        for pool in (*POOLS, ALONE)
        for priority in PRIORITIES
    ]


def live_workers(engine: str = "") -> int:
    heard = f"ended_at IS NULL AND seen_at > {after_sql('%s')} AND engine LIKE %s"
    return rows(f"SELECT count(*) FROM jobs_worker WHERE {heard}", [-WORKER_HEARD_WITHIN_S, engine or "%"])[
        0
    ][0]


def find_job(number: int) -> Job | ArchivedJob:
    """Raises Refused `unknown_job`."""
    found = Job.objects.filter(pk=number).first() or ArchivedJob.objects.filter(pk=number).first()
    if found is None:
        raise Refused("unknown_job", f"there is no job {number}; `lapwing job list` shows those there are")
    return found


def failed_jobs(job_type: str, code: str = "") -> list[int]:
    """Numbers of the failed jobs of a type, with one result code or any, the oldest first."""
    failed = Job.objects.filter(type=job_types.get(job_type).name, status=Status.FAILED)
    return list(
        (failed.filter(result_code=code) if code else failed).order_by("pk").values_list("pk", flat=True)
    )


def waits_for(jobs: Sequence[Job | ArchivedJob]) -> dict[int, str]:
    """Of those that wait for others: for whom, in words."""
    blocked = [job.pk for job in jobs if job.blockers]
    links = JobLink.objects.filter(job_id__in=blocked, met=False).order_by("predecessor_id")
    found = dict(links.values_list("job_id", "predecessor_id"))
    statuses = dict(Job.objects.filter(pk__in=found.values()).values_list("pk", "status"))
    return {
        pk: f"waits for job {first}, which is {statuses.get(first, 'archived')}"
        for pk, first in found.items()
    }


def worker_names(tokens: Collection[str]) -> dict[str, str]:
    """Host and process of workers, as long as they are remembered."""
    return dict(Worker.objects.filter(token__in=tokens).values_list("token", "name"))


def attempts_of(job_id: int) -> QuerySet[JobAttempt]:
    return JobAttempt.objects.filter(job_id=job_id).order_by("number")


def newest_jobs(
    *,
    status: str = "",
    job_type: str = "",
    subject: str = "",
    code: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    below: int | None = None,
    limit: int | None = None,
) -> list[Job | ArchivedJob]:
    """Jobs of both tables, newest first; `below` is the last number of the page before. `code` is a result code,
    `since` and `until` bound when they were asked for.
    """
    more: dict[str, Any] = {"result_code = %s": code} if code else {}
    more |= {f"created_at {sign} %s": stored(at) for sign, at in ((">=", since), ("<", until)) if at}
    ids = _newest_ids(status, job_type, subject, more, below, limit, at_once=bool(subject or code))
    found: dict[int, Job | ArchivedJob] = {}
    for model in (Job, ArchivedJob):  # what is archived between the two is found in the second
        for start in range(0, len(ids), 10_000):
            found |= model.objects.in_bulk(ids[start : start + 10_000])
    return [found[pk] for pk in ids if pk in found]


def _newest_ids(
    status: str,
    job_type: str,
    subject: str,
    more: dict[str, Any],
    below: int | None,
    limit: int | None,
    *,
    at_once: bool,
) -> list[int]:
    """Each table is read along an index in the order of the answer: `at_once` where the index of subjects or of codes
    has it; else once for each type and status that may match, and the heads of these are merged.
    """
    statuses, types = [status] if status else [""], [job_type] if job_type else [""]
    if (status or job_type) and not at_once:
        statuses = [status] if status else list(Status.values)
        types = [job_type] if job_type else known_types()
    looks, values = [], []
    for table in ("jobs_job", "jobs_archivedjob"):
        for one_type in types:
            for one_status in statuses:
                given = {"type": one_type, "status": one_status, "subject": subject}
                # Without statistics SQLite takes the index of types, of which a subject has few.
                plain = "+" if subject and connection.vendor == "sqlite" else ""
                conditions = [
                    f"{'' if column == 'subject' else plain}{column} = %s"
                    for column, value in given.items()
                    if value
                ]
                conditions += more
                values += [*(value for value in given.values() if value), *more.values()]
                if below is not None:
                    conditions.append("id < %s")
                    values.append(below)
                where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
                bound = f"LIMIT {limit:d}" if limit is not None else ""
                looks.append(f"SELECT id FROM (SELECT id FROM {table} {where}ORDER BY id DESC {bound}) AS t")
    bound = f" LIMIT {limit:d}" if limit is not None else ""
    return [pk for (pk,) in rows(f"{' UNION ALL '.join(looks)} ORDER BY id DESC{bound}", values)]


def outcomes_of_worker(token: str) -> dict[str, int]:
    """How many attempts of one worker ended how."""
    ended = JobAttempt.objects.filter(worker=token).order_by().values_list("outcome")
    return dict(ended.annotate(Count("number")).order_by("outcome"))


TABLES = ("jobs_job", "jobs_archivedjob")


def capped_counts(
    *,
    job_type: str = "",
    subject: str = "",
    code: str = "",
    statuses: Sequence[str] = tuple(Status.values),
    tables: Sequence[str] = TABLES,
    cap: int = 10_000,
) -> dict[str, int]:
    """How many jobs are in each status, none counted further than cap + 1; along the indexes of the lists."""
    types = [job_type] if job_type or subject else known_types()
    looks, values = [], []
    for status in statuses:
        for one_type in types:
            for name in tables:
                given = {"type": one_type, "status": status, "subject": subject, "result_code": code}
                values += [status, *(value for value in given.values() if value), cap + 1]
                where = " AND ".join(f"{column} = %s" for column, value in given.items() if value)
                inner = f"SELECT 1 FROM {name} WHERE {where} LIMIT %s"
                looks.append(f"SELECT %s AS status, count(*) AS n FROM ({inner}) AS t")
    if not looks:
        return {}
    found = rows(f"SELECT status, sum(n) FROM ({' UNION ALL '.join(looks)}) AS t GROUP BY status", values)
    return {status: min(int(n), cap + 1) for status, n in found if n}


def newest_by_hour(since: datetime, *, at_most: int = 10_000) -> dict[datetime, dict[str, int]]:
    """Jobs by the hour they were asked for and by status, from `since` on; of the newest `at_most` jobs only, since
    the ledger is read along its numbers.
    """
    found: dict[datetime, dict[str, int]] = {}
    for model in (Job, ArchivedJob):
        newest = model.objects.order_by("-pk").values("pk")[:at_most]
        recent = model.objects.filter(pk__in=newest, created_at__gte=since)
        hours = recent.annotate(hour=TruncHour("created_at")).values_list("hour", "status")
        for hour, status, count in hours.annotate(n=Count("pk")).order_by():
            by_status = found.setdefault(hour, {})
            by_status[status] = by_status.get(status, 0) + count
    return found


def followers_of(job_id: int, *, at_most: int = 50) -> list[Job | ArchivedJob]:
    """Jobs that were told to wait for this one."""
    return _by_number(
        JobLink.objects.filter(predecessor_id=job_id).values_list("job_id", flat=True)[:at_most]
    )


def predecessors_of(job_id: int, *, at_most: int = 50) -> list[Job | ArchivedJob]:
    """Jobs that this one was told to wait for."""
    return _by_number(
        JobLink.objects.filter(job_id=job_id).values_list("predecessor_id", flat=True)[:at_most]
    )


def _by_number(numbers: Iterable[int]) -> list[Job | ArchivedJob]:
    ids = list(numbers)
    found = [each for model in (Job, ArchivedJob) for each in model.objects.filter(pk__in=ids)] if ids else []
    return sorted(found, key=lambda job: job.pk)


def counts_by_status() -> dict[str, int]:
    """Of the ledger without its archive."""
    return dict(Job.objects.values_list("status").annotate(Count("id")).order_by("status"))


def known_types() -> list[str]:
    """All types that jobs have, also those that nobody registers any more: the next one along the index, each time."""

    def following(after: str) -> str:
        looks = (f"SELECT min(type) AS type FROM {table} WHERE type > {after}" for table in TABLES)
        return f"SELECT min(type) AS type FROM ({' UNION ALL '.join(looks)}) AS looks"

    first, others = following("''"), following("seen.type")
    walk = f"{first} UNION ALL SELECT ({others}) FROM seen WHERE type IS NOT NULL"
    found = rows(f"WITH RECURSIVE seen(type) AS ({walk}) SELECT type FROM seen WHERE type IS NOT NULL")
    return [name for (name,) in found]


def health() -> dict[str, Any]:
    """What the person on call asks first. `oldest_due_s` is how long the oldest due job has waited, in seconds."""
    beats = pulse()
    return {
        "workers": beats["workers"],
        "open": counts_by_status(),
        "oldest_due_s": beats["oldest_due_s"],
        "silent": beats["silent"],
        "paused": [f"{limit.scope} {limit.name}" for limit in JobLimit.objects.filter(paused=True)],
    }


def pulse() -> dict[str, Any]:
    """The part of `health` that counts nothing large, so that it may be asked every few seconds."""
    oldest = _oldest_due()
    return {
        "workers": live_workers(),
        "oldest_due_s": None if oldest is None else max((clock.now() - oldest).total_seconds(), 0),
        "silent": len(silent_jobs()),
    }


def _oldest_due() -> Any:
    looks = [
        f"SELECT min(scheduled_for) AS at FROM jobs_job WHERE {part} AND {due_sql()}" for *_, part in _parts()
    ]
    now = stored(clock.now())
    found = rows(f"SELECT min(at) FROM ({' UNION ALL '.join(looks)}) AS t", [now, now] * len(looks))
    return instant(found[0][0])


def silent_jobs() -> list[tuple[int, str, str]]:
    """Jobs that nobody has heard of for too long: number, type, why."""
    late = rows(
        f"SELECT id, type FROM jobs_job WHERE {due_sql(ago_s=DUE_TOO_LONG_S)} AND {without_sql(PAUSED)} LIMIT 100",
        [stored(clock.now() - timedelta(seconds=DUE_TOO_LONG_S))] * 2,
    )
    expired = rows(
        f"SELECT id, type FROM jobs_job WHERE status IN ('dispatched', 'in_progress') "
        f"AND lease_until < {after_sql('%s')} LIMIT 100",
        [-UNRESCUED_S],
    )
    held_up = rows(
        "SELECT f.id, f.type, min(p.id) FROM jobs_joblink l JOIN jobs_job p ON p.id = l.predecessor_id "
        "JOIN jobs_job f ON f.id = l.job_id WHERE NOT l.met AND p.status IN ('failed', 'cancelled') "
        f"AND p.finished_at < {after_sql('%s')} AND f.status = 'waiting' GROUP BY f.id, f.type LIMIT 100",
        [-HELD_UP_TOO_LONG_S],
    )
    return [
        *((pk, name, "is due for more than an hour") for pk, name in late),
        *((pk, name, "lost its worker and nobody took it back") for pk, name in expired),
        *((pk, name, f"waits for job {first}, which failed or was cancelled") for pk, name, first in held_up),
    ]
