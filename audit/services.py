"""Writing the trail. Called inside the transaction of the change it speaks of, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from audit.listening import listeners_of
from audit.models import AuditEvent
from audit.tables import insert_rows
from audit.vocabulary import check_words

State = Mapping[str, Any]


class Author(Protocol):
    """Who changes: an `accounts.actor.Actor`, named here by what the trail keeps of it."""

    @property
    def kind(self) -> str: ...
    @property
    def organization_id(self) -> UUID | None: ...
    @property
    def user_id(self) -> UUID | None: ...
    @property
    def user_name(self) -> str: ...
    @property
    def door(self) -> str: ...
    @property
    def request_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Change:
    """One thing's change. `before` is None for a creation, `after` is None for a deletion.

    What is done to what is said in the words of `audit.vocabulary`; another one is a ValueError.
    """

    action: str
    entity_type: str
    entity_id: UUID
    entity_name: str
    before: State | None
    after: State | None
    version: int | None = None

    def __post_init__(self) -> None:
        check_words(self.action, self.entity_type)


def record(actor: Author, change: Change, *, organization_id: UUID | None = None) -> None:
    """Put one change on the trail, in the transaction that is open."""
    record_many(actor, [change], organization_id=organization_id)


def record_many(actor: Author, changes: Iterable[Change], *, organization_id: UUID | None = None) -> int:
    """Put many changes on the trail with one statement; returns how many.

    The organization is the actor's, unless another is given (a superuser at work elsewhere).
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("audit.record outside a transaction: a change and its event must commit together")
    now = timezone.now()
    owner = organization_id or actor.organization_id
    listeners = listeners_of(owner, changes)
    told = list(changes) if listeners else None
    count = insert_rows(
        AuditEvent,
        (
            "id",
            "organization_id",
            "entity_type",
            "entity_id",
            "entity_name",
            "entity_version",
            "action",
            "actor_kind",
            "user_id",
            "user_name",
            "door",
            "request_id",
            "before_state",
            "after_state",
            "timestamp",
        ),
        (
            (
                uuid7(),
                owner,
                change.entity_type,
                change.entity_id,
                change.entity_name,
                change.version,
                change.action,
                actor.kind,
                actor.user_id,
                actor.user_name,
                actor.door,
                actor.request_id,
                change.before,
                change.after,
                now,
            )
            for change in (changes if told is None else told)
        ),
    )
    if owner is not None and told:
        for listener in listeners:
            listener.hear(actor, owner, told)
    return count
