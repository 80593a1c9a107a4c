"""Takes due jobs, each by one claimer: the statement, and where the next one begins to look.

A claimer remembers the last row that it took of each priority and starts there, so that it does not step over the
dead versions of what it took before; it forgets every second, every 50 claims, and when nothing is found.
"""

import json
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from lapwing.core import clock
from lapwing.core.failpoints import failpoint
from lapwing.core.sql import among, rows
from lapwing.jobs.machine_time import after_sql, now_sql, steady_now_sql, stored
from lapwing.jobs.states import Status
from lapwing.jobs.types import PRIORITIES, HeldJob

LEASE_S = 60.0
FORGET_AFTER_CLAIMS, FORGET_AFTER_S = 50, 1.0
LIMITED, PAUSED = "(paused OR concurrency IS NOT NULL OR rate IS NOT NULL)", "paused"


def new_token() -> str:
    """Names a process, or one chunk that was handed out; nobody guesses or meets it twice."""
    return secrets.token_urlsafe(16)


@dataclass(frozen=True)
class Wanted:
    """What a claim is for."""

    pool: str
    not_lanes: Collection[str] = ()
    priorities: Collection[int] = PRIORITIES  # in which to look


@dataclass
class Claimer:
    """Claims for one process. `status` is what the rows become: in progress, or dispatched for an engine."""

    token: str
    status: Status = Status.IN_PROGRESS
    lease_s: float = LEASE_S
    _places: dict[tuple[str, int], Any] = field(default_factory=dict)
    _claims: int = 0
    _since: float = 0.0

    def claim(self, wanted: Wanted, limit: int) -> list[HeldJob]:
        """Takes up to `limit` due jobs that nothing limits, and commits; the most urgent first."""
        self._forget_sometimes()
        with transaction.atomic():
            held = self._claim(wanted, limit)
        failpoint("jobs.claim.after_commit")
        if len(held) < limit:
            self._places.clear()
        return held

    def claim_these(self, ids: Collection[int]) -> list[HeldJob]:
        """Takes jobs that the caller has locked and found due, in his transaction."""
        changes, changed = _changed(self)
        these, keys = among(ids)
        found = rows(
            f"UPDATE jobs_job SET {changes} WHERE id {these} RETURNING {HELD_COLUMNS}", [*changed, *keys]
        )
        return [held_job(row, self.token) for row in sorted(found, key=lambda row: (row[-1], row[0]))]

    def _claim(self, wanted: Wanted, limit: int) -> list[HeldJob]:
        held: list[HeldJob] = []
        for priority in wanted.priorities:
            held += self._claim_of(wanted, priority, limit - len(held))
            if len(held) >= limit:
                break
        return held

    def _claim_of(self, wanted: Wanted, priority: int, limit: int) -> list[HeldJob]:
        place = self._places.get((wanted.pool, priority))
        statement, parameters = _statement(wanted, priority, place, limit, self)
        found = rows(statement, parameters)
        found.sort(key=lambda row: (row[-1], row[0]))
        if found:
            self._places[wanted.pool, priority] = (found[-1][-1], found[-1][0])
        return [held_job(row, self.token) for row in found]

    def _forget_sometimes(self) -> None:
        self._claims += 1
        if self._claims >= FORGET_AFTER_CLAIMS or time.monotonic() - self._since > FORGET_AFTER_S:
            self._places.clear()
            self._claims, self._since = 0, time.monotonic()


HELD_COLUMNS = (
    # Instants as texts: nobody calculates with them, and reading them took a third of the claim's time.
    "id, type, lane, attempt, tries, deaths, CAST(started_at AS text), parameters, subject_kind, subject_id, subject, "
    "requested_by, doubtful, CAST(scheduled_for AS text)"
)


