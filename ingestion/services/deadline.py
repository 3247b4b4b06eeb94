"""A hard limit of time around a call that may hang in a driver."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ingestion.connectors.base import SourceError
from ingestion.services.apart import call_apart

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """What the call returns or raises, or SourceError when it has not ended in time.

    The call runs in a thread, which is left to its driver's own timeout when we stop waiting.
    """
    deadline = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > deadline:
            raise SourceError(f"No answer within {seconds:.0f} seconds", code="TIMEOUT", retry=True)

    return call_apart(call, check=check)
