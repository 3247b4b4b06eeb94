"""One relationship: create, change its metadata, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from accounts.actor import Actor
from accounts.models import Role
from catalog.edges import EdgeRecord, End, read_between, read_edges
from catalog.jsontext import JsonText, same_json
from catalog.models import Asset, Relationship
from catalog.services.edge_writing import EdgeWriter
from catalog.services.retry import retried
from catalog.validation import clean_relationship
from contracts.errors import Conflict, Invalid, NotFound


def create_relationship(
    *, actor: Actor, source: Asset, target: Asset, type: str, metadata: Mapping[str, Any] | None = None
) -> Relationship:
    """Relate two living assets of one organization.

    Raises Invalid, Conflict when they are related so already, NotFound for an end the actor cannot see, Forbidden.
    """
    actor.require(Role.EDITOR)
    for asset in (source, target):
        if asset.deleted_at is not None or not (actor.sees_all or asset.organization_id in actor.organizations):
            raise NotFound(resource="asset", asset_id=str(asset.pk))
    if source.organization_id != target.organization_id:
        raise Invalid(fields={"target": ["It belongs to another organization."]}, resource="relationship")
    fields = clean_relationship({"type": type, "metadata": dict(metadata or {})})
    return _load(_create(actor, source, target, fields))


def update_relationship(*, actor: Actor, relationship: Relationship, metadata: Mapping[str, Any]) -> Relationship:
    """Put other metadata in the place of the edge's. Raises Invalid, NotFound, Forbidden."""
    actor.require(Role.EDITOR)
    fields = clean_relationship({"type": relationship.type, "metadata": dict(metadata)})
    _update(actor, relationship.pk, fields["metadata"])
    return _load(relationship.pk)


def delete_relationship(*, actor: Actor, relationship: Relationship) -> None:
    """Delete an edge. Raises NotFound, Forbidden."""
    actor.require(Role.EDITOR)
    _delete(actor, relationship.pk)


@retried
def _create(actor: Actor, source: Asset, target: Asset, fields: dict[str, Any]) -> UUID:
    living = set(Asset.objects.filter(pk__in=[source.pk, target.pk], deleted_at=None).values_list("pk", flat=True))
    for asset in (source, target):
        if asset.pk not in living:  # since it was read
            raise NotFound(resource="asset", asset_id=str(asset.pk))
    there = {edge.type: edge for edge in read_between([source.pk], [target.pk])}
    if fields["type"] in there:
        raise Conflict(
            f"'{source.qualified_name}' {fields['type']} '{target.qualified_name}' already",
            resource="relationship",
            relationship_id=str(there[fields["type"]].id),
        )
    writer = EdgeWriter(actor, source.organization_id)
    edge = EdgeRecord(
        id=uuid7(),
        organization_id=source.organization_id,
        source=End(source.pk, source.qualified_name),
        target=End(target.pk, target.qualified_name),
        type=fields["type"],
        metadata=fields["metadata"],
        origin_id=None,
        created_by_id=actor.user_id,
        created_at=writer.now,
        updated_at=writer.now,
    )
    writer.create(edge)
    writer.flush()
    return edge.id


@retried
def _update(actor: Actor, edge_id: UUID, metadata: JsonText) -> None:
    edge = _locked(actor, edge_id)
    if same_json(edge.metadata.value, metadata.value):
        return
    writer = EdgeWriter(actor, edge.organization_id)
    writer.change(edge, metadata=metadata)
    writer.flush()


@retried
def _delete(actor: Actor, edge_id: UUID) -> None:
    edge = _locked(actor, edge_id)
    writer = EdgeWriter(actor, edge.organization_id)
    writer.delete(edge)
    writer.flush()


def _load(edge_id: UUID) -> Relationship:
    found = Relationship.objects.filter(pk=edge_id).first()
    if found is None:
        raise NotFound("It was deleted meanwhile", resource="relationship", relationship_id=str(edge_id))
    return found


def _locked(actor: Actor, edge_id: UUID) -> EdgeRecord:
    edge = next(iter(read_edges([edge_id], lock=True)), None)
    if edge is None or not (actor.sees_all or edge.organization_id in actor.organizations):
        raise NotFound(resource="relationship", relationship_id=str(edge_id))
    return edge
