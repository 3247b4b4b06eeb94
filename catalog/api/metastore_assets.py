"""`/v1/assets` of the metastore contract."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog import reading
from catalog.api.assets import SORTS, AssetViews
from catalog.api.parameters import choices_of, number_of, parameter
from catalog.api.serializers import AssetBody, AssetItemSerializer, AssetPatch, AssetSerializer, LineageSerializer
from catalog.lineage import DEEPEST, DEPTH, EDGES, EDGES_MOST, Lineage, Node, Step, lineage
from contracts.metastore import Metastore

_FILTERS = [
    parameter("type", "Types, any of them: repeated, or with commas between.", many=True),
    parameter("tag", "Tags by name or id, all of them: repeated, or with commas between.", many=True),
    parameter("search", "Words that name, description, columns or tags hold."),
    parameter("source", "Data sources by name or id, any of them.", many=True),
    parameter("owner", "Owners by id, user name or e-mail address, or `me`; any of them.", many=True),
    parameter("created_after", "From this moment on (ISO 8601)."),
    parameter("created_before", "Before this moment."),
    parameter("updated_after", "From this moment on."),
    parameter("updated_before", "Before this moment."),
    parameter("sort", f"A field and a direction, as `updated_at:desc`. Fields: {', '.join(SORTS)}."),
    parameter("fields", f"Only these, and the id: of {', '.join(reading.FIELDS)}. `schema` comes only when asked for."),
]
_CHANGE = [
    parameter("If-Match", "The version that is to be changed, as its ETag says it. Another one is answered with 409.")
]


@extend_schema_view(
    list=extend_schema(parameters=_FILTERS, responses=AssetItemSerializer(many=True)),
    retrieve=extend_schema(responses=AssetSerializer),
    create=extend_schema(request=AssetBody, responses={201: AssetSerializer}),
    update=extend_schema(request=AssetPatch, responses=AssetSerializer),
    destroy=extend_schema(responses={204: None}),
)
class MetastoreAssets(Metastore, AssetViews):
    """What is in the catalog."""

    serializer_class: Any = AssetBody

    @extend_schema(operation_id="metastore_assets_by_name", responses=AssetSerializer)
    def by_name(self, request: Request, qualified_name: str) -> Response:
        """The asset of a qualified name."""
        found = self.get_queryset().filter(qualified_name=qualified_name)
        return self.show(reading.rows(found, with_schema=True).first(), qualified_name=qualified_name)

    @extend_schema(
        parameters=[
            parameter("depth", f"Steps to follow, 1 to {DEEPEST}; {DEPTH} where it is not said.", type_=int),
            parameter("direction", "`upstream`, `downstream` or `both`."),
            parameter("limit", f"Edges in each direction, at most; {EDGES:,} where it is not said.", type_=int),
        ],
        responses=LineageSerializer,
    )
    def lineage(self, request: Request, pk: str) -> Response:
        """What the asset is made from, and what is made from it."""
        direction: Any = (choices_of(request, "direction", ("both", "upstream", "downstream")) or ["both"])[0]
        found = lineage(
            actor=actor_of(request),
            asset_id=self.key_of(pk),
            depth=number_of(request, "depth", DEPTH, low=1, high=DEEPEST),
            direction=direction,
            limit=number_of(request, "limit", EDGES, low=1, high=EDGES_MOST),
        )
        return Response(lineage_shape(found))


def lineage_shape(found: Lineage) -> dict[str, Any]:
    return {
        "asset": node_shape(found.asset),
        "upstream": [_step_shape(step) for step in found.upstream],
        "downstream": [_step_shape(step) for step in found.downstream],
        "truncated": found.truncated,
    }


def node_shape(node: Node) -> dict[str, Any]:
    return {"id": node.id, "type": node.type, "name": node.name, "qualified_name": node.qualified_name}


def _step_shape(step: Step) -> dict[str, Any]:
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


urlpatterns = [
    path("assets", MetastoreAssets.as_view({"get": "list", "post": "create"}), name="assets"),
    path("assets/name/<path:qualified_name>", MetastoreAssets.as_view({"get": "by_name"}), name="asset-by-name"),
    path(
        "assets/<str:pk>",
        MetastoreAssets.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="asset",
    ),
    path("assets/<str:pk>/lineage", MetastoreAssets.as_view({"get": "lineage"}), name="asset-lineage"),
]
