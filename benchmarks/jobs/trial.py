"""One trial of ours, in a process of its own on the database of LAPWING_DATABASE_URL: prints one JSON line.

`python -m benchmarks.jobs.trial drain|claim|dispatch|enqueue|start|poll|work|idle|list …`
"""

import argparse
import contextlib
import json
import os
import random
import statistics
import tempfile
import threading
import time
from typing import Any

LONGEST_S = 900.0
STARTED_IN_S = 60.0
CLAIMED = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=sorted(WHAT))
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--at", type=float, default=0, help="instant at which the clock starts")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--chunk", type=int, default=0)
    arguments = parser.parse_args()
    import django

    django.setup()
    print(json.dumps(WHAT[arguments.what](arguments)))


def drain(arguments: argparse.Namespace) -> dict[str, Any]:
    """A worker until nothing is due; what it did is read from the ledger by whoever asked."""
    from django.db import connection

    from lapwing.jobs.types import job_types
    from lapwing.jobs.worker import LocalWorker

    list(job_types)
    connection.ensure_connection()
    worker, ends_at = LocalWorker(), time.monotonic() + LONGEST_S
    time.sleep(max(arguments.at - time.time(), 0))
    before, cpu = time.perf_counter(), time.process_time()
    worker.run(stop=lambda: time.monotonic() > ends_at, until_idle=True)
    return {"wall_s": time.perf_counter() - before, "cpu_s": time.process_time() - cpu}


def claim(arguments: argparse.Namespace) -> dict[str, Any]:
    """Claims alone, in chunks of 500; nothing is carried out."""
    from lapwing.jobs.claim import Claimer, Wanted, new_token
    from lapwing.jobs.types import job_types

    list(job_types)
    claimer, taken = Claimer(new_token()), 0
    before = time.perf_counter()
    while taken < arguments.rows:
        held = claimer.claim(Wanted("database"), CLAIMED)
        assert held, f"only {taken} jobs were due"
        taken += len(held)
    return {"rate": taken / (time.perf_counter() - before)}


def dispatch(arguments: argparse.Namespace) -> dict[str, Any]:
    """Hands all that is due to Celery's workers and waits until it has ended."""
    from benchmarks.jobs.celery_app import app
    from lapwing.jobs import dispatch as module
    from lapwing.jobs.engines.celery import CeleryEngine
    from lapwing.jobs.models import Job
    from lapwing.jobs.states import OPEN

    if arguments.chunk:
        module.CHUNK["database"] = arguments.chunk
    ends_at, looked_at, ended = time.monotonic() + LONGEST_S, 0.0, False
    _wait_for_a_worker(time.monotonic() + STARTED_IN_S)

    def stop() -> bool:
        nonlocal looked_at, ended
        if time.monotonic() - looked_at > 0.5:
            looked_at, ended = time.monotonic(), not Job.objects.filter(status__in=OPEN).exists()
        return ended or time.monotonic() > ends_at

    before = time.perf_counter()
    module.Dispatcher(CeleryEngine(app)).run(stop=stop)
    return {"wall_s": time.perf_counter() - before}


def enqueue(arguments: argparse.Namespace) -> dict[str, Any]:
    """One job for each row of another table."""
    from django.db import connection, transaction
    from django.db.models import JSONField, Value
    from tests.jobs.samples.models import Effect

    from lapwing.core.sql import text
    from lapwing.jobs.actions.enqueue import enqueue_from
    from lapwing.jobs.types import job_types

    list(job_types)
    connection.ensure_connection()
    before = time.perf_counter()
    with transaction.atomic():
        written = enqueue_from(
            "no_op",
            Effect.objects.order_by("pk"),
            {
                "subject_kind": text("subscription"),
                "subject_id": "job_id",
                "subject": "what",
                "parameters": Value({}, output_field=JSONField()),
            },
        )
    return {"rows": written, "rate": written / (time.perf_counter() - before)}


def start(arguments: argparse.Namespace) -> dict[str, Any]:
    """From commit to the handler's first line, with a worker in a thread of the process that asks."""
    from lapwing.jobs.worker import LocalWorker

    stop = threading.Event()
    thread = threading.Thread(target=lambda: LocalWorker().run(stop=stop.is_set), daemon=True)
    thread.start()
    time.sleep(2)
    try:
        return _latencies(arguments.rows, lambda: random.uniform(0.05, 0.25))
    finally:
        stop.set()
        thread.join(timeout=10)


def poll(arguments: argparse.Namespace) -> dict[str, Any]:
    """The same with the worker in another process, which finds the job when it looks for it."""
    _wait_for_a_worker(time.monotonic() + STARTED_IN_S)
    return _latencies(arguments.rows, lambda: random.uniform(0.6, 1.8))


def work(arguments: argparse.Namespace) -> dict[str, Any]:
    """A worker until it is told to stop."""
    from lapwing.cli.service import until_stopped
    from lapwing.jobs.worker import LocalWorker

    stop = until_stopped()
    LocalWorker().run(stop=stop.is_set)
    return {}


