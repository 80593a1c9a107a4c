"""Keeps hold of jobs: a lease that its holder renews, for the rows that he really works on."""

from collections.abc import Collection, Sequence

from django.db import connection, transaction

from lapwing.core import clock
from lapwing.core.sql import among, execute, rows
from lapwing.jobs import outcomes
from lapwing.jobs.claim import LEASE_S
from lapwing.jobs.conclude import conclude, ending
from lapwing.jobs.machine_time import after_sql, earlier_sql, stored
from lapwing.jobs.types import HeldJob

RENEW_EVERY_S = 15.0


def waits_again_sql() -> str:
    """Takes the present instant of business time, by which waiting jobs go; one from retry had one of machine time."""
    due = earlier_sql("scheduled_for", "%s")
    return f"status = 'waiting', scheduled_for = {due}, lease_token = '', lease_until = NULL"


def renew(token: str, ids: Collection[int], *, lease_s: float = LEASE_S) -> dict[int, bool]:
    """The jobs still held, each with whether somebody asked to cancel it."""
    if not ids:
        return {}
    these, keys = among(ids)
    found = rows(
        f"UPDATE jobs_job SET lease_until = {after_sql('%s')} WHERE id {these} "
        "AND status = 'in_progress' AND lease_token = %s RETURNING id, cancel_asked_by",
        [lease_s, *keys, token],
    )
    return {pk: bool(asked) for pk, asked in found}


def lock_held(jobs: Sequence[HeldJob]) -> list[HeldJob]:
    """Those that nobody took away or ended, locked so that nobody does until the transaction ends."""
    if not jobs:
        return []
    these, keys = among([job.id for job in jobs])
    locking = " ORDER BY id FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    found = rows(
        f"SELECT id, attempt, lease_token FROM jobs_job WHERE id {these} AND status = 'in_progress'{locking}",
        keys,
    )
    held = {tuple(row) for row in found}
    return [job for job in jobs if (job.id, job.attempt, job.token) in held]


def give_back(jobs: Sequence[HeldJob]) -> None:
    """A worker that stops lets others have what it had not begun."""
    conclude([ending(job, outcomes.GivenBack()) for job in jobs])


@transaction.atomic
def take_back_dispatched(token: str) -> int:
    """A chunk that could not be handed to the engine waits again."""
    return execute(
        f"UPDATE jobs_job SET {waits_again_sql()} WHERE status = 'dispatched' AND lease_token = %s",
        [stored(clock.now()), token],
    )
