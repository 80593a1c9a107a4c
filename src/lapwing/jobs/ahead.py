"""Claims the next chunk of short database work while this one is carried out, so that neither the database nor this
process waits for the other.
"""

from concurrent.futures import Future, ThreadPoolExecutor

from django.db import connection

from lapwing.jobs.claim import Claimer, Wanted
from lapwing.jobs.executor import Executor
from lapwing.jobs.lease import give_back
from lapwing.jobs.types import HeldJob


class Ahead:
    """One chunk at most. It is held by `executor`, whose heartbeat renews it, from the moment it is claimed."""

    def __init__(self, claimer: Claimer, executor: Executor) -> None:
        self._claimer, self._executor = claimer, executor
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._asked: Future[list[HeldJob]] | None = None

    def ask(self, wanted: Wanted, limit: int) -> None:
        """Begins to claim. Not on SQLite, where one connection writes at a time."""
        if self._asked is None and connection.vendor == "postgresql":
            self._asked = self._thread.submit(self._claim, wanted, limit)

    def take(self) -> list[HeldJob]:
        """What was asked for, once it is there; nothing where nothing was."""
        asked, self._asked = self._asked, None
        return asked.result() if asked else []

    def close(self) -> None:
        """Lets others have what was not begun."""
        try:
            taken = self.take()
            give_back(taken)
            self._executor.release(taken)
        finally:
            self._thread.submit(_close_own_connection)
            self._thread.shutdown()

    def _claim(self, wanted: Wanted, limit: int) -> list[HeldJob]:
        try:
            claimed = self._claimer.claim(wanted, limit)
        except BaseException:
            connection.close()
            raise
        self._executor.hold(claimed)
        return claimed


def _close_own_connection() -> None:
    """`connection` is the calling thread's."""
    connection.close()
