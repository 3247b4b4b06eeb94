"""Who hears of changes in the transaction that makes them: apps above subscribe, the trail tells.

A listener says first whether it wants to hear of an organization at all, so that nobody else's changes are
held in memory for it. What it then does commits or fails with the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from audit.services import Author, Change


class Listener(NamedTuple):
    """`wants` costs one statement at most; `hear` is called inside the transaction, after the events are written.

    Of changes of other entity types than `entity_types` it is not asked. Who hears of things that are written one by
    one says so with `hears_batches` false: then no batch is held in memory for it.
    """

    entity_types: frozenset[str]
    wants: Callable[[UUID], bool]
    hear: Callable[[Author, UUID, Sequence[Change]], None]
    hears_batches: bool = True


_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Subscribe; a second time changes nothing."""
    if listener not in _listeners:
        _listeners.append(listener)


def listeners_of(organization_id: UUID | None, changes: Iterable[Change]) -> list[Listener]:
    """Those that want to hear of these changes of the organization; an iterator is not looked into."""
    if organization_id is None:
        return []
    types = {change.entity_type for change in changes} if isinstance(changes, Sequence) else None
    return [
        listener
        for listener in _listeners
        if (listener.hears_batches if types is None else types & listener.entity_types)
        and listener.wants(organization_id)
    ]
