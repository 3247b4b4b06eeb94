"""Rows that are kept when they are deleted, until they are made anew or forgotten.

For what may not stay in its own table, where each reader would have to look past it: a membership that is
deleted must never open a door.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model
from django.utils import timezone

from accounts.actor import Actor
from accounts.managers import name_key
from accounts.models import DeletedRow, Role
from audit.tables import insert_rows
from contracts.errors import NotFound

M = TypeVar("M", bound=Model)


def keep(
    organization_id: UUID, kind: str, entity_id: UUID, name: str, state: Mapping[str, Any], *, deleted_at: Any = None
) -> None:
    """Keep what was deleted, inside the caller's transaction; what was kept of it before is let go."""
    forget(organization_id, kind, entity_id)
    DeletedRow.objects.create(
        organization_id=organization_id,
        kind=kind,
        entity_id=entity_id,
        key=name_key(name),
        state=state,
        deleted_at=deleted_at or timezone.now(),
    )


def take(actor: Actor, kind: str, entity_id: UUID, *, resource: str, organization_id: UUID | None = None) -> DeletedRow:
    """What is kept of this, its row gone with the transaction. Raises NotFound."""
    found = DeletedRow.objects.visible_to(actor).select_for_update().filter(kind=kind, entity_id=entity_id)
    kept = (found.filter(organization=organization_id) if organization_id else found).first()
    if kept is None:
        raise NotFound(resource=resource, **{f"{resource}_id": str(entity_id)})
    kept.delete()
    return kept


def forget(organization_id: UUID, kind: str, entity_id: UUID) -> None:
    DeletedRow.objects.filter(organization=organization_id, kind=kind, entity_id=entity_id).delete()


def forget_deleted(*, actor: Actor, kept: DeletedRow, role: Role = Role.EDITOR) -> None:
    """Let go of what was kept: it cannot be restored any more. Raises Forbidden."""
    actor.require(role)
    kept.delete()


def state_of(row: Model, *, without: Sequence[str] = ()) -> dict[str, Any]:
    """The row's columns by name."""
    return {
        field.attname: field.value_from_object(row)
        for field in row._meta.concrete_fields
        if field.attname not in without
    }


def row_of(model: type[M], state: Mapping[str, Any]) -> M:
    """The row of these columns, not saved; one that the state does not tell of is as in a new row."""
    fields = (field for field in model._meta.concrete_fields if field.attname in state)
    return model(**{field.attname: field.to_python(state[field.attname]) for field in fields})


def insert_again(row: Model) -> None:
    """Save a row of `row_of` with all its columns as they are, the day of its making too."""
    fields = row._meta.concrete_fields
    values = [field.value_from_object(row) for field in fields]
    insert_rows(type(row), [str(field.column) for field in fields], [values])
    row._state.adding = False
