"""What a worker or dispatcher that has nothing to do asks: whether something is due, limited, or was lost."""

from dataclasses import dataclass

from lapwing.core import clock
from lapwing.core.sql import rows
from lapwing.jobs.claim import PAUSED, due_sql, without_sql
from lapwing.jobs.machine_time import steady_now_sql, stored
from lapwing.jobs.types import ALONE, POOLS, PRIORITIES


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
        for pool, priority, part in parts()
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


def parts() -> list[tuple[str, int, str]]:
    """The parts in which the index of ready jobs is ordered by time: pool, priority and the condition."""
    return [
        (pool, priority, f"pool = '{pool}' AND priority = {priority}")
        for pool in (*POOLS, ALONE)
        for priority in PRIORITIES
    ]
