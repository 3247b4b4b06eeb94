"""Transactions that are tried again when another writer was faster."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, OperationalError, transaction

from contracts.errors import Conflict

ATTEMPTS = 5
_DEADLOCK, _SERIALIZATION = "40P01", "40001"

P = ParamSpec("P")
R = TypeVar("R")


class OutrunError(Exception):
    """A row changed between being read and being written."""


def retried(work: Callable[P, R]) -> Callable[P, R]:
    """Run `work` in a transaction of its own; again from the start when another writer came between.

    That is: a row it read has changed, a name it meant to take was taken, or the two waited for each other.
    Raises Conflict when that happens time after time.
    """

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(ATTEMPTS):
            try:
                with transaction.atomic():
                    return work(*args, **kwargs)
            except OutrunError:
                continue
            except IntegrityError:
                if attempt == ATTEMPTS - 1:
                    raise
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", None) not in {_DEADLOCK, _SERIALIZATION}:
                    raise
        raise Conflict("Others keep changing the same things; try again")

    return run
