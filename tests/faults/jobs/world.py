"""The other system: a process of its own that keeps what was ordered in an append-only file, one line an effect.

It knows nothing of jobs, databases or attempts: an order has a key, and an order whose key it knows is not done
again. The file is its own count of what happened.

    python -m tests.faults.jobs.world SOCKET JOURNAL
"""

import json
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.faults.children import ROOT

ANSWER_WITHIN_S = 5.0


class World:
    """The process, as the suite sees it."""

    def __init__(self, folder: Path) -> None:
        self.address, self._journal = str(folder / "world"), folder / "journal"
        self.told = folder / "told"  # where jobs of type `tell` write by themselves
        self._journal.touch()
        self.told.touch()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.jobs.world", self.address, str(self._journal)], cwd=ROOT
        )
        while not Path(self.address).exists():
            time.sleep(0.01)

    def effects(self) -> Counter[int]:
        """How often something happened, by job."""
        return Counter(map(int, self._journal.read_text().split()))

    def lines(self) -> Counter[int]:
        """The same of the file in which jobs write by themselves."""
        return Counter(map(int, self.told.read_text().split()))

    def forget(self) -> None:
        """What happened until now is not counted any more. Nobody is at work."""
        for file in (self._journal, self.told):
            with file.open("r+") as opened:
                opened.truncate(0)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)


def order(address: str, key: str, job: int, *, before_s: float = 0, after_s: float = 0) -> str:
    """Asks for one effect; returns `done` or `known`. It happens `before_s` after it was asked for and is answered
    `after_s` after it happened. Raises OSError where no answer comes.
    """
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(ANSWER_WITHIN_S)
        line.connect(address)
        asked = {"key": key, "job": job, "before_s": before_s, "after_s": after_s}
        line.sendall(json.dumps(asked).encode() + b"\n")
        answer = line.makefile().readline().strip()
    if not answer:
        raise ConnectionResetError("no answer came")
    return answer


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: str, journal: str) -> None:
        self.journal = Path(journal)
        self.known: set[str] = set()
        self.lock = threading.Lock()
        super().__init__(address, _Order)


class _Order(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        asked: dict[str, Any] = json.loads(self.rfile.readline() or "null")
        if not asked:
            return
        time.sleep(asked["before_s"])
        with self.server.lock:
            is_new = asked["key"] not in self.server.known
            if is_new:
                self.server.known.add(asked["key"])
                with self.server.journal.open("a", encoding="ascii") as journal:
                    journal.write(f"{asked['job']}\n")
        time.sleep(asked["after_s"])
        self.wfile.write(b"done\n" if is_new else b"known\n")

    def finish(self) -> None:
        with suppress(OSError):  # whoever asked was killed
            super().finish()


if __name__ == "__main__":
    _Server(sys.argv[1], sys.argv[2]).serve_forever()
