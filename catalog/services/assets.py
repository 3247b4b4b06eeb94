"""One asset: create, change, delete, bring back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from accounts.actor import Actor
from accounts.models import Role
from catalog.merging import merged
from catalog.models import Asset
from catalog.records import AssetRecord, asset_state, read_by_id
from catalog.services.bulk import REQUIRED, new_asset
from catalog.services.naming import TagBook, check_asset_lines
from catalog.services.references import ReferenceBook
from catalog.services.retry import retried
from catalog.services.writing import AssetWriter
from catalog.validation import clean_asset
from contracts.errors import Conflict, NotFound, Stale


def create_asset(*, actor: Actor, data: Mapping[str, Any]) -> Asset:
    """Put an asset into the catalog. `data` holds the fields of `clean_asset`; unknown tags are made.

    `owner` is a member's id, user name or e-mail address, or a team's id or name; `domain` and `terms` are there
    already, and a term may be said of a column. Raises Invalid, Conflict when the qualified name is taken, Forbidden.
    """
    actor.require(Role.EDITOR)
    return _load(_create(actor, clean_asset(data, required=REQUIRED)))


def update_asset(
    *, actor: Actor, asset: Asset, changes: Mapping[str, Any], expected_version: int | None = None
) -> Asset:
    """Change what `changes` says and leave the rest; `metadata` merges one level deep, null removes a key.

    What changes nothing is not written. Raises Invalid, Stale when `expected_version` is not the current
    one, Conflict when the new qualified name is taken, NotFound, Forbidden.
    """
    actor.require(Role.EDITOR)
    _update(actor, asset.pk, clean_asset(changes), expected_version)
    return _load(asset.pk)


def delete_asset(*, actor: Actor, asset: Asset, expected_version: int | None = None) -> None:
    """Hide an asset: it frees its qualified name, and its edges are no lineage any more.

    Raises Stale, NotFound, Forbidden.
    """
    actor.require(Role.EDITOR)
    _delete(actor, asset.pk, expected_version)


def restore_asset(*, actor: Actor, asset: Asset) -> Asset:
    """Bring a deleted asset back, its edges too; one that lives is left as it is.

    Raises Conflict when another has taken its qualified name, NotFound, Forbidden.
    """
    actor.require(Role.EDITOR)
    _restore(actor, asset.pk)
    return _load(asset.pk)


def snapshot(asset: Asset) -> dict[str, Any]:
    """The asset's whole state as the trail keeps it."""
    return asset_state(read_by_id([asset.pk])[0])


@retried
def _create(actor: Actor, fields: dict[str, Any]) -> UUID:
    organization_id = actor.tenant
    check_asset_lines(fields, None)
    _check_name_is_free(organization_id, fields["qualified_name"])
    book = ReferenceBook(organization_id)
    book.learn([fields])
    fields = book.found(fields)
    tags = TagBook(actor, organization_id)
    tags.learn(fields.get("tags", ()))
    writer = AssetWriter(actor, organization_id)
    record = new_asset(writer, fields, tags, None)
    writer.create(record)
    writer.flush()
    return record.id


@retried
def _update(actor: Actor, asset_id: UUID, fields: dict[str, Any], expected_version: int | None) -> None:
    record = locked(actor, asset_id, expected_version)
    check_asset_lines(fields, record)
    book = ReferenceBook(record.organization_id)
    book.learn([fields])
    fields = book.found(fields, record)
    tags = TagBook(actor, record.organization_id)
    tags.learn(fields.get("tags", ()))
    changes = merged(record, fields, tags, None)
    if not changes:
        return
    if "qualified_name" in changes:
        _check_name_is_free(record.organization_id, changes["qualified_name"])
    writer = AssetWriter(actor, record.organization_id)
    writer.change(record, **changes)
    writer.flush()


@retried
def _delete(actor: Actor, asset_id: UUID, expected_version: int | None) -> None:
    record = locked(actor, asset_id, expected_version)
    writer = AssetWriter(actor, record.organization_id)
    writer.change(record, "DELETE", deleted_at=writer.now)
    writer.flush()


@retried
def _restore(actor: Actor, asset_id: UUID) -> None:
    record = locked(actor, asset_id, None, deleted=True)
    if record.deleted_at is None:
        return
    _check_name_is_free(record.organization_id, record.qualified_name)
    writer = AssetWriter(actor, record.organization_id)
    writer.change(record, "RESTORE", deleted_at=None)
    writer.flush()


def locked(actor: Actor, asset_id: UUID, expected_version: int | None, *, deleted: bool = False) -> AssetRecord:
    """The asset as it is now, its row held until the transaction ends."""
    record = next(iter(read_by_id([asset_id], lock=True)), None)
    if (
        record is None
        or (record.deleted_at is not None and not deleted)
        or not (actor.sees_all or record.organization_id in actor.organizations)
    ):
        raise NotFound(resource="asset", asset_id=str(asset_id))
    if expected_version is not None and expected_version != record.version:
        raise Stale(
            f"The asset is at version {record.version}, not {expected_version}",
            resource="asset",
            asset_id=str(asset_id),
            expected_version=expected_version,
            current_version=record.version,
        )
    return record


def _check_name_is_free(organization_id: UUID, name: str) -> None:
    """A first look, for a good answer; the constraint decides between two at the same time."""
    taken = Asset.objects.filter(organization=organization_id, qualified_name=name, deleted_at=None)
    other = taken.values_list("id", flat=True).first()
    if other is not None:
        raise Conflict(
            f"There is an asset with the qualified name '{name}' already",
            resource="asset",
            qualified_name=name,
            asset_id=str(other),
        )


def _load(asset_id: UUID) -> Asset:
    return Asset.objects.for_display().get(pk=asset_id)
