"""Tags: made, described, renamed, merged, deleted, made anew. Every asset that carries one follows, and its history
says so.

A category is what the tags in it say; the tag that bears its name describes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.actor import Actor
from accounts.checks import check_lines
from accounts.models import DeletedRow, Role
from accounts.services.keeping import forget_deleted, insert_again, keep, row_of, state_of, take
from audit import services as audit
from audit.services import Change
from catalog.column_tags import with_other_tag
from catalog.models import Asset, AssetTag, ColumnTag, Tag
from catalog.names import full_tag_name
from catalog.records import TagName, read_by_id, sorted_tags
from catalog.services.naming import tag_state
from catalog.services.retry import retried
from catalog.services.returning import forget_lost, give_back, lost, note_lost
from catalog.services.writing import AssetWriter
from catalog.tables import update_rows
from catalog.validation import clean_tag, tag_key
from contracts.errors import Conflict, Invalid, NotFound

TAG, CATEGORY = "TAG", "CATEGORY"
"""What a deleted tag, and one that bears its category's name, is kept as."""
_LINES = ("name", "category")
AT_A_TIME = 2000
"""Assets that are held in memory together while they follow a tag."""


def create_tag(*, actor: Actor, data: Mapping[str, Any], tag_id: UUID | None = None) -> Tag:
    """Make a tag: `name`, `category`, `description`, `colour`. Raises Invalid, Conflict for a name that is taken."""
    actor.require(Role.EDITOR)
    return _create(actor, clean_tag(data, required=("name",)), tag_id)


def update_tag(*, actor: Actor, tag: Tag, changes: Mapping[str, Any]) -> Tag:
    """Change what `changes` says. Raises Invalid, Conflict for a name that is taken, NotFound, Forbidden."""
    actor.require(Role.EDITOR)
    return _update(actor, tag.pk, clean_tag(changes))


def delete_tag(*, actor: Actor, tag: Tag, hard: bool = False) -> None:
    """Delete a tag and take it from every asset; unless `hard` it can be restored. Raises NotFound, Forbidden."""
    actor.require(Role.EDITOR)
    _delete(actor, tag.pk, None, hard=hard)


def restore_tag(*, actor: Actor, tag_id: UUID) -> Tag:
    """Make a deleted tag anew, with its id, on every asset that let it go.

    Raises Conflict where its name is taken, NotFound, Forbidden.
    """
    actor.require(Role.EDITOR)
    found = Tag.objects.visible_to(actor).filter(pk=tag_id).first()
    kept = DeletedRow.objects.visible_to(actor).filter(kind__in=(TAG, CATEGORY), entity_id=tag_id, state__has_key="key")
    kind = kept.values_list("kind", flat=True).first() if found is None else None
    if kind is not None:
        return _restore(actor, tag_id, kind)
    if found is None:
        raise NotFound(resource="tag", tag_id=str(tag_id))
    return found


@transaction.atomic
def delete_category(*, actor: Actor, organization_id: UUID, category: str, hard: bool = False) -> None:
    """Delete a category with every tag in it; unless `hard` they can be restored together. Raises Forbidden."""
    actor.require(Role.EDITOR)
    now, described = timezone.now(), False
    tags = list(Tag.objects.filter(organization=organization_id, category=category).order_by("pk"))
    for tag in tags:
        described |= _kind(tag) == CATEGORY
        _delete(actor, tag.pk, None, hard=hard, now=now)
    if tags and not described and not hard:
        keep(organization_id, CATEGORY, tags[0].pk, category, {"name": "", "category": category}, deleted_at=now)


