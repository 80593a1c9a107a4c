"""Where mail is handed in: LAPWING_SMTP_URL=smtp://user:password@host:587?tls=starttls, read into plain values."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

from lapwing.core.errors import Refused


class Tls(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "tls"


DEFAULT_PORTS = {Tls.NONE: 25, Tls.STARTTLS: 587, Tls.IMPLICIT: 465}
SCHEMES = {"smtp": Tls.NONE, "smtps": Tls.IMPLICIT}
OPTIONS = {"tls", "timeout_s", "total_timeout_s", "ca_file"}
EXAMPLE = "smtp://user:password@mail.example.com:587?tls=starttls"


@dataclass(frozen=True)
class SmtpServer:
    """`timeout_s` bounds each wait, `total_timeout_s` the whole conversation. The password shows up nowhere."""

    host: str
    port: int
    tls: Tls = Tls.NONE
    user: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 10.0
    total_timeout_s: float = 60.0
    ca_file: str = ""  # who signed the server's certificate; empty: the authorities that the system trusts

    def __str__(self) -> str:
        return f"mail server {self.host}:{self.port}"


def server_from_url(url: str) -> SmtpServer:
    """Raises Refused `bad_smtp_url` in words that never repeat the URL, since it holds a password."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        options = {
            name: values[-1]
            for name, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items()
        }
    except ValueError:
        raise _bad("it cannot be read; is a sign in the password not written as %40 and the like?") from None
    if parts.scheme not in SCHEMES or parts.path.strip("/") or parts.fragment:
        raise _bad("it begins with smtp:// or smtps:// and has no path")
    if not re.fullmatch(r"[A-Za-z0-9._:-]{1,253}", host):
        raise _bad("it has no host")
    if unknown := set(options) - OPTIONS:
        raise _bad(
            f"it knows the options {', '.join(sorted(OPTIONS))}, not {', '.join(sorted(unknown))[:60]}"
        )
    tls = _tls(options.get("tls", SCHEMES[parts.scheme]))
    server = SmtpServer(
        host=host,
        port=port or DEFAULT_PORTS[tls],
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        timeout_s=_seconds(options.get("timeout_s", "10")),
        total_timeout_s=_seconds(options.get("total_timeout_s", "60")),
        ca_file=options.get("ca_file", ""),
    )
    if server.password and tls is Tls.NONE and not _is_loopback(host):
        raise _bad("a password goes only over an encrypted line: add ?tls=starttls, or write smtps://")
    return server


def _tls(text: str) -> Tls:
    if text not in list(Tls):
        raise _bad(f"tls is one of {', '.join(Tls)}")
    return Tls(text)


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,4}([.][0-9]{1,3})?", text) or float(text) == 0:
        raise _bad("a time limit is a number of seconds like 10")
    return float(text)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bad(why: str) -> Refused:
    return Refused("bad_smtp_url", f"LAPWING_SMTP_URL: {why}; expected one like {EXAMPLE}")
