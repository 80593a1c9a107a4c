"""Dynamic authorization over the wire (RFC 5176): one request, sent again unchanged until one answer or the time limit.

The socket is connected, so that a port nobody listens on is told at once; only then is it certain that nothing was
done. Everything else without an answer is unknown.
"""

import socket
from collections.abc import Mapping
from io import StringIO
from time import monotonic, time

from pydantic import Field, SecretStr, field_validator
from pyrad.client import Client
from pyrad.dictionary import Dictionary
from pyrad.packet import CoAPacket, PacketError

from lapwing.connectors.addresses import addresses_of
from lapwing.connectors.errors import OutcomeUnknown, Unreachable
from lapwing.connectors.limits import Patience, in_time
from lapwing.connectors.port import ConnectorConfiguration

SENT_TIMES = 3

# RFC 2865, 2866, 2869, 5176: what requests about sessions are made of. Vendors' attributes come from a file.
STANDARD = """
ATTRIBUTE User-Name 1 string
ATTRIBUTE NAS-IP-Address 4 ipaddr
ATTRIBUTE NAS-Port 5 integer
ATTRIBUTE Service-Type 6 integer
ATTRIBUTE Framed-IP-Address 8 ipaddr
ATTRIBUTE Filter-Id 11 string
ATTRIBUTE Reply-Message 18 string
ATTRIBUTE State 24 octets
ATTRIBUTE Class 25 octets
ATTRIBUTE Session-Timeout 27 integer
ATTRIBUTE Idle-Timeout 28 integer
ATTRIBUTE Called-Station-Id 30 string
ATTRIBUTE Calling-Station-Id 31 string
ATTRIBUTE NAS-Identifier 32 string
ATTRIBUTE Proxy-State 33 octets
ATTRIBUTE Acct-Session-Id 44 string
ATTRIBUTE Event-Timestamp 55 date
ATTRIBUTE Message-Authenticator 80 octets
ATTRIBUTE NAS-Port-Id 87 string
ATTRIBUTE Error-Cause 101 integer
"""


class RadiusConfiguration(ConnectorConfiguration):
    """The server that takes CoA and Disconnect requests, and the secret shared with it."""

    host: str = Field(min_length=1, title="Host")
    port: int = Field(3799, ge=1, le=65535, title="Port")
    secret: SecretStr = Field(title="Shared secret")
    dictionary_file: str = Field(
        "", title="Dictionary file", description="in FreeRADIUS' format, for vendors' attributes"
    )

    @field_validator("secret")
    @classmethod
    def _not_empty(cls, secret: SecretStr) -> SecretStr:
        if not secret.get_secret_value():
            raise ValueError("expected the secret that is shared with the RADIUS server")
        return secret


def dictionary(configuration: RadiusConfiguration) -> Dictionary:
    """Raises OSError or ValueError where the configured file is none."""
    files = [configuration.dictionary_file] if configuration.dictionary_file else []
    return Dictionary(StringIO(STANDARD), *files)


def exchange(
    configuration: RadiusConfiguration,
    code: int,
    attributes: Mapping[str, str | int],
    *,
    patience: Patience,
    deadline: float,
) -> CoAPacket:
    """The verified answer. Raises Unreachable where nobody listens, OutcomeUnknown where no answer came, TooLate."""
    ends = patience.exchange_ends()
    address = addresses_of(configuration.host, configuration.port, until=ends)[0]
    request = _request(configuration, code, attributes)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as wire:
        wire.connect((address, configuration.port))
        return _until_answered(wire, request, configuration, ends=ends, deadline=deadline)


def _request(configuration: RadiusConfiguration, code: int, attributes: Mapping[str, str | int]) -> CoAPacket:
    client = Client(
        configuration.host,
        secret=configuration.secret.get_secret_value().encode(),
        dict=dictionary(configuration),
    )
    request = client.CreateCoAPacket(code=code, message_authenticator=True)
    for name, value in attributes.items():
        request[name] = value
    request["Event-Timestamp"] = int(time())  # a server refuses what was made minutes ago
    return request


def _until_answered(
    wire: socket.socket,
    request: CoAPacket,
    configuration: RadiusConfiguration,
    *,
    ends: float,
    deadline: float,
) -> CoAPacket:
    where = f"RADIUS at {configuration.host}:{configuration.port}"
    content = (
        request.RequestPacket()
    )  # once: the same identifier and authenticator each time (RFC 5080, 2.2.2)
    pause_s = (ends - monotonic()) / SENT_TIMES
    for turn in range(SENT_TIMES):
        try:
            if turn == 0:
                in_time(deadline)
            if turn == 0 or monotonic() < deadline:
                wire.send(content)
            answer = _answer(wire, request, min(ends, monotonic() + pause_s))
        except ConnectionRefusedError:
            if turn == 0:
                raise Unreachable(
                    f"{where} cannot be reached: nobody listens there; nothing was done"
                ) from None
            break
        except OSError as error:
            if turn == 0:
                raise Unreachable(f"{where} cannot be reached: {error.strerror}; nothing was sent") from None
            break
        if answer is not None:
            return answer
    raise OutcomeUnknown(
        f"{where} was sent a request and did not answer within the time limit; it may be down, or the shared secret "
        "may be wrong (RADIUS keeps silent then)"
    )


def _answer(wire: socket.socket, request: CoAPacket, until: float) -> CoAPacket | None:
    """The first answer that proves the secret; anything else is dropped, as if it had not come."""
    while (left_s := until - monotonic()) > 0:
        wire.settimeout(left_s)
        try:
            content = wire.recv(4096)
        except TimeoutError:
            return None
        try:
            answer = request.CreateReply(packet=content)
            if request.VerifyReply(answer, content):
                return answer
        except (PacketError, ValueError, LookupError):
            continue
    return None
