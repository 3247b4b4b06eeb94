"""Assets as the doors show them: one statement, and no JSON read on the way.

`metadata` and `schema` stay the text that the database keeps, and go into the answer as they are.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from django.db.models import F, OuterRef, Subquery, TextField
from django.db.models.functions import Cast

from accounts.actor import Actor
from audit.prepared import PreparedQuery
from catalog.models import Asset, AssetTag
from catalog.querysets import AssetQuerySet

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


class TagNames(Subquery):
    """The names of an asset's tags in alphabetical order: a list on PostgreSQL, its JSON text on SQLite."""

    template = "ARRAY(%(subquery)s)"

    def __init__(self) -> None:
        carried = AssetTag.objects.filter(asset=OuterRef("pk")).order_by("tag__key")
        super().__init__(carried.values(tag_name=F("tag__name")), output_field=TextField())

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "(SELECT json_group_array(tag_name) FROM (%(subquery)s))"
        return super().as_sql(compiler, connection, template=template, **extra)


_TEXTS = ("tag_names", "metadata_text", "schema_text")
AssetRow = namedtuple("AssetRow", [*COLUMNS, *_TEXTS])  # type: ignore[misc]  # the same as Django's own rows


def rows(assets: AssetQuerySet, *, with_schema: bool) -> Any:
    """The queryset as rows of what is shown, with `schema_text` only where it is asked for."""
    texts: dict[str, Any] = {"tag_names": TagNames(), "metadata_text": Cast("metadata", TextField())}
    if with_schema:
        texts["schema_text"] = Cast("schema", TextField())
    return assets.annotate(**texts).values_list(*COLUMNS, *texts, named=True)


def one(actor: Actor, asset_id: UUID) -> Any | None:
    """The row of one asset with its schema; None where the actor sees no such asset. One statement."""
    if actor.sees_all or actor.organization_id is None:
        return rows(Asset.objects.visible_to(actor).filter(pk=asset_id), with_schema=True).first()
    found = _ONE.first(actor.organization_id, asset_id)
    return AssetRow(*found) if found else None


_ONE = PreparedQuery(
    lambda organization_id, asset_id: rows(
        Asset.objects.visible_to(Actor("system", organization_id)).filter(pk=asset_id), with_schema=True
    ),
    ids=2,
)


def shape(row: Any) -> dict[str, Any]:
    """An asset as JSON has it; `schema` where the row has it."""
    shown = {
        "id": row.pk,
        "type": row.type,
        "name": row.name,
        "qualified_name": row.qualified_name,
        "description": row.description,
        "metadata": orjson.Fragment(row.metadata_text),
        "tags": row.tag_names if isinstance(row.tag_names, list) else orjson.Fragment(row.tag_names),
    }
    if hasattr(row, "schema_text"):
        shown["schema"] = orjson.Fragment(row.schema_text)
    return shown | {
        "owner": _person(row.owner_id, row.owner__name, row.owner__username),
        "source": {"id": row.origin_id, "name": row.origin__name} if row.origin_id else None,
        "last_seen_at": row.last_seen_at if row.stale_since else row.origin__collected_at,
        "stale_since": row.stale_since,
        "version": row.version,
        "created_by": _person(row.created_by_id, row.created_by__name, row.created_by__username),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _person(key: UUID | None, name: str | None, username: str | None) -> Mapping[str, Any] | None:
    return {"id": key, "name": name or username} if key else None
