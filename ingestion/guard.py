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
_NAT64 = ip_network("64:ff9b::/96")


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
    inner = _inner(address)
    where = f"The host '{host}' ({address})" if host != str(address) else f"The address {address}"
    if inner.is_unspecified or inner.is_multicast or any(inner in network for network in _METADATA):
        raise Blocked(f"{where} may not be connected to: it is a link-local or metadata address")
    if settings.DENY_PRIVATE_NETWORKS and not inner.is_global:
        raise Blocked(f"{where} may not be connected to: it is in a private network (DENY_PRIVATE_NETWORKS)")


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries (mapped, 6to4, NAT64), else the address itself."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address
