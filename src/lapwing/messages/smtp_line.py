"""The line to a mail server: opened, encrypted, signed in, and cut when the whole takes too long."""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from lapwing.messages.errors import NotSent
from lapwing.messages.smtp_server import SmtpServer, Tls

CUT_AGAIN_S = 0.5
BYE_S = 2.0


@contextmanager
def time_limit(server: SmtpServer) -> Iterator[smtplib.SMTP]:
    """A line not yet opened. Past the total limit it is cut from outside, however slowly the server goes on talking."""
    line = _new_line(server)
    done = threading.Event()
    watch = threading.Thread(target=_cut_at_the_end, args=(line, server, done), daemon=True)
    watch.start()
    try:
        yield line
        _say_goodbye(line)
    finally:
        done.set()
        line.close()


def open_line(line: smtplib.SMTP, server: SmtpServer, own_name: str) -> None:
    """Raises NotSent; errors of the socket are the caller's to sort. A refusal here is not about the mail."""
    line.local_hostname = own_name
    try:
        code, _ = line.connect(server.host, server.port)
    except ssl.SSLError as error:
        raise _tls_failed(server, error) from None
    except OSError as error:
        raise NotSent("smtp_unreachable", f"{server} cannot be reached: {error.strerror or error}") from None
    if code != 220:
        raise NotSent("smtp_not_ready", f"{server} is not ready: it greeted with {code}", code)
    if line.sock is not None:
        line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    _greet(line, server)
    if server.tls is Tls.STARTTLS:
        _encrypt(line, server)
    if server.user:
        _sign_in(line, server)


def _new_line(server: SmtpServer) -> smtplib.SMTP:
    if server.tls is Tls.IMPLICIT:
        line = smtplib.SMTP_SSL(
            local_hostname="localhost", timeout=server.timeout_s, context=_context(server)
        )
    else:
        line = smtplib.SMTP(local_hostname="localhost", timeout=server.timeout_s)
    # The certificate is checked against this name. Given to the constructor, it would connect before the watch begins.
    line._host = server.host
    return line


def _context(server: SmtpServer) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=server.ca_file or None)
    except (OSError, ssl.SSLError):
        raise NotSent("smtp_tls_failed", f"{server}: ca_file {server.ca_file} cannot be read") from None


def _greet(line: smtplib.SMTP, server: SmtpServer) -> None:
    try:
        line.ehlo_or_helo_if_needed()
    except smtplib.SMTPHeloError as error:
        raise NotSent(
            "smtp_not_ready", f"{server} refuses to talk: {error.smtp_code}", error.smtp_code
        ) from None


def _encrypt(line: smtplib.SMTP, server: SmtpServer) -> None:
    if not line.has_extn("starttls"):
        raise NotSent("smtp_tls_failed", f"{server} offers no encryption (STARTTLS); nothing was sent to it")
    try:
        line.starttls(context=_context(server))
    except (ssl.SSLError, smtplib.SMTPResponseException) as error:
        raise _tls_failed(server, error) from None
    _greet(line, server)


def _sign_in(line: smtplib.SMTP, server: SmtpServer) -> None:
    try:
        line.login(server.user, server.password)
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPAuthenticationError as error:
        told = f"{server} does not accept user and password: {error.smtp_code}"
        raise NotSent("smtp_auth_failed", told, error.smtp_code) from None
    except (smtplib.SMTPException, UnicodeError):
        raise NotSent("smtp_auth_failed", f"{server} knows no way to sign in that Lapwing knows") from None


def _tls_failed(server: SmtpServer, error: Exception) -> NotSent:
    why = getattr(error, "verify_message", "") or getattr(error, "reason", "") or type(error).__name__
    return NotSent("smtp_tls_failed", f"{server}: the encrypted line could not be made: {why}")


def _cut_at_the_end(line: smtplib.SMTP, server: SmtpServer, done: threading.Event) -> None:
    wait_s = server.total_timeout_s
    while not done.wait(wait_s):
        wait_s = CUT_AGAIN_S
        if line.sock is not None:
            with suppress(OSError):
                socket.socket.shutdown(line.sock, socket.SHUT_RDWR)


def _say_goodbye(line: smtplib.SMTP) -> None:
    """The mail is accepted; nothing that happens now changes that."""
    with suppress(OSError, smtplib.SMTPException, ValueError):
        if line.sock is not None:
            line.sock.settimeout(BYE_S)
        line.quit()
