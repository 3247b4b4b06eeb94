"""Profiles of tables, in the style of the collection contract."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers

from accounts.permissions import actor_of
from contracts.collection import Collection
from contracts.filtering import MomentFilter
from contracts.views import ListsAndRetrieves
from ingestion.api.shared import IdFilter
from ingestion.models import Profile


class ProfileFilters(filters.FilterSet):  # type: ignore[misc]
    asset_id = IdFilter("asset", help_text="The series of this table, newest first.")
    datasource_id = IdFilter("asset__origin", help_text="Only tables of this data source.")
    start_time = MomentFilter("taken_at", "gte", help_text="Taken then or later.")
    end_time = MomentFilter("taken_at", "lte", help_text="Taken then or earlier.")


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
    execution_id = serializers.UUIDField(source="job_id", allow_null=True)
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
    filterset_class = ProfileFilters

    def get_queryset(self) -> QuerySet[Profile]:
        return Profile.objects.visible_to(actor_of(self.request))


class CollectionProfiles(Collection, ProfileViews):
    """What was in the columns of a table when it was profiled."""
