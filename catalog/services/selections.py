"""A change to every asset of a selection: tagged, given terms, owned, described, deleted together.

A selection costs a constant number of statements for each AT_A_TIME assets; what changes nothing is not
written. Assets that the actor does not see, and deleted ones, are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from accounts.actor import Actor
from accounts.managers import name_key
from accounts.models import Role, Team, User
from catalog.merging import merged
from catalog.models import Domain
from catalog.records import AssetRecord, read_by_id
from catalog.services.naming import TagBook, check_asset_lines
from catalog.services.references import ReferenceBook
from catalog.services.retry import retried
from catalog.services.writing import AssetWriter
from catalog.validation import clean_asset, tag_key

AT_A_TIME = 2000
"""Assets that are held in memory, and written in one transaction, together."""

Fields = Callable[[AssetRecord], Mapping[str, Any]]


def tag_assets(
    *, actor: Actor, asset_ids: Collection[UUID], add: Sequence[str] = (), remove: Sequence[str] = ()
) -> int:
    """Give these tags to every asset and take those; unknown ones are made. Returns how many assets changed."""
    taken = {tag_key(name) for name in remove}

    def tags(record: AssetRecord) -> Mapping[str, Any]:
        kept = [tag.name for tag in record.tags if tag.key not in taken]
        return {"tags": [*kept, *add]}

    return change_assets(actor, asset_ids, tags)


def term_assets(
    *, actor: Actor, asset_ids: Collection[UUID], add: Sequence[str] = (), remove: Sequence[str] = ()
) -> int:
    """Say these terms of every asset, and those no longer; what is said of columns stays. Returns how many changed.

    Terms go by their full names. Raises Invalid for one to add that is not there.
    """
    taken = {name_key(name) for name in remove}

    def terms(record: AssetRecord) -> Mapping[str, Any]:
        kept = [link for link in record.terms if link.column or name_key(link.name) not in taken]
        return {"terms": [*({"id": str(link.id), "column": link.column or None} for link in kept), *add]}

    return change_assets(actor, asset_ids, terms)


def own_assets(*, actor: Actor, asset_ids: Collection[UUID], owner: User | Team | None) -> int:
    """Make this member or team the owner of every asset, or nobody. Raises Invalid for a stranger."""
    type_ = "team" if isinstance(owner, Team) else "user"
    named = {"id": owner.pk, "type": type_} if owner else None
    return change_assets(actor, asset_ids, lambda record: {"owner": named})


def place_assets(*, actor: Actor, asset_ids: Collection[UUID], domain: Domain | None) -> int:
    """Put every asset into this domain, or into none. Raises Invalid for one of another organization."""
    named = {"id": domain.pk} if domain else None
    return change_assets(actor, asset_ids, lambda record: {"domain": named})


def describe_assets(*, actor: Actor, asset_ids: Collection[UUID], description: str, replace: bool = False) -> int:
    """Write this description on every asset that has none, or on all of them."""
    return change_assets(
        actor, asset_ids, lambda record: {} if record.description and not replace else {"description": description}
    )


def delete_assets(*, actor: Actor, asset_ids: Collection[UUID]) -> int:
    """Hide every asset of the selection; each can be restored."""
    actor.require(Role.EDITOR)
    return sum(_delete(actor, part) for part in _parts(asset_ids))


def change_assets(actor: Actor, asset_ids: Collection[UUID], fields: Fields) -> int:
    """Change every asset by what `fields` says of it; a constant number of statements for each AT_A_TIME."""
    actor.require(Role.EDITOR)
    return sum(_change(actor, part, fields) for part in _parts(asset_ids))


def _parts(asset_ids: Collection[UUID]) -> Iterable[list[UUID]]:
    ids = list(asset_ids)
    return (ids[start : start + AT_A_TIME] for start in range(0, len(ids), AT_A_TIME))


@retried
def _change(actor: Actor, asset_ids: list[UUID], fields: Fields) -> int:
    count = 0
    for organization_id, records in _living_by_tenant(actor, asset_ids):
        said = [(record, clean_asset(fields(record))) for record in records]
        for record, cleaned in said:
            check_asset_lines(cleaned, record)
        tags = TagBook(actor, organization_id)
        tags.learn(name for _, cleaned in said for name in cleaned.get("tags", ()))
        book = ReferenceBook(organization_id)
        book.learn(cleaned for _, cleaned in said)
        writer = AssetWriter(actor, organization_id)
        for record, cleaned in said:
            changes = merged(record, book.found(cleaned, record), tags, None)
            if changes:
                writer.change(record, **changes)
                count += 1
        writer.flush()
    return count


@retried
def _delete(actor: Actor, asset_ids: list[UUID]) -> int:
    count = 0
    for organization_id, records in _living_by_tenant(actor, asset_ids):
        writer = AssetWriter(actor, organization_id)
        for record in records:
            writer.change(record, "DELETE", deleted_at=writer.now)
            count += 1
        writer.flush()
    return count


def _living_by_tenant(actor: Actor, asset_ids: list[UUID]) -> list[tuple[UUID, list[AssetRecord]]]:
    seen = [
        record
        for record in read_by_id(asset_ids, lock=True)
        if record.deleted_at is None and (actor.sees_all or record.organization_id in actor.organizations)
    ]
    seen.sort(key=lambda record: record.organization_id)
    return [(key, list(group)) for key, group in groupby(seen, key=lambda record: record.organization_id)]
