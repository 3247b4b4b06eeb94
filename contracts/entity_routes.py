"""The routes of a collection of `contracts.entity_views`, and what they take and answer for the OpenAPI schema."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from contracts.entity_stale import StaleBody
from contracts.openapi import described


class PatchOperationSerializer(serializers.Serializer[Any]):
    """One operation of RFC 6902."""

    op = serializers.ChoiceField(["add", "remove", "replace", "move", "copy", "test"])
    path = serializers.CharField()
    value = serializers.JSONField(required=False)


PATCH: dict[str, Any] = {"application/json-patch+json": PatchOperationSerializer(many=True)}
"""What a PATCH takes, for the OpenAPI schema."""


class EntityHistorySerializer(serializers.Serializer[Any]):
    entityType = serializers.CharField()
    versions = serializers.ListField(child=serializers.DictField(), help_text="The newest first.")


class BulkRowSerializer(serializers.Serializer[Any]):
    request = serializers.CharField(help_text="The fully qualified name.", allow_null=True)
    message = serializers.CharField(required=False)
    status = serializers.IntegerField()


class BulkResultSerializer(serializers.Serializer[Any]):
    dryRun = serializers.BooleanField()
    status = serializers.ChoiceField(["success", "partialSuccess", "failure"])
    numberOfRowsProcessed = serializers.IntegerField()
    numberOfRowsPassed = serializers.IntegerField()
    numberOfRowsFailed = serializers.IntegerField()
    successRequest = BulkRowSerializer(many=True)
    failedRequest = BulkRowSerializer(many=True)


class RestoreBody(serializers.Serializer[Any]):
    """Which entity is to be brought back."""

    id = serializers.UUIDField()


def routes(where: str, view: Any, entity: Any) -> list[URLPattern]:
    """The routes of a collection at this path, described by the serializer of its entity."""
    name = where.replace("/", "_")
    body = view.serializer_class
    told = described(
        view,
        bulk=extend_schema(
            request=body(many=True), responses=BulkResultSerializer, operation_id=f"entities_{name}_bulk"
        ),
        list=extend_schema(responses=entity(many=True)),
        retrieve=extend_schema(responses=entity),
        by_name=extend_schema(responses=entity, operation_id=f"entities_{name}_by_name"),
        create=extend_schema(responses={201: entity}),
        upsert=extend_schema(responses={200: entity, 201: entity}, operation_id=f"entities_{name}_put"),
        update=extend_schema(responses=entity),
        partial_update=extend_schema(request=PATCH, responses=entity),
        destroy=extend_schema(responses={200: entity}),
        restore=extend_schema(request=RestoreBody, responses=entity),
        delete_stale=extend_schema(
            request=StaleBody, responses={200: BulkResultSerializer}, operation_id=f"entities_{name}_delete_stale"
        ),
    )
    kept = []
    if hasattr(view, "versions"):
        described(
            told,
            versions=extend_schema(responses=EntityHistorySerializer, operation_id=f"entities_{name}_versions"),
            version=extend_schema(responses=entity, operation_id=f"entities_{name}_version"),
        )
        versions = told.as_view({"get": "versions"})
        kept.append(path(f"{where}/<str:pk>/versions", versions, name=f"entities-{name}-versions"))
        version = told.as_view({"get": "version"})
        kept.append(path(f"{where}/<str:pk>/versions/<str:decimal>", version, name=f"entities-{name}-version"))
    one = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
    return [
        path(where, told.as_view({"get": "list", "post": "create", "put": "upsert"}), name=f"entities-{name}"),
        path(f"{where}/restore", told.as_view({"put": "restore"}), name=f"entities-{name}-restore"),
        path(f"{where}/bulk", told.as_view({"put": "bulk"}), name=f"entities-{name}-bulk"),
        path(f"{where}/deleteStale", told.as_view({"delete": "delete_stale"}), name=f"entities-{name}-stale"),
        *kept,
        path(f"{where}/name/<path:fqn>", told.as_view({"get": "by_name"}), name=f"entities-{name}-by-name"),
        path(f"{where}/<str:pk>", told.as_view(one), name=f"entities-{name}-one"),
    ]
