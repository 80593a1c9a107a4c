"""Reads for whoever looks after the jobs: failed ones by cause, a job's relatives, workers and pools."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q

from lapwing.core import clock
from lapwing.core.sql import rows
from lapwing.jobs.claim import due_sql
from lapwing.jobs.health import WORKER_HEARD_WITHIN_S
from lapwing.jobs.machine_time import machine_now, stored
from lapwing.jobs.models import ArchivedJob, Job, JobLink, Worker
from lapwing.jobs.queries import known_types
from lapwing.jobs.states import LIVE, OPEN, Status
from lapwing.jobs.types import ALONE, POOLS

CAP = 10_000
DISTANCE = 2
SHOWN_OF_A_DISTANCE = 8


@dataclass(frozen=True)
class Cause:
    """Failed jobs of one type that ended with one code."""

    type: str
    code: str
    count: int  # no further than the cap + 1
    example: str  # what the newest of them said
    newest: int  # its number


def failed_causes(cap: int = CAP) -> list[Cause]:
    """The most frequent first. What is archived is left out: it cannot be run again."""
    looks, values = [], []
    for job_type, code in _failed_pairs():
        chosen = "FROM jobs_job WHERE status = 'failed' AND type = %s AND result_code = %s"
        looks.append(
            f"SELECT %s, %s, (SELECT count(*) FROM (SELECT 1 {chosen} LIMIT %s) AS found), "
            f"(SELECT max(id) {chosen})"
        )
        values += [job_type, code, job_type, code, cap + 1, job_type, code]
    found = rows(" UNION ALL ".join(looks), values) if looks else []
    said = dict(Job.objects.filter(pk__in=[newest for *_, newest in found]).values_list("pk", "result"))
    causes = [
        Cause(kind, code, number, said.get(newest, ""), newest)
        for kind, code, number, newest in found
        if newest
    ]
    return sorted(causes, key=lambda cause: (-cause.count, cause.type, cause.code))


def _failed_pairs() -> list[tuple[str, str]]:
    """Types and codes of failed jobs: the next one along the index, each time."""
    looks, values = [], []
    for job_type in known_types():
        failed = "SELECT min(result_code) FROM jobs_job WHERE status = 'failed' AND type = %s"
        walk = f"{failed} UNION ALL SELECT ({failed} AND result_code > seen.code) FROM seen WHERE code IS NOT NULL"
        looks.append(
            f"SELECT %s, code FROM (WITH RECURSIVE seen(code) AS ({walk}) SELECT code FROM seen) AS codes"
        )
        values += [job_type, job_type, job_type]
    found = rows(" UNION ALL ".join(looks), values) if looks else []
    return [(job_type, code) for job_type, code in found if code is not None]


def with_key_held(jobs: Iterable[Job]) -> set[int]:
    """Of ended jobs: those that cannot run again now, because another open job does the same work, or the same work
    is asked for by an earlier one of them.
    """
    keyed = [job for job in jobs if job.deduplication_key and job.status not in OPEN]
    held_by = Job.objects.filter(
        deduplication_key__in={job.deduplication_key for job in keyed}, status__in=OPEN
    )
    taken = set(held_by.values_list("type", "deduplication_key"))
    held = set()
    for job in sorted(keyed, key=lambda job: job.pk):
        key = (job.type, job.deduplication_key)
        if key in taken:
            held.add(job.pk)
        taken.add(key)
    return held


@dataclass
class Family:
    """A job with whom it waits for (distances below 0) and who waits for it (above), and who waits for whom."""

    by_distance: dict[int, list[Job | ArchivedJob]]
    links: list[JobLink] = field(default_factory=list)
    more: set[int] = field(default_factory=set)  # distances that hold more jobs than are given


def family(job: Job | ArchivedJob) -> Family:
    """Up to two steps to either side, at most eight jobs each."""
    found = Family({0: [job]})
    seen = {job.pk}
    for direction in (-1, 1):
        near = [job.pk]
        for step in range(1, DISTANCE + 1):
            near = _relatives(found, seen, near, direction * step)
            if not near:
                break
    found.links = [link for link in found.links if {link.job_id, link.predecessor_id} <= seen]
    return found


def _relatives(found: Family, seen: set[int], near: list[int], distance: int) -> list[int]:
    side, other = ("job_id", "predecessor_id") if distance < 0 else ("predecessor_id", "job_id")
    links = list(JobLink.objects.filter(**{f"{side}__in": near}).order_by(other)[: 5 * SHOWN_OF_A_DISTANCE])
    found.links += links
    numbers = sorted({getattr(link, other) for link in links} - seen)
    if len(numbers) > SHOWN_OF_A_DISTANCE:
        found.more.add(distance)
    numbers = numbers[:SHOWN_OF_A_DISTANCE]
    jobs = [each for model in (Job, ArchivedJob) for each in model.objects.filter(pk__in=numbers)]
    if jobs:
        found.by_distance[distance] = sorted(jobs, key=lambda each: each.pk)
    seen.update(each.pk for each in jobs)
    return [each.pk for each in jobs]


@dataclass(frozen=True)
class WorkerState:
    name: str
    engine: str
    started_at: datetime
    seen_at: datetime
    lives: bool
    holds: int  # jobs under its lease


def workers(limit: int = 50) -> list[WorkerState]:
    """Workers that have not signed off, the latest heard of first; one that is silent for a minute is dead."""
    now = machine_now()
    found = list(Worker.objects.filter(ended_at__isnull=True).order_by("-seen_at")[:limit])
    held = Job.objects.filter(status__in=LIVE, lease_token__in=[each.token for each in found])
    holds = dict(held.order_by().values_list("lease_token").annotate(Count("pk")))
    return [
        WorkerState(
            name=each.name,
            engine=each.engine,
            started_at=each.started_at,
            seen_at=each.seen_at,
            lives=(now - each.seen_at).total_seconds() < WORKER_HEARD_WITHIN_S,
            holds=holds.get(each.token, 0),
        )
        for each in found
    ]


def pools(cap: int = CAP) -> list[dict[str, Any]]:
    """By pool: due now and held by workers, neither counted further than cap + 1."""
    now = stored(clock.now())
    found = []
    for pool in (*POOLS, ALONE):
        due = rows(
            f"SELECT count(*) FROM (SELECT 1 FROM jobs_job WHERE pool = %s AND {due_sql()} LIMIT %s) AS due",
            [pool, now, now, cap + 1],
        )
        live = Job.objects.filter(Q(status=Status.IN_PROGRESS) | Q(status=Status.DISPATCHED), pool=pool)
        found.append({"pool": pool, "due": due[0][0], "live": live.order_by()[: cap + 1].count()})
    return found
