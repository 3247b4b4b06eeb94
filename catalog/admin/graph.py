"""The graph around an asset, as the page draws it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.actor import Actor
from catalog.models import Asset, Relationship

MAX_DEPTH = 6
MAX_NODES = 200


def graph_of(actor: Actor, asset: Asset, depth: int) -> dict[str, Any]:
    """Nodes with their level (upstream negative, the asset 0) and edges from upstream to downstream."""
    levels: dict[UUID, int] = {asset.pk: 0}
    edges: dict[tuple[UUID, UUID, str], bool] = {}
    truncated = _walk(actor, asset.pk, depth, -1, levels, edges) | _walk(actor, asset.pk, depth, 1, levels, edges)
    assets = Asset.objects.visible_to(actor).filter(pk__in=levels)
    nodes = [_node(one, levels[one.pk], is_root=one.pk == asset.pk) for one in assets]
    shown = {one.pk for one in assets}
    return {
        "nodes": nodes,
        "edges": [{"from": str(up), "to": str(down), "type": kind} for up, down, kind in edges if {up, down} <= shown],
        "truncated": truncated,
        "depth": depth,
    }


def _walk(
    actor: Actor, root: UUID, depth: int, sign: int, levels: dict[UUID, int], edges: dict[tuple[UUID, UUID, str], bool]
) -> bool:
    here, there = ("downstream_id", "upstream_id") if sign < 0 else ("upstream_id", "downstream_id")
    frontier = [root]
    for level in range(1, depth + 1):
        found = Relationship.objects.visible_to(actor).filter(**{f"{here}__in": frontier})
        frontier = []
        for up, down, kind in found.values_list("upstream_id", "downstream_id", "type")[:1000]:
            edges[(up, down, kind)] = True
            other = up if there == "upstream_id" else down
            if other not in levels:
                levels[other] = sign * level
                frontier.append(other)
        if len(levels) > MAX_NODES:
            return True
        if not frontier:
            break
    return False


def _node(asset: Asset, level: int, *, is_root: bool) -> dict[str, Any]:
    return {
        "id": str(asset.pk),
        "name": asset.name,
        "qualified_name": asset.qualified_name,
        "type": asset.type,
        "type_label": asset.get_type_display(),
        "level": level,
        "root": is_root,
        "stale": asset.stale_since is not None,
        "url": reverse("admin:catalog_asset_change", args=[asset.pk]),
    }
