"""What contains others, deleted and brought back with all that it contains."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Role
from catalog.models import Asset, RelationshipType
from catalog.records import AssetRecord, read_by_id, read_by_name
from catalog.services.assets import locked
from catalog.services.selections import AT_A_TIME
from catalog.services.writing import AssetWriter
from catalog.tables import among, as_uuid
from contracts.errors import Conflict, Invalid, NotFound

LEVELS = 20
"""How deep containers may stand in each other; edges may even go round in a circle."""


def descendants(roots: Collection[UUID], *, deleted: bool = False) -> list[UUID]:
    """Everything that these assets contain, at any level, the deepest first. One statement.

    With `deleted` those that are deleted, else those that live.
    """
    condition, parameter = among("id", list(roots), "uuid")
    with connection.cursor() as cursor:
        cursor.execute(_WALK.format(condition=condition, state="IS NOT NULL" if deleted else "IS NULL"), [parameter])
        found = [as_uuid(row[0]) for row in cursor.fetchall()]
    inside = set(roots)
    return [key for key in dict.fromkeys(found) if key not in inside]


@transaction.atomic
def delete_tree(
    *, actor: Actor, asset: Asset, recursive: bool = False, expected_version: int | None = None
) -> list[UUID]:
    """Delete an asset, and with `recursive` all it contains; all of one deletion have the same `deleted_at`.

    Returns the ids of what was deleted. Raises Invalid where it contains something and `recursive` is not said,
    Stale, NotFound, Forbidden.
    """
    actor.require(Role.EDITOR)
    record = locked(actor, asset.pk, expected_version)
    inside = descendants([record.id])
    if inside and not recursive:
        raise Invalid(f"'{record.qualified_name}' is not empty: delete it with recursive=true", resource="asset")
    return delete_all(actor=actor, asset_ids=[*inside, record.id])


@transaction.atomic
def delete_all(*, actor: Actor, asset_ids: Sequence[UUID]) -> list[UUID]:
    """Delete these assets, with one `deleted_at` for all; those that do not live, or are not seen, are passed over."""
    actor.require(Role.EDITOR)
    now = timezone.now()
    deleted: list[UUID] = []
    for start in range(0, len(asset_ids), AT_A_TIME):
        by_tenant: dict[UUID, list[AssetRecord]] = {}
        for record in read_by_id(asset_ids[start : start + AT_A_TIME], lock=True):
            if record.deleted_at is None and _is_seen(actor, record):
                by_tenant.setdefault(record.organization_id, []).append(record)
        for organization_id, records in by_tenant.items():
            writer = AssetWriter(actor, organization_id)
            writer.now = now
            for record in records:
                writer.change(record, "DELETE", deleted_at=now)
                deleted.append(record.id)
            writer.flush()
    return deleted


@transaction.atomic
def restore_tree(*, actor: Actor, asset: Asset) -> list[UUID]:
    """Bring an asset back with all that was deleted together with it; returns their ids.

    Raises Conflict where another has taken a name, NotFound, Forbidden.
    """
    actor.require(Role.EDITOR)
    found = next(iter(read_by_id([asset.pk])), None)
    if found is None or not _is_seen(actor, found):
        raise NotFound(resource="asset", asset_id=str(asset.pk))
    if found.deleted_at is None:
        return []
    inside = descendants([found.id], deleted=True)
    return restore_all(actor=actor, asset_ids=[found.id, *inside], deleted_at=found.deleted_at)


@transaction.atomic
def restore_all(*, actor: Actor, asset_ids: Sequence[UUID], deleted_at: datetime) -> list[UUID]:
    """Bring back those of these assets of one organization that were deleted at this moment; returns their ids.

    Raises Conflict where another has taken a name, Forbidden.
    """
    actor.require(Role.EDITOR)
    restored: list[UUID] = []
    ids = list(dict.fromkeys(asset_ids))
    for start in range(0, len(ids), AT_A_TIME):
        records = read_by_id(ids[start : start + AT_A_TIME], lock=True)
        records = [record for record in records if record.deleted_at == deleted_at and _is_seen(actor, record)]
        if not records:
            continue
        organization_id = records[0].organization_id
        taken = read_by_name(organization_id, [record.qualified_name for record in records])
        if taken:
            name = taken[0].qualified_name
            raise Conflict(f"Another has taken the name '{name}'", resource="asset", qualified_name=name)
        writer = AssetWriter(actor, organization_id)
        for record in records:
            writer.change(record, "RESTORE", deleted_at=None)
            restored.append(record.id)
        writer.flush()
    return restored


def _is_seen(actor: Actor, record: AssetRecord) -> bool:
    return actor.sees_all or record.organization_id in actor.organizations


_WALK = f"""
    WITH RECURSIVE inside(id, level) AS (
        SELECT id, 0 FROM catalog_asset WHERE {{condition}}
        UNION
        SELECT a.id, i.level + 1 FROM inside i
        JOIN catalog_relationship r ON r.source_id = i.id AND r.type = '{RelationshipType.CONTAINS}'
        JOIN catalog_asset a ON a.id = r.target_id AND a.deleted_at {{state}}
        WHERE i.level < {LEVELS}
    )
    SELECT id FROM inside WHERE level > 0 ORDER BY level DESC
"""  # noqa: S608  our own texts
