"""Several assets that are one: what was said of the others goes to the one that stays, and the others are deleted.

Relationships, tags and terms go over; description, owner and domain where the one that stays has none. A
duplicate that a source still shows is in the catalog again after its next collection, as a new asset.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from accounts.actor import Actor
from accounts.models import Role
from catalog.edges import EdgeRecord, End, read_edges_at
from catalog.jsontext import JsonText
from catalog.merging import curated_by
from catalog.models import Asset
from catalog.records import AssetRecord, read_by_id, sorted_tags, sorted_terms
from catalog.services.assets import locked
from catalog.services.edge_writing import EdgeWriter
from catalog.services.references import column_paths
from catalog.services.retry import retried
from catalog.services.writing import AssetWriter
from contracts.errors import Invalid, NotFound

AT_ONCE = 100
"""Duplicates that one merge takes."""


def merge_assets(
    *, actor: Actor, keep: Asset, duplicates: Collection[UUID], expected_version: int | None = None
) -> Asset:
    """Let `keep` be all of these, and delete the others. The trail of each says what became of it.

    Raises Invalid for none, for too many and for `keep` among them, NotFound, Stale, Forbidden.
    """
    actor.require(Role.EDITOR)
    ids = list(dict.fromkeys(duplicates))
    if not ids or len(ids) > AT_ONCE:
        raise Invalid(fields={"asset_ids": [f"Name 1 to {AT_ONCE} assets."]}, resource="asset")
    if keep.pk in ids:
        raise Invalid(fields={"asset_ids": ["An asset is no duplicate of itself."]}, resource="asset")
    _merge(actor, keep.pk, ids, expected_version)
    return Asset.objects.for_display().get(pk=keep.pk)


@retried
def _merge(actor: Actor, keep_id: UUID, ids: list[UUID], expected_version: int | None) -> None:
    # All are held in one order, as everywhere.
    held = {record.id: record for record in read_by_id([keep_id, *ids], lock=True)}
    keep = locked(actor, keep_id, expected_version)
    gone = []
    for key in ids:
        record = held.get(key)
        if record is None or record.deleted_at is not None or record.organization_id != keep.organization_id:
            raise NotFound(resource="asset", asset_id=str(key))
        gone.append(record)
    _move_edges(actor, keep, gone)
    writer = AssetWriter(actor, keep.organization_id)
    if changes := _gained(keep, gone):
        curated = {*keep.curated, *curated_by(changes)}
        writer.change(keep, **changes, curated=tuple(sorted(curated)))
    for record in gone:
        writer.change(record, "DELETE", deleted_at=writer.now)
    writer.flush()


def _gained(keep: AssetRecord, gone: list[AssetRecord]) -> dict[str, Any]:
    """What the one that stays has from the others."""
    columns = set(column_paths(keep.schema.value))
    tags = {tag.id: tag for record in (*gone, keep) for tag in record.tags}
    links = {link for record in gone for link in record.terms if not link.column or link.column in columns}
    gained: dict[str, Any] = {"tags": sorted_tags(tags.values()), "terms": sorted_terms([*links, *keep.terms])}
    for name in ("description", "owner", "domain"):
        values = [getattr(record, name) for record in (keep, *gone)]
        gained[name] = next((value for value in values if value), values[0])
    return {name: value for name, value in gained.items() if value != getattr(keep, name)}


def _move_edges(actor: Actor, keep: AssetRecord, gone: list[AssetRecord]) -> None:
    """Every edge of the others leads from or to the one that stays; none twice, and none from it to itself."""
    others = {record.id for record in gone}
    here = End(keep.id, keep.qualified_name)
    writer = EdgeWriter(actor, keep.organization_id)
    edges = read_edges_at([keep.id, *others])
    if not any(_touches(edge, others) for edge in edges):
        return
    there = {(edge.source.id, edge.target.id, edge.type): edge for edge in edges if not _touches(edge, others)}
    moved: dict[tuple[UUID, UUID, str], EdgeRecord] = {}
    mappings: dict[tuple[UUID, UUID, str], list[JsonText]] = {}
    for edge in edges:
        if not _touches(edge, others):
            continue
        writer.delete(edge)
        source = here if edge.source.id in others else edge.source
        target = here if edge.target.id in others else edge.target
        place = (source.id, target.id, edge.type)
        if source.id == target.id:
            continue
        mappings.setdefault(place, []).append(edge.metadata)
        if place not in there and place not in moved:
            moved[place] = replace(
                edge, id=uuid7(), source=source, target=target, created_at=writer.now, updated_at=writer.now
            )
    for place, edge in moved.items():
        writer.create(replace(edge, metadata=_together(mappings[place])))
    for place, metadata in mappings.items():
        if place in there:
            edge = there[place]
            together = _together([edge.metadata, *metadata])
            if together != edge.metadata:
                writer.change(edge, metadata=together)
    writer.flush()


def _touches(edge: EdgeRecord, ids: set[UUID]) -> bool:
    return edge.source.id in ids or edge.target.id in ids


def _together(several: list[JsonText]) -> JsonText:
    """One edge's metadata out of several's: the first that says a thing is right, but of columns all are heard."""
    whole: dict[str, Any] = {}
    columns: dict[str, Any] = {}
    for metadata in several:
        whole = {**metadata.value, **whole}
        mapping = metadata.value.get("column_mapping")
        columns = {**(mapping if isinstance(mapping, dict) else {}), **columns}
    return JsonText({**whole, "column_mapping": columns} if columns else whole)
