"""Profiles of tables, in the style of the collection contract."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers

from accounts.permissions import actor_of
from contracts.collection import Collection
from contracts.views import ListsAndRetrieves, uuid_of
from ingestion.api.shared import moment_of, text_parameter
from ingestion.models import Profile


class ColumnProfileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField()
    nulls = serializers.IntegerField()
    distinct = serializers.IntegerField(required=False)
    min = serializers.JSONField(required=False)
    max = serializers.JSONField(required=False)
    mean = serializers.FloatField(required=False, allow_null=True, help_text="Of numbers.")
    top = serializers.ListField(required=False, help_text="[value, count], the most frequent first.")


class ProfileSerializer(serializers.ModelSerializer[Profile]):
    execution_id = serializers.UUIDField(source="job_id")
    columns = ColumnProfileSerializer(many=True)

    class Meta:
        model = Profile
        fields = ["id", "asset_id", "execution_id", "taken_at", "row_count", "is_sampled", "sampled_rows", "columns"]
        read_only_fields = fields

    def to_representation(self, instance: Profile) -> dict[str, Any]:
        # The columns were made by us and are plain JSON: they need no second reading.
        return {name: getattr(instance, "job_id" if name == "execution_id" else name) for name in self.Meta.fields}


class ProfileViews(ListsAndRetrieves[Profile]):
    resource = "profile"
    queryset = Profile.objects.none()
    serializer_class: Any = ProfileSerializer

    def get_queryset(self) -> QuerySet[Profile]:
        found = Profile.objects.visible_to(actor_of(self.request))
        if self.action != "list":
            return found
        for name, field in (("asset_id", "asset"), ("datasource_id", "asset__origin")):
            if value := self.request.query_params.get(name):
                found = found.filter(**{field: uuid_of(value)}) if uuid_of(value) else found.none()
        if since := moment_of(self.request, "start_time"):
            found = found.filter(taken_at__gte=since)
        if until := moment_of(self.request, "end_time"):
            found = found.filter(taken_at__lte=until)
        return found


@extend_schema_view(
    list=extend_schema(
        parameters=[
            text_parameter("asset_id", "The series of this table, newest first."),
            text_parameter("datasource_id", "Only tables of this data source."),
            OpenApiParameter("start_time", str, description="Taken then or later."),
            OpenApiParameter("end_time", str, description="Taken then or earlier."),
        ]
    )
)
class CollectionProfiles(Collection, ProfileViews):
    pass
