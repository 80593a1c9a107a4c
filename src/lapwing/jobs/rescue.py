"""Takes jobs back whose holder is not heard of any more: on the lease's end, never on age.

Jobs that an engine lost wait again, at no cost; an attempt that was under way counts and is kept as lost.
"""

from django.db import connection, transaction

from lapwing.core import clock
from lapwing.core.failpoints import failpoint
from lapwing.core.sql import execute, rows
from lapwing.jobs import outcomes
from lapwing.jobs.claim import HELD_COLUMNS, held_job
from lapwing.jobs.conclude import conclude, ending
from lapwing.jobs.lease import waits_again_sql
from lapwing.jobs.machine_time import steady_now_sql, stored
from lapwing.jobs.waking import wake

AT_ONCE = 500


def rescue() -> int:
    """Any number of processes may do this at once. Returns how many were taken back."""
    rescued = 0
    while found := _rescue_some():
        rescued += found
    if rescued:
        wake()
    return rescued


@transaction.atomic
def _rescue_some() -> int:
    returned = execute(
        f"UPDATE jobs_job SET {waits_again_sql()} WHERE id IN ({_expired('dispatched', 'id')})",
        [stored(clock.now())],
    )
    lost = rows(_expired("in_progress", f"lease_token, {HELD_COLUMNS}"), [])
    endings = [ending(held_job(row[1:], row[0]), outcomes.Lost()) for row in lost]
    failpoint("jobs.rescue.before_conclude")
    return returned + len(conclude(endings))


def _expired(status: str, columns: str) -> str:
    locking = " FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    return (
        f"SELECT {columns} FROM jobs_job WHERE status = '{status}' AND lease_until < {steady_now_sql()} "
        f"ORDER BY lease_until LIMIT {AT_ONCE}{locking}"
    )
