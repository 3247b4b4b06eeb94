"""Lineage as two ends and what is said of it, whatever type of relationship says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from accounts.actor import Actor
from accounts.models import Role
from catalog.edges import read_edges
from catalog.models import Asset, AssetType, Relationship, RelationshipType
from catalog.services.edge_writing import EdgeWriter
from catalog.services.relationships import create_relationship, update_relationship
from catalog.services.retry import retried
from contracts.errors import Conflict, NotFound

Describe = Callable[[Mapping[str, Any]], dict[str, Any]]
"""The metadata that an edge shall have, made of what it has."""


def put_lineage(*, actor: Actor, upstream: Asset, downstream: Asset, describe: Describe) -> Relationship:
    """Put one asset upstream of another, or say something else of an edge that does.

    A pipeline USES what is upstream of it and PRODUCES what is downstream; others DEPEND_ON it. Raises NotFound,
    Invalid, Forbidden.
    """
    actor.require(Role.EDITOR)
    for _ in range(2):
        known = Relationship.objects.visible_to(actor).between(upstream.pk, downstream.pk).first()
        metadata = describe(known.metadata if known else {})
        if known is not None:
            return update_relationship(actor=actor, relationship=known, metadata=metadata)
        source, type_, target = _as_relationship(upstream, downstream)
        try:
            return create_relationship(actor=actor, source=source, target=target, type=type_, metadata=metadata)
        except Conflict:
            continue  # another was faster: then it is there to be changed
    raise Conflict("Others keep changing this lineage; try again", resource="lineage")


def delete_lineage(*, actor: Actor, upstream: Asset, downstream: Asset) -> None:
    """Delete every edge that puts the one upstream of the other. Raises NotFound where there is none, Forbidden."""
    edges = Relationship.objects.visible_to(actor).between(upstream.pk, downstream.pk)
    actor.require(Role.EDITOR)
    if not _delete(actor, list(edges.values_list("pk", flat=True))):
        names = f"'{upstream.qualified_name}' to '{downstream.qualified_name}'"
        raise NotFound(f"There is no lineage from {names}", resource="lineage")


def delete_lineage_told_by(*, actor: Actor, downstream: Asset, source: str) -> None:
    """Delete the edges that lead to an asset and have this `lineage_source` in their metadata. Raises Forbidden."""
    actor.require(Role.EDITOR)
    edges = Relationship.objects.visible_to(actor).filter(downstream_id=downstream.pk)
    _delete(actor, list(edges.filter(metadata__lineage_source=source).values_list("pk", flat=True)))


def delete_dependencies(*, actor: Actor, source: Asset, targets: Sequence[str]) -> int:
    """Delete the edges by which an asset DEPENDS_ON those of these qualified names; returns how many there were.

    Raises Forbidden.
    """
    actor.require(Role.EDITOR)
    edges = Relationship.objects.visible_to(actor).filter(source=source, type=RelationshipType.DEPENDS_ON)
    return _delete(actor, list(edges.filter(target__qualified_name__in=targets).values_list("pk", flat=True)))


def _as_relationship(upstream: Asset, downstream: Asset) -> tuple[Asset, str, Asset]:
    if upstream.type == AssetType.PIPELINE:
        return upstream, RelationshipType.PRODUCES, downstream
    if downstream.type == AssetType.PIPELINE:
        return downstream, RelationshipType.USES, upstream
    return downstream, RelationshipType.DEPENDS_ON, upstream


@retried
def _delete(actor: Actor, ids: list[UUID]) -> int:
    edges = read_edges(ids, lock=True) if ids else []
    writers: dict[UUID, EdgeWriter] = {}
    for edge in edges:
        writers.setdefault(edge.organization_id, EdgeWriter(actor, edge.organization_id)).delete(edge)
    for writer in writers.values():
        writer.flush()
    return len(edges)
