"""Breakages on purpose, each switched on in one child alone, to show that these tests would notice it.

The product's code knows nothing of them. One more is made in the database: the index of keys dropped.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db import transaction

from lapwing.core.failpoints import failpoint
from lapwing.core.sql import execute, rows
from lapwing.jobs import chores, chunks, claim, conclude, executor, worker
from lapwing.jobs.claim import HELD_COLUMNS, held_job
from lapwing.jobs.types import HeldJob, job_types
from tests.faults.jobs.world import order


def break_on_purpose(names: Iterable[str]) -> None:
    for name in names:
        DEFECTS[name]()


def no_guard_on_the_attempt() -> None:
    """Whoever comes late ends the job as well: status, attempt and lease token are not asked for."""

    def unguarded(records: list[dict[str, Any]]) -> list[tuple[int, bool, str]]:
        return [
            (record["job"], False, record["ends_as"])
            for record in records
            if execute(
                "UPDATE jobs_job SET status = %s, result_code = %s, lease_token = '', lease_until = NULL, "
                f"tries = tries + %s, finished_at = {conclude.now_sql()} WHERE id = %s",
                [record["ends_as"], record["code"], record["tried"], record["job"]],
            )
        ]

    def keep_once(records: list[dict[str, Any]]) -> None:
        """Else the attempt's own key would still refuse the second ending."""
        kept = set(rows("SELECT job_id, number FROM jobs_jobattempt WHERE %s = 1", [1]))
        keep([each for each in records if (each["job"], each["number"]) not in kept])

    keep = conclude._keep_attempts
    conclude._says_nothing = lambda ending: False  # all the same way
    conclude._write, conclude._keep_attempts = unguarded, keep_once
    executor.lock_held = list


def no_key() -> None:
    """Each call to the other side has a key of its own."""
    type(job_types.get("order")).key_of = lambda self, job: uuid.uuid4().hex


def key_per_attempt() -> None:
    """The number of the attempt is part of the key."""
    kept = type(job_types.get("order")).key_of
    type(job_types.get("order")).key_of = lambda self, job: f"{kept(self, job)}-{job.attempt}"


def ended_before_commit() -> None:
    """A job's ending is committed before what it wrote: acknowledged too early."""

    def together(jobs: Sequence[HeldJob], decide: Any) -> list[HeldJob]:
        with transaction.atomic():
            ended = decide(jobs)
            endings = [executor.ending(job, ended[job.id]) for job in jobs if job.id in ended]
            transaction.set_rollback(True)
        executor.conclude(endings)
        failpoint("jobs.execute.before_conclude")
        with transaction.atomic():
            decide(jobs)
            failpoint("jobs.execute.before_commit")
        failpoint("jobs.execute.after_commit")
        return [job for job in jobs if job.id not in ended]

    executor._together = together


def asks_before_commit() -> None:
    """The other side is asked inside the transaction that keeps the key: a mail before the commit."""
    kind = type(job_types.get("order"))
    prepare = kind.prepare

    def prepare_and_ask(self: Any, job: HeldJob) -> Any:
        intent = prepare(self, job)
        order(intent["address"], intent["key"], job.id)
        return intent

    kind.prepare = prepare_and_ask


def lease_of_zero() -> None:
    """A claim holds a job for no time at all, and nobody renews it."""
    claimer = worker.Claimer
    worker.Claimer = lambda token, **_: claimer(token, lease_s=0)
    worker.Heartbeat.beat = lambda self: None


def janitor_that_repeats_blindly() -> None:
    """What is in progress for a moment waits again, whoever holds it."""

    def blind(self: Any, found: Any) -> None:
        execute(
            "UPDATE jobs_job SET status = 'waiting', lease_token = '', lease_until = NULL "
            "WHERE status IN ('dispatched', 'in_progress')"
        )

    chores.Chores.do = blind


def believes_every_message() -> None:
    """A worker takes what a message names, whether or not it is still handed out under its token."""

    def begin(ids: Sequence[int], chunk_token: str, worker_token: str, **_: Any) -> list[HeldJob]:
        marks = ", ".join(["%s"] * len(ids))
        found = rows(
            f"UPDATE jobs_job SET status = 'in_progress', attempt = attempt + 1, started_at = {claim.now_sql()}, "
            f"lease_token = %s, lease_until = {claim.after_sql('60')} WHERE id IN ({marks}) RETURNING {HELD_COLUMNS}",
            [worker_token, *ids],
        )
        return [held_job(row, worker_token) for row in sorted(found)]

    chunks.begin = begin


DEFECTS: dict[str, Callable[[], None]] = {
    function.__name__: function
    for function in (
        no_guard_on_the_attempt,
        no_key,
        key_per_attempt,
        ended_before_commit,
        asks_before_commit,
        lease_of_zero,
        janitor_that_repeats_blindly,
        believes_every_message,
    )
}
