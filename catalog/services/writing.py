"""The one way assets are written: rows, tags, search and trail together, one statement for each kind of row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from audit import services as audit
from audit.services import Change
from audit.tables import insert_rows
from catalog.column_tags import column_tag_keys
from catalog.live import Announcement, AssetEvent
from catalog.models import Asset, AssetTag, AssetTerm, ColumnTag
from catalog.numbering import is_breaking
from catalog.records import AssetRecord, asset_state
from catalog.search import Document, index_documents, remove_documents
from catalog.services.retry import OutrunError
from catalog.statistics import MANY, ensure_statistics
from catalog.tables import delete_pairs, update_rows

Action = Literal["UPDATE", "DELETE", "RESTORE"]

_INSERTED = (
    "id",
    "organization_id",
    "type",
    "name",
    "qualified_name",
    "description",
    "metadata",
    "schema",
    "owner_id",
    "owner_team_id",
    "domain_id",
    "origin_id",
    "curated",
    "version",
    "created_by_id",
    "created_at",
    "updated_at",
)
_UPDATED = (
    "type",
    "name",
    "qualified_name",
    "description",
    "metadata",
    "schema",
    "owner_id",
    "owner_team_id",
    "domain_id",
    "origin_id",
    "curated",
    "version",
    "breaks",
    "updated_at",
    "last_seen_at",
    "stale_since",
    "deleted_at",
)
_SEARCHED = (
    "type",
    "name",
    "qualified_name",
    "description",
    "tags",
    "owner",
    "domain",
    "terms",
    "origin_id",
    "deleted_at",
)
_COLUMN_TAG = ("asset_id", "organization_id", "key")


class AssetWriter:
    """Collects the changes of one transaction and writes them all with `flush`."""

    def __init__(self, actor: Actor, organization_id: UUID) -> None:
        self.actor = actor
        self.organization_id = organization_id
        self.now: datetime = timezone.now()
        self._created: list[AssetRecord] = []
        self._changed: list[tuple[AssetRecord, AssetRecord, Action]] = []

    def create(self, record: AssetRecord) -> None:
        self._created.append(record)

    def change(self, before: AssetRecord, action: Action = "UPDATE", **changes: Any) -> AssetRecord:
        """Note that the asset becomes this; its version grows by one. Returns it as it will be."""
        after = before.with_changes(version=before.version + 1, updated_at=self.now, **changes)
        if "schema" in changes and is_breaking(before.schema.value, after.schema.value):
            after.breaks += 1
        self._changed.append((before, after, action))
        return after

    def flush(self, made: Iterable[AssetRecord] = ()) -> None:
        """Write everything. Raises OutrunError when a row is no longer the version that was read.

        `made` are further assets to be created; each is asked for while the database takes in the one before, and
        asking for it may note changes.
        """
        created = chain(self._created, made)
        if first := next(created, None):
            self._created = insert_assets(chain([first], created))
        else:
            self._created = []
        if not self._created and not self._changed:
            return
        self._update_rows()
        self._write_tags()
        self._write_terms()
        self._write_column_tags()
        self._index()
        audit.record_many(self.actor, self._trail(), organization_id=self.organization_id)
        transaction.on_commit(Announcement(self.organization_id, list(self._events())).tell)
        if len(self._created) >= MANY:
            transaction.on_commit(ensure_statistics, robust=True)

    def _update_rows(self) -> None:
        rows = [(before.id, before.version, *_updated(after)) for before, after, _ in self._changed]
        if update_rows(Asset, _UPDATED, rows, keys=("id", "version")) != len(rows):
            raise OutrunError

    def _write_tags(self) -> None:
        added: list[tuple[UUID, UUID]] = []
        removed: list[tuple[UUID, UUID]] = []
        for before, after, _ in self._changed:
            if before.tags != after.tags:
                had, has = {tag.id for tag in before.tags}, {tag.id for tag in after.tags}
                added += [(after.id, key) for key in has - had]
                removed += [(after.id, key) for key in had - has]
        delete_pairs(AssetTag, ("asset_id", "tag_id"), removed)
        if added:
            insert_rows(AssetTag, ("asset_id", "tag_id"), added)

    def _write_terms(self) -> None:
        added = [(record.id, link.id, link.column) for record in self._created for link in record.terms]
        removed: list[tuple[UUID, UUID, str]] = []
        for before, after, _ in self._changed:
            if before.terms != after.terms:
                had, has = ({(after.id, link.id, link.column) for link in one.terms} for one in (before, after))
                added += has - had
                removed += had - has
        together: dict[tuple[UUID, str], list[UUID]] = {}
        for asset_id, term_id, column in removed:
            together.setdefault((term_id, column), []).append(asset_id)
        for (term_id, column), asset_ids in together.items():
            AssetTerm.objects.filter(term=term_id, column=column, asset__in=asset_ids).delete()
        if added:
            insert_rows(AssetTerm, ("asset_id", "term_id", "column"), added)

    def _write_column_tags(self) -> None:
        """Anew for each asset whose columns have others: two statements, however many tags come and go."""
        rewritten: dict[UUID, Iterable[str]] = {}
        for before, after, _ in self._changed:
            if before.schema is not after.schema:
                had, has = column_tag_keys(before.schema), column_tag_keys(after.schema)
                if had != has:
                    rewritten[after.id] = has
        if not rewritten:
            return
        ColumnTag.objects.filter(asset__in=rewritten).delete()
        rows = [(asset_id, self.organization_id, key) for asset_id, keys in rewritten.items() for key in keys]
        if rows:
            insert_rows(ColumnTag, _COLUMN_TAG, rows)

    def _index(self) -> None:
        changed = [(before, after) for before, after, _ in self._changed if _is_searched_otherwise(before, after)]
        gone = [after.id for _, after in changed if after.deleted_at]
        if gone:
            remove_documents(gone)
        index_documents([asset_document(after) for _, after in changed if not after.deleted_at])

    def _trail(self) -> Iterator[Change]:
        for record in self._created:
            yield _event("CREATE", None, record)
        for before, after, action in self._changed:
            yield _event(action, before, after)

    def _events(self) -> Iterator[AssetEvent]:
        for record in self._created:
            yield AssetEvent("CREATE", record)
        for _, after, action in self._changed:
            yield AssetEvent("CREATE" if action == "RESTORE" else action, after)


def insert_assets(records: Iterable[AssetRecord]) -> list[AssetRecord]:
    """The rows, tags and search documents of assets that are new; their trail is the caller's to write.

    Returns the records, which are taken one by one as the rows are written.
    """
    written: list[AssetRecord] = []
    insert_rows(Asset, _INSERTED, map(_inserted, _noted(records, written)))
    if pairs := [(record.id, tag.id) for record in written for tag in record.tags]:
        insert_rows(AssetTag, ("asset_id", "tag_id"), pairs)
    if keys := [(one.id, one.organization_id, key) for one in written for key in column_tag_keys(one.schema)]:
        insert_rows(ColumnTag, _COLUMN_TAG, keys)
    index_documents(map(asset_document, written), are_new=True)
    return written


def _noted(records: Iterable[AssetRecord], written: list[AssetRecord]) -> Iterator[AssetRecord]:
    for record in records:
        written.append(record)
        yield record


def asset_document(record: AssetRecord) -> Document:
    """What search sees of an asset."""
    return Document(
        entity_id=record.id,
        organization_id=record.organization_id,
        kind="asset",
        type=record.type,
        name=record.name,
        path=record.qualified_name,
        description=record.description,
        columns=column_names(record.schema.value),
        tags=[tag.name for tag in record.tags],
        origin_id=record.origin_id,
        owner_id=record.owner.id if record.owner else None,
        domain_id=record.domain.id if record.domain else None,
        term_ids=tuple(dict.fromkeys(link.id for link in record.terms)),
    )


def column_names(schema: Sequence[dict[str, Any]]) -> list[str]:
    """The names of a schema's elements, the nested ones after their parent."""
    names = []
    for element in schema:
        names.append(element["name"])
        if element.get("children"):
            names += column_names(element["children"])
    return names


