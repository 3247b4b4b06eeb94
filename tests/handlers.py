"""The server's own handler, whose threads leave no connection to the test's database behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

from config.handler import ThreadedHandler


@contextmanager
def own_handler() -> Iterator[ThreadedHandler]:
    made = ThreadedHandler()
    try:
        yield made
    finally:
        count = made.threads._max_workers
        together = threading.Barrier(count)

        def close() -> None:
            together.wait(60)  # so that each thread closes its own
            connections.close_all()

        for closed in [made.threads.submit(close) for _ in range(count)]:
            closed.result()
        made.threads.shutdown()
