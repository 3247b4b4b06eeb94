"""`/v1/assets` of the metastore contract."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from catalog import reading
from catalog.api.assets import AssetViews
from catalog.api.parameters import choices_of, parameter
from catalog.api.serializers import AssetBody, AssetItemSerializer, AssetPatch, AssetSerializer
from contracts.metastore import Metastore

_FIELDS = parameter(
    "fields",
    f"Only these, and the id: of {', '.join(reading.FIELDS)}. In a list `schema` comes only when it is asked for.",
)
_VERSION = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The version that is to be changed, as its ETag says it. Another one is answered with 409.",
)


@extend_schema_view(
    list=extend_schema(parameters=[_FIELDS], responses=AssetItemSerializer(many=True)),
    retrieve=extend_schema(parameters=[_FIELDS], responses=AssetSerializer),
    create=extend_schema(request=AssetBody, responses={201: AssetSerializer}),
    update=extend_schema(parameters=[_VERSION], request=AssetPatch, responses=AssetSerializer),
    destroy=extend_schema(parameters=[_VERSION], responses={204: None}),
)
class MetastoreAssets(Metastore, AssetViews):
    """What is in the catalog."""

    serializer_class: Any = AssetBody

    @extend_schema(operation_id="metastore_assets_by_name", parameters=[_FIELDS], responses=AssetSerializer)
    def by_name(self, request: Request, qualified_name: str) -> Response:
        """The asset of a qualified name."""
        found = self.get_queryset().filter(qualified_name=qualified_name)
        fields = choices_of(request, "fields", reading.FIELDS)
        return self.show(reading.rows(found, with_schema=True).first(), fields=fields, qualified_name=qualified_name)


urlpatterns = [
    path("assets", MetastoreAssets.as_view({"get": "list", "post": "create"}), name="assets"),
    path("assets/name/<path:qualified_name>", MetastoreAssets.as_view({"get": "by_name"}), name="asset-by-name"),
    path(
        "assets/<str:pk>",
        MetastoreAssets.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="asset",
    ),
]
