"""Celery with one message a job, under one setting: `python -m benchmarks.jobs.peers.celery_alone --pool prefork:2 …`.

`--full` publishes all messages before the worker starts and counts from the first task to the last; without it the
worker waits and the clock runs from the first publication to the last task.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", required=True)
    parser.add_argument("--pool", default="prefork:1", help="solo:1, prefork:N or threads:N")
    parser.add_argument("--prefetch", type=int, default=16)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--longest", type=float, default=120, help="seconds; what was done by then counts")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LAPWING_BENCH_BROKER"] = arguments.broker
        os.environ["LAPWING_BENCH_QUEUE"] = f"lapwing-bench-{uuid.uuid4().hex[:8]}"
        os.environ["LAPWING_BENCH_PROGRESS"] = folder
        print(json.dumps(measure(arguments, Path(folder))))


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, float]:
    from benchmarks.jobs.peers.celery_tasks import done

    worker = None
    try:
        if arguments.full:
            publish(arguments.rows)
        else:
            publish(1)  # the worker is known to be there when it has done this one
        worker = start_worker("benchmarks.jobs.peers.celery_tasks", arguments.pool, arguments.prefetch)
        if not arguments.full:
            _wait(folder, 1, 30)
            before = time.time()
            publish(arguments.rows)
            published = time.time()
            _wait(folder, arguments.rows + 1, arguments.longest)
            tasks, _, last = done(folder)
            return {
                "rate": (tasks - 1) / (last - before),
                "publish_rate": arguments.rows / (published - before),
            }
        _wait(folder, arguments.rows, arguments.longest)
        tasks, first, last = done(folder)
        return {"rate": tasks / (last - first)}
    finally:
        if worker:
            kill_worker(worker)
        remove_queue(arguments.broker, os.environ["LAPWING_BENCH_QUEUE"])


def publish(rows: int) -> None:
    from benchmarks.jobs.peers.celery_tasks import app, no_op

    with app.producer_or_acquire() as producer:
        for number in range(rows):
            no_op.apply_async((number,), producer=producer)


def start_worker(module: str, pool: str, prefetch: int) -> subprocess.Popen:
    """In a session of its own, so that it is stopped with its children and nobody else."""
    name, processes = pool.split(":")
    return subprocess.Popen(
        [
            sys.executable,
            *("-m", "celery", "-A", module, "worker", "--loglevel=ERROR", f"--pool={name}"),
            *("--concurrency", processes, "--prefetch-multiplier", str(prefetch)),
            *(
                "-Q",
                os.environ["LAPWING_BENCH_QUEUE"],
                "-n",
                f"bench-{os.getpid()}-{uuid.uuid4().hex[:6]}@here",
            ),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        env={**os.environ, "C_FORCE_ROOT": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL if not os.environ.get("LAPWING_BENCH_SHOW") else None,
        start_new_session=True,
    )


def stop_worker(worker: subprocess.Popen) -> None:
    worker.send_signal(signal.SIGTERM)
    try:
        worker.wait(timeout=10)
    except subprocess.TimeoutExpired:
        kill_worker(worker)


def kill_worker(worker: subprocess.Popen) -> None:
    """Where nothing is lost by it: stopping in order takes Celery some seconds."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait(timeout=10)


def remove_queue(broker: str, queue: str) -> None:
    if broker.startswith("redis"):
        import redis

        client = redis.Redis.from_url(broker)
        client.delete(queue, f"_kombu.binding.{queue}", f"_kombu.binding_permanent.{queue}")
        client.close()
        return
    from kombu import Connection

    with Connection(broker) as connection:
        connection.default_channel.queue_delete(queue)


def _wait(folder: Path, rows: int, longest_s: float) -> None:
    """Some settings are so slow that they are not waited for; where nothing was done, it is an error."""
    from benchmarks.jobs.peers.celery_tasks import done

    ends_at = time.monotonic() + longest_s
    while done(folder)[0] < rows and time.monotonic() < ends_at:
        time.sleep(0.02)
    if done(folder)[0] < min(rows, 2):
        raise TimeoutError(f"Celery did nothing in {longest_s:g} s")


if __name__ == "__main__":
    main()
