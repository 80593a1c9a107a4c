"""Ends attempts: the one place that writes how a job ended. Whoever lost his lease writes nothing.

Each write is guarded by status, attempt and lease token; the attempt's row and the followers' release are in the same
transaction.
"""

import json
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from lapwing.core import clock
from lapwing.core.context import acting_as
from lapwing.core.failpoints import failpoint
from lapwing.core.sql import among, execute, rows
from lapwing.core.storable import storable
from lapwing.jobs import outcomes
from lapwing.jobs.links import release_followers
from lapwing.jobs.machine_time import after_sql, earlier_sql, now_sql, records_sql, stored
from lapwing.jobs.outcomes import Outcome
from lapwing.jobs.states import NEEDS_PERSON, OUTCOME_UNKNOWN, Status
from lapwing.jobs.types import ALONE, DIED_TOO_OFTEN, MAX_TRIES, HeldJob, type_of

log = logging.getLogger("lapwing.jobs")
JITTER = 0.2  # of a delay, up or down
DELAY_AT_MOST_S = 30 * 24 * 3600.0
LATER_AT_LEAST = timedelta(seconds=1)
_IN_DOUBT = "an attempt may have had its effect, and nobody knows"
_ENDING = {
    "job": "bigint",
    "number": "int",
    "token": "text",
    "ends_as": "text",
    "outcome": "text",
    "code": "text",
    "text": "text",
    "tried": "int",
    "died": "int",
    "doubtful": "boolean",
    "own_pool": "text",
    "delay_s": "float8",
    "due_at": "timestamptz",
    "started_at": "timestamptz",
}


@dataclass(frozen=True)
class Ending:
    """How one attempt ends, decided; what is left is to write it."""

    job: HeldJob
    status: Status
    outcome: str  # of the attempt
    code: str
    text: str
    tried: bool = False
    died: bool = False
    doubtful: bool = False  # whether it, or one before it, did anything in another system
    delay_s: float | None = None  # machine time
    due_at: Any = None  # business time

    def record(self) -> dict[str, Any]:
        return {
            "job": self.job.id,
            "number": self.job.attempt,
            "token": self.job.token,
            "ends_as": str(self.status),
            "outcome": self.outcome,
            "code": storable(self.code)[:64],
            "text": storable(self.text)[:4000],
            "tried": int(self.tried),
            "died": int(self.died),
            "doubtful": self.doubtful,
            "own_pool": type_of(self.job).pool,
            "delay_s": self.delay_s,
            "due_at": self.due_at and str(stored(self.due_at)),
            "started_at": str(self.job.started_at),
        }


def ending(job: HeldJob, outcome: Outcome) -> Ending:
    """What an outcome means for the job: after the sixth try there is no seventh."""
    match outcome:
        case outcomes.Succeeded(text, code):
            return Ending(job, Status.SUCCEEDED, "succeeded", code, text)
        case outcomes.NotApplicable(code, text):
            return Ending(job, Status.NOT_APPLICABLE, "not_applicable", code, text)
        case outcomes.Later(at, code, text):
            return Ending(
                job, Status.WAITING, "later", code, text, doubtful=job.doubtful, due_at=_not_before(at)
            )
        case outcomes.GivenBack(code, text):
            return Ending(
                job, Status.WAITING, "given_back", code, text, doubtful=job.doubtful, due_at=clock.now()
            )
        case outcomes.Cancelled(code, text):
            return Ending(job, Status.CANCELLED, "cancelled", code, text, doubtful=job.doubtful)
        case outcomes.Failed(code, text):
            doubtful = code == NEEDS_PERSON  # a type may know that only a person can find out
            return Ending(job, Status.FAILED, "failed", code, text, tried=True, doubtful=doubtful)
        case outcomes.Lost(code, text):
            return _failed_try(job, "lost", code, text, None if job.deaths else 0, died=True)
        case outcomes.Retry(code, text, after_s):
            return _failed_try(job, "retry", code, text, after_s)
    raise TypeError(f"job {job.id} ended with {outcome!r}, which is no outcome")


