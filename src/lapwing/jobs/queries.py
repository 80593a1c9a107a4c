"""Reads of the ledger: lists over both tables, how many there are, one job with all that happened to it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncHour

from lapwing.core.errors import Refused
from lapwing.core.sql import rows
from lapwing.jobs.machine_time import stored
from lapwing.jobs.models import ArchivedJob, Job, JobAttempt, JobLink, Worker
from lapwing.jobs.states import Status
from lapwing.jobs.types import job_types


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


def known_types() -> list[str]:
    """All types that jobs have, also those that nobody registers any more: the next one along the index, each time."""

    def following(after: str) -> str:
        looks = (f"SELECT min(type) AS type FROM {table} WHERE type > {after}" for table in TABLES)
        return f"SELECT min(type) AS type FROM ({' UNION ALL '.join(looks)}) AS looks"

    first, others = following("''"), following("seen.type")
    walk = f"{first} UNION ALL SELECT ({others}) FROM seen WHERE type IS NOT NULL"
    found = rows(f"WITH RECURSIVE seen(type) AS ({walk}) SELECT type FROM seen WHERE type IS NOT NULL")
    return [name for (name,) in found]