@transaction.atomic
def restore_category(*, actor: Actor, tag_id: UUID) -> Tag:
    """Bring back a deleted category, with the tags that were deleted together with it, as `restore_tag` does.

    Returns the tag that stands for it.
    """
    actor.require(Role.EDITOR)
    found = DeletedRow.objects.visible_to(actor).filter(kind=CATEGORY, entity_id=tag_id).first()
    if found is None:
        raise NotFound(resource="tag", tag_id=str(tag_id))
    inside = DeletedRow.objects.filter(
        organization=found.organization_id,
        kind=TAG,
        deleted_at=found.deleted_at,
        state__category=found.state["category"],
    )
    inside_ids = list(inside.order_by("entity_id").values_list("entity_id", flat=True))
    if "key" in found.state:
        _restore(actor, tag_id, CATEGORY)
    else:
        found.delete()
    for inside_id in inside_ids:
        _restore(actor, inside_id, TAG)
    return Tag.objects.get(pk=tag_id)


def forget_tag(*, actor: Actor, kept: DeletedRow) -> None:
    """Let go of a deleted tag or category for good. Raises Forbidden."""
    forget_deleted(actor=actor, kept=kept)
    forget_lost([kept.entity_id])


def merge_tags(*, actor: Actor, tag: Tag, into: Tag) -> Tag:
    """Give every asset that carries `tag` the tag `into`, and delete `tag`. Raises Invalid, NotFound, Forbidden."""
    actor.require(Role.EDITOR)
    if tag.pk == into.pk or tag.organization_id != into.organization_id:
        raise Invalid(fields={"into": ["This must be another tag of the same organization."]}, resource="tag")
    _delete(actor, tag.pk, into.pk, hard=True)
    heir = Tag.objects.filter(pk=into.pk).first()
    if heir is None:
        raise NotFound("It was deleted meanwhile", resource="tag", tag_id=str(into.pk))
    return heir


@retried
def _create(actor: Actor, fields: dict[str, Any], tag_id: UUID | None) -> Tag:
    organization_id = actor.tenant
    check_lines(fields, {}, _LINES, resource="tag")
    _check_name_is_free(organization_id, fields["name"])
    tag = Tag(id=tag_id or uuid7(), organization_id=organization_id, key=tag_key(fields["name"]), **fields)
    tag.save(force_insert=True)
    _record(actor, "CREATE", tag, None, _state(tag))
    return tag


@retried
def _update(actor: Actor, tag_id: UUID, fields: dict[str, Any]) -> Tag:
    tag = _locked(actor, tag_id)
    before, name = _state(tag), tag.name
    check_lines(fields, before, _LINES, resource="tag")
    for field, value in fields.items():
        setattr(tag, field, value)
    if _state(tag) == before:
        return tag
    if tag.name != name:
        becomes = TagName(tag.pk, tag.name, tag_key(tag.name))
        if becomes.key != tag.key:
            _check_name_is_free(tag.organization_id, tag.name)
        _follow(actor, tag, becomes)
        tag.key = becomes.key
    tag.save(update_fields=[*fields, "key", "updated_at"])
    _record(actor, "UPDATE", tag, before, _state(tag))
    return tag


@retried
def _delete(actor: Actor, tag_id: UUID, into_id: UUID | None, *, hard: bool, now: datetime | None = None) -> None:
    heir = _locked(actor, into_id) if into_id else None
    tag = _locked(actor, tag_id)
    if not hard:
        keep(
            tag.organization_id,
            _kind(tag),
            tag.pk,
            full_tag_name(tag.name, tag.category),
            state_of(tag),
            deleted_at=now,
        )
        note_lost("catalog_assettag", "tag_id", [tag.pk], holder="asset_id")
    _follow(actor, tag, TagName(heir.pk, heir.name, heir.key) if heir else None)
    _leave_to_deleted_assets(tag, heir)
    heir_state: dict[str, object] | None = {"merged_into": {"id": heir.pk, "name": heir.name}} if heir else None
    _record(actor, "MERGE" if heir else "DELETE", tag, _state(tag), heir_state)
    tag.delete()