def _not_before(at: datetime) -> datetime:
    """A handler that asks for later has to wait at least a moment."""
    return max(at, clock.now() + LATER_AT_LEAST)


def _failed_try(
    job: HeldJob, outcome: str, code: str, text: str, after_s: float | None, *, died: bool = False
) -> Ending:
    doubtful = job.doubtful or code == OUTCOME_UNKNOWN or (died and type_of(job).leaves_doubt)
    is_last = job.tries + 1 >= MAX_TRIES
    if doubtful and code != OUTCOME_UNKNOWN:  # what this attempt says of itself is not all there is to know
        text = f"{_IN_DOUBT}; {'ask the other system' if is_last else 'the next attempt asks'}. Last: {text or code}"
    if is_last:
        last = NEEDS_PERSON if doubtful else code
        return Ending(job, Status.FAILED, outcome, last, text, tried=True, died=died, doubtful=doubtful)
    delay_s = min(max(0.0, retry_delay_s(job) if after_s is None else after_s), DELAY_AT_MOST_S)
    return Ending(
        job, Status.RETRY, outcome, code, text, tried=True, died=died, doubtful=doubtful, delay_s=delay_s
    )


def retry_delay_s(job: HeldJob) -> float:
    """The type's delay after so many tries, jittered so that those who failed together do not come back together."""
    delays = type_of(job).retry_delays_s
    return delays[min(job.tries, len(delays) - 1)] * random.uniform(1 - JITTER, 1 + JITTER)


@transaction.atomic
def conclude(endings: Sequence[Ending]) -> set[int]:
    """Writes endings; returns the jobs that were still held by whom they name. A rescue and a late worker both come
    here, and one of them finds nothing.
    """
    if not endings:
        return set()
    ended = _succeed(endings) if all(map(_says_nothing, endings)) else _write_each(endings)
    written = {pk for pk, *_ in ended}
    if followed := [pk for pk, has_followers, status in ended if has_followers and status not in _STILL_OPEN]:
        release_followers(followed)
    _tell_the_failed([each for each in endings if each.job.id in written and each.status == Status.FAILED])
    failpoint("jobs.conclude.before_commit")
    return written


def _says_nothing(each: Ending) -> bool:
    return each.status == Status.SUCCEEDED and not each.code and not each.text


def _succeed(endings: Sequence[Ending]) -> list[tuple[int, bool, str]]:
    """The usual case, by numbers alone: nothing of it depends on the job. One statement for each token and number
    of attempt, which is one as a rule.
    """
    alike: dict[tuple[str, int], list[int]] = {}
    for each in endings:
        alike.setdefault((each.job.token, each.job.attempt), []).append(each.job.id)
    return [row for held, ids in sorted(alike.items()) for row in _succeed_alike(sorted(ids), *held)]


_SUCCEED = (
    "UPDATE jobs_job SET status = 'succeeded', finished_at = {now}, result_code = '', result = '', "
    "doubtful = false, lease_token = '', lease_until = NULL "
    "WHERE id {these} AND status = 'in_progress' AND lease_token = %s AND attempt = %s "
    "RETURNING id, has_followers, status"
)
_KEEP = (
    "INSERT INTO jobs_jobattempt (job_id, number, worker, started_at, ended_at, outcome, code, error) "
    "SELECT id, attempt, %s, started_at, finished_at, 'succeeded', '', '' FROM "
)


def _succeed_alike(ids: list[int], token: str, number: int) -> list[tuple[int, bool, str]]:
    these, keys = among(ids)
    succeed = _SUCCEED.format(now=now_sql(), these=these)
    if connection.vendor == "postgresql":
        return rows(
            f"WITH ended AS ({succeed}, attempt, started_at, finished_at), kept AS ({_KEEP} ended) "
            "SELECT id, has_followers, status FROM ended",
            [*keys, token, number, token],
        )
    ended = rows(succeed, [*keys, token, number])
    failpoint("jobs.conclude.after_status")
    execute(f"{_KEEP} jobs_job WHERE id {these}", [token, *among([pk for pk, *_ in ended])[1]])
    return ended


