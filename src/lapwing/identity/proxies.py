"""Whose word on a request's address counts: the proxies that are named in the environment, and nobody else's."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

VARIABLE = "LAPWING_TRUSTED_PROXIES"
Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks with commas between them. Raises ValueError for what is neither, or means everybody."""
    found = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        try:
            network = ip_network(each)
        except ValueError as error:
            raise ValueError(
                f"{VARIABLE}: expected addresses and networks like 127.0.0.1, 10.0.8.0/24, found {each!r} ({error})"
            ) from None
        if network.prefixlen == 0:
            raise ValueError(f"{VARIABLE}: {each} trusts everybody; name the proxies themselves")
        found.append(network)
    return tuple(found)


def is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    return _is_one_of(_address(peer), trusted)


def client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """Who asks: of the addresses that trusted proxies noted one after the other, the last that is none of theirs.

    `forwarded` is the content of X-Forwarded-For, whose beginning anybody can write; so it is read from its end. Where
    something stands there that is no address, or every address is a proxy's, the last one that was sure counts.
    """
    found = _address(peer)
    if found is None:
        return peer
    for noted in reversed(forwarded.split(",")):
        if not _is_one_of(found, trusted) or (earlier := _address(noted)) is None:
            break
        found = earlier
    return str(found)


def _is_one_of(address: Address | None, trusted: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in trusted)


def _address(text: str) -> Address | None:
    """1.2.3.4, 2001:db8::1, each also with a port; an IPv4 address that is written as IPv6 is the IPv4 address."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
