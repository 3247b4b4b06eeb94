"""A hard limit of time around a call that may hang in a driver."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from ingestion.connectors.base import SourceError

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """What the call returns or raises, or SourceError when it has not ended in time.

    The call runs in a thread, which is left to its driver's own timeout when we stop waiting.
    """
    outcome: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(call())
        except BaseException as error:  # noqa: BLE001  carried over to the thread that waits
            failure.append(error)

    thread = threading.Thread(target=work, daemon=True, name="connection-test")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise SourceError(f"No answer within {seconds:.0f} seconds", code="TIMEOUT", retry=True)
    if failure:
        raise failure[0]
    return outcome[0]
