"""A stage: one database and the children that work on it, put back to a known content before each scene."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from tests.faults.children import Children, Deed, Ending
from tests.faults.databases import Database
from tests.faults.judge import judge, rows

SUBSCRIPTIONS, BATCHES = 300, 12
BATCH_SIZE = SUBSCRIPTIONS // BATCHES
DEBTORS = 100
SCHEDULES = 70  # of four statements of one session and four of another
NIGHT, NOON = "2015-03-10T01:00:00+00:00", "2015-03-10T12:00:00+00:00"  # before and after the slot at 02:00
# On SQLite whoever waits for the writers' lock asks again after up to a tenth of a second. So that a pause is heard
# at all between batches of some milliseconds, a run then hesitates up to so long before each.
BREATH_S = 0.3
FULL = os.environ.get("LAPWING_TEST_DOSE") == "full"


def dose(normal: int, full: int) -> int:
    """How many times; LAPWING_TEST_DOSE=full asks for the second."""
    return full if FULL else normal


class Stage:
    def __init__(self, database: Database, children: Children) -> None:
        self.database, self._children = database, children
        self._kept: set[str] = set()

    def set(self, content: str) -> "Stage":
        """Puts the content of that name on; the first time it is built."""
        if content not in self._kept:
            CONTENTS[content](self)
            self.database.keep(content)
            self._kept.add(content)
        else:
            self.database.put_back(content)
        return self

    def start(self, *deeds: Deed) -> list[int]:
        return self._children.start(*deeds)

    def end(self, pid: int) -> Ending:
        return self._children.end(pid)

    def deed(
        self,
        name: str,
        /,
        *,
        failpoint: str = "",
        at: str = NOON,
        defects: tuple[str, ...] = (),
        **arguments: Any,
    ) -> Deed:
        return Deed(name, arguments, url=self.database.url, failpoint=failpoint, at=at, defects=defects)

    def together(self, *deeds: Deed) -> list[Ending]:
        """All at the same instant; returns how each ended."""
        return [self.end(pid) for pid in self.start(*deeds)]

    def try_(self, deed: Deed) -> Ending:
        return self.together(deed)[0]

    def do(self, name: str, /, **arguments: Any) -> Any:
        """What the deed returned; it must have been done."""
        ending = self.try_(self.deed(name, **arguments))
        assert not (ending.error or ending.refused or ending.signal), f"{name}: {ending}"
        return ending.value

    def kill_after(self, deed: Deed, seconds: float) -> Ending:
        """Kills the child so long after it began, unless it was faster."""
        (pid,) = self.start(deed)
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)  # not yet waited for, so the number is still its own
        return self.end(pid)

    def connect(self) -> Any:
        return Closing(self.database.connect())

    def rows(self, statement: str) -> list[tuple]:
        with self.connect() as connection:
            return rows(connection, statement)

    def judge(self) -> list[str]:
        return judge(self)


class Closing:
    """A connection that is rolled back and closed at the end of the block, whatever its vendor."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __enter__(self) -> Any:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.rollback()
        self._connection.close()


def _empty(stage: Stage) -> None:
    stage.do("build_empty")


def _base(stage: Stage) -> None:
    stage.set("empty").do("build_base", subscriptions=SUBSCRIPTIONS)


def _started(stage: Stage) -> None:
    assert stage.set("base").do("start") == 1


def _undoing(stage: Stage) -> None:
    """Run 1 is completed, some of its subjects have changed since, and run 2, its undo, is started."""
    done = stage.set("started").do("conduct", run_id=1, batch_size=BATCH_SIZE)
    assert done["state"] == "completed", done
    assert stage.do("change_some", run_id=1, every=20) > 10
    assert stage.do("undo", run_id=1) == 2


def _planned(stage: Stage) -> None:
    ending = stage.set("base").try_(stage.deed("build_plan", at=NIGHT))
    assert not (ending.error or ending.refused), ending


def _debtors(stage: Stage) -> None:
    stage.set("empty").do("build_debtors", accounts=DEBTORS)
    assert stage.do("start") == 1


def _many_debtors(stage: Stage) -> None:
    stage.set("empty").do("build_debtors", accounts=SCHEDULES)
    assert stage.do("start") == 1


CONTENTS: dict[str, Callable[[Stage], None]] = {
    "empty": _empty,
    "base": _base,
    "started": _started,
    "undoing": _undoing,
    "planned": _planned,
    "debtors": _debtors,
    "many_debtors": _many_debtors,
}
