"""`/v1/tags` of the metastore contract."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog.api.parameters import body_of, parameter, words_of
from catalog.api.serializers import TagBody, TagPatch, TagSerializer
from catalog.models import Tag
from catalog.querysets import TagQuerySet
from catalog.services import create_tag, delete_tag, update_tag
from contracts.metastore import Metastore
from contracts.views import ContractViewSet


class TagViews(ContractViewSet[Tag]):
    """The tags of the actor's organization."""

    resource = "tag"
    queryset = Tag.objects.none()

    def get_queryset(self) -> TagQuerySet:
        return Tag.objects.visible_to(actor_of(self.request))

    def list(self, request: Request) -> Response:
        found = self.get_queryset()
        if categories := words_of(request, "category"):
            found = found.filter(category__in=categories)
        if words := request.query_params.get("search", "").strip():
            found = found.filter(name__icontains=words)
        rows = self.paginate_queryset(found.order_by("key")) or []
        return self.get_paginated_response([tag_shape(tag) for tag in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(tag_shape(self.get_object()))

    def create(self, request: Request) -> Response:
        return Response(tag_shape(create_tag(actor=actor_of(request), data=body_of(request))), status=201)

    def update(self, request: Request, pk: str) -> Response:
        return Response(tag_shape(update_tag(actor=actor_of(request), tag=self.get_object(), changes=body_of(request))))

    def destroy(self, request: Request, pk: str) -> Response:
        delete_tag(actor=actor_of(request), tag=self.get_object())
        return Response(status=204)


def tag_shape(tag: Tag) -> dict[str, Any]:
    return {
        "id": tag.pk,
        "name": tag.name,
        "category": tag.category,
        "description": tag.description,
        "colour": tag.colour,
        "created_at": tag.created_at,
        "updated_at": tag.updated_at,
    }


@extend_schema_view(
    list=extend_schema(
        parameters=[
            parameter("category", "Categories, any of them.", many=True),
            parameter("search", "A part of the name."),
        ],
        responses=TagSerializer(many=True),
    ),
    retrieve=extend_schema(responses=TagSerializer),
    create=extend_schema(request=TagBody, responses={201: TagSerializer}),
    update=extend_schema(request=TagPatch, responses=TagSerializer),
    destroy=extend_schema(responses={204: None}),
)
class MetastoreTags(Metastore, TagViews):
    """Words that curators classify with."""

    serializer_class: Any = TagBody


urlpatterns = [
    path("tags", MetastoreTags.as_view({"get": "list", "post": "create"}), name="tags"),
    path(
        "tags/<str:pk>",
        MetastoreTags.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="tag",
    ),
]
