"""Relationships as the services see them: plain records with the names of their ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from catalog.jsontext import JsonText, read_json
from catalog.records import as_time, living_by_name
from catalog.tables import among, as_uuid, is_postgresql


class End(NamedTuple):
    """The asset at one end of an edge."""

    id: UUID
    qualified_name: str


@dataclass(slots=True)
class EdgeRecord:
    """One relationship with everything that is on the trail."""

    id: UUID
    organization_id: UUID
    source: End
    target: End
    type: str
    metadata: JsonText
    origin_id: UUID | None
    created_by_id: UUID | None
    created_at: datetime
    updated_at: datetime

    @property
    def name(self) -> str:
        return edge_name(self.source.qualified_name, self.type, self.target.qualified_name)

    def with_changes(self, **changes: Any) -> EdgeRecord:
        return replace(self, **changes)


def edge_name(source: str, type_: str, target: str) -> str:
    """How an edge is called on the trail and in results: `prod.orders DEPENDS_ON prod.users`."""
    return f"{source} {type_} {target}"


def edge_state(edge: EdgeRecord) -> dict[str, Any]:
    """The whole state of a relationship for the trail."""
    return {
        "id": edge.id,
        "source": {"id": edge.source.id, "qualified_name": edge.source.qualified_name},
        "target": {"id": edge.target.id, "qualified_name": edge.target.qualified_name},
        "type": edge.type,
        "metadata": edge.metadata.fragment,
        "origin": edge.origin_id,
        "created_by": edge.created_by_id,
        "created_at": edge.created_at,
        "updated_at": edge.updated_at,
    }


_SELECT = (
    "SELECT r.id, r.organization_id, s.id, s.qualified_name, t.id, t.qualified_name, r.type, r.metadata, r.origin_id,"
    " r.created_by_id, r.created_at, r.updated_at FROM catalog_relationship r"
    " JOIN catalog_asset s ON s.id = r.source_id JOIN catalog_asset t ON t.id = r.target_id"
)


def read_between(sources: Collection[UUID], targets: Collection[UUID]) -> list[EdgeRecord]:
    """Every edge from one of these sources to one of these targets. One statement."""
    from_sources, first = among("r.source_id", sources, "uuid")
    to_targets, second = among("r.target_id", targets, "uuid")
    return _read(f"{from_sources} AND {to_targets}", [first, second])


def read_edges(ids: Collection[UUID], *, lock: bool = False) -> list[EdgeRecord]:
    """These edges; with `lock` their rows are held until the transaction ends. One statement."""
    condition, parameter = among("r.id", ids, "uuid")
    return _read(condition + (" FOR UPDATE OF r" if lock and is_postgresql() else ""), [parameter])


def read_edges_at(ids: Collection[UUID]) -> list[EdgeRecord]:
    """Every edge that leaves or reaches one of these assets, each once. One statement."""
    leaving, first = among("r.source_id", ids, "uuid")
    reaching, second = among("r.target_id", ids, "uuid")
    return _read(f"({leaving} OR {reaching})", [first, second])


def ids_by_name(organization_id: UUID, names: Collection[str]) -> dict[str, UUID]:
    """The living assets of these qualified names. One statement."""
    source, parameters = living_by_name(organization_id, names)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT a.qualified_name, a.id FROM {source}", parameters)  # noqa: S608  our own texts
        return {name: as_uuid(key) for name, key in cursor.fetchall()}


def _read(condition: str, parameters: Sequence[Any]) -> list[EdgeRecord]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_SELECT} WHERE {condition}", parameters)
        return [_edge(row) for row in cursor.fetchall()]


def _edge(row: Sequence[Any]) -> EdgeRecord:
    return EdgeRecord(
        id=as_uuid(row[0]),
        organization_id=as_uuid(row[1]),
        source=End(as_uuid(row[2]), row[3]),
        target=End(as_uuid(row[4]), row[5]),
        type=row[6],
        metadata=read_json(row[7]),
        origin_id=None if row[8] is None else as_uuid(row[8]),
        created_by_id=None if row[9] is None else as_uuid(row[9]),
        created_at=as_time(row[10]),
        updated_at=as_time(row[11]),
    )
