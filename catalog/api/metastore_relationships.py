"""`/v1/relationships` of the metastore contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import path
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog.api.parameters import body_of
from catalog.api.serializers import RelationshipBody, RelationshipSerializer
from catalog.models import Asset, Relationship, RelationshipType
from catalog.querysets import RelationshipQuerySet
from catalog.services import create_relationship, delete_relationship, update_relationship
from contracts.errors import Invalid, NotFound
from contracts.filtering import ChoicesFilter, KeysFilter
from contracts.metastore import Metastore
from contracts.returned import WasShown, changes_of, same, same_time
from contracts.views import ContractViewSet, uuid_of

_BODY = frozenset({"source_asset_id", "target_asset_id", "type", "metadata"})
READ_ONLY: Mapping[str, WasShown] = {
    "id": same,
    "source_asset_id": same,
    "target_asset_id": same,
    "type": same,
    "created_at": same_time,
}
"""What is shown of a relationship and cannot be changed."""


class RelationshipFilters(filters.FilterSet):  # type: ignore[misc]
    asset_id = KeysFilter(method="at_either_end", help_text="Edges of these assets, at either end.")
    source_asset_id = KeysFilter("source", help_text="Edges that begin at these assets.")
    target_asset_id = KeysFilter("target", help_text="Edges that end at these assets.")
    type = ChoicesFilter(choices=RelationshipType.values, help_text="Types, any of them.")

    def at_either_end(self, edges: RelationshipQuerySet, name: str, value: list[UUID]) -> RelationshipQuerySet:
        return edges.filter(Q(source__in=value) | Q(target__in=value))


class RelationshipPatch(serializers.Serializer[Any]):
    metadata = serializers.DictField(help_text="Takes the place of what was there.")


class RelationshipViews(ContractViewSet[Relationship]):
    """Relationships whose two ends the actor can see."""

    resource = "relationship"
    queryset = Relationship.objects.none()
    filterset_class = RelationshipFilters

    def get_queryset(self) -> RelationshipQuerySet:
        return Relationship.objects.visible_to(actor_of(self.request))

    def list(self, request: Request) -> Response:
        found = self.filter_queryset(self.get_queryset())
        rows = self.paginate_queryset(found.order_by("-pk")) or []
        return self.get_paginated_response([relationship_shape(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(relationship_shape(self.get_object()))

    def create(self, request: Request) -> Response:
        actor, data = actor_of(request), body_of(request)
        problems = {str(name): ["There is no such field."] for name in data if name not in _BODY}
        keys = {name: uuid_of(data.get(name)) for name in ("source_asset_id", "target_asset_id")}
        problems |= {name: ["This must be the id of an asset."] for name, key in keys.items() if key is None}
        metadata = data.get("metadata", {})
        if not isinstance(metadata, dict):
            problems["metadata"] = ["This must be a JSON object."]
        if problems:
            raise Invalid(fields=problems, resource=self.resource)
        ends = Asset.objects.visible_to(actor).in_bulk([key for key in keys.values() if key])
        missing = next((key for key in keys.values() if key not in ends), None)
        if missing is not None:
            raise NotFound(resource="asset", asset_id=str(missing))
        edge = create_relationship(
            actor=actor,
            source=ends[keys["source_asset_id"]],
            target=ends[keys["target_asset_id"]],
            type=data.get("type", ""),
            metadata=metadata,
        )
        return Response(relationship_shape(edge), status=201)

    def update(self, request: Request, pk: str) -> Response:
        edge, data = self.get_object(), body_of(request)
        changes = changes_of(data, READ_ONLY, lambda: relationship_shape(edge), resource=self.resource)
        metadata = changes.get("metadata")
        problems = {name: ["There is no such field."] for name in data if name not in {*READ_ONLY, "metadata"}}
        if not isinstance(metadata, dict):
            problems["metadata"] = ["This must be a JSON object."]
        if problems or not isinstance(metadata, dict):
            raise Invalid(fields=problems, resource=self.resource)
        changed = update_relationship(actor=actor_of(request), relationship=edge, metadata=metadata)
        return Response(relationship_shape(changed))

    def destroy(self, request: Request, pk: str) -> Response:
        delete_relationship(actor=actor_of(request), relationship=self.get_object())
        return Response(status=204)


def relationship_shape(edge: Relationship) -> dict[str, Any]:
    return {
        "id": edge.pk,
        "source_asset_id": edge.source_id,
        "target_asset_id": edge.target_id,
        "type": edge.type,
        "metadata": edge.metadata,
        "created_at": edge.created_at,
    }


@extend_schema_view(
    list=extend_schema(responses=RelationshipSerializer(many=True)),
    retrieve=extend_schema(responses=RelationshipSerializer),
    create=extend_schema(request=RelationshipBody, responses={201: RelationshipSerializer}),
    update=extend_schema(request=RelationshipPatch, responses=RelationshipSerializer),
    destroy=extend_schema(responses={204: None}),
)
class MetastoreRelationships(Metastore, RelationshipViews):
    """How assets relate."""

    serializer_class: Any = RelationshipBody


urlpatterns = [
    path("relationships", MetastoreRelationships.as_view({"get": "list", "post": "create"}), name="relationships"),
    path(
        "relationships/<str:pk>",
        MetastoreRelationships.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="relationship",
    ),
]