def _event(action: str, before: AssetRecord | None, after: AssetRecord) -> Change:
    return Change(
        action=action,
        entity_type="ASSET",
        entity_id=after.id,
        entity_name=after.qualified_name,
        before=asset_state(before) if before and action != "RESTORE" else None,
        after=asset_state(after) if action != "DELETE" else None,
        version=after.version,
    )


def _is_searched_otherwise(before: AssetRecord, after: AssetRecord) -> bool:
    if any(getattr(before, field) != getattr(after, field) for field in _SEARCHED):
        return True
    return before.schema is not after.schema and column_names(before.schema.value) != column_names(after.schema.value)


def _inserted(record: AssetRecord) -> tuple[Any, ...]:
    return (
        record.id,
        record.organization_id,
        record.type,
        record.name,
        record.qualified_name,
        record.description,
        record.metadata.fragment,
        record.schema.fragment,
        record.owner.user_id if record.owner else None,
        record.owner.team_id if record.owner else None,
        record.domain.id if record.domain else None,
        record.origin_id,
        record.curated,
        record.version,
        record.created_by_id,
        record.created_at,
        record.updated_at,
    )


def _updated(record: AssetRecord) -> tuple[Any, ...]:
    return (
        record.type,
        record.name,
        record.qualified_name,
        record.description,
        record.metadata.fragment,
        record.schema.fragment,
        record.owner.user_id if record.owner else None,
        record.owner.team_id if record.owner else None,
        record.domain.id if record.domain else None,
        record.origin_id,
        record.curated,
        record.version,
        record.breaks,
        record.updated_at,
        record.last_seen_at,
        record.stale_since,
        record.deleted_at,
    )
