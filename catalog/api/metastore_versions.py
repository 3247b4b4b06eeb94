"""`/v1/assets/{id}/versions`, `/restore` and `/merge` of the metastore contract."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog import reading
from catalog.api.assets import AssetViews
from catalog.api.parameters import body_of, number_of, parameter
from catalog.api.serializers import AssetSerializer
from catalog.history import Version, differences, version, version_from, versions_of
from catalog.models import Asset
from catalog.services import merge_assets, restore_asset
from contracts.conditional import expected_version
from contracts.errors import Invalid, NotFound
from contracts.metastore import Metastore
from contracts.views import uuid_of

HIGHEST = 999_999_999


class MergeBody(serializers.Serializer[Any]):
    asset_ids = serializers.ListField(child=serializers.UUIDField(), help_text="The duplicates, which are deleted.")
    version = serializers.IntegerField(required=False, help_text="The version that is to be changed, as `If-Match`.")


class VersionUserSerializer(serializers.Serializer[Any]):
    """Who made it; `id` is null for a program and for the application itself."""

    id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()


class VersionItemSerializer(serializers.Serializer[Any]):
    """A version in a list."""

    version = serializers.IntegerField()
    action = serializers.CharField(help_text="CREATE, UPDATE, DELETE or RESTORE.")
    user = VersionUserSerializer()
    timestamp = serializers.DateTimeField()


class FieldChangeSerializer(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="As `metadata.owner` or `schema[price].type`.")
    before = serializers.JSONField(allow_null=True)
    after = serializers.JSONField(allow_null=True)
    kind = serializers.ChoiceField(["added", "removed", "changed"])


class VersionSerializer(VersionItemSerializer):
    """One version with the whole state that it left, and what it changed."""

    state = serializers.DictField(allow_null=True, help_text="Null for the version that deleted the asset.")
    compared_to = serializers.IntegerField(allow_null=True, help_text="The version that `changes` start from.")
    changes = FieldChangeSerializer(many=True)


class VersionViews(AssetViews):
    """The history of one asset, deleted ones included."""

    filterset_class = None

    def count(self, queryset: QuerySet[Any]) -> int:
        return queryset.count()

    def versions(self, request: Request, pk: str) -> Response:
        events = versions_of(actor_of(request), self.key_of(pk))
        rows: Any = self.paginate_queryset(events) or []  # type: ignore[arg-type]  # a page of events, not of assets
        return self.get_paginated_response([_item(version_from(row)) for row in rows])

    def version(self, request: Request, pk: str, number: int) -> Response:
        actor, key = actor_of(request), self.key_of(pk)
        found = version(actor, key, number)
        other = number_of(request, "compare_to", number - 1, low=0, high=HIGHEST)
        base = version(actor, key, other) if other else None
        return Response(
            {
                **_item(found),
                "state": found.state,
                "compared_to": other or None,
                "changes": [asdict(change) for change in differences(base, found)],
            }
        )

    def restore(self, request: Request, pk: str) -> Response:
        actor, key = actor_of(request), self.key_of(pk)
        if not Asset.objects.of_tenants(actor).filter(pk=key).exists():
            raise NotFound(resource=self.resource, asset_id=pk)
        restore_asset(actor=actor, asset=Asset(pk=key))
        return self.show(reading.one(actor, key), asset_id=pk)

    def merge(self, request: Request, pk: str) -> Response:
        actor, key, data = actor_of(request), self.key_of(pk), body_of(request)
        problems = {str(name): ["There is no such field."] for name in data if name not in {"asset_ids", "version"}}
        given = data.get("asset_ids")
        ids = [uuid_of(value) for value in given] if isinstance(given, list) else []
        if not ids or None in ids:
            problems["asset_ids"] = ["This must be a list of ids of assets."]
        if problems:
            raise Invalid(fields=problems, resource=self.resource)
        if not self.get_queryset().filter(pk=key).exists():
            raise NotFound(resource=self.resource, asset_id=pk)
        duplicates = [one for one in ids if one is not None]
        expected = expected_version(request)
        merge_assets(actor=actor, keep=Asset(pk=key), duplicates=duplicates, expected_version=expected)
        return self.show(reading.one(actor, key), asset_id=pk)


def _item(found: Version) -> dict[str, Any]:
    return {
        "version": found.number,
        "action": found.action,
        "user": {"id": found.user_id, "name": found.user_name},
        "timestamp": found.timestamp,
    }


class MetastoreVersions(Metastore, VersionViews):
    serializer_class: Any = VersionItemSerializer

    @extend_schema(operation_id="metastore_assets_versions", responses=VersionItemSerializer(many=True))
    def versions(self, request: Request, pk: str) -> Response:
        """Every version of an asset, the newest first."""
        return super().versions(request, pk)

    @extend_schema(
        operation_id="metastore_assets_version",
        parameters=[
            parameter("compare_to", "The version to compare with; the one before where it is not said.", type_=int)
        ],
        responses=VersionSerializer,
    )
    def version(self, request: Request, pk: str, number: int) -> Response:
        """The whole state that an asset had, and what differs from another one."""
        return super().version(request, pk, number)

    @extend_schema(operation_id="metastore_assets_restore", request=None, responses=AssetSerializer)
    def restore(self, request: Request, pk: str) -> Response:
        """Bring a deleted asset back."""
        return super().restore(request, pk)


class MetastoreMerge(Metastore, VersionViews):
    serializer_class: Any = MergeBody

    @extend_schema(
        operation_id="metastore_assets_merge",
        request=MergeBody,
        responses=AssetSerializer,
    )
    def merge(self, request: Request, pk: str) -> Response:
        """Let one asset be several: the others' relationships, tags and terms go to it, and they are deleted.

        Description, owner and domain go over where it has none.
        """
        return super().merge(request, pk)


urlpatterns = [
    path("assets/<str:pk>/merge", MetastoreMerge.as_view({"post": "merge"}), name="asset-merge"),
    path("assets/<str:pk>/versions", MetastoreVersions.as_view({"get": "versions"}), name="asset-versions"),
    path("assets/<str:pk>/versions/<int:number>", MetastoreVersions.as_view({"get": "version"}), name="asset-version"),
    path("assets/<str:pk>/restore", MetastoreVersions.as_view({"post": "restore"}), name="asset-restore"),
]
