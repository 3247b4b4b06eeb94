"""The one way out: every outbound connection asks here first where it may go.

Link-local and cloud metadata addresses are always refused, private networks when the setting
DENY_PRIVATE_NETWORKS says so. An answer names the addresses that were looked at, so that a caller can
connect to these and not ask the name service a second time.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

from contracts.errors import DomainError

Address = IPv4Address | IPv6Address

_METADATA = [
    ip_network("169.254.0.0/16"),  # link-local; AWS, Azure, Google metadata
    ip_network("fe80::/10"),
    ip_network("100.100.100.200/32"),  # Alibaba
    ip_network("192.0.0.192/32"),  # Oracle
    ip_network("fd00:ec2::/32"),  # AWS
    ip_network("fd20:ce::/32"),  # Google
]
_CARRIERS = [ip_network(one) for one in ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")]
"""Their last 32 bits are an IPv4 address: compatible (RFC 4291), mapped, translated (RFC 2765), NAT64 (RFC 6052)."""
_LOCAL_NAT64 = ip_network("64:ff9b:1::/48")
_ISATAP = {0x5EFE, 0x0200_5EFE}


class Blocked(DomainError):
    """The address may not be connected to from here."""

    default_message = "The address may not be connected to"


class Unresolvable(DomainError):
    """The name service knows no address for the host."""

    kind = "unavailable"


def allowed_addresses(host: str, port: int) -> list[str]:
    """The host's addresses, all of which may be connected to. Raises Blocked, Unresolvable."""
    addresses = _resolve(host, port)
    for address in addresses:
        _refuse(host, address)
    return [str(address) for address in addresses]


def check_url(url: str) -> list[str]:
    """The addresses of a URL's host, all allowed. Raises Blocked, Unresolvable."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Blocked("The URL cannot be read") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Blocked("The URL must begin with http:// or https:// and name a host")
    return allowed_addresses(parts.hostname, port)


def _resolve(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError):
        raise Unresolvable(f"The host '{host}' is not known") from None
    return [ip_address(name) for name in dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found)]


def _refuse(host: str, address: Address) -> None:
    where = f"The host '{host}' ({address})" if host != str(address) else f"The address {address}"
    judged: list[Address] = [address, *_carried(address)]
    for one in judged:
        if one.is_unspecified or one.is_multicast or _is_metadata(one):
            raise Blocked(f"{where} may not be connected to: it is a link-local or metadata address")
    if settings.DENY_PRIVATE_NETWORKS and not all(_is_public(one) for one in judged):
        raise Blocked(f"{where} may not be connected to: it is in a private network (DENY_PRIVATE_NETWORKS)")


def _is_public(address: Address) -> bool:
    return address.is_global and address not in _LOCAL_NAT64


def _is_metadata(address: Address) -> bool:
    return any(address in network for network in _METADATA)


def _carried(address: Address) -> list[IPv4Address]:
    """The IPv4 addresses within an IPv6 one, which a translator or a tunnel on the way may connect to."""
    if isinstance(address, IPv4Address) or address.is_loopback or address.is_unspecified:
        return []
    if address in _LOCAL_NAT64:
        # Where it stands is the operator's choice (RFC 6052, 2.2): what stands in the other places means nothing.
        return [one for one in _in_nat64(int(address)) if _is_metadata(one)]
    if any(address in network for network in _CARRIERS) or (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP:
        return [_ipv4(int(address))]
    tunnelled = [*(address.teredo or ()), address.sixtofour]
    return [one for one in tunnelled if one is not None]


def _in_nat64(number: int) -> list[IPv4Address]:
    """What follows a prefix of 48, 56, 64 and 96 bits; the octet from bit 64 on is left out of it."""
    without_octet = (number >> 64 << 56) | (number & (1 << 56) - 1)
    return [_ipv4(number), *(_ipv4(without_octet >> shift) for shift in (40, 32, 24))]


def _ipv4(number: int) -> IPv4Address:
    return IPv4Address(number & 0xFFFF_FFFF)
