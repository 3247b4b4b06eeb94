"""What the doors of both contracts share."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from contracts.errors import BadRequest
from contracts.views import uuid_of
from ingestion.connectors.registry import connector_types


class IdFilter(filters.CharFilter):  # type: ignore[misc]
    """By an id. What is none is nobody's: it finds nothing, as an id does that is not there."""

    def filter(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if not value:
            return queryset
        key = uuid_of(value)
        return queryset.filter(**{self.field_name: key}) if key else queryset.none()


class SourceTypeFilter(filters.CharFilter):  # type: ignore[misc]
    """By the type of data source. Refused where there is neither a connector of this type nor, left from one, a row."""

    def filter(self, queryset: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if not value:
            return queryset
        found = queryset.filter(type=value)
        if value not in connector_types() and not found.exists():
            known = ", ".join(connector_types())
            raise BadRequest(fields={"type": [f"'{value}' is not one of {known}."]})
        return found