def _write_each(endings: Sequence[Ending]) -> list[tuple[int, bool, str]]:
    records = sorted((each.record() for each in endings), key=lambda record: record["job"])
    ended = _write(records)
    failpoint("jobs.conclude.after_status")
    written = {pk for pk, *_ in ended}
    _keep_attempts([record for record in records if record["job"] in written])
    return ended


def _tell_the_failed(failed: list[Ending]) -> None:
    """What the domain does about it must not keep the job from ending."""
    for each in failed:
        try:
            with transaction.atomic(), acting_as(each.job.requested_by):
                type_of(each.job).on_failed(each.job, each.code, each.text)
        except Exception as error:
            if connection.needs_rollback:
                raise
            log.error(
                "job %d failed, but its type was not told: %s: %s", each.job.id, type(error).__name__, error
            )


_STILL_OPEN = (Status.WAITING, Status.RETRY)


def _write(records: list[dict[str, Any]]) -> list[tuple[int, bool, str]]:
    # A cancellation that a person asked for wins over another try, unless that has to find out what was done.
    cancelled = "cancel_asked_by <> '' AND v.ends_as IN ('waiting', 'retry', 'cancelled') AND NOT v.doubtful"
    told = "'cancelled by ' || cancel_asked_by || ' while it was in progress'"
    status = f"CASE WHEN {cancelled} THEN 'cancelled' ELSE v.ends_as END"
    # What is given back keeps its place: business time may stand elsewhere by then.
    due = (
        f"CASE WHEN v.outcome = 'given_back' THEN {earlier_sql('scheduled_for', 'v.due_at')} "
        f"WHEN v.delay_s IS NULL THEN coalesce(v.due_at, scheduled_for) ELSE {after_sql('v.delay_s')} END"
    )
    goes_on = f"v.ends_as IN ('waiting', 'retry') AND NOT ({cancelled})"
    finished = f"CASE WHEN {goes_on} THEN NULL ELSE {now_sql()} END"
    later = "v.outcome = 'later'"  # all went well: what failed before does not count any more
    pool = f"CASE WHEN {later} THEN v.own_pool WHEN deaths + v.died >= {DIED_TOO_OFTEN} THEN '{ALONE}' ELSE pool END"
    return rows(
        f"UPDATE jobs_job SET status = {status}, scheduled_for = {due}, finished_at = {finished}, "
        f"result_code = CASE WHEN {cancelled} THEN 'cancelled' ELSE v.code END, "
        f"result = CASE WHEN {cancelled} THEN {told} ELSE v.text END, "
        f"tries = CASE WHEN {later} THEN 0 ELSE tries + v.tried END, "
        f"deaths = CASE WHEN {later} THEN 0 ELSE deaths + v.died END, doubtful = v.doubtful, pool = {pool}, "
        f"lease_token = '', lease_until = NULL FROM {records_sql(**_ENDING)} "
        "WHERE id = v.job AND status = 'in_progress' AND attempt = v.number AND lease_token = v.token "
        "RETURNING id, has_followers, status",
        [json.dumps(records)],
    )


def _keep_attempts(records: list[dict[str, Any]]) -> None:
    execute(
        "INSERT INTO jobs_jobattempt (job_id, number, worker, started_at, ended_at, outcome, code, error) "
        f"SELECT v.job, v.number, v.token, v.started_at, {now_sql()}, v.outcome, v.code, "
        f"CASE WHEN v.outcome = 'succeeded' THEN '' ELSE v.text END FROM {records_sql(**_ENDING)}",
        [json.dumps(records)],
    )
