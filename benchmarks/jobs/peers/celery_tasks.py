"""Celery alone: a task that does nothing. No results, acknowledged early, transient messages, JSON.

Each worker process counts what it did in a file of its own, mapped into memory: a microsecond a task.
"""

import mmap
import os
import struct
import threading
import time
from pathlib import Path

from celery import Celery

SLOT = struct.Struct("dd")  # tasks done, instant of the last; a third field holds the first
FIRST = struct.Struct("d")
QUEUE = os.environ.get("LAPWING_BENCH_QUEUE", "lapwing-bench")
app = Celery("bench", broker=os.environ.get("LAPWING_BENCH_BROKER", "amqp://guest@127.0.0.1:5672//"))
app.conf.update(
    task_ignore_result=True,
    task_acks_late=False,
    task_serializer="json",
    accept_content=["json"],
    task_default_queue=QUEUE,
    task_default_delivery_mode="transient",
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_disable_rate_limits=True,
    broker_connection_retry_on_startup=True,
)


class Progress:
    """This process's count."""

    def __init__(self, folder: str) -> None:
        self.pid = os.getpid()
        path = Path(folder) / f"done-{self.pid}"
        path.write_bytes(bytes(SLOT.size + FIRST.size))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.tasks = 0
        FIRST.pack_into(self.memory, SLOT.size, time.time())

    def one_more(self) -> None:
        self.tasks += 1
        SLOT.pack_into(self.memory, 0, float(self.tasks), time.time())


_progress: Progress | None = None
_lock = threading.Lock()


@app.task(ignore_result=True)
def no_op(number: int) -> None:
    global _progress
    with _lock:
        if _progress is None or _progress.pid != os.getpid():
            _progress = Progress(os.environ["LAPWING_BENCH_PROGRESS"])
        _progress.one_more()


def done(folder: Path) -> tuple[float, float, float]:
    """Tasks done by all processes, instant of the first and of the last."""
    count, first, last = 0.0, float("inf"), 0.0
    for path in folder.glob("done-*"):
        found = path.read_bytes()
        if len(found) == SLOT.size + FIRST.size:
            tasks, at = SLOT.unpack_from(found)
            began = FIRST.unpack_from(found, SLOT.size)[0]
            count, last = count + tasks, max(last, at)
            first = min(first, began or first)
    return count, first, last
