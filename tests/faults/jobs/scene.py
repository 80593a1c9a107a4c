"""A scene: one ledger, one world, and the children that work on them."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.faults.children import Children, Deed, Ending
from tests.faults.jobs.judge import Verdict, judge
from tests.faults.jobs.kinds import Kind
from tests.faults.jobs.ledgers import LedgerDatabase, empty
from tests.faults.jobs.world import World
from tests.faults.judge import rows

LEASE_S = 1.0
SETTLED_WITHIN_S = 30.0
PROGRESS = "SELECT COUNT(*), SUM(attempt), MAX(finished_at) FROM jobs_job WHERE finished_at IS NOT NULL OR attempt > 0"
OPEN = "SELECT COUNT(*) FROM jobs_job WHERE status IN ('waiting', 'retry', 'dispatched', 'in_progress')"


class Scene:
    def __init__(self, database: LedgerDatabase, children: Children, world: World) -> None:
        self.database, self.world, self._children = database, world, children
        self.outside: Any = None  # the systems that the product's own types talk to
        self.at = ""  # business time stands there; where it is empty, it runs
        self.asked: dict[Kind, list[int]] = {}
        self.at_work: list[int] = []
        self._watching: Any = None
        self.do("build")

    # Jobs.

    def clear(self) -> "Scene":
        """No job, no effect, nobody at work."""
        assert not self.at_work, "somebody is still at work"
        return self.empty()

    def empty(self) -> "Scene":
        """No job and no effect; whoever is at work finds nothing to do."""
        empty(self.database)
        self.world.forget()
        self.asked = {}
        return self

    def ask(self, kinds: Mapping[Kind, int]) -> int:
        for kind, many in kinds.items():
            self.asked.setdefault(kind, []).extend(kind.ask(self, many))
        return sum(kinds.values())

    def open_jobs(self) -> int:
        return self.rows(OPEN)[0][0]

    def settle(self, *, within_s: float = SETTLED_WITHIN_S) -> bool:
        """Waits until no job is open; False when for so long none has ended and no attempt has begun."""
        seen, until = self.rows(PROGRESS), time.monotonic() + within_s
        while self.open_jobs():
            if (now := self.rows(PROGRESS)) != seen:
                seen, until = now, time.monotonic() + within_s
            if time.monotonic() > until or self._is_running_in_circles():
                return False
            time.sleep(0.02)
        return True

    def _is_running_in_circles(self) -> bool:
        """Far more attempts than six a job can have."""
        return self.rows("SELECT COUNT(*) FROM jobs_job WHERE attempt > 30") != [(0,)]

    def judge(self, **options: Any) -> Verdict:
        return judge(self, self.asked, **options)

    # Children.

    def deed(
        self,
        name: str,
        /,
        *,
        url: str = "",
        failpoint: str = "",
        at: str = "",
        defects: tuple[str, ...] = (),
        limit_s: float = 90,
        **arguments: Any,
    ) -> Deed:
        url = url or self.database.url
        at = at or self.at
        return Deed(name, arguments, url=url, failpoint=failpoint, at=at, defects=defects, limit_s=limit_s)

    def do(self, name: str, /, **arguments: Any) -> Any:
        """What the deed returned; it must have been done."""
        (ending,) = self.together(self.deed(name, **arguments))
        assert not (ending.error or ending.refused or ending.signal), f"{name}: {ending}"
        return ending.value

    def together(self, *deeds: Deed) -> list[Ending]:
        return [self._children.end(pid) for pid in self._children.start(*deeds)]

    def start(self, *deeds: Deed) -> list[int]:
        pids = self._children.start(*deeds)
        self.at_work += pids
        return pids

    def worker(self, *, lease_s: float = LEASE_S, **options: Any) -> int:
        """A local worker; returns its process id."""
        return self.start(self.deed("work", lease_s=lease_s, **options))[0]

    def end(self, pid: int) -> Ending:
        self.at_work.remove(pid)
        return self._children.end(pid)

    def kill(self, pid: int) -> Ending:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)  # not yet waited for, so the number is still its own
        return self.end(pid)

    def stop(self, *pids: int) -> list[Ending]:
        """Tells them to end in order, and waits; whoever does not within ten seconds is killed."""
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: all(has_ended(pid) for pid in pids), 10)
        return [self.end(pid) if has_ended(pid) else self.kill(pid) for pid in pids]

    def stop_all(self) -> list[Ending]:
        return self.stop(*self.at_work)

    def kill_all(self) -> None:
        for pid in list(self.at_work):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
            self.kill(pid)

    def rows(self, statement: str) -> list[tuple]:
        """On a connection that is kept: this is asked many times a second."""
        if self._watching is None:
            self._watching = self.database.connect()
        try:
            found = rows(self._watching, statement)
            self._watching.rollback()
        except Exception:
            self.look_away()
            raise
        return found

    def look_away(self) -> None:
        """Closes that connection, before the database goes away."""
        if self._watching is not None:
            with suppress(Exception):
                self._watching.close()
        self._watching = None


def wait_until(holds: Callable[[], bool], within_s: float) -> bool:
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def has_ended(pid: int) -> bool:
    """Also true of a child that nobody has waited for yet."""
    return _state(pid) in ("Z", "")


def is_frozen(pid: int) -> bool:
    return _state(pid) == "T"


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""
