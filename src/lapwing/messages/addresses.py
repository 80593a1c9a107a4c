"""E-mail addresses, to and from. Nothing that could end a header or an SMTP command is an address."""

import re
import unicodedata
from dataclasses import dataclass

import idna

from lapwing.core.errors import Refused

MAX_ADDRESS = 254  # RFC 5321 4.5.3.1, with its erratum
MAX_LOCAL = 64  # bytes before the @
MAX_NAME = 100
_LOCAL = re.compile(r"[^\s.@\"(),:;<>\[\]\\]+(\.[^\s.@\"(),:;<>\[\]\\]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SENDER = re.compile(r"\s*(?P<name>[^<>]*?)\s*<(?P<address>[^<>]*)>\s*")


@dataclass(frozen=True)
class Address:
    """`domain` is in the form that every mail server knows (bücher.example becomes xn--bcher-kva.example)."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def mailbox(self) -> str:
        """The same for Anna@Example.com and anna@example.com: nobody is mailed twice for a capital letter."""
        return str(self).casefold()

    @property
    def needs_smtputf8(self) -> bool:
        return not self.local.isascii()


@dataclass(frozen=True)
class Sender:
    name: str
    address: Address


def parse_address(text: str) -> Address:
    """One plain address: no name, no quotes, no comment, no route, no number in brackets.

    Raises Refused `bad_address`. Source: RFC 5321 4.1.2 (dot-string), RFC 6531, RFC 5891.
    """
    written = unicodedata.normalize("NFC", text.strip(" "))
    local, at, domain = written.rpartition("@")
    if not at or not _LOCAL.fullmatch(local) or not _printable(local) or len(local.encode()) > MAX_LOCAL:
        raise _bad(text, "the part before the @ is no plain name")
    address = Address(local, _ascii_domain(domain, text))
    if max(len(str(address).encode()), len(address.mailbox)) > MAX_ADDRESS:
        raise _bad(text, f"it is longer than {MAX_ADDRESS} characters")
    return address


def parse_sender(text: str) -> Sender:
    """billing@example.com, or Acme Networks <billing@example.com>. Raises Refused `bad_address`."""
    match = _SENDER.fullmatch(text)
    if match is None:
        return Sender("", parse_address(text))
    name = match["name"].strip('" ')
    if not _printable(name) or len(name) > MAX_NAME or set(name) & set('"\\'):
        raise _bad(text, f"the name before the address is not plain, or longer than {MAX_NAME} characters")
    return Sender(name, parse_address(match["address"]))


def _ascii_domain(domain: str, text: str) -> str:
    lower = domain.lower()
    if not lower.isascii():
        try:
            lower = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, ValueError, IndexError):
            raise _bad(text, "the part after the @ is no domain") from None
    if len(lower) > 253 or not all(_LABEL.fullmatch(label) for label in lower.split(".")):
        raise _bad(text, "the part after the @ is no domain")
    return lower


def _printable(text: str) -> bool:
    """No control, format, private or half character: str.isprintable knows them all."""
    return text.isprintable()


def _bad(text: str, why: str) -> Refused:
    return Refused(
        "bad_address", f"{text[:60]!a} is no e-mail address: {why}; expected one like anna@example.com"
    )
