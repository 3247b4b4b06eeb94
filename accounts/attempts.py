"""How often somebody may fail to sign in: per address and per login, in memory or in Redis."""

from __future__ import annotations

import hashlib
import logging
import math
import time
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter

from contracts.errors import RateLimited

logger = logging.getLogger(__name__)

LOCAL = "memory://"


@lru_cache(maxsize=4)
def limiter(url: str) -> FixedWindowRateLimiter:
    """The limiter that counts there (`memory://`, or a Redis URL), one for the process."""
    if url == LOCAL:
        return FixedWindowRateLimiter(MemoryStorage())
    url = f"redis+{url}" if url.startswith("unix://") else url
    return FixedWindowRateLimiter(
        RedisStorage(url, wrap_exceptions=True, socket_timeout=0.25, socket_connect_timeout=0.25)
    )


class Attempt:
    """One try at signing in. It counts as failed from the start, so that many at once find no gap.

    `succeeded` takes it back: who signs in well, however often, is never locked out by that. While
    Redis does not answer, each process counts for itself.
    """

    def __init__(self, *, login: str, address: str) -> None:
        self._rate: RateLimitItem = parse(settings.RATE_LOGIN)
        digest = hashlib.sha256(login.casefold().encode(errors="replace")).hexdigest()
        self._keys = (("login-address", network_of(address)), ("login-name", digest))

    def begin(self) -> None:
        """Count it. Raises RateLimited when there were too many."""
        for key in self._keys:
            allowed, reset = self._count(key, 1)
            if not allowed:
                seconds = max(1, math.ceil(reset - time.time()))
                raise RateLimited(
                    f"Too many failed attempts to sign in. Try again in {seconds} seconds.",
                    retry_after=seconds,
                    limit=self._rate.amount,
                )

    def succeeded(self) -> None:
        for key in self._keys:
            self._count(key, -1)

    def _count(self, key: tuple[str, str], cost: int) -> tuple[bool, float]:
        """Whether that is still within the limit, and when the window ends (epoch seconds)."""
        if settings.REDIS_URL:
            try:
                return self._count_at(settings.REDIS_URL, key, cost)
            except StorageError as error:
                logger.warning("failed attempts are counted by each process: Redis does not answer (%s)", error)
        return self._count_at(LOCAL, key, cost)

    def _count_at(self, url: str, key: tuple[str, str], cost: int) -> tuple[bool, float]:
        counts = limiter(url)
        allowed = counts.hit(self._rate, *key, cost=cost)
        return allowed, counts.get_window_stats(self._rate, *key).reset_time


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
