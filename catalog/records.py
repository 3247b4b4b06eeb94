"""Assets as the services see them: plain records, read and compared without the ORM's cost for each row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils.dateparse import parse_datetime

from catalog.jsontext import JsonText, read_json
from catalog.tables import among, as_uuid, db_uuid, is_postgresql


class TagName(NamedTuple):
    """A tag as an asset carries it; `key` is its name as it is matched."""

    id: UUID
    name: str
    key: str


class Owner(NamedTuple):
    """A member, or a team (`type` is "user" or "team")."""

    id: UUID
    name: str
    type: str = "user"

    @property
    def user_id(self) -> UUID | None:
        return self.id if self.type == "user" else None

    @property
    def team_id(self) -> UUID | None:
        return self.id if self.type == "team" else None


class DomainName(NamedTuple):
    """A domain as an asset lies in it; `name` is the full one."""

    id: UUID
    name: str


class TermLink(NamedTuple):
    """A term as an asset, or one of its columns, has it; `name` is the full one."""

    id: UUID
    name: str
    column: str = ""


@dataclass(slots=True)
class AssetRecord:
    """One asset with everything that is on the trail: tags and terms in alphabetical order, owner, domain."""

    id: UUID
    organization_id: UUID
    type: str
    name: str
    qualified_name: str
    description: str
    metadata: JsonText
    schema: JsonText
    tags: tuple[TagName, ...]
    owner: Owner | None
    origin_id: UUID | None
    curated: tuple[str, ...]
    version: int
    created_by_id: UUID | None
    created_at: datetime
    updated_at: datetime
    last_seen_at: datetime | None = None
    stale_since: datetime | None = None
    deleted_at: datetime | None = None
    domain: DomainName | None = None
    terms: tuple[TermLink, ...] = ()
    breaks: int = 0

    def with_changes(self, **changes: Any) -> AssetRecord:
        return replace(self, **changes)


def sorted_tags(tags: Iterable[TagName]) -> tuple[TagName, ...]:
    return tuple(sorted(tags, key=lambda tag: tag.key))


def sorted_terms(terms: Iterable[TermLink]) -> tuple[TermLink, ...]:
    """Each once, those of the asset before those of its columns."""
    return tuple(sorted(set(terms), key=lambda link: (link.column, link.name, link.id)))


def asset_state(record: AssetRecord) -> dict[str, Any]:
    """The whole state of an asset for the trail; `metadata` and `schema` are fragments for orjson."""
    return {
        "id": record.id,
        "type": record.type,
        "name": record.name,
        "qualified_name": record.qualified_name,
        "description": record.description,
        "metadata": record.metadata.fragment,
        "schema": record.schema.fragment,
        "tags": [tag.name for tag in record.tags],
        "owner": owner_state(record.owner),
        "domain": {"id": record.domain.id, "name": record.domain.name} if record.domain else None,
        "terms": [{"id": link.id, "name": link.name, "column": link.column or None} for link in record.terms],
        "origin": record.origin_id,
        "curated": record.curated,
        "version": record.version,
        "breaks": record.breaks,
        "stale_since": record.stale_since,
        "created_by": record.created_by_id,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def owner_state(owner: Owner | None) -> dict[str, Any] | None:
    return {"id": owner.id, "name": owner.name, "type": owner.type} if owner else None


_COLUMNS = (
    "a.id, a.organization_id, a.type, a.name, a.qualified_name, a.description, a.metadata, a.schema, a.curated,"
    " a.owner_id, u.name, u.username, a.origin_id, a.version, a.created_by_id, a.created_at, a.updated_at,"
    " a.last_seen_at, a.stale_since, a.deleted_at, a.owner_team_id, g.display_name, g.name, a.domain_id,"
    " d.fully_qualified_name, a.breaks"
)
_JOINS = (
    "LEFT JOIN accounts_user u ON u.id = a.owner_id LEFT JOIN accounts_team g ON g.id = a.owner_team_id"
    " LEFT JOIN catalog_domain d ON d.id = a.domain_id"
)


def read_by_name(organization_id: UUID, names: Collection[str]) -> list[AssetRecord]:
    """The living assets of these qualified names. Three statements."""
    source, parameters = living_by_name(organization_id, names)
    return _read(source, "", parameters)


def living_by_name(organization_id: UUID, names: Collection[str]) -> tuple[str, list[Any]]:
    """A FROM clause of the living assets `a` of these qualified names, and its parameters.

    On PostgreSQL each name is one probe of the unique index, whatever the planner believes of the table: on
    one that has just grown it would rather read all of an organization's rows.
    """
    if is_postgresql():
        return (
            "unnest(%s::text[]) AS n(name) CROSS JOIN LATERAL (SELECT * FROM catalog_asset WHERE organization_id = %s"
            " AND qualified_name = n.name AND deleted_at IS NULL LIMIT 1) AS a"
        ), [list(names), organization_id]
    condition, parameter = among("qualified_name", names)
    return (
        f"(SELECT * FROM catalog_asset WHERE organization_id = %s AND {condition}"  # noqa: S608  our own texts
        " AND deleted_at IS NULL) AS a"
    ), [db_uuid(organization_id), parameter]


def read_by_id(ids: Collection[UUID], *, lock: bool = False) -> list[AssetRecord]:
    """These assets, the deleted ones included; with `lock` their rows are held until the transaction ends.

    Three statements.
    """
    condition, parameter = among("a.id", ids, "uuid")
    return _read("catalog_asset a", f"WHERE {condition}", [parameter], lock=lock)


def _read(source: str, condition: str, parameters: list[Any], *, lock: bool = False) -> list[AssetRecord]:
    # Locks are taken in one order everywhere, so that two writers wait for each other instead of dying.
    order = " ORDER BY a.id FOR UPDATE OF a" if lock and is_postgresql() else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM {source} {_JOINS} {condition}{order}",  # noqa: S608  our own texts
            parameters,
        )
        rows = cursor.fetchall()
    keys = [as_uuid(row[0]) for row in rows]
    tags, terms = read_tags(keys), read_terms(keys)
    return [_record(row, tags, terms) for row in rows]


def read_tags(asset_ids: Sequence[UUID]) -> dict[UUID, list[TagName]]:
    """The tags of these assets. One statement, none for no assets."""
    if not asset_ids:
        return {}
    condition, parameter = among("x.asset_id", asset_ids, "uuid")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT x.asset_id, t.id, t.name, t.key FROM catalog_assettag x"  # noqa: S608  our own texts
            f" JOIN catalog_tag t ON t.id = x.tag_id WHERE {condition}",
            [parameter],
        )
        rows = cursor.fetchall()
    known: dict[Any, TagName] = {}
    tags: dict[UUID, list[TagName]] = {}
    for asset_id, tag_id, name, key in rows:
        tag = known.get(tag_id)
        if tag is None:
            tag = known[tag_id] = TagName(as_uuid(tag_id), name, key)
        tags.setdefault(as_uuid(asset_id), []).append(tag)
    return tags


def read_terms(asset_ids: Sequence[UUID]) -> dict[UUID, list[TermLink]]:
    """The terms of these assets and of their columns. One statement, none for no assets."""
    if not asset_ids:
        return {}
    condition, parameter = among("x.asset_id", asset_ids, "uuid")
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT x.asset_id, t.id, t.fully_qualified_name, x."column" FROM catalog_assetterm x'  # noqa: S608  our own
            f" JOIN catalog_glossaryterm t ON t.id = x.term_id WHERE {condition}",
            [parameter],
        )
        rows = cursor.fetchall()
    terms: dict[UUID, list[TermLink]] = {}
    for asset_id, term_id, name, column in rows:
        terms.setdefault(as_uuid(asset_id), []).append(TermLink(as_uuid(term_id), name, column))
    return terms


def _record(row: Sequence[Any], tags: dict[UUID, list[TagName]], terms: dict[UUID, list[TermLink]]) -> AssetRecord:
    key = as_uuid(row[0])
    carried = tags.get(key)
    return AssetRecord(
        id=key,
        organization_id=as_uuid(row[1]),
        type=row[2],
        name=row[3],
        qualified_name=row[4],
        description=row[5],
        metadata=read_json(row[6]),
        schema=read_json(row[7]),
        tags=(sorted_tags(carried) if len(carried) > 1 else tuple(carried)) if carried else (),
        owner=_owner(row),
        origin_id=None if row[12] is None else as_uuid(row[12]),
        curated=() if row[8] == "[]" else tuple(read_json(row[8]).value),
        version=row[13],
        created_by_id=None if row[14] is None else as_uuid(row[14]),
        created_at=as_time(row[15]),
        updated_at=as_time(row[16]),
        last_seen_at=as_time(row[17]),
        stale_since=as_time(row[18]),
        deleted_at=as_time(row[19]),
        domain=DomainName(as_uuid(row[23]), row[24]) if row[23] is not None else None,
        terms=sorted_terms(terms[key]) if key in terms else (),
        breaks=row[25],
    )


def _owner(row: Sequence[Any]) -> Owner | None:
    if row[9] is not None:
        return Owner(as_uuid(row[9]), row[10] or row[11])
    return Owner(as_uuid(row[20]), row[21] or row[22], "team") if row[20] is not None else None


def as_time(value: Any) -> Any:
    """A moment as hand-written SQL gives it: SQLite's has no time zone, and is in UTC."""
    if isinstance(value, str):
        value = parse_datetime(value)
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
