"""Which workers there are: each signs on and off, and its heartbeat tells in between that it lives."""

import os
import socket

from lapwing.core.sql import execute
from lapwing.jobs.machine_time import now_sql


def sign_worker_on(token: str, engine: str) -> None:
    execute(
        "INSERT INTO jobs_worker (token, name, engine, started_at, seen_at) "
        f"VALUES (%s, %s, %s, {now_sql()}, {now_sql()})",
        [token, f"{socket.gethostname()}:{os.getpid()}", engine],
    )


def sign_worker_off(token: str) -> None:
    """Its row is kept for a while: attempts are told with the names of their workers."""
    execute(f"UPDATE jobs_worker SET ended_at = {now_sql()} WHERE token = %s", [token])
