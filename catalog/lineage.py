"""Lineage: what an asset is made from (upstream), and what is made from it (downstream).

`A DEPENDS_ON B` and `A USES B` put B upstream of A; `A PRODUCES B` puts A upstream of B. The database derives
`upstream_id` and `downstream_id` of a relationship from that, so a walk follows one column. Deleted assets and
what lies behind them are no lineage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson
from django.db import connection

from accounts.actor import Actor
from catalog.models import Asset
from catalog.records import as_time
from catalog.tables import db_uuid, is_postgresql
from contracts.errors import Invalid, NotFound

Direction = Literal["upstream", "downstream", "both"]
DEPTH = 2
DEEPEST = 10
EDGES = 1000
EDGES_MOST = 10_000


class Node(NamedTuple):
    """An asset as lineage shows it."""

    id: UUID
    type: str
    name: str
    qualified_name: str


class Step(NamedTuple):
    """One edge of a walk: the asset it leads to, the relationship, and how many steps away from the start (from 1)."""

    asset: Node
    depth: int
    relationship_id: UUID
    type: str
    source_id: UUID
    target_id: UUID
    metadata: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Lineage:
    """The walks from one asset, nearest edges first, each edge once; `truncated` when there was more than the limit."""

    asset: Node
    upstream: list[Step] = field(default_factory=list)
    downstream: list[Step] = field(default_factory=list)
    truncated: bool = False


def lineage(
    *, actor: Actor, asset_id: UUID, depth: int = DEPTH, direction: Direction = "both", limit: int = EDGES
) -> Lineage:
    """The edges up to `depth` steps (1 to 10) away, at most `limit` (1 to 10,000) in each direction.

    One recursive statement for each direction. Raises NotFound for an asset the actor cannot see, Invalid.
    """
    _check(depth, direction, limit)
    start = _start(actor, asset_id)
    walks: dict[str, list[Step]] = {"upstream": [], "downstream": []}
    truncated = False
    for way in ("upstream", "downstream"):
        if direction in {way, "both"}:
            steps = _walk(start.id, way, depth, limit + 1)
            truncated = truncated or len(steps) > limit
            walks[way] = steps[:limit]
    return Lineage(start, walks["upstream"], walks["downstream"], truncated)


def _check(depth: int, direction: str, limit: int) -> None:
    problems = {}
    if not 1 <= depth <= DEEPEST:
        problems["depth"] = [f"This must be a whole number from 1 to {DEEPEST}."]
    if direction not in {"upstream", "downstream", "both"}:
        problems["direction"] = ["This must be one of upstream, downstream, both."]
    if not 1 <= limit <= EDGES_MOST:
        problems["limit"] = [f"This must be a whole number from 1 to {EDGES_MOST:,}."]
    if problems:
        raise Invalid(fields=problems)


def _start(actor: Actor, asset_id: UUID) -> Node:
    found = Asset.objects.visible_to(actor).filter(pk=asset_id)
    row = found.values_list("id", "type", "name", "qualified_name").first()
    if row is None:
        raise NotFound(resource="asset", asset_id=str(asset_id))
    return Node(*row)


def _walk(start: UUID, way: str, depth: int, limit: int) -> list[Step]:
    """The nearest `limit` edges on one way.

    A row of `walk` is an asset at a depth; an asset may be reached at several, each once, so that cycles end
    and `limit * (depth + 1)` rows hold at least `limit` assets, or all of them.
    """
    here, there = ("downstream_id", "upstream_id") if way == "upstream" else ("upstream_id", "downstream_id")
    rows = limit * (depth + 1)
    inside, outside = ("", f"LIMIT {rows}") if is_postgresql() else (f"LIMIT {rows}", "")
    key, moment, order = _POSTGRESQL if is_postgresql() else _SQLITE
    statement = _WALK.format(
        here=here, there=there, inside=inside, outside=outside, key=key, moment=moment, order=order
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [db_uuid(start), depth, depth, limit])
        return _steps(cursor.fetchall())


_POSTGRESQL = ("::text", "extract(epoch FROM r.created_at)::float8", 'COLLATE "C"')
_SQLITE = ("", "r.created_at", "")
"""How ids and times are asked for, and names are ordered: as what is read back fastest."""

_WALK = """
WITH RECURSIVE walk(node, depth) AS (
    SELECT id, 0 FROM catalog_asset WHERE id = %s
    UNION
    SELECT a.id, w.depth + 1
    FROM walk w
    JOIN catalog_relationship r ON r.{here} = w.node
    JOIN catalog_asset a ON a.id = r.{there} AND a.deleted_at IS NULL
    WHERE w.depth < %s
    {inside}
),
reached AS (
    SELECT node, min(depth) AS depth FROM (SELECT node, depth FROM walk {outside}) AS nearest GROUP BY node
)
SELECT a.id{key}, a.type, a.name, a.qualified_name, w.depth + 1, r.id{key}, r.type, r.source_id{key},
    r.target_id{key}, r.metadata, {moment}
FROM reached w
JOIN catalog_relationship r ON r.{here} = w.node
JOIN catalog_asset a ON a.id = r.{there} AND a.deleted_at IS NULL
WHERE w.depth < %s
ORDER BY w.depth, a.qualified_name {order}, r.id
LIMIT %s
"""


def _steps(rows: Sequence[Sequence[Any]]) -> list[Step]:
    """The rows of a walk; an asset that many edges meet at is made once."""
    keys: dict[str, UUID] = {}
    nodes: dict[str, Node] = {}

    def key_of(text: str) -> UUID:
        key = keys.get(text)
        return key if key is not None else keys.setdefault(text, UUID(text))

    steps = []
    for asset, type_, name, qualified_name, depth, edge, edge_type, source, target, metadata, created_at in rows:
        node = nodes.get(asset)
        if node is None:
            node = nodes[asset] = Node(key_of(asset), type_, name, qualified_name)
        steps.append(
            Step(
                node,
                depth,
                UUID(edge),
                edge_type,
                key_of(source),
                key_of(target),
                {} if metadata == "{}" else orjson.loads(metadata),
                datetime.fromtimestamp(created_at, UTC) if isinstance(created_at, float) else as_time(created_at),
            )
        )
    return steps
