"""`lapwing worker` as a process of the test, on the test's own database, with a queue of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.db import connection

HOW_TO_START = {
    "amqp": "docker run --rm -d -p 127.0.0.1:5672:5672 rabbitmq:3",
    "redis": "docker run --rm -d -p 127.0.0.1:6379:6379 redis:7",
}
RABBITMQ = os.environ.get("LAPWING_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
REDIS = os.environ.get("LAPWING_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


def needs_broker(url: str) -> str:
    """Skips where it cannot be reached; with CI=true that is a failure."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=3).close()
    except OSError as error:
        line = f"no broker at {parts.hostname}:{parts.port} ({error}); start it with: {HOW_TO_START[parts.scheme]}"
        if os.environ.get("CI") == "true":
            pytest.fail(line)
        pytest.skip(line)
    return url


def database_url() -> str:
    """The test's own database, for another process."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    password = f":{known['PASSWORD']}" if known["PASSWORD"] else ""
    host, port = known["HOST"] or "127.0.0.1", known["PORT"] or 5432
    return f"postgresql://{known['USER']}{password}@{host}:{port}/{known['NAME']}"


class WorkerProcess:
    """`with` starts it and stops it in order; what it said is in `log`."""

    def __init__(self, folder: Path, *, broker: str = "", clock: datetime | None = None) -> None:
        self.log = folder / f"worker-{id(self)}.log"
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "lapwing.conf.settings",
            "LAPWING_HOME": str(folder),
            "LAPWING_DATABASE_URL": database_url(),
            "LAPWING_ENGINE": "celery" if broker else "local",
            "LAPWING_BROKER_URL": broker,
            "LAPWING_QUEUE": f"test-{os.getpid()}-{id(self)}",
            "LAPWING_WORKERS": "2",
        }
        if clock:
            environment["LAPWING_CLOCK"] = clock.isoformat()
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "lapwing.cli", "worker"]
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def __enter__(self) -> "WorkerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


def until(is_so: Callable[[], bool], *, patience_s: float = 40.0, log: Path | None = None) -> None:
    """Waits until something is so; fails with what the worker said."""
    end = time.monotonic() + patience_s
    while not is_so():
        if time.monotonic() > end:
            said = log.read_text(errors="replace")[-3000:] if log else ""
            raise AssertionError(f"not so after {patience_s} s. {said}")
        time.sleep(0.1)
