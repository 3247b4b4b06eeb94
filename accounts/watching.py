"""What a stream follows: which live events wake it, and what it then looks at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

M = TypeVar("M")


class Look(NamedTuple, Generic[M]):
    """What was seen; with `last` there is nothing more to follow."""

    seen: M
    last: bool


@dataclass(frozen=True, slots=True)
class Watch(Generic[M]):
    """The events of an organization's `topics` only wake the watcher; `look` reads how it stands.

    So nothing depends on an event that was lost, and what is shown is what was committed.
    """

    organization_id: UUID
    topics: tuple[str, ...]
    look: Callable[[], Look[M]]
    concerns: Callable[[dict[str, Any]], bool] = lambda event: True
    """Whether an event is about what is watched."""
