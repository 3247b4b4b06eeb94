"""How often somebody may fail to sign in: per address and per login, in memory or in Redis."""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from contracts.errors import RateLimited, Unavailable


@lru_cache(maxsize=4)
def limiter(uri: str) -> FixedWindowRateLimiter:
    """The limiter on this storage (`memory://` or a Redis URL), one for the process."""
    return FixedWindowRateLimiter(storage_from_string(uri, wrap_exceptions=True))


class Attempt:
    """One try at signing in. It counts as failed from the start, so that many at once find no gap.

    `succeeded` takes it back: who signs in well, however often, is never locked out by that.
    """

    def __init__(self, *, login: str, address: str) -> None:
        self._rate: RateLimitItem = parse(settings.RATE_LOGIN)
        self._limiter = limiter(settings.REDIS_URL or "memory://")
        digest = hashlib.sha256(login.casefold().encode(errors="replace")).hexdigest()
        self._keys = (("address", network_of(address)), ("login", digest))

    def begin(self) -> None:
        """Count it. Raises RateLimited when there were too many, Unavailable when nobody can tell."""
        try:
            for key in self._keys:
                if not self._limiter.hit(self._rate, *key):
                    raise self._refusal(key)
        except StorageError as error:
            raise Unavailable("Signing in is not possible right now") from error

    def succeeded(self) -> None:
        try:
            for key in self._keys:
                self._limiter.hit(self._rate, *key, cost=-1)
        except StorageError as error:
            raise Unavailable("Signing in is not possible right now") from error

    def _refusal(self, key: tuple[str, str]) -> RateLimited:
        reset = self._limiter.get_window_stats(self._rate, *key).reset_time
        seconds = max(1, round(reset - time.time()))
        return RateLimited(
            f"Too many failed attempts to sign in. Try again in {seconds} seconds.",
            retry_after=seconds,
            limit=self._rate.amount,
        )


def network_of(address: str) -> str:
    """What stands for one party: an IPv4 address, or the /64 that one holder of IPv6 addresses has."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"
