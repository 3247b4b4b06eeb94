"""The lineage of many assets together, for a door that asks for a whole level of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from accounts.actor import Actor
from catalog.lineage import DEEPEST, EDGES_MOST, Direction, Lineage, Node, Step, lineage
from catalog.models import Asset
from catalog.records import as_time
from catalog.tables import among, as_uuid, is_postgresql
from contracts.errors import Invalid, NotFound


def lineages(*, actor: Actor, asset_ids: Sequence[UUID], depth: int, direction: Direction) -> dict[UUID, Lineage]:
    """The lineage of each of these assets that the actor can see, as `lineage` gives it for one.

    One statement for the assets and one for each direction, however many there are. The nearest 10,000 edges
    in all are walked in each direction; where there are more, every lineage says that it is truncated.
    """
    if len(asset_ids) == 1:
        return _one(actor, asset_ids[0], depth, direction)
    if not 1 <= depth <= DEEPEST:
        raise Invalid(fields={"depth": [f"This must be a whole number from 1 to {DEEPEST}."]})
    rows = Asset.objects.visible_to(actor).filter(pk__in=asset_ids)
    nodes = {row[0]: Node(*row) for row in rows.values_list("id", "type", "name", "qualified_name")}
    walks: dict[str, dict[UUID, list[Step]]] = {"upstream": {}, "downstream": {}}
    truncated = False
    for way in ("upstream", "downstream"):
        if nodes and direction in {way, "both"}:
            steps = _walk(list(nodes), way, depth, EDGES_MOST + 1)
            truncated = truncated or len(steps) > EDGES_MOST
            for root, step in steps[:EDGES_MOST]:
                walks[way].setdefault(root, []).append(step)
    return {
        key: Lineage(node, walks["upstream"].get(key, []), walks["downstream"].get(key, []), truncated)
        for key, node in nodes.items()
    }


def _one(actor: Actor, key: UUID, depth: int, direction: Direction) -> dict[UUID, Lineage]:
    try:
        return {key: lineage(actor=actor, asset_id=key, depth=depth, direction=direction)}
    except NotFound:
        return {}


def _walk(roots: list[UUID], way: str, depth: int, limit: int) -> list[tuple[UUID, Step]]:
    """The nearest `limit` edges on one way, each with the asset whose lineage it belongs to."""
    here, there = ("downstream_id", "upstream_id") if way == "upstream" else ("upstream_id", "downstream_id")
    condition, parameter = among("id", roots, "uuid")
    rows = limit * (depth + 1)
    inside, outside = ("", f"LIMIT {rows}") if is_postgresql() else (f"LIMIT {rows}", "")
    statement = _WALK.format(condition=condition, here=here, there=there, inside=inside, outside=outside)
    with connection.cursor() as cursor:
        cursor.execute(statement, [parameter, depth, depth, limit])
        return [(as_uuid(row[0]), _step(row[1:])) for row in cursor.fetchall()]


_WALK = """
WITH RECURSIVE walk(root, node, depth) AS (
    SELECT id, id, 0 FROM catalog_asset WHERE {condition}
    UNION
    SELECT w.root, a.id, w.depth + 1
    FROM walk w
    JOIN catalog_relationship r ON r.{here} = w.node
    JOIN catalog_asset a ON a.id = r.{there} AND a.deleted_at IS NULL
    WHERE w.depth < %s
    {inside}
),
reached AS (
    SELECT root, node, min(depth) AS depth
    FROM (SELECT root, node, depth FROM walk {outside}) AS nearest
    GROUP BY root, node
)
SELECT w.root, a.id, a.type, a.name, a.qualified_name, w.depth + 1, r.id, r.type, r.source_id, r.target_id,
    r.metadata, r.created_at
FROM reached w
JOIN catalog_relationship r ON r.{here} = w.node
JOIN catalog_asset a ON a.id = r.{there} AND a.deleted_at IS NULL
WHERE w.depth < %s
ORDER BY w.depth, a.qualified_name, r.id
LIMIT %s
"""


def _step(row: Sequence[Any]) -> Step:
    return Step(
        asset=Node(as_uuid(row[0]), row[1], row[2], row[3]),
        depth=row[4],
        relationship_id=as_uuid(row[5]),
        type=row[6],
        source_id=as_uuid(row[7]),
        target_id=as_uuid(row[8]),
        metadata=orjson.loads(row[9]),
        created_at=as_time(row[10]),
    )
