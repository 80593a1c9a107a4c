"""Starts the sandbox mail server as a process, and reads its journal as mailboxes would show it."""

import json
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
START_S = 20.0


@dataclass(frozen=True)
class Seen:
    """A mail as its recipient sees it. `copies` is how often it really came."""

    message_id: str
    subject: str
    content: str
    copies: int


class Journal:
    """Mailboxes fold repeated deliveries of one Message-ID, as Cyrus IMAP's duplicate suppression does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self, what: str) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        whole = self.path.read_text().rpartition("\n")[0].splitlines()
        return [line for line in map(json.loads, whole) if line["what"] == what]

    @property
    def connections(self) -> int:
        return len(self.lines("connection"))

    @property
    def deliveries(self) -> int:
        """Every acceptance, copies included."""
        return len(self.lines("accepted"))

    def mailbox(self, recipient: str) -> list[Seen]:
        mine = [
            line for line in self.lines("accepted") if line["recipient"].casefold() == recipient.casefold()
        ]
        copies = Counter(line["message_id"] for line in mine)
        first = {line["message_id"]: line for line in reversed(mine)}
        return [
            Seen(message_id, line["subject"], line["content"], copies[message_id])
            for message_id, line in reversed(first.items())
        ]

    @property
    def mails(self) -> int:
        """What recipients see in all: each Message-ID once a mailbox."""
        return len({(line["recipient"].casefold(), line["message_id"]) for line in self.lines("accepted")})


class MailProcess:
    """`with MailProcess(folder) as server:` - then server.port, server.journal and server.order()."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._options = folder, options
        self._control = folder / "control"
        self._process: subprocess.Popen[bytes] | None = None
        self.journal = Journal(folder / "journal")
        self.port = 0

    def __enter__(self) -> "MailProcess":
        port_file = self._folder / "port"
        port_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "tests.messages.mail_server", "--port", str(self.port)]
        command += ["--port-file", str(port_file), "--journal", str(self.journal.path)]
        command += ["--control", str(self._control), "--until-eof", *self._options]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
        until = time.monotonic() + START_S
        while not port_file.exists():
            assert self._process.poll() is None, "the mail server ended"
            assert time.monotonic() < until, "the mail server did not start"
            time.sleep(0.02)
        self.port = int(port_file.read_text())
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """At once; the same port is taken again by the next start."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def order(self, manner: str) -> None:
        """How to treat everybody from now on; "" lets the recipient decide."""
        self._control.write_text(manner)
