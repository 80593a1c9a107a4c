"""A mail server of its own for tests and demos, on loopback only: aiosmtpd with a journal and with bad manners on order.

    python -m tests.messages.mail_server --port 0 --port-file F --journal F [--control F] [--smtputf8]
                                         [--cert F --key F --tls starttls|tls] [--auth user:password] [--until-eof]

The journal is append-only, one JSON object a line: every connection, every message accepted, once a recipient.
Manners are ordered by the recipient (`slow+5@…`, `refuse@…`) or, for everybody, by a control file that holds the same
word. A number behind + is a number of seconds.

    refuse, temp                 550 or 451 to the recipient
    refuse-data, temp-data       550 or 451 to the mail
    hangup-rcpt                  the line goes dead at the recipient
    hangup-before, hangup-after  the line goes dead after the mail was read, before or after it is accepted
    slow                         accepts the mail, then lets wait for the answer; slow-rcpt lets wait at the recipient
    nonsense                     accepts the mail, then answers what is no answer
    drip                         goes on talking at the recipient, a line every 0.1 s, before it answers
"""

import argparse
import asyncio
import json
import logging
import os
import re
import ssl
import sys
import threading
import time
import warnings
from email import message_from_bytes
from email.header import decode_header, make_header
from itertools import count
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

Server = Any  # aiosmtpd gives handlers its SMTP object
MANNERS = (
    "refuse-data|temp-data|refuse|temp|hangup-rcpt|hangup-before|hangup-after|slow-rcpt|slow|nonsense|drip"
)
ORDER = re.compile(rf"({MANNERS})(?:\+([0-9.]+))?")


class Journal:
    """Appends whole lines; what is in it when the process is killed is what happened."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, what: str, **facts: object) -> None:
        line = json.dumps({"what": what, "at": time.time(), **facts}, ensure_ascii=True)
        os.write(self._file, line.encode() + b"\n")


class Handler:
    def __init__(self, journal: Journal, control: Path | None) -> None:
        self._journal, self._control = journal, control

    async def handle_RCPT(
        self, server: Server, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        manner, seconds = self._manner([address])
        if manner == "refuse":
            return "550 5.1.1 there is no such mailbox"
        if manner == "temp":
            return "451 4.3.0 try again later"
        if manner == "slow-rcpt":
            await asyncio.sleep(seconds)
        if manner == "hangup-rcpt":
            await hang_up(server)
        for _ in range(int(seconds * 10) if manner == "drip" else 0):
            await server.push("250-one moment")
            await asyncio.sleep(0.1)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server: Server, _session: Session, envelope: Envelope) -> str:
        manner, seconds = self._manner(envelope.rcpt_tos)
        if manner == "refuse-data":
            return "550 5.7.1 we do not like it"
        if manner == "temp-data":
            return "451 4.3.0 the disk is full"
        if manner == "hangup-before":
            await hang_up(server)
        number = self._accept(envelope)
        if manner == "hangup-after":
            await hang_up(server)
        if manner == "slow":
            await asyncio.sleep(seconds)
        return "well, thanks" if manner == "nonsense" else f"250 2.0.0 accepted as {number}"

    def _accept(self, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = message_from_bytes(content)
        for recipient in envelope.rcpt_tos:
            self._journal.write(
                "accepted",
                message_id=str(message["Message-ID"]).strip(),
                sender=envelope.mail_from,
                recipient=recipient,
                subject=str(make_header(decode_header(message["Subject"] or ""))),
                size=len(content),
                content=content.decode("utf-8", "replace"),
            )
        return str(abs(hash(content)))[:6]

    def _manner(self, recipients: list[str]) -> tuple[str, float]:
        orders = [address.partition("@")[0] for address in recipients]
        if self._control and self._control.exists():
            orders.insert(0, self._control.read_text().strip())
        for order in orders:
            if match := ORDER.fullmatch(order):
                return match[1], float(match[2] or 5)
        return "", 0.0


async def hang_up(server: Server) -> None:
    server.transport.abort()
    await asyncio.sleep(3600)  # the handler is cancelled with its line


async def serve(options: argparse.Namespace) -> None:
    journal = Journal(options.journal)
    handler = Handler(journal, options.control)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if options.cert else None
    if context:
        context.load_cert_chain(options.cert, options.key)
    numbers = count(1)

    def connected() -> SMTP:
        journal.write("connection", number=next(numbers))
        return SMTP(handler, **smtp_options(options, context))

    implicit = context if options.tls == "tls" else None
    server = await asyncio.get_running_loop().create_server(
        connected, "127.0.0.1", options.port, ssl=implicit
    )
    tell(options.port_file, str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


def smtp_options(options: argparse.Namespace, context: ssl.SSLContext | None) -> dict[str, Any]:
    chosen: dict[str, Any] = {"hostname": "sandbox", "enable_SMTPUTF8": options.smtputf8}
    if options.tls == "starttls":
        chosen |= {"tls_context": context, "require_starttls": True}
    if options.auth:
        user, _, password = options.auth.partition(":")

        def authenticate(_server, _session, _envelope, _mechanism, given) -> AuthResult:
            right = (given.login, given.password) == (user.encode(), password.encode())
            return AuthResult(success=right, handled=right)  # not handled: the server answers 535

        chosen |= {"auth_required": True, "auth_require_tls": False, "authenticator": authenticate}
    return chosen


def tell(path: Path, text: str) -> None:
    """Whole or not at all, since somebody waits for the file."""
    half = path.with_suffix(".half")
    half.write_text(text)
    half.rename(path)


def end_with_the_parent() -> None:
    """Whoever started us holds our standard input open; when he is gone, however, so are we."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mail_server")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--control", type=Path)
    parser.add_argument("--smtputf8", action="store_true")
    parser.add_argument("--cert", type=Path)
    parser.add_argument("--key", type=Path)
    parser.add_argument("--tls", choices=["starttls", "tls"], default=None)
    parser.add_argument("--auth", default="")
    parser.add_argument("--until-eof", action="store_true", help="end when standard input does")
    return parser.parse_args()


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=UserWarning, module="aiosmtpd")
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    chosen = arguments()
    if chosen.until_eof:
        end_with_the_parent()
    asyncio.run(serve(chosen))
