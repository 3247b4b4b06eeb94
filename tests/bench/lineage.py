"""A walk over a graph of a million edges, against the recursive statement somebody would write by hand."""

from __future__ import annotations

from typing import Any

from django.db import connection

from catalog.lineage import EDGES_MOST, lineage
from catalog.services.benchmark import seeded_key
from tests.bench.harness import Row, compare, statements_of
from tests.bench.world import ASSETS, World

DEPTH = 5

_WALK = """
WITH RECURSIVE walk(edge, node, depth) AS (
    SELECT id, downstream_id, 1 FROM catalog_relationship WHERE upstream_id = %s
    UNION
    SELECT r.id, r.downstream_id, w.depth + 1 FROM walk w JOIN catalog_relationship r ON r.upstream_id = w.node
    WHERE w.depth < %s
)
SELECT a.id, a.type, a.name, a.qualified_name, w.depth, r.id, r.type, r.source_id, r.target_id, r.metadata, r.created_at
FROM (SELECT edge, min(depth) AS depth FROM walk GROUP BY edge) w
JOIN catalog_relationship r ON r.id = w.edge
JOIN catalog_asset a ON a.id = r.downstream_id AND a.deleted_at IS NULL
ORDER BY w.depth, a.qualified_name
"""


def rows(world: World) -> list[Row]:
    """The same edges, each once, with what is shown of the asset each leads to."""
    world.fill()
    start = seeded_key(world.organization.pk, "asset", 0)

    def floor() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(_WALK, [start, DEPTH])
            found: list[Any] = cursor.fetchall()
            return found

    def ours() -> Any:
        return lineage(actor=world.actor, asset_id=start, depth=DEPTH, direction="downstream", limit=EDGES_MOST)

    walked = ours().downstream
    if {row[5] for row in floor()} != {step.relationship_id for step in walked}:
        raise RuntimeError("the floor does not walk the same edges")
    nodes = len({step.asset.id for step in walked})
    times = compare(floor, ours, runs=15, warmup=2)
    work = f"lineage, depth {DEPTH}, {nodes:,} assets reached of {ASSETS:,}"
    return [Row(work, "WITH RECURSIVE, the same edges", *times, 1.5, statements_of(ours))]