def _wait_for_a_worker(ends_at: float) -> None:
    from lapwing.jobs.models import Worker

    while not Worker.objects.exists():
        assert time.monotonic() < ends_at, "no worker started"
        time.sleep(0.1)
    time.sleep(1)


def _latencies(rows: int, pause: Any) -> dict[str, Any]:
    from django.db import transaction

    from lapwing.jobs.actions.enqueue import enqueue as ask

    committed = {}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "starts")
        for number in range(rows):
            with transaction.atomic():
                job = ask(
                    "note_start", subject_kind="subscription", subject_id=number, parameters={"file": path}
                )
                committing = time.time()
            committed[job.pk] = committing
            time.sleep(pause())
        time.sleep(3)
        with open(path, encoding="ascii") as file:
            starts = {int(pk): float(at) for pk, at in (line.split() for line in file)}
    assert starts.keys() == committed.keys(), f"{len(starts)} of {len(committed)} jobs began"
    found = sorted(1000 * (starts[pk] - committed[pk]) for pk in committed)
    return {
        "median_ms": statistics.median(found),
        "p95_ms": found[min(int(len(found) * 0.95), len(found) - 1)],
        "most_ms": found[-1],
    }


def idle(arguments: argparse.Namespace) -> dict[str, Any]:
    """Statements of a process that has nothing to do, those that begin and end transactions too."""
    import psycopg
    from django.db import connection
    from django.db.backends.utils import CursorWrapper

    statements: dict[str, int] = {}
    counted = threading.Lock()
    plain = CursorWrapper._execute

    def counting(self: Any, sql: Any, params: Any, *ignored: Any) -> Any:
        with counted:
            statements[str(sql)[:60]] = statements.get(str(sql)[:60], 0) + 1
        return plain(self, sql, params, *ignored)

    CursorWrapper._execute = counting  # type: ignore[method-assign]
    stop = threading.Event()
    threads = [threading.Thread(target=each, args=(stop,), daemon=True) for each in _parts(arguments.engine)]
    for thread in threads:
        thread.start()
    time.sleep(3)
    committed, before = _transactions(psycopg, connection), dict(statements)
    time.sleep(arguments.seconds)
    found = {sql: count - before.get(sql, 0) for sql, count in statements.items()}
    ended = _transactions(psycopg, connection) - committed
    stop.set()
    for thread in threads:
        thread.join(timeout=10)
    return {
        "per_s": sum(found.values()) / arguments.seconds,
        "transactions_per_s": ended / arguments.seconds,
        "most": sorted(((count, sql) for sql, count in found.items()), reverse=True)[:8],
    }


def _parts(engine: str) -> list[Any]:
    """What one process of an installation runs."""
    from lapwing.cli.service import schedule
    from lapwing.jobs.worker import LocalWorker

    def work(stop: threading.Event) -> None:
        LocalWorker().run(stop=stop.is_set)

    def hand_out(stop: threading.Event) -> None:
        from benchmarks.jobs.celery_app import app
        from lapwing.jobs.dispatch import Dispatcher
        from lapwing.jobs.engines.celery import CeleryEngine

        Dispatcher(CeleryEngine(app)).run(stop=stop.is_set)

    return {"local": [work], "dispatcher": [hand_out], "serve": [work, schedule]}[engine]


def _transactions(psycopg: Any, connection: Any) -> int:
    """Of this database since it was made; the connection that asks is not Django's, and its own do not count."""
    if connection.vendor != "postgresql":
        return 0
    with psycopg.connect(os.environ["LAPWING_DATABASE_URL"], autocommit=True) as other:
        other.execute("SELECT pg_stat_clear_snapshot()")
        row = other.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
    return row[0]


def list_(arguments: argparse.Namespace) -> dict[str, Any]:
    """The first page of each filter and each two and three together; the slowest, in milliseconds."""
    from django.db import connection

    from benchmarks.jobs.ledger import TYPES
    from lapwing.jobs.queries import newest_jobs
    from lapwing.jobs.states import Status
    from lapwing.jobs.types import job_types

    list(job_types)
    connection.ensure_connection()
    statuses = ["", *map(str, Status.values)]
    types = ["", *(name for name, _ in TYPES), "book_many"]
    subjects = ["", "S7", "nobody"]
    found = {}
    for status in statuses:
        for job_type in types:
            for subject in subjects:
                took = []
                for _ in range(3):
                    before = time.perf_counter()
                    rows = newest_jobs(status=status, job_type=job_type, subject=subject, limit=100)
                    took.append(1000 * (time.perf_counter() - before))
                name = " ".join(filter(None, (status, job_type, subject))) or "no filter"
                found[name] = (took[0], statistics.median(took), len(rows))
    first, name = max((value[0], key) for key, value in found.items())
    return {
        "slowest_ms": first,
        "filter": name,
        "slowest_again_ms": max(value[1] for value in found.values()),
        "median_ms": statistics.median(value[1] for value in found.values()),
        "filters": len(found),
    }


WHAT = {
    "drain": drain,
    "claim": claim,
    "dispatch": dispatch,
    "enqueue": enqueue,
    "start": start,
    "poll": poll,
    "work": work,
    "idle": idle,
    "list": list_,
}

if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