def held_job(row: tuple, token: str) -> HeldJob:
    """From a row of HELD_COLUMNS."""
    (pk, kind, lane, attempt, tries, deaths, started, parameters, *subject, requested_by, doubtful, _) = row
    return HeldJob(
        id=pk,
        type=kind,
        lane=lane,
        attempt=attempt,
        tries=tries,
        deaths=deaths,
        token=token,
        started_at=started,
        parameters=json.loads(parameters) if isinstance(parameters, str) else parameters,
        subject_kind=subject[0],
        subject_id=subject[1],
        subject=subject[2],
        requested_by=requested_by,
        doubtful=bool(doubtful),
    )


def due_sql(*, ago_s: float = 0) -> str:
    """The condition that a ready row's time had come so long ago; takes that instant of business time twice."""
    now = steady_now_sql(-ago_s)
    latest = "greatest" if connection.vendor == "postgresql" else "max"
    return (
        f"status IN ('waiting', 'retry') AND blockers = 0 AND scheduled_for <= {latest}({now}, %s) "
        f"AND scheduled_for <= CASE status WHEN 'retry' THEN {now} ELSE %s END"
    )


def without_sql(condition: str) -> str:
    """Leaves out the types and lanes whose limit meets a condition."""
    left_out = "SELECT name FROM jobs_joblimit WHERE scope = '{}' AND " + condition
    return f"type NOT IN ({left_out.format('type')}) AND lane NOT IN ({left_out.format('lane')})"


def _statement(
    wanted: Wanted, priority: int, place: Any, limit: int, claimer: Claimer
) -> tuple[str, list[Any]]:
    now = stored(clock.now())
    where = f"pool = %s AND priority = %s AND {due_sql()} AND {without_sql(LIMITED)}"
    values: list[Any] = [wanted.pool, priority, now, now]
    if place:
        where += " AND (scheduled_for, id) > (%s, %s)"
        values += place
    if wanted.not_lanes:
        where += f" AND lane NOT IN ({', '.join(['%s'] * len(wanted.not_lanes))})"
        values += wanted.not_lanes
    chosen = f"SELECT id FROM jobs_job WHERE {where} ORDER BY scheduled_for, id LIMIT {limit:d}"
    changes, changed = _changed(claimer)
    if connection.vendor == "postgresql":
        # The array is made once, and its rows are looked up by key: a join would read a small table to its end.
        chosen = f"ARRAY({chosen} FOR UPDATE SKIP LOCKED)"
        statement = f"UPDATE jobs_job SET {changes} WHERE id = ANY({chosen}) RETURNING {HELD_COLUMNS}"
        return statement, changed + values
    statement = f"UPDATE jobs_job SET {changes} WHERE id IN ({chosen}) RETURNING {HELD_COLUMNS}"
    return statement, changed + values


def _changed(claimer: Claimer) -> tuple[str, list[Any]]:
    common = f"status = %s, lease_token = %s, lease_until = {after_sql('%s')}"
    values = [str(claimer.status), claimer.token, claimer.lease_s]
    if claimer.status == Status.DISPATCHED:
        return f"{common}, dispatched_at = {now_sql()}", values
    return f"{common}, attempt = attempt + 1, started_at = {now_sql()}", values


def begin(
    ids: Collection[int], chunk_token: str, worker_token: str, *, lease_s: float = LEASE_S
) -> list[HeldJob]:
    """A worker takes the jobs of a message that are still dispatched under its token; of a repeated message, none."""
    if not ids:
        return []
    these, keys = among(ids)
    found = rows(
        f"UPDATE jobs_job SET status = 'in_progress', attempt = attempt + 1, started_at = {now_sql()}, "
        f"lease_token = %s, lease_until = {after_sql('%s')} "
        f"WHERE id {these} AND status = 'dispatched' AND lease_token = %s RETURNING {HELD_COLUMNS}",
        [worker_token, lease_s, *keys, chunk_token],
    )
    order = {pk: place for place, pk in enumerate(ids)}
    return [held_job(row, worker_token) for row in sorted(found, key=lambda row: order[row[0]])]
