"""Templates as the collection contract speaks of them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from contracts.collection import Collection
from contracts.serializers import Strict, Text
from contracts.views import ListsAndRetrieves
from ingestion.api.collection_sources import DataSourceSerializer
from ingestion.api.shared import SourceTypeFilter
from ingestion.models import Template
from ingestion.services import templates


class TemplateFilters(filters.FilterSet):  # type: ignore[misc]
    type = SourceTypeFilter(help_text="Only templates of this type of data source.")


class TemplateSerializer(serializers.ModelSerializer[Template]):
    class Meta:
        model = Template
        fields = ["id", "name", "type", "description", "config_template", "created_at", "updated_at"]
        read_only_fields = fields


class TemplateBody(Strict):
    name = Text(max_length=200)
    type = Text(max_length=40)
    description = Text(required=False, allow_blank=True, max_length=10_000)
    config_template = serializers.DictField(required=False, help_text="Settings of the type, without secrets.")


class ApplyBody(Strict):
    name = Text(max_length=200)
    config_overrides = serializers.DictField(required=False)
    description = Text(required=False, allow_blank=True, max_length=10_000)
    tags = serializers.ListField(child=Text(max_length=100), required=False)


class TemplateViews(ListsAndRetrieves[Template]):
    resource = "template"
    queryset = Template.objects.none()
    serializer_class: Any = TemplateSerializer
    filterset_class = TemplateFilters

    def get_queryset(self) -> QuerySet[Template]:
        return Template.objects.visible_to(actor_of(self.request))

    def get_serializer_class(self) -> Any:
        bodies = {"create": TemplateBody, "update": TemplateBody, "apply": ApplyBody}
        return bodies.get(self.action, self.serializer_class)

    def create(self, request: Request) -> Response:
        template = templates.create_template(actor=actor_of(request), data=self.validated())
        return Response(TemplateSerializer(template).data, status=201)

    def update(self, request: Request, pk: str) -> Response:
        changes = self.validated(partial=True)
        template = templates.update_template(actor=actor_of(request), template=self.get_object(), changes=changes)
        return Response(TemplateSerializer(template).data)


@extend_schema_view(
    create=extend_schema(request=TemplateBody, responses={201: TemplateSerializer}),
    update=extend_schema(request=TemplateBody, responses=TemplateSerializer),
)
class CollectionTemplates(Collection, TemplateViews):
    """Settings to make data sources from."""

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        templates.delete_template(actor=actor_of(request), template=self.get_object())
        return self.deleted()

    @extend_schema(request=ApplyBody, responses={201: DataSourceSerializer})
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: str) -> Response:
        """Make a data source from the template."""
        template = self.get_object()
        source = templates.apply_template(actor=actor_of(request), template=template, data=self.validated())
        return Response(DataSourceSerializer(source).data, status=201)
