"""How often someone may ask: fixed windows that begin with the first request, counted atomically.

Counted in this process, or in Redis where REDIS_URL names one, so that all processes count together.
A Redis that does not answer never fails a request: it is logged, and the request is let through.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar

import structlog
from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import RedisStorage, Storage
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from contracts.addresses import client_address
from contracts.errors import RateLimited

log = structlog.get_logger("contracts")

NAMESPACE = "cartulary"
"""What the names of our counts begin with in a Redis that others use too."""
REDIS_TIMEOUT = 0.25
"""Seconds that a request waits for Redis at most."""
REDIS_PAUSE = 5.0
"""Seconds for which a Redis that failed is not asked again."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Where a caller stands. `limit` is requests per window, `reset` the window's end in epoch seconds."""

    limit: int
    used: int
    reset: float

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def retry_after(self) -> int:
        """Whole seconds, at least one."""
        return max(1, int(self.reset - time.time() + 0.999))

    def headers(self) -> dict[str, str]:
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(int(self.reset + 0.999)),
        }
        if self.used > self.limit:
            headers["Retry-After"] = str(self.retry_after)
        return headers

    def check(self) -> None:
        """Raise RateLimited when this request was one too many."""
        if self.used <= self.limit:
            return
        reset_at = datetime.fromtimestamp(int(self.reset + 0.999), UTC).isoformat().replace("+00:00", "Z")
        raise RateLimited(
            f"Rate limit exceeded. Try again in {self.retry_after} seconds.",
            retry_after=self.retry_after,
            limit=self.limit,
            reset_at=reset_at,
        )


class Throttle(BaseThrottle):
    """Counts a request against the setting it names. `scope` keeps one throttle's counts from another's."""

    scope: ClassVar[str]
    setting: ClassVar[str]

    def rate(self, request: Request) -> str:
        """The rate for this request, as `100/hour`."""
        return str(getattr(settings, self.setting))

    def identity(self, request: Request) -> str:
        """Who is counted: the actor, or the address of one who did not sign in."""
        actor = request.auth
        key = getattr(actor, "api_key_id", None) or getattr(actor, "user_id", None)
        if key is None:
            return f"address:{client_address(request)}"
        return f"actor:{getattr(actor, 'organization_id', '')}:{key}"

    def take(self, request: Request) -> Rate | None:
        """Count this request; None when the count cannot be kept now."""
        return take(self.scope, self.identity(request), self.rate(request))

    def allow_request(self, request: Request, view: Any) -> bool:
        """For views outside the contracts."""
        self.taken = self.take(request)
        return self.taken is None or self.taken.used <= self.taken.limit

    def wait(self) -> float | None:
        return self.taken.retry_after if self.taken else None


class AddressThrottle(Throttle):
    """Counts by address, whoever asks."""

    def identity(self, request: Request) -> str:
        return f"address:{client_address(request)}"


def take(scope: str, identity: str, rate: str, *, cost: int = 1) -> Rate | None:
    """Count `cost` against a rate such as `100/hour`; None when Redis does not answer."""
    item = _item(rate)
    key = item.key_for(NAMESPACE, scope, identity)
    counter = _counter()
    if counter.paused():
        return None
    try:
        used = counter.storage.incr(key, item.get_expiry(), amount=cost)
        reset = counter.storage.get_expiry(key)
    except RedisError as error:
        counter.pause(error)
        return None
    return Rate(limit=item.amount, used=used, reset=reset)


@lru_cache(maxsize=64)
def _item(rate: str) -> RateLimitItem:
    return parse(rate)


class LocalCounts(Storage):
    """The counts of this process.

    The library's own memory storage starts a thread for nearly every request to forget what is over
    (0.2 ms), and drops the lock of a key while another thread counts on it; here one lock guards all,
    and what is over is forgotten in passing.
    """

    STORAGE_SCHEME = None
    SWEEP = 10_000
    """Keys held before those whose window is over are looked for."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}
        self._sweep_at = self.SWEEP

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = time.time()
        with self._lock:
            used, reset = self._counts.get(key, (0, 0.0))
            if reset <= now:
                used, reset = 0, now + expiry
            self._counts[key] = (used + amount, reset)
            if len(self._counts) > self._sweep_at:
                self._counts = {name: count for name, count in self._counts.items() if count[1] > now}
                self._sweep_at = 2 * len(self._counts) + self.SWEEP
        return used + amount

    def get(self, key: str) -> int:
        used, reset = self._counts.get(key, (0, 0.0))
        return used if reset > time.time() else 0

    def get_expiry(self, key: str) -> float:
        return self._counts.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            forgotten = len(self._counts)
            self._counts.clear()
        return forgotten

    def clear(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)


class Counter:
    """The storage of the counts, and whether it has failed lately."""

    def __init__(self, url: str) -> None:
        self.storage: Storage = _storage(url)
        self._paused_until = 0.0

    def paused(self) -> bool:
        return time.monotonic() < self._paused_until

    def pause(self, error: Exception) -> None:
        self._paused_until = time.monotonic() + REDIS_PAUSE
        log.warning("rate limits are off: Redis does not answer", error=str(error), seconds=REDIS_PAUSE)


def _storage(url: str) -> Storage:
    if not url:
        return LocalCounts()
    if url.startswith("unix://"):
        return RedisStorage(f"redis+{url}", socket_timeout=REDIS_TIMEOUT)
    return RedisStorage(url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT)


_counters: dict[str, Counter] = {}
_making = threading.Lock()


def _counter() -> Counter:
    url = str(settings.REDIS_URL)
    found = _counters.get(url)
    if found is None:
        with _making:
            found = _counters.setdefault(url, _counters.get(url) or Counter(url))
    return found


def forget() -> None:
    """Start the counts of this process anew; those in Redis stay."""
    _counters.clear()
