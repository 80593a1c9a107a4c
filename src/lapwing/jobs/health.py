"""Whether work goes on: workers that live, how long what is due has waited, and jobs nobody has heard of."""

from datetime import timedelta
from typing import Any

from django.db.models import Count

from lapwing.core import clock
from lapwing.core.sql import rows
from lapwing.jobs.claim import PAUSED, due_sql, without_sql
from lapwing.jobs.machine_time import after_sql, instant, stored
from lapwing.jobs.models import Job, JobLimit
from lapwing.jobs.outlook import parts

WORKER_HEARD_WITHIN_S = 60.0
DUE_TOO_LONG_S = 3600.0
UNRESCUED_S = 600.0
HELD_UP_TOO_LONG_S = 3600.0


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
        f"SELECT min(scheduled_for) AS at FROM jobs_job WHERE {part} AND {due_sql()}" for *_, part in parts()
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


def live_workers(engine: str = "") -> int:
    heard = f"ended_at IS NULL AND seen_at > {after_sql('%s')} AND engine LIKE %s"
    return rows(f"SELECT count(*) FROM jobs_worker WHERE {heard}", [-WORKER_HEARD_WITHIN_S, engine or "%"])[
        0
    ][0]


def counts_by_status() -> dict[str, int]:
    """Of the ledger without its archive."""
    return dict(Job.objects.values_list("status").annotate(Count("id")).order_by("status"))
