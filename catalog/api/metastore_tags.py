"""`/v1/tags` of the metastore contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import path
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog.api.parameters import body_of
from catalog.api.serializers import TagBody, TagPatch, TagSerializer
from catalog.counts import uses_of
from catalog.models import Tag
from catalog.querysets import TagQuerySet
from catalog.services import create_tag, delete_tag, merge_tags, restore_tag, update_tag
from contracts.errors import Invalid, NotFound
from contracts.filtering import WordsFilter
from contracts.metastore import Metastore
from contracts.returned import WasShown, changes_of, earlier_time, same, same_time, some_count
from contracts.views import ContractViewSet, uuid_of

READ_ONLY: Mapping[str, WasShown] = {
    "id": same,
    "asset_count": some_count,
    "created_at": same_time,
    "updated_at": earlier_time,
}
"""What is shown of a tag and cannot be changed."""


class TagFilters(filters.FilterSet):  # type: ignore[misc]
    category = WordsFilter(help_text="Categories, any of them.")
    search = filters.CharFilter("name", "icontains", help_text="A part of the name.")


class TagViews(ContractViewSet[Tag]):
    """The tags of the actor's organization."""

    resource = "tag"
    queryset = Tag.objects.none()
    filterset_class = TagFilters

    def get_queryset(self) -> TagQuerySet:
        return Tag.objects.visible_to(actor_of(self.request))

    def list(self, request: Request) -> Response:
        found = self.filter_queryset(self.get_queryset())
        rows = self.paginate_queryset(found.order_by("key")) or []
        return self.get_paginated_response(tag_shapes(rows))

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(tag_shapes([self.get_object()])[0])

    def create(self, request: Request) -> Response:
        return Response(tag_shapes([create_tag(actor=actor_of(request), data=body_of(request))])[0], status=201)

    def update(self, request: Request, pk: str) -> Response:
        tag = self.get_object()
        changes = changes_of(body_of(request), READ_ONLY, lambda: tag_shapes([tag])[0], resource=self.resource)
        return Response(tag_shapes([update_tag(actor=actor_of(request), tag=tag, changes=changes)])[0])

    def merge(self, request: Request, pk: str) -> Response:
        actor, data = actor_of(request), body_of(request)
        problems = {str(name): ["There is no such field."] for name in data if name != "into"}
        key = uuid_of(data.get("into"))
        if key is None:
            problems["into"] = ["This must be the id of a tag."]
        if problems or key is None:
            raise Invalid(fields=problems, resource=self.resource)
        tag, into = self.get_object(), self.get_queryset().filter(pk=key).first()
        if into is None:
            raise NotFound(resource=self.resource, tag_id=str(key))
        return Response(tag_shapes([merge_tags(actor=actor, tag=tag, into=into)])[0])

    def destroy(self, request: Request, pk: str) -> Response:
        delete_tag(actor=actor_of(request), tag=self.get_object())
        return Response(status=204)

    def restore(self, request: Request, pk: str) -> Response:
        key = uuid_of(pk)
        if key is None:
            raise NotFound(resource=self.resource, tag_id=pk)
        return Response(tag_shapes([restore_tag(actor=actor_of(request), tag_id=key)])[0])


def tag_shapes(tags: Sequence[Tag]) -> list[dict[str, Any]]:
    """Tags with how many living assets carry each. One statement."""
    counts = uses_of(tag.pk for tag in tags) if tags else {}
    return [_shape(tag, counts.get(tag.pk, 0)) for tag in tags]


def _shape(tag: Tag, asset_count: int) -> dict[str, Any]:
    return {
        "id": tag.pk,
        "name": tag.name,
        "category": tag.category,
        "description": tag.description,
        "colour": tag.colour,
        "asset_count": asset_count,
        "created_at": tag.created_at,
        "updated_at": tag.updated_at,
    }


@extend_schema_view(
    list=extend_schema(responses=TagSerializer(many=True)),
    retrieve=extend_schema(responses=TagSerializer),
    create=extend_schema(request=TagBody, responses={201: TagSerializer}),
    update=extend_schema(request=TagPatch, responses=TagSerializer),
    destroy=extend_schema(responses={204: None}),
)
class MetastoreTags(Metastore, TagViews):
    """Words that curators classify with."""

    serializer_class: Any = TagBody


class MergeTagBody(serializers.Serializer[Any]):
    into = serializers.UUIDField(help_text="The tag that stays.")


class MetastoreTagMerge(Metastore, TagViews):
    serializer_class: Any = MergeTagBody

    @extend_schema(operation_id="metastore_tags_merge", request=MergeTagBody, responses=TagSerializer)
    def merge(self, request: Request, pk: str) -> Response:
        """Give every asset that carries this tag the other one in its place, and delete this one."""
        return super().merge(request, pk)


class MetastoreTagRestore(Metastore, TagViews):
    serializer_class: Any = TagSerializer

    @extend_schema(operation_id="metastore_tags_restore", request=None, responses=TagSerializer)
    def restore(self, request: Request, pk: str) -> Response:
        """Bring a deleted one back, on every asset that let it go."""
        return super().restore(request, pk)


urlpatterns = [
    path("tags/<str:pk>/restore", MetastoreTagRestore.as_view({"post": "restore"}), name="tag-restore"),
    path("tags/<str:pk>/merge", MetastoreTagMerge.as_view({"post": "merge"}), name="tag-merge"),
    path("tags", MetastoreTags.as_view({"get": "list", "post": "create"}), name="tags"),
    path(
        "tags/<str:pk>",
        MetastoreTags.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="tag",
    ),
]
