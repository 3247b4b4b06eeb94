"""Which address a request comes from, behind however many proxies we trust."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

Network = IPv4Network | IPv6Network


def client_address(request: Request | HttpRequest) -> str:
    """The peer's address, or, where the peer is one of TRUSTED_PROXIES, who the proxy says it speaks for.

    X-Forwarded-For is read from the right: each proxy appends who it heard from, so the first hop
    that is not a proxy of ours is the client; what stands left of it is only the client's word.
    """
    peer = str(request.META.get("REMOTE_ADDR") or "unknown")
    address = _normal(peer) or peer  # IPv4 comes as IPv6 to a socket that takes both
    trusted = _networks(tuple(settings.TRUSTED_PROXIES))
    if not trusted:
        return address
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    while hops and _within(address, trusted):
        said = _normal(hops.pop())
        if said is None:
            break
        address = said
    return address


@lru_cache(maxsize=8)
def _networks(names: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ip_network(name, strict=False) for name in names)


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


def _normal(hop: str) -> str | None:
    """An address without port or brackets, or None: `1.2.3.4:5`, `[::1]:5` and `::ffff:1.2.3.4` are all seen."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        address = ip_address(hop)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)
