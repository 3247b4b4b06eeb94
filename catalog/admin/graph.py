"""The graph around an asset, as the page draws it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.actor import Actor
from catalog.lineage import Node, lineage
from catalog.models import Asset, AssetType

MAX_DEPTH = 6
MAX_EDGES = 300
"""In each direction: more boxes than that nobody can read."""

_LABELS = dict(AssetType.choices)


def graph_of(actor: Actor, asset: Asset, depth: int) -> dict[str, Any]:
    """Nodes with their level (upstream negative, the asset 0, downstream positive), edges from upstream to downstream.

    What is reached both ways, in a cycle, stands where it is nearer.
    """
    found = lineage(actor=actor, asset_id=asset.pk, depth=depth, limit=MAX_EDGES)
    nodes: dict[UUID, tuple[Node, int]] = {found.asset.id: (found.asset, 0)}
    for steps, sign in ((found.upstream, -1), (found.downstream, 1)):
        for step in steps:
            known = nodes.get(step.asset.id)
            if known is None or step.depth < abs(known[1]):
                nodes[step.asset.id] = (step.asset, sign * step.depth)
    stale = set(Asset.objects.filter(pk__in=nodes, stale_since__isnull=False).values_list("pk", flat=True))
    edges = {
        step.relationship_id: _edge(step.type, step.source_id, step.target_id)
        for step in (*found.upstream, *found.downstream)
    }
    return {
        "nodes": [_node(node, level, is_stale=node.id in stale) for node, level in nodes.values()],
        "edges": list(edges.values()),
        "truncated": found.truncated,
        "depth": depth,
    }


def _edge(kind: str, source: UUID, target: UUID) -> dict[str, str]:
    """From what is made from to what is made: a producer stands upstream of its product, all others downstream."""
    upstream, downstream = (source, target) if kind == "PRODUCES" else (target, source)
    return {"from": str(upstream), "to": str(downstream), "type": kind}


def _node(node: Node, level: int, *, is_stale: bool) -> dict[str, Any]:
    return {
        "id": str(node.id),
        "name": node.name,
        "qualified_name": node.qualified_name,
        "type": node.type,
        "type_label": _LABELS.get(node.type, node.type),
        "level": level,
        "root": level == 0,
        "stale": is_stale,
        "url": reverse("admin:catalog_asset_change", args=[node.id]),
    }
