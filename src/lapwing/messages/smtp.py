"""Hands one mail to a mail server. Knows no database; its caller has committed the intent before, and closes it after.

The sign that ends a message is sent by itself, last: whatever goes wrong before it, the mail is certainly not accepted;
whatever goes wrong after it but an answer in numbers, nobody knows.
"""

import re
import smtplib
import time
from dataclasses import dataclass

from lapwing.messages.addresses import Address
from lapwing.messages.errors import NotSent, OutcomeUnknown, RefusedByServer
from lapwing.messages.mail import Mail, content
from lapwing.messages.smtp_line import open_line, time_limit
from lapwing.messages.smtp_server import SmtpServer

BROKEN = (OSError, smtplib.SMTPException, ValueError)  # ValueError: a line that was cut, read once more
END = b".\r\n"


@dataclass(frozen=True)
class Answer:
    """The server took the mail. `refused_cc` got no copy: the server does not know them."""

    reply_code: int
    text: str
    refused_cc: tuple[str, ...] = ()

    def __str__(self) -> str:
        without = f"; refused copy to {', '.join(self.refused_cc)}" if self.refused_cc else ""
        return f"{self.reply_code} {self.text}{without}"[:500]


def deliver(mail: Mail, server: SmtpServer) -> Answer:
    """Returns when the server has accepted the mail for its recipient.

    Raises NotSent, RefusedByServer, OutcomeUnknown.
    """
    body = _stuffed(content(mail))
    ends = time.monotonic() + server.total_timeout_s
    with time_limit(server) as line:
        try:
            open_line(line, server, mail.sender.address.domain)
            refused_cc = _envelope(line, mail, server, len(body))
            _command(line, server, "data", expected=354)
            line.send(body)
        except BROKEN as error:
            raise NotSent(
                "smtp_connection_lost", f"{server}: {_words(error)}, before the mail was handed over"
            ) from None
        if time.monotonic() >= ends:  # looking up its name cannot be cut; by now another attempt may be at it
            raise NotSent(
                "smtp_too_late", f"{server}: the time limit was over before the mail was handed over"
            )
        code, text = _end(line, server)
        return Answer(code, text, refused_cc)


def _end(line: smtplib.SMTP, server: SmtpServer) -> tuple[int, str]:
    try:
        line.send(END)
        code, text = line.getreply()
    except BROKEN as error:
        raise OutcomeUnknown(
            "outcome_unknown", f"{server}: {_words(error)}, after all was sent; the mail may have arrived"
        ) from None
    if not 200 <= code < 600 or 300 <= code < 400:
        said = f"{server} answered {code} {plain(text)}, which is no answer; the mail may have arrived"
        raise OutcomeUnknown("outcome_unknown", said, code)
    _expect(server, "the mail", (code, text))
    return code, plain(text)


def _envelope(line: smtplib.SMTP, mail: Mail, server: SmtpServer, size: int) -> tuple[str, ...]:
    """Who from and who to. A copy that is refused for good does not keep the mail from its recipient."""
    options = [f"size={size}"] if line.has_extn("size") else []
    if mail.needs_smtputf8:
        if not line.has_extn("smtputf8"):
            raise RefusedByServer(
                "smtp_address_unsupported",
                f"{server} cannot deliver to an address with letters beyond ASCII before the @; use another address",
            )
        options.append("smtputf8")
    _expect(server, "the sender", line.mail(str(mail.sender.address), options))
    _expect(server, "the recipient", line.rcpt(str(mail.recipient)))
    return tuple(str(each) for each in mail.cc if not _takes_copy(line, each, server))


def _takes_copy(line: smtplib.SMTP, address: Address, server: SmtpServer) -> bool:
    code, text = line.rcpt(str(address))
    if 500 <= code < 600:
        return False
    _expect(server, "a copy", (code, text))
    return True


def _command(line: smtplib.SMTP, server: SmtpServer, command: str, *, expected: int) -> None:
    code, text = line.docmd(command)
    if code != expected:
        _refuse(server, command.upper(), code, text)


def _expect(server: SmtpServer, what: str, reply: tuple[int, bytes]) -> None:
    if not 200 <= reply[0] < 300:
        _refuse(server, what, *reply)


def _refuse(server: SmtpServer, what: str, code: int, text: bytes) -> None:
    """Sorts an answer that is not yes: for good, for now, or not in the protocol."""
    said = f"{server} answered to {what}: {code} {plain(text)}"
    if 500 <= code < 600:
        raise RefusedByServer("smtp_refused", said, code)
    if 400 <= code < 500:
        raise NotSent("smtp_temporary", said, code)
    if what == "the mail":
        raise OutcomeUnknown(
            "outcome_unknown", f"{said}, which is no answer; the mail may have arrived", code
        )
    raise NotSent("smtp_not_ready", f"{said}, which is no answer", code)


def plain(text: bytes) -> str:
    """The server's words on one line, short enough to keep."""
    return re.sub(r"[^ -~\u00a0-\ud7ff]+", " ", text.decode("utf-8", "replace")).strip()[:300]


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "no answer within the time limit"
    return f"the line broke ({type(error).__name__})"


def _stuffed(body: bytes) -> bytes:
    """Every line ends in CR LF, and a dot that begins one is doubled (RFC 5321 4.5.2)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", body)
    lines = lines if lines.endswith(b"\r\n") else lines + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", lines)
