"""Lineage in the metastore contract: `/v1/assets/{id}/lineage`, `/impact` and `/path`."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog.api.assets import AssetViews
from catalog.api.parameters import choice_of, choices_of, number_of, parameter
from catalog.api.serializers import LineageAssetSerializer, LineageEdgeSerializer, LineageSerializer
from catalog.lineage import DEEPEST, DEPTH, EDGES, EDGES_MOST, Direction, Node, Step, lineage
from catalog.models import AssetType
from catalog.tracing import ColumnStep, column_lineage, impact, shortest_way
from contracts.errors import BadRequest
from contracts.metastore import Metastore
from contracts.parameters import only
from contracts.views import uuid_of

_DEPTH = parameter("depth", f"Steps to follow, 1 to {DEEPEST}.", type_=int)
_DIRECTIONS = ("both", "upstream", "downstream")
_LIMIT = parameter("limit", f"Edges in each direction, at most, 1 to {EDGES_MOST:,}.", type_=int)


class ImpactedSerializer(LineageAssetSerializer):
    depth = serializers.IntegerField(help_text="Steps from the start, from 1.")


class ImpactSerializer(serializers.Serializer[Any]):
    asset = LineageAssetSerializer()
    total = serializers.IntegerField()
    by_type = serializers.DictField(child=serializers.IntegerField())
    assets = ImpactedSerializer(many=True)
    truncated = serializers.BooleanField(help_text="There is more; counts are of what was followed.")


class PathSerializer(serializers.Serializer[Any]):
    direction = serializers.ChoiceField(["upstream", "downstream"], allow_null=True)
    length = serializers.IntegerField(allow_null=True, help_text="Edges; null where there is no path.")
    path = LineageEdgeSerializer(many=True)
    truncated = serializers.BooleanField(help_text="None was found, but not everything was followed.")


class LineageViews(AssetViews):
    """What an asset is made from, and what is made from it."""

    filterset_class = None

    def lineage(self, request: Request, pk: str) -> Response:
        limits: dict[str, Any] = {
            "actor": actor_of(request),
            "asset_id": self.key_of(pk),
            "depth": number_of(request, "depth", DEPTH, low=1, high=DEEPEST),
            "direction": cast(Direction, choice_of(request, "direction", _DIRECTIONS) or "both"),
            "limit": number_of(request, "limit", EDGES, low=1, high=EDGES_MOST),
        }
        column = only(request.query_params, "column")
        if column:
            through = column_lineage(**limits, column=column)
            return Response(
                {
                    "asset": node_shape(through.asset),
                    "column": column,
                    "upstream": [_column_step_shape(step) for step in through.upstream],
                    "downstream": [_column_step_shape(step) for step in through.downstream],
                    "truncated": through.truncated,
                }
            )
        found = lineage(**limits)
        return Response(
            {
                "asset": node_shape(found.asset),
                "upstream": [step_shape(step) for step in found.upstream],
                "downstream": [step_shape(step) for step in found.downstream],
                "truncated": found.truncated,
            }
        )

    def impact(self, request: Request, pk: str) -> Response:
        found = impact(
            actor=actor_of(request),
            asset_id=self.key_of(pk),
            depth=number_of(request, "depth", DEEPEST, low=1, high=DEEPEST),
            limit=number_of(request, "limit", EDGES_MOST, low=1, high=EDGES_MOST),
        )
        types = choices_of(request, "type", AssetType.values)
        return Response(
            {
                "asset": node_shape(found.asset),
                "total": len(found.assets),
                "by_type": found.by_type,
                "assets": [
                    {**node_shape(node), "depth": depth}
                    for node, depth in found.assets
                    if not types or node.type in types
                ],
                "truncated": found.truncated,
            }
        )

    def path(self, request: Request, pk: str) -> Response:
        target = uuid_of(only(request.query_params, "to"))
        if target is None:
            raise BadRequest(fields={"to": ["This must be the id of an asset."]})
        source: UUID = self.key_of(pk)
        found = shortest_way(actor=actor_of(request), source_id=source, target_id=target)
        return Response(
            {
                "direction": found.direction,
                "length": len(found.steps) if found.steps or source == target else None,
                "path": [step_shape(step) for step in found.steps],
                "truncated": found.truncated,
            }
        )


def node_shape(node: Node) -> dict[str, Any]:
    return {"id": node.id, "type": node.type, "name": node.name, "qualified_name": node.qualified_name}


def step_shape(step: Step) -> dict[str, Any]:
    return {
        "asset": node_shape(step.asset),
        "relationship": {
            "id": step.relationship_id,
            "type": step.type,
            "source_asset_id": step.source_id,
            "target_asset_id": step.target_id,
            "metadata": step.metadata,
        },
        "depth": step.depth,
    }


def _column_step_shape(passing: ColumnStep) -> dict[str, Any]:
    return {**step_shape(passing.step), "depth": passing.depth, "columns": passing.columns}


class MetastoreLineage(Metastore, LineageViews):
    serializer_class: Any = LineageSerializer

    @extend_schema(
        operation_id="metastore_assets_lineage_retrieve",
        parameters=[
            _DEPTH,
            parameter("direction", "`upstream`, `downstream` or `both`."),
            _LIMIT,
            parameter("column", "Only the edges that this column of the asset goes through, by their column mappings."),
        ],
        responses=LineageSerializer,
    )
    def lineage(self, request: Request, pk: str) -> Response:
        """What the asset is made from, and what is made from it."""
        return super().lineage(request, pk)

    @extend_schema(
        operation_id="metastore_assets_impact",
        parameters=[_DEPTH, _LIMIT, parameter("type", "Only these types in `assets`.", many=True)],
        responses=ImpactSerializer,
    )
    def impact(self, request: Request, pk: str) -> Response:
        """Everything downstream, with counts by type: what a change of the asset would touch."""
        return super().impact(request, pk)

    @extend_schema(
        operation_id="metastore_assets_path",
        parameters=[parameter("to", "The id of the other asset.")],
        responses=PathSerializer,
    )
    def path(self, request: Request, pk: str) -> Response:
        """The shortest path to another asset, downstream or upstream, of at most ten steps."""
        return super().path(request, pk)


urlpatterns = [
    path("assets/<str:pk>/lineage", MetastoreLineage.as_view({"get": "lineage"}), name="asset-lineage"),
    path("assets/<str:pk>/impact", MetastoreLineage.as_view({"get": "impact"}), name="asset-impact"),
    path("assets/<str:pk>/path", MetastoreLineage.as_view({"get": "path"}), name="asset-path"),
]
