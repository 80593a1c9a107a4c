"""One bound connection to a directory, for one call of the port; what each result code means.

Referrals are not followed: they would carry the password elsewhere. A watchdog cuts the connection when an exchange is
over its time, because ldap3 limits each read, not their sum.
"""

import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from math import ceil
from time import monotonic
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from ldap3 import BASE, MODIFY_ADD, MODIFY_DELETE, NONE, Connection, Server, Tls
from ldap3.core.exceptions import LDAPException, LDAPSocketOpenError, LDAPStartTLSError
from pyasn1.error import PyAsn1Error
from pydantic import Field, SecretStr, field_validator

from lapwing.connectors.addresses import addresses_of
from lapwing.connectors.errors import (
    Busy,
    ConnectorError,
    CredentialsRefused,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from lapwing.connectors.limits import Patience, in_time
from lapwing.connectors.port import ConnectorConfiguration
from lapwing.connectors.words import quoted

SUCCESS, NO_SUCH_ATTRIBUTE, CONSTRAINT, VALUE_EXISTS, NO_SUCH_OBJECT, ENTRY_EXISTS = 0, 16, 19, 20, 32, 68
NO_ENTRY = {7, 8, 13, 48, 49, 50}  # the ways of not being let in: method, strength, credentials, rights
BUSY = {51, 52}
UNFINISHED = {1, 2, 3, 11, 71, 80, 85}  # errors of the server itself: what became of a change is not known

# What to take away and what to add, of each attribute.
Changes = Mapping[str, tuple[Sequence[bytes], Sequence[bytes]]]


class LdapConfiguration(ConnectorConfiguration):
    """A directory and the account that may write in it."""

    goes_to: ClassVar[frozenset[str]] = ConnectorConfiguration.goes_to | {"start_tls"}

    url: str = Field(title="Address", description="as ldaps://directory.example:636")
    start_tls: bool = Field(False, title="Begin with StartTLS")
    ca_file: str = Field(
        "",
        title="File of authorities",
        description="PEM on this machine; empty trusts the usual authorities",
    )
    bind_dn: str = Field(title="Account (DN)")
    bind_password: SecretStr = Field(title="Password of the account")

    @field_validator("url")
    @classmethod
    def _plain_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if (
            parts.scheme not in ("ldap", "ldaps")
            or not parts.hostname
            or parts.path.strip("/")
            or parts.query
        ):
            raise ValueError("expected an address like ldaps://directory.example:636")
        return url

    @field_validator("bind_password")
    @classmethod
    def _not_empty(cls, password: SecretStr) -> SecretStr:
        if not password.get_secret_value():
            raise ValueError("expected a password; without one a directory lets anybody in and says nothing")
        return password


class LdapSession:
    """Opened and bound by `with`."""

    def __init__(self, configuration: LdapConfiguration, patience: Patience) -> None:
        self._configuration = configuration
        self._patience = patience
        self._where = f"LDAP at {urlsplit(configuration.url).netloc}"
        self._connection: Connection

    def __enter__(self) -> Self:
        with self._exchange("opening the connection", changes=False) as ends:
            self._connection = self._connect(ends)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(LDAPException, OSError, PyAsn1Error), _cut_at(monotonic() + 1, self._connection):
            self._connection.unbind()

    def entry(self, dn: str, attributes: Sequence[str]) -> dict[str, list[bytes]] | None:
        """The values of an entry; None when there is none."""
        with self._exchange(f"reading {dn}", changes=False):
            self._connection.search(dn, "(objectClass=*)", BASE, attributes=list(attributes))
            result, found = self._connection.result, self._connection.response
        if result["result"] == NO_SUCH_OBJECT:
            return None
        self._expect_success(f"reading {dn}", result, changes=False)
        entries = [entry for entry in found or [] if entry.get("type") == "searchResEntry"]
        return dict(entries[0]["raw_attributes"]) if entries else None

    def add(self, dn: str, classes: Sequence[str], attributes: Mapping[str, str], *, deadline: float) -> bool:
        """False, and nothing done, when there is such an entry already."""
        what = f"adding {dn}"
        with self._exchange(what, changes=True):
            in_time(deadline)
            self._connection.add(dn, list(classes), dict(attributes))
            result = self._connection.result
        if result["result"] == ENTRY_EXISTS:
            return False
        self._expect_success(what, result, changes=True)
        return True

    def swap(self, dn: str, changes: Changes, *, deadline: float) -> bool:
        """Replaces exactly the values given, all or none. False, and nothing done, when they are others by now."""
        what = f"changing {dn}"
        with self._exchange(what, changes=True):
            in_time(deadline)
            self._connection.modify(dn, {name: _operations(*values) for name, values in changes.items()})
            result = self._connection.result
        if result["result"] in (NO_SUCH_ATTRIBUTE, VALUE_EXISTS, CONSTRAINT, NO_SUCH_OBJECT):
            return False
        self._expect_success(what, result, changes=True)
        return True

    def said(self) -> str:
        """The last result in the directory's words."""
        result = self._connection.result
        return f"{result.get('description')} {result.get('message')}"

    def _connect(self, ends: float) -> Connection:
        parts = urlsplit(self._configuration.url)
        secure, host = parts.scheme == "ldaps", str(parts.hostname)
        port = parts.port or (636 if secure else 389)
        address = addresses_of(host, port, until=ends)[0]
        left = max(0.001, ends - monotonic())
        trusted = Tls(
            validate=ssl.CERT_REQUIRED,
            ca_certs_file=self._configuration.ca_file or ssl.get_default_verify_paths().cafile,
            valid_names=[host],
            sni=host,
        )
        server = Server(
            address,
            port,
            use_ssl=secure,
            tls=trusted,
            connect_timeout=left,
            get_info=NONE,
            allowed_referral_hosts=[],
        )
        connection = Connection(
            server,
            self._configuration.bind_dn,
            self._configuration.bind_password.get_secret_value(),
            receive_timeout=ceil(left),
            auto_referrals=False,
            check_names=False,
        )
        with _cut_at(ends, connection):
            self._let_in(connection)
        return connection

    def _let_in(self, connection: Connection) -> None:
        connection.open(read_server_info=False)
        if self._configuration.start_tls:
            self._encrypt(connection)
        connection.bind(read_server_info=False)
        self._expect_success(f"signing in as {self._configuration.bind_dn}", connection.result, changes=False)

    def _encrypt(self, connection: Connection) -> None:
        """Before the password is sent."""
        try:
            why = "" if connection.start_tls(read_server_info=False) else connection.result.get("description")
        except LDAPStartTLSError as error:
            why = error
        if why:
            raise Unreachable(
                f"{self._where} cannot be reached: STARTTLS failed, it said {quoted(why)}; nothing was sent"
            )

    @contextmanager
    def _exchange(self, what: str, *, changes: bool) -> Iterator[float]:
        """Names every way in which the connection can break; gives the instant at which the exchange must be over."""
        ends = self._patience.exchange_ends()
        try:
            with _cut_at(ends, getattr(self, "_connection", None)):
                yield ends
        except LDAPSocketOpenError as error:
            why = quoted(error)  # of the network or of the certificate; the password was not in play yet
            raise Unreachable(f"{self._where} cannot be reached: {why}; nothing was sent") from None
        # ldap3 lets errors of decoding through as they come: a strange answer can raise any of these.
        except (LDAPException, PyAsn1Error, OSError, ValueError, LookupError, TypeError) as error:
            late = monotonic() >= ends
            why = "no answer within the time limit" if late else f"no usable answer ({type(error).__name__})"
            raise self._unanswered(what, why, changes) from None

    def _unanswered(self, what: str, why: str, changes: bool) -> ConnectorError:
        if changes:
            return OutcomeUnknown(f"{self._where}: {what}: {why}; look before it is repeated")
        return Unreachable(f"{self._where}: {what}: {why}; nothing was done")

    def _expect_success(self, what: str, result: Mapping[str, Any], *, changes: bool) -> None:
        code = result["result"]
        if code == SUCCESS:
            return
        words = f"{result.get('description')} {result.get('message')}"
        said = quoted(words, [self._configuration.bind_password.get_secret_value()])
        where = f"{self._where}: {what}"
        if code in NO_ENTRY:
            raise CredentialsRefused(
                f"{where} was not allowed, it said {said}; correct the account or its rights"
            )
        if code in BUSY:
            raise Busy(f"{where}: it is busy, it said {said}; try again later")
        if code in UNFINISHED:
            raise self._unanswered(what, f"it said {said}", changes)
        if code == NO_SUCH_OBJECT:
            raise NotFound(f"{where}: the place is not there, it said {said}; correct the base DN")
        raise Rejected(str(result.get("description") or code), f"{where} was refused, it said {said}")


def _operations(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[str, list[bytes]]]:
    taken = [(MODIFY_DELETE, list(old))] if old else []
    return taken + ([(MODIFY_ADD, list(new))] if new else [])


@contextmanager
def _cut_at(ends: float, connection: Connection | None) -> Iterator[None]:
    """Breaks the connection at that instant, whatever it waits for then."""

    def cut() -> None:
        with suppress(OSError, AttributeError):
            connection.socket.shutdown(socket.SHUT_RDWR)  # pyright: ignore[reportOptionalMemberAccess]

    watchdog = threading.Timer(max(0.0, ends - monotonic()), cut)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
