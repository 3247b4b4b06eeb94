"""Getting past the triggers of the audit trail: for the flush between tests, and for tests that tamper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from audit import triggers


@contextmanager
def writable_trail() -> Iterator[None]:
    """The trail without its triggers, which only the owner of the tables can bring about."""
    triggers.remove(connection)
    try:
        yield
    finally:
        triggers.install(connection)
