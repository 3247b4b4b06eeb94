"""Tags: made, described, renamed, merged, deleted. Every asset that carries one follows, and its history says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from accounts.actor import Actor
from accounts.models import Role
from audit import services as audit
from audit.services import Change
from catalog.models import AssetTag, Tag
from catalog.records import TagName, read_by_id, sorted_tags
from catalog.services.naming import tag_state
from catalog.services.retry import retried
from catalog.services.writing import AssetWriter
from catalog.validation import clean_tag, tag_key
from contracts.errors import Conflict, Invalid, NotFound

AT_A_TIME = 2000
"""Assets that are held in memory together while they follow a tag."""


def create_tag(*, actor: Actor, data: Mapping[str, Any]) -> Tag:
    """Make a tag: `name`, `category`, `description`, `colour`. Raises Invalid, Conflict for a name that is taken."""
    actor.require(Role.EDITOR)
    return _create(actor, clean_tag(data, required=("name",)))


def update_tag(*, actor: Actor, tag: Tag, changes: Mapping[str, Any]) -> Tag:
    """Change what `changes` says. Raises Invalid, Conflict for a name that is taken, NotFound, Forbidden."""
    actor.require(Role.EDITOR)
    return _update(actor, tag.pk, clean_tag(changes))


def delete_tag(*, actor: Actor, tag: Tag) -> None:
    """Delete a tag and take it from every asset. Raises NotFound, Forbidden."""
    actor.require(Role.EDITOR)
    _delete(actor, tag.pk, None)


def merge_tags(*, actor: Actor, tag: Tag, into: Tag) -> Tag:
    """Give every asset that carries `tag` the tag `into`, and delete `tag`. Raises Invalid, NotFound, Forbidden."""
    actor.require(Role.EDITOR)
    if tag.pk == into.pk or tag.organization_id != into.organization_id:
        raise Invalid("A tag can be merged into another one of its organization", resource="tag")
    _delete(actor, tag.pk, into.pk)
    return Tag.objects.get(pk=into.pk)


@retried
def _create(actor: Actor, fields: dict[str, Any]) -> Tag:
    organization_id = actor.tenant
    _check_name_is_free(organization_id, fields["name"])
    tag = Tag(id=uuid7(), organization_id=organization_id, key=tag_key(fields["name"]), **fields)
    tag.save(force_insert=True)
    _record(actor, "CREATE", tag, None, _state(tag))
    return tag


@retried
def _update(actor: Actor, tag_id: UUID, fields: dict[str, Any]) -> Tag:
    tag = _locked(actor, tag_id)
    before, name = _state(tag), tag.name
    for field, value in fields.items():
        setattr(tag, field, value)
    if _state(tag) == before:
        return tag
    if tag.name != name:
        if tag_key(tag.name) != tag.key:
            _check_name_is_free(tag.organization_id, tag.name)
        tag.key = tag_key(tag.name)
        _follow(actor, tag, TagName(tag.pk, tag.name, tag.key))
    tag.save(update_fields=[*fields, "key", "updated_at"])
    _record(actor, "UPDATE", tag, before, _state(tag))
    return tag


@retried
def _delete(actor: Actor, tag_id: UUID, into_id: UUID | None) -> None:
    heir = _locked(actor, into_id) if into_id else None
    tag = _locked(actor, tag_id)
    _follow(actor, tag, TagName(heir.pk, heir.name, heir.key) if heir else None)
    _leave_to_deleted_assets(tag, heir)
    _record(actor, "MERGE" if heir else "DELETE", tag, _state(tag), None)
    tag.delete()


def _follow(actor: Actor, tag: Tag, becomes: TagName | None) -> None:
    """Write every living asset that carries the tag as one that carries `becomes` in its place.

    Called before the tag itself is written, so that an asset's state before the change is read as it was.
    """
    carriers = AssetTag.objects.filter(tag=tag.pk, asset__deleted_at=None).order_by("asset_id")
    ids = list(carriers.values_list("asset_id", flat=True))
    for start in range(0, len(ids), AT_A_TIME):
        writer = AssetWriter(actor, tag.organization_id)
        for record in read_by_id(ids[start : start + AT_A_TIME], lock=True):
            kept = [held for held in record.tags if held.id not in {tag.pk, becomes.id if becomes else None}]
            writer.change(record, tags=sorted_tags([*kept, becomes] if becomes else kept))
        writer.flush()


def _leave_to_deleted_assets(tag: Tag, heir: Tag | None) -> None:
    """Deleted assets have no history to continue, but one that is restored carries what the living do."""
    left = AssetTag.objects.filter(tag=tag)
    if heir is not None:
        heirs = [AssetTag(asset_id=key, tag=heir) for key in left.values_list("asset_id", flat=True)]
        AssetTag.objects.bulk_create(heirs, ignore_conflicts=True)
    left.delete()


def _locked(actor: Actor, tag_id: UUID) -> Tag:
    tag = Tag.objects.visible_to(actor).select_for_update().filter(pk=tag_id).first()
    if tag is None:
        raise NotFound(resource="tag", tag_id=str(tag_id))
    return tag


def _check_name_is_free(organization_id: UUID, name: str) -> None:
    """A first look, for a good answer; the constraint decides between two at the same time."""
    other = Tag.objects.filter(organization=organization_id, key=tag_key(name)).first()
    if other is not None:
        raise Conflict(f"There is a tag '{other.name}' already", resource="tag", name=other.name, tag_id=str(other.pk))


def _state(tag: Tag) -> dict[str, object]:
    return tag_state(tag.pk, tag.name, tag.category, tag.description, tag.colour)


def _record(
    actor: Actor, action: str, tag: Tag, before: dict[str, object] | None, after: dict[str, object] | None
) -> None:
    change = Change(action, "TAG", tag.pk, tag.name, before, after)
    audit.record(actor, change, organization_id=tag.organization_id)
