"""Claims of types and lanes that are limited: under the lock of their limits, so that no two claimers pass one.

What is paused or limited is left out of every other claim.
"""

import math
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Count

from lapwing.core import clock
from lapwing.core.sql import rows
from lapwing.jobs.claim import Claimer, Wanted, due_sql
from lapwing.jobs.machine_time import machine_now, stored
from lapwing.jobs.models import Job, JobLimit
from lapwing.jobs.states import LIVE
from lapwing.jobs.types import PRIORITIES, HeldJob

LOOK_AHEAD = 200
BURST_S = 1.0  # starts that were not used are made up for no longer than this


def claim_limited(claimer: Claimer, wanted: Wanted, limit: int) -> list[HeldJob]:
    """Takes up to `limit` due jobs of limited types and lanes, as many as each of their limits lets start now.
    Where another process claims them at this moment, none.
    """
    with transaction.atomic():
        locked = list(JobLimit.objects.select_for_update(skip_locked=True).order_by("pk"))
        # A limit that somebody else holds would not be looked at.
        if not locked or len(locked) < JobLimit.objects.count():
            return []
        allowances = _Allowances(locked)
        chosen = allowances.choose(_candidates(wanted, allowances), limit)
        if not chosen:
            return []
        allowances.store()
        return claimer.claim_these(chosen)


class _Allowances:
    """How many more of each limit may start now."""

    def __init__(self, limits: list[JobLimit]) -> None:
        self._limits = limits
        self._now = machine_now()
        live = {"type": _live_by("type"), "lane": _live_by("lane")}
        self._left = {(each.scope, each.name): self._allowed(each, live[each.scope]) for each in limits}
        self._begun: dict[tuple[str, str], int] = {}

    def _allowed(self, limit: JobLimit, live: dict[str, int]) -> float:
        if limit.paused:
            return 0
        at_once = math.inf if limit.concurrency is None else limit.concurrency - live.get(limit.name, 0)
        return max(min(at_once, self._starts(limit)), 0)

    def _starts(self, limit: JobLimit) -> float:
        if limit.rate is None:
            return math.inf
        interval = limit.per_s / limit.rate
        since = (self._now - self._free_at(limit)).total_seconds()
        return math.floor(since / interval) + 1 if since >= 0 else 0

    def _free_at(self, limit: JobLimit):
        return max(limit.free_at or self._now, self._now - timedelta(seconds=BURST_S))

    def exhausted(self, scope: str) -> list[str]:
        return [name for (each, name), left in self._left.items() if each == scope and left < 1]

    def open(self, scope: str) -> list[str]:
        return [name for (each, name), left in self._left.items() if each == scope and left >= 1]

    def choose(self, candidates: list[tuple[int, str, str]], limit: int) -> list[int]:
        chosen: list[int] = []
        for pk, job_type, lane in candidates:
            mine = [key for key in (("type", job_type), ("lane", lane)) if key in self._left]
            if len(chosen) < limit and all(self._left[key] >= 1 for key in mine):
                chosen.append(pk)
                for key in mine:
                    self._left[key] -= 1
                    self._begun[key] = self._begun.get(key, 0) + 1
        return chosen

    def store(self) -> None:
        for limit in self._limits:
            begun = self._begun.get((limit.scope, limit.name), 0)
            if limit.rate and begun:
                spent = timedelta(seconds=begun * limit.per_s / limit.rate)
                JobLimit.objects.filter(pk=limit.pk).update(free_at=self._free_at(limit) + spent)


def _live_by(column: str) -> dict[str, int]:
    return dict(Job.objects.filter(status__in=LIVE).values_list(column).annotate(Count("id")))


def _candidates(wanted: Wanted, allowances: _Allowances) -> list[tuple[int, str, str]]:
    """Due jobs of limited types or lanes, the most urgent first, locked."""
    limited, values = [], []
    for column in ("type", "lane"):
        if names := allowances.open(column):
            limited.append(f"{column} IN ({', '.join(['%s'] * len(names))})")
            values += names
    if not limited:
        return []
    where = f"({' OR '.join(limited)})"
    for column in ("type", "lane"):
        if names := allowances.exhausted(column):
            where += f" AND {column} NOT IN ({', '.join(['%s'] * len(names))})"
            values += names
    if wanted.not_lanes:
        where += f" AND lane NOT IN ({', '.join(['%s'] * len(wanted.not_lanes))})"
        values += wanted.not_lanes
    locking = " FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    now = stored(clock.now())
    found: list[tuple[int, str, str]] = []
    for priority in PRIORITIES:
        found += rows(
            f"SELECT id, type, lane FROM jobs_job WHERE pool = %s AND priority = %s AND {due_sql()} AND {where} "
            f"ORDER BY scheduled_for, id LIMIT {LOOK_AHEAD}{locking}",
            [wanted.pool, priority, now, now, *values],
        )
    return found
