"""What can be read out of a walk: one column's lineage, what a change would touch, the way between two assets.

Each takes the statements that `lineage` takes; the rest is done here, over at most `limit` edges.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from accounts.actor import Actor
from catalog.lineage import DEEPEST, EDGES, EDGES_MOST, Direction, Lineage, Node, Step, lineage
from catalog.models import Asset
from contracts.errors import Invalid, NotFound

Way = Literal["upstream", "downstream"]
Columns = dict[str, list[str]]
"""Columns of what is made, and of each the columns it is made from."""


@dataclass(frozen=True, slots=True)
class ColumnStep:
    """An edge that the column goes through, and which columns it goes through there. `depth` counts from the start."""

    step: Step
    depth: int
    columns: Columns


@dataclass(frozen=True, slots=True)
class ColumnLineage:
    """What one column is made from, and what is made from it."""

    asset: Node
    column: str
    upstream: list[ColumnStep]
    downstream: list[ColumnStep]
    truncated: bool


@dataclass(frozen=True, slots=True)
class Impact:
    """Everything downstream of an asset, the nearest first, each once; how much of each type."""

    asset: Node
    assets: list[tuple[Node, int]]
    by_type: dict[str, int]
    truncated: bool


@dataclass(frozen=True, slots=True)
class Route:
    """The shortest way between two assets: its edges in order, none where there is none.

    `truncated`: none was found, but not all was seen.
    """

    direction: Way | None
    steps: list[Step]
    truncated: bool


def column_lineage(
    *, actor: Actor, asset_id: UUID, column: str, depth: int, direction: Direction = "both", limit: int = EDGES
) -> ColumnLineage:
    """The edges whose `column_mapping` carries the column, up to `depth` steps away.

    Raises NotFound, Invalid for a column that the asset's schema does not have (where it has one).
    """
    found = lineage(actor=actor, asset_id=asset_id, depth=depth, direction=direction, limit=limit)
    _check_column(asset_id, column)
    return ColumnLineage(
        asset=found.asset,
        column=column,
        upstream=_follow(found, "upstream", column, depth),
        downstream=_follow(found, "downstream", column, depth),
        truncated=found.truncated,
    )


def impact(*, actor: Actor, asset_id: UUID, depth: int = DEEPEST, limit: int = EDGES_MOST) -> Impact:
    """What a change of the asset would touch: everything downstream of it. Raises NotFound, Invalid."""
    found = lineage(actor=actor, asset_id=asset_id, depth=depth, direction="downstream", limit=limit)
    nearest: dict[UUID, tuple[Node, int]] = {}
    for step in found.downstream:
        if step.asset.id != asset_id:
            nearest.setdefault(step.asset.id, (step.asset, step.depth))
    counts = Counter(node.type for node, _ in nearest.values())
    return Impact(found.asset, list(nearest.values()), dict(counts.most_common()), found.truncated)


def shortest_way(*, actor: Actor, source_id: UUID, target_id: UUID) -> Route:
    """How one asset leads to another, downstream or upstream, in at most ten steps. Raises NotFound, Invalid."""
    if not Asset.objects.visible_to(actor).filter(pk=target_id).exists():
        raise NotFound(resource="asset", asset_id=str(target_id))
    found = lineage(actor=actor, asset_id=source_id, depth=DEEPEST, limit=EDGES_MOST)
    if source_id == target_id:
        return Route(None, [], False)
    ways: list[tuple[Way, list[Step]]] = []
    for direction, steps in (("downstream", found.downstream), ("upstream", found.upstream)):
        way = _backtracked(steps, source_id, target_id)
        if way:
            ways.append((direction, way))  # type: ignore[arg-type]  # one of the two names
    direction_found, shortest = min(ways, key=lambda way: len(way[1]), default=(None, []))
    # The nearest edges are seen first: a way that was found is a shortest one even where others were left out.
    return Route(direction_found, shortest, found.truncated and not shortest)


def mapping_of(metadata: Mapping[str, Any]) -> Columns:
    """An edge's `column_mapping`, whatever its writer made of it: what is no mapping is left out."""
    mapping = metadata.get("column_mapping")
    if not isinstance(mapping, Mapping):
        return {}
    columns: Columns = {}
    for made, given in mapping.items():
        names = [given] if isinstance(given, str) else given
        if isinstance(names, list):
            columns[made] = [name for name in names if isinstance(name, str)]
    return columns


def _check_column(asset_id: UUID, column: str) -> None:
    schema = Asset.objects.values_list("schema", flat=True).get(pk=asset_id)
    if schema and not _has(schema, column):
        raise Invalid(fields={"column": ["The asset has no such column."]})


def _has(schema: list[dict[str, Any]], column: str) -> bool:
    return any(element["name"] == column or _has(element.get("children") or [], column) for element in schema)


def _follow(found: Lineage, way: Way, column: str, depth: int) -> list[ColumnStep]:
    """The column through the edges of one walk, breadth first; each edge once, with all that goes through it."""
    edges: dict[UUID, list[tuple[Step, Columns]]] = {}
    for step in found.upstream if way == "upstream" else found.downstream:
        edges.setdefault(near_end(step), []).append((step, mapping_of(step.metadata)))
    passed: dict[UUID, ColumnStep] = {}
    seen = {(found.asset.id, column)}
    waiting = deque([(found.asset.id, column, 0)])
    while waiting:
        here, name, steps = waiting.popleft()
        if steps == depth:
            continue
        for step, mapping in edges.get(here, ()):
            for made, given, there in _pairs(mapping, name, way):
                passing = passed.setdefault(step.relationship_id, ColumnStep(step, steps + 1, {}))
                names = passing.columns.setdefault(made, [])
                if given not in names:
                    names.append(given)
                if (step.asset.id, there) not in seen:
                    seen.add((step.asset.id, there))
                    waiting.append((step.asset.id, there, steps + 1))
    return list(passed.values())


def _pairs(mapping: Columns, name: str, way: Way) -> list[tuple[str, str, str]]:
    """What a mapping makes of a column: (made, made from, the one of the two at the far end)."""
    if way == "upstream":
        return [(name, given, given) for given in mapping.get(name, ())]
    return [(made, name, made) for made, given in mapping.items() if name in given]


def near_end(step: Step) -> UUID:
    """The end of an edge that the walk came from."""
    return step.target_id if step.source_id == step.asset.id else step.source_id


def _backtracked(steps: list[Step], source_id: UUID, target_id: UUID) -> list[Step]:
    """The edges from the start of a walk to an asset in it; the first edge that reaches one is on a shortest way."""
    reached: dict[UUID, Step] = {}
    for step in steps:
        reached.setdefault(step.asset.id, step)
    way: list[Step] = []
    here = target_id
    while here != source_id:
        last = reached.get(here)
        if last is None:
            return []
        way.append(last)
        here = near_end(last)
    return way[::-1]
