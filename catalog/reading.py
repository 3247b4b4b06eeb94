"""Assets as the doors show them: one statement, and no JSON read on the way.

`metadata` and `schema` stay the text that the database keeps, and go into the answer as they are.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from django.db.models import F, OuterRef, Subquery, TextField
from django.db.models.functions import Cast, JSONObject

from accounts.actor import Actor
from audit.prepared import PreparedQuery
from catalog.models import Asset, AssetTag, AssetTerm
from catalog.querysets import AssetQuerySet


class TagNames(Subquery):
    """The names of an asset's tags in alphabetical order: a list on PostgreSQL, its JSON text on SQLite."""

    template = "ARRAY(%(subquery)s)"

    def __init__(self) -> None:
        carried = AssetTag.objects.filter(asset=OuterRef("pk")).order_by("tag__key")
        super().__init__(carried.values(tag_name=F("tag__name")), output_field=TextField())

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "(SELECT json_group_array(tag_name) FROM (%(subquery)s))"
        return super().as_sql(compiler, connection, template=template, **extra)


class TermLinks(Subquery):
    """An asset's terms and its columns', each as JSON text: a list on PostgreSQL, its JSON text on SQLite."""

    template = "ARRAY(%(subquery)s)"

    def __init__(self) -> None:
        linked = AssetTerm.objects.filter(asset=OuterRef("pk")).order_by("column", "term__key")
        link = JSONObject(
            id="term_id",
            name="term__name",
            fully_qualified_name="term__fully_qualified_name",
            status="term__status",
            column="column",
        )
        super().__init__(linked.values(link=Cast(link, TextField())), output_field=TextField())

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = "(SELECT json_group_array(link) FROM (%(subquery)s))"
        return super().as_sql(compiler, connection, template=template, **extra)


_TEXTS: dict[str, Any] = {
    "tag_names": TagNames(),
    "term_links": TermLinks(),
    "metadata_text": Cast("metadata", TextField()),
    "schema_text": Cast("schema", TextField()),
}


def rows(assets: AssetQuerySet, *, with_schema: bool = False, fields: Collection[str] = ()) -> Any:
    """The queryset as rows of what is shown: all but the schema, or with it, or only of these fields (see FIELDS)."""
    wanted = fields or (FIELDS if with_schema else FIELDS_OF_ITEM)
    columns = dict.fromkeys(["pk", *(column for field in FIELDS if field in wanted for column in FIELDS[field][0])])
    texts = {name: expression for name, expression in _TEXTS.items() if name in columns}
    return assets.annotate(**texts).values_list(*columns, named=True)


def one(actor: Actor, asset_id: UUID) -> Any | None:
    """The row of one asset with its schema; None where the actor sees no such asset. One statement."""
    if actor.sees_all or actor.organization_id is None:
        return rows(Asset.objects.visible_to(actor).filter(pk=asset_id), with_schema=True).first()
    found = _ONE.first(actor.organization_id, asset_id)
    return _Row(*found) if found else None


_ONE = PreparedQuery(
    lambda organization_id, asset_id: rows(
        Asset.objects.visible_to(Actor("system", organization_id)).filter(pk=asset_id).order_by(), with_schema=True
    ),
    ids=2,
)


def shape(row: Any, fields: Collection[str] = ()) -> dict[str, Any]:
    """An asset as JSON has it: all that the row of `rows` holds, or the id and these fields."""
    if not fields:
        fields = FIELDS if hasattr(row, "schema_text") else FIELDS_OF_ITEM
    return {field: show(row) for field, (_, show) in FIELDS.items() if field in fields or field == "id"}


def _tags(row: Any) -> Any:
    return row.tag_names if isinstance(row.tag_names, list) else orjson.Fragment(row.tag_names)


def terms_of(row: Any) -> list[dict[str, Any]]:
    """The terms of a row of `rows` and of its columns."""
    if row.term_links == "[]":
        return []
    texts = row.term_links if isinstance(row.term_links, list) else orjson.loads(row.term_links)
    links = map(orjson.loads, texts)
    return [{**link, "id": UUID(link["id"]), "column": link["column"] or None} for link in links]


def _seen(row: Any) -> Any:
    return row.last_seen_at if row.stale_since else row.origin__collected_at


def _source(row: Any) -> Mapping[str, Any] | None:
    return {"id": row.origin_id, "name": row.origin__name} if row.origin_id else None


def _person(key: UUID | None, name: str | None, username: str | None) -> Mapping[str, Any] | None:
    return {"id": key, "name": name or username} if key else None


def owner_of(row: Any) -> Mapping[str, Any] | None:
    """The owner of a row of `rows` with its type: a member or a team."""
    if row.owner_team_id:
        name = row.owner_team__display_name or row.owner_team__name
        return {"id": row.owner_team_id, "name": name, "type": "team"}
    person = _person(row.owner_id, row.owner__name, row.owner__username)
    return {**person, "type": "user"} if person else None


def domain_of(row: Any) -> Mapping[str, Any] | None:
    """The domain of a row of `rows`."""
    if not row.domain_id:
        return None
    return {"id": row.domain_id, "name": row.domain__name, "fully_qualified_name": row.domain__fully_qualified_name}


_OWNER = (
    "owner_id",
    "owner__name",
    "owner__username",
    "owner_team_id",
    "owner_team__name",
    "owner_team__display_name",
)

FIELDS: dict[str, tuple[tuple[str, ...], Callable[[Any], Any]]] = {
    "id": (("pk",), attrgetter("pk")),
    "type": (("type",), attrgetter("type")),
    "name": (("name",), attrgetter("name")),
    "qualified_name": (("qualified_name",), attrgetter("qualified_name")),
    "description": (("description",), attrgetter("description")),
    "metadata": (("metadata_text",), lambda row: orjson.Fragment(row.metadata_text)),
    "tags": (("tag_names",), _tags),
    "schema": (("schema_text",), lambda row: orjson.Fragment(row.schema_text)),
    "owner": (_OWNER, owner_of),
    "domain": (("domain_id", "domain__name", "domain__fully_qualified_name"), domain_of),
    "terms": (("term_links",), terms_of),
    "source": (("origin_id", "origin__name"), _source),
    "last_seen_at": (("last_seen_at", "stale_since", "origin__collected_at"), _seen),
    "stale_since": (("stale_since",), attrgetter("stale_since")),
    "version": (("version",), attrgetter("version")),
    "created_by": (
        ("created_by_id", "created_by__name", "created_by__username"),
        lambda row: _person(row.created_by_id, row.created_by__name, row.created_by__username),
    ),
    "created_at": (("created_at",), attrgetter("created_at")),
    "updated_at": (("updated_at",), attrgetter("updated_at")),
}
"""What is shown of an asset, in order: the columns it needs, and how it is made of a row."""

FIELDS_OF_ITEM = tuple(field for field in FIELDS if field != "schema")
"""What a list shows where nothing else is asked for."""

_Row = namedtuple("_Row", dict.fromkeys(column for columns, _ in FIELDS.values() for column in columns))  # type: ignore[misc]