@retried
def _restore(actor: Actor, tag_id: UUID, kind: str) -> Tag:
    tag = row_of(Tag, take(actor, kind, tag_id, resource="tag").state)
    _check_name_is_free(tag.organization_id, tag.name)
    insert_again(tag)
    _record(actor, "RESTORE", tag, None, _state(tag))
    name = TagName(tag.pk, tag.name, tag.key)
    give_back(actor, tag.organization_id, [tag.pk], lambda record, links: {"tags": sorted_tags([*record.tags, name])})
    deleted = _held_deleted(lost(tag.pk))
    AssetTag.objects.bulk_create([AssetTag(asset_id=key, tag=tag) for key in deleted])
    forget_lost([tag.pk])
    return tag


def _kind(tag: Tag) -> str:
    """What it is kept as: a category, where it bears the name of its own."""
    return CATEGORY if tag.name == tag.category else TAG


def _follow(actor: Actor, tag: Tag, becomes: TagName | None) -> None:
    """Write every living asset that carries the tag, or has it on a column, as one with `becomes` in its place.

    Where nothing becomes of the tag, columns keep its name, as a word: it is the tag again once that is restored.
    Called before the tag itself is written, so that an asset's state before the change is read as it was.
    """
    ids = set(AssetTag.objects.filter(tag=tag.pk, asset__deleted_at=None).values_list("asset_id", flat=True))
    if becomes is not None:
        on_columns = ColumnTag.objects.filter(organization_id=tag.organization_id, key=tag.key)
        ids.update(on_columns.values_list("asset_id", flat=True))
    ordered = sorted(ids)
    for start in range(0, len(ordered), AT_A_TIME):
        _follow_in(actor, tag, becomes, ordered[start : start + AT_A_TIME])


def _follow_in(actor: Actor, tag: Tag, becomes: TagName | None, ids: Sequence[UUID]) -> None:
    writer, deleted = AssetWriter(actor, tag.organization_id), []
    for record in read_by_id(ids, lock=True):
        changes: dict[str, Any] = {}
        if any(held.id == tag.pk for held in record.tags):
            kept = [held for held in record.tags if held.id not in {tag.pk, becomes.id if becomes else None}]
            changes["tags"] = sorted_tags([*kept, becomes] if becomes else kept)
        if becomes is not None:
            schema = with_other_tag(record.schema, tag.key, becomes)
            if schema is not record.schema:
                changes["schema"] = schema
        if changes and record.deleted_at is None:
            writer.change(record, **changes)
        elif "schema" in changes:
            deleted.append((record.id, changes["schema"].fragment))
    writer.flush()
    if becomes is not None and deleted:
        _rewrite_deleted(tag, becomes, deleted)


def _rewrite_deleted(tag: Tag, becomes: TagName, schemas: Sequence[tuple[UUID, Any]]) -> None:
    """The columns of deleted assets, which have no history to continue."""
    update_rows(Asset, ("schema",), schemas, keys=("id",))
    ids = [asset_id for asset_id, _ in schemas]
    ColumnTag.objects.filter(organization_id=tag.organization_id, key=tag.key, asset__in=ids).delete()
    rows = [ColumnTag(asset_id=key, organization_id=tag.organization_id, key=becomes.key) for key in ids]
    ColumnTag.objects.bulk_create(rows, ignore_conflicts=True)


def _leave_to_deleted_assets(tag: Tag, heir: Tag | None) -> None:
    """Deleted assets have no history to continue, but one that is restored carries what the living do."""
    left = AssetTag.objects.filter(tag=tag)
    _held_deleted(left.values("asset_id"))
    if heir is not None:
        heirs = [AssetTag(asset_id=key, tag=heir) for key in left.values_list("asset_id", flat=True)]
        AssetTag.objects.bulk_create(heirs, ignore_conflicts=True)
    left.delete()


def _held_deleted(ids: QuerySet[Any]) -> list[UUID]:
    """Those of these assets that are deleted, which nobody restores until what they carry is written."""
    deleted = Asset.objects.filter(pk__in=ids, deleted_at__isnull=False).order_by("pk").select_for_update()
    return list(deleted.values_list("pk", flat=True))


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
