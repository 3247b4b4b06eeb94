"""The one way relationships are written: rows and trail together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from accounts.actor import Actor
from audit import services as audit
from audit.services import Change
from audit.tables import insert_rows
from catalog.edges import EdgeRecord, edge_state
from catalog.models import Relationship
from catalog.services.retry import OutrunError
from catalog.tables import among, update_rows

_INSERTED = (
    "id",
    "organization_id",
    "source_id",
    "target_id",
    "type",
    "metadata",
    "origin_id",
    "created_by_id",
    "created_at",
    "updated_at",
)


class EdgeWriter:
    """Collects the changes of one transaction and writes them all with `flush`."""

    def __init__(self, actor: Actor, organization_id: UUID) -> None:
        self.actor = actor
        self.organization_id = organization_id
        self.now: datetime = timezone.now()
        self._created: list[EdgeRecord] = []
        self._changed: list[tuple[EdgeRecord, EdgeRecord]] = []
        self._deleted: list[EdgeRecord] = []

    def create(self, edge: EdgeRecord) -> None:
        self._created.append(edge)

    def change(self, before: EdgeRecord, **changes: Any) -> None:
        self._changed.append((before, before.with_changes(updated_at=self.now, **changes)))

    def delete(self, edge: EdgeRecord) -> None:
        self._deleted.append(edge)

    def flush(self) -> None:
        """Write everything. Raises OutrunError when a row is no longer as it was read."""
        changed = [(old.id, old.updated_at, new.metadata.fragment, new.updated_at) for old, new in self._changed]
        written = update_rows(Relationship, ("metadata", "updated_at"), changed, keys=("id", "updated_at"))
        if written != len(changed):
            raise OutrunError
        self._delete_rows()
        if self._created:
            insert_edges(self._created)
        audit.record_many(self.actor, self._trail(), organization_id=self.organization_id)

    def _delete_rows(self) -> None:
        if not self._deleted:
            return
        condition, parameter = among("id", [edge.id for edge in self._deleted], "uuid")
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM catalog_relationship WHERE {condition}", [parameter])  # noqa: S608
            if cursor.rowcount != len(self._deleted):
                raise OutrunError

    def _trail(self) -> Iterator[Change]:
        for edge in self._created:
            yield _event("CREATE", edge, None, edge)
        for before, after in self._changed:
            yield _event("UPDATE", after, before, after)
        for edge in self._deleted:
            yield _event("DELETE", edge, edge, None)


def insert_edges(edges: Iterable[EdgeRecord]) -> None:
    """The rows of relationships that are new; their trail is the caller's to write. One statement."""
    insert_rows(Relationship, _INSERTED, map(_inserted, edges))


def _event(action: str, edge: EdgeRecord, before: EdgeRecord | None, after: EdgeRecord | None) -> Change:
    return Change(
        action=action,
        entity_type="RELATIONSHIP",
        entity_id=edge.id,
        entity_name=edge.name,
        before=edge_state(before) if before else None,
        after=edge_state(after) if after else None,
    )


def _inserted(edge: EdgeRecord) -> tuple[Any, ...]:
    return (
        edge.id,
        edge.organization_id,
        edge.source.id,
        edge.target.id,
        edge.type,
        edge.metadata.fragment,
        edge.origin_id,
        edge.created_by_id,
        edge.created_at,
        edge.updated_at,
    )
