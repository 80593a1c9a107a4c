"""A worker's entry for a distributed engine: takes the chunk that a message names, if it is still there to take."""

from collections.abc import Sequence

from django.db import connection

from lapwing.core.failpoints import failpoint
from lapwing.jobs.claim import begin, new_token
from lapwing.jobs.executor import Executor
from lapwing.jobs.heartbeat import Heartbeat
from lapwing.jobs.signing import sign_worker_off, sign_worker_on


class _Process:
    """What one worker process keeps between two messages."""

    def __init__(self, engine: str) -> None:
        self.token = new_token()
        self.executor = Executor()
        self.heartbeat = Heartbeat(self.token, self.executor)
        sign_worker_on(self.token, engine)
        self.heartbeat.start()


_process: _Process | None = None


def sign_on(engine: str) -> None:
    """Once in each process that is to take messages."""
    global _process
    _process = _Process(engine)


def sign_off() -> None:
    global _process
    if _process:
        _process.heartbeat.stop()
        sign_worker_off(_process.token)
    _process = None


def carry_out_chunk(ids: Sequence[int], token: str) -> None:
    """Carries out the jobs that are still dispatched under `token`; of a message that comes twice, none."""
    if _process is None:
        sign_on("celery")
    assert _process is not None
    connection.close_if_unusable_or_obsolete()
    failpoint("jobs.chunk.received")
    jobs = begin(ids, token, _process.token)
    failpoint("jobs.chunk.begun")
    _process.executor.begin(jobs)
    _process.executor.finish()
