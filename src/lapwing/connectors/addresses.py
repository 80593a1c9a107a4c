"""Where a connector may connect to. Addresses come from operators, but a name can be pointed anywhere afterwards, so
the address itself is checked, at the moment of connecting, and exactly the checked one is used.
"""

import ipaddress
import socket
import threading
from time import monotonic

from lapwing.connectors.errors import Rejected, Unreachable

# Metadata services of cloud machines that are not link-local.
METADATA = {ipaddress.ip_address("fd00:ec2::254")}


def addresses_of(host: str, port: int, *, until: float) -> list[str]:
    """The IP addresses of a host, in the resolver's order, all of them allowed.

    Raises Unreachable when the name is not known or not resolved before the monotonic instant `until`; Rejected
    `address_forbidden` for link-local and metadata addresses.
    """
    found = _resolve(host, port, until)
    for address in found:
        if is_forbidden(address):
            raise Rejected(
                "address_forbidden",
                f"{host} leads to {address}: link-local and metadata addresses are never connected to; "
                "correct the connector's address",
            )
    return found


def is_forbidden(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip
    return ip.is_link_local or ip in METADATA


def _resolve(host: str, port: int, until: float) -> list[str]:
    """In a thread of its own, because the system's resolver knows no time limit."""
    found: list[str] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.extend(dict.fromkeys(str(answer[4][0]) for answer in answers))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(max(0.0, until - monotonic()))
    if thread.is_alive() or not found:
        why = "its name was not resolved in time" if thread.is_alive() else "its name is not known"
        raise Unreachable(f"{host} cannot be reached: {why}; nothing was sent")
    return list(found)
