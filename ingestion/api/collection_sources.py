"""Data sources as the collection contract speaks of them."""

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
from contracts.filtering import ChoicesFilter
from contracts.serializers import Strict, Text
from contracts.views import ListsAndRetrieves
from ingestion.api.shared import SourceTypeFilter
from ingestion.connectors.registry import connector_types, get_connector
from ingestion.models import DataSource, SourceStatus
from ingestion.services import sources


class DataSourceFilters(filters.FilterSet):  # type: ignore[misc]
    type = SourceTypeFilter(help_text="Only this type.")
    status = ChoicesFilter(choices=SourceStatus.choices, help_text="Only these statuses.")
    name = filters.CharFilter(lookup_expr="icontains", help_text="Part of the name.")


class DataSourceSerializer(serializers.ModelSerializer[DataSource]):
    class Meta:
        model = DataSource
        fields = [
            "id",
            "name",
            "type",
            "description",
            "status",
            "status_message",
            "config",
            "tags",
            "server_version",
            "tested_at",
            "created_at",
            "updated_at",
        ]
        read_only_fields = fields


class DataSourceBody(Strict):
    """A data source as a client sends it; what a type's `config` takes is at `/datasources/types`."""

    name = Text(max_length=200)
    type = Text(max_length=40)
    description = Text(required=False, allow_blank=True, max_length=10_000)
    config = serializers.DictField(required=False)
    tags = serializers.ListField(child=Text(max_length=100), required=False)
    status = serializers.ChoiceField(["active", "inactive"], required=False)


class StatusBody(Strict):
    ids = serializers.ListField(child=Text(max_length=100), max_length=1000)
    status = serializers.ChoiceField(["active", "inactive"])


class TestAnswer(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message = serializers.CharField()
    latency = serializers.IntegerField(help_text="Milliseconds to connect and ask.", source="latency_ms")
    server_info = serializers.CharField()
    version = serializers.CharField()
    code = serializers.CharField(help_text="Empty where the test went well.")


class StatusError(serializers.Serializer[Any]):
    id = serializers.CharField()
    message = serializers.CharField()


class StatusAnswer(serializers.Serializer[Any]):
    total = serializers.IntegerField()
    success = serializers.IntegerField()
    failed = serializers.SerializerMethodField()
    errors = StatusError(many=True)  # type: ignore[assignment]  # the page's name for it

    def get_failed(self, result: sources.BatchResult) -> int:
        return result.total - result.success


class TypeAnswer(serializers.Serializer[Any]):
    type = serializers.CharField()
    title = serializers.CharField()
    config_schema = serializers.DictField(help_text="JSON Schema; write-only settings are secrets.")


class DataSourceViews(ListsAndRetrieves[DataSource]):
    resource = "data_source"
    queryset = DataSource.objects.none()
    rows_key = "data_sources"
    serializer_class: Any = DataSourceSerializer
    filterset_class = DataSourceFilters

    def get_queryset(self) -> QuerySet[DataSource]:
        return DataSource.objects.visible_to(actor_of(self.request))

    def get_serializer_class(self) -> Any:
        bodies = {"create": DataSourceBody, "update": DataSourceBody, "batch_status": StatusBody}
        sends = self.request is not None and self.request.method in {"POST", "PUT"}
        return bodies.get(self.action, self.serializer_class) if sends else self.serializer_class

    def create(self, request: Request) -> Response:
        source = sources.create_data_source(actor=actor_of(request), data=self.validated())
        return Response(DataSourceSerializer(source).data, status=201)

    def update(self, request: Request, pk: str) -> Response:
        changes = self.validated(partial=True)
        source = sources.update_data_source(actor=actor_of(request), source=self.get_object(), changes=changes)
        return Response(DataSourceSerializer(source).data)


@extend_schema_view(
    create=extend_schema(request=DataSourceBody, responses={201: DataSourceSerializer}),
    update=extend_schema(request=DataSourceBody, responses=DataSourceSerializer),
)
class CollectionDataSources(Collection, DataSourceViews):
    """Systems to collect from. What is secret in their settings is never shown."""

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        sources.delete_data_source(actor=actor_of(request), source=self.get_object())
        return self.deleted()

    @extend_schema(request=None, responses=TestAnswer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Connect and ask for the version. A source that cannot be reached answers 200 with `success: false`."""
        result = sources.test_connection(actor=actor_of(request), source=self.get_object())
        return Response(TestAnswer(result).data)

    @extend_schema(request=StatusBody, responses=StatusAnswer)
    @action(detail=False, methods=["post"], url_path="batch/status")
    def batch_status(self, request: Request) -> Response:
        """Set the status of many sources; those that cannot be set are named, the rest is done."""
        result = sources.set_status(actor=actor_of(request), **self.validated())
        return Response(StatusAnswer(result).data)

    @extend_schema(responses=TypeAnswer(many=True))
    @action(detail=False, methods=["get"], pagination_class=None, filterset_class=None)
    def types(self, request: Request) -> Response:
        """The types that can be collected, each with the JSON Schema of its `config`."""
        return Response([TypeAnswer(get_connector(name)).data for name in connector_types()])
