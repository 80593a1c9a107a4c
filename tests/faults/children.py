"""Children that may be killed: a server reads Django once, opens no database, and forks a child for each deed.

A module of deeds has the functions, `preload` and `break_on_purpose`.

A child opens the database it is told, waits until every child of its group is ready, and then does its deed at the
same instant as they. Its own alarm ends it when it takes too long; the server kills what is left when it ends.
"""

import ctypes
import importlib
import json
import mmap
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
LIMIT_S = 90.0
PR_SET_PDEATHSIG = 1  # Linux: a child does not outlive the server
GO, BEGUN, TOUCHED, READY = range(
    4
)  # bytes of the memory that a group shares; from READY on one for each child


@dataclass(frozen=True)
class Deed:
    """A function of the module of deeds, and under which conditions a child does it."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    url: str = ""
    failpoint: str = ""
    defects: tuple[str, ...] = ()  # of `defects`, broken on purpose in this child alone
    actor: str = "olga"
    at: str = ""  # business time stands there; where it is empty, it runs
    limit_s: float = LIMIT_S


@dataclass(frozen=True)
class Ending:
    """How a child ended: by a signal, by itself with a code, refused, by an error, or with what its deed returned."""

    value: Any = None
    refused: str = ""
    error: str = ""
    signal: int = 0
    code: int = 0

    @property
    def was_killed(self) -> bool:
        return self.signal == signal.SIGKILL


class Children:
    """The server, as a test sees it."""

    def __init__(self, home: Path, deeds: str = "tests.faults.deeds", **settings: str) -> None:
        self._log = (home / "children.log").open("w")
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "lapwing.conf.settings",
            "LAPWING_HOME": str(home),
            **settings,
        }
        for name in ("LAPWING_DATABASE_URL", "LAPWING_FAILPOINT", "LAPWING_FAILPOINT_LOG", "LAPWING_CLOCK"):
            environment.pop(name, None)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.children", deeds],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=ROOT,
            env=environment,
        )

    def start(self, *deeds: Deed) -> list[int]:
        """Forks a child for each and lets them go at the same instant; returns their process ids."""
        return self._ask({"start": [asdict(deed) for deed in deeds]})

    def end(self, pid: int) -> Ending:
        """Waits until the child has ended."""
        ending = Ending(**self._ask({"end": pid}))
        assert ending.signal != signal.SIGALRM, "a child was not done within its limit"
        return ending

    def close(self) -> None:
        assert self._server.stdin and self._server.stdout
        self._server.stdin.close()
        self._server.wait(timeout=30)
        self._server.stdout.close()
        self._log.close()

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._server.stdin and self._server.stdout
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        answer = self._server.stdout.readline()
        assert answer, f"the server of the children has ended: {Path(self._log.name).read_text()[-2000:]}"
        return json.loads(answer)


class Group:
    """Memory shared by children that start together."""

    def __init__(self, size: int) -> None:
        self._shared, self._size = mmap.mmap(-1, READY + size), size

    def let_go_when_ready(self, pids: list[int]) -> None:
        """A child that ended before it was ready does not hold up the others."""
        while not all(self._shared[READY : READY + self._size]) and not any(map(_has_ended, pids)):
            time.sleep(0.000_2)
        self._shared[GO] = 1

    def wait(self, place: int) -> None:
        self._shared[READY + place] = 1
        while not self._shared[GO]:
            pass

    def at(self, counter: int) -> int:
        """How far a child is, as the others see it (0 to 255)."""
        return self._shared[counter]

    def tell(self, counter: int, value: int) -> None:
        self._shared[counter] = min(value, 255)


group = Group(1)  # of this child


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _serve() -> None:
    import django

    django.setup()
    deeds = importlib.import_module(sys.argv[1])
    deeds.preload()
    answers: dict[int, int] = {}  # process id -> where its answer can be read
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            reply: Any = _start(request["start"], answers, deeds)
        else:
            reply = _end(request["end"], answers)
        replies.write(json.dumps(reply) + "\n")
        replies.flush()
    for pid in answers:
        os.kill(pid, signal.SIGKILL)


def _start(asked: list[dict[str, Any]], answers: dict[int, int], deeds: ModuleType) -> list[int]:
    global group
    group = Group(len(asked))
    pids = []
    for place, deed in enumerate(asked):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            _be_a_child(Deed(**deed), place, writer, deeds)
        os.close(writer)
        answers[pid] = reader
        pids.append(pid)
    group.let_go_when_ready(pids)
    return pids


def _end(pid: int, answers: dict[int, int]) -> dict[str, Any]:
    with os.fdopen(answers.pop(pid), "r") as reader:
        answer = reader.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    return json.loads(answer) if answer else {"code": os.WEXITSTATUS(status)}


def _be_a_child(deed: Deed, place: int, writer: int, deeds: ModuleType) -> None:
    """Never returns."""
    signal.setitimer(signal.ITIMER_REAL, deed.limit_s)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    answer: dict[str, Any] = {}
    try:
        answer = _do(deed, place, deeds)
    except BaseException:
        answer = {"error": traceback.format_exc()[-3000:]}
    with os.fdopen(writer, "w") as file:
        file.write(json.dumps(answer))
    os._exit(0)


def _do(deed: Deed, place: int, deeds: ModuleType) -> dict[str, Any]:
    from django.db import connection, connections

    from lapwing.conf.database import database_settings
    from lapwing.core import clock, failpoints
    from lapwing.core.context import acting_as
    from lapwing.core.errors import Refused

    random.seed()  # else all children would draw alike
    connections.settings["default"].update(database_settings(deed.url))
    with suppress(AttributeError):
        del connections["default"]  # never opened; made for the vendor the server was configured with
    clock.stand_at(datetime.fromisoformat(deed.at) if deed.at else None)
    deeds.break_on_purpose(deed.defects)
    connection.ensure_connection()
    group.wait(place)
    failpoints.arm(deed.failpoint)
    try:
        with acting_as(deed.actor):
            return {"value": getattr(deeds, deed.name)(**deed.arguments)}
    except Refused as refused:
        return {"refused": refused.code}
    finally:
        connections.close_all()


if __name__ == "__main__":
    # Under its importable name, so that deeds and server speak of the same group.
    from tests.faults.children import _serve as serve

    serve()
