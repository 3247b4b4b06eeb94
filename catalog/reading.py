"""Assets as the doors show them: one statement for the rows, one for their tags, and no JSON read on the way.

`metadata` and `schema` stay the text that the database keeps, and go into the answer as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import orjson
from django.db.models import TextField
from django.db.models.functions import Cast

from catalog.querysets import AssetQuerySet
from catalog.records import TagName, read_tags, sorted_tags

COLUMNS = (
    "pk",
    "type",
    "name",
    "qualified_name",
    "description",
    "version",
    "created_at",
    "updated_at",
    "last_seen_at",
    "stale_since",
    "owner_id",
    "owner__name",
    "owner__username",
    "origin_id",
    "origin__name",
    "origin__collected_at",
    "created_by_id",
    "created_by__name",
    "created_by__username",
)


class AssetRow(Protocol):
    """A row of `rows`; `schema_text` only where it was asked for."""

    pk: UUID
    version: int
    updated_at: datetime


class Person(NamedTuple):
    id: UUID
    name: str


def rows(assets: AssetQuerySet, *, with_schema: bool) -> Any:
    """The queryset as rows of what is shown."""
    texts = {"metadata_text": Cast("metadata", TextField())}
    if with_schema:
        texts["schema_text"] = Cast("schema", TextField())
    return assets.annotate(**texts).values_list(*COLUMNS, *texts, named=True)


def tags_of(shown: Sequence[AssetRow]) -> dict[UUID, tuple[TagName, ...]]:
    """The tags of these rows, each asset's in alphabetical order. One statement."""
    return {key: sorted_tags(tags) for key, tags in read_tags([row.pk for row in shown]).items()}


def shape(row: Any, tags: Iterable[TagName]) -> dict[str, Any]:
    """An asset as JSON has it; `schema` where the row has it."""
    seen = row.last_seen_at if row.stale_since else row.origin__collected_at
    shown = {
        "id": row.pk,
        "type": row.type,
        "name": row.name,
        "qualified_name": row.qualified_name,
        "description": row.description,
        "metadata": orjson.Fragment(row.metadata_text),
        "tags": [tag.name for tag in tags],
    }
    if hasattr(row, "schema_text"):
        shown["schema"] = orjson.Fragment(row.schema_text)
    return shown | {
        "owner": _person(row.owner_id, row.owner__name, row.owner__username),
        "source": {"id": row.origin_id, "name": row.origin__name} if row.origin_id else None,
        "last_seen_at": seen,
        "stale_since": row.stale_since,
        "version": row.version,
        "created_by": _person(row.created_by_id, row.created_by__name, row.created_by__username),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _person(key: UUID | None, name: str | None, username: str | None) -> Mapping[str, Any] | None:
    return {"id": key, "name": name or username} if key else None
