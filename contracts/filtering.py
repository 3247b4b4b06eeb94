"""Filters of lists, declared with django-filter: a view names its `filterset_class`, each contract applies it.

What means nothing is refused with 400 and names the parameter; the OpenAPI schema and the form of the
browsable API are made from the same declaration.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

from django import forms
from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.views import APIView

from contracts.errors import BadRequest

M = TypeVar("M", bound=Model)


def moment_from(text: str) -> datetime | None:
    """A moment or a day as ISO 8601 has it, in UTC where it says nothing else; None for what is neither."""
    # A plus sign that a client did not escape arrives as a space.
    text = text.strip().replace(" ", "+") if "T" in text else text.strip()
    try:
        day = parse_date(text)
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else parse_datetime(text)
        if moment is not None:
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    return None


class _MomentField(forms.CharField):
    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        moment = moment_from(text)
        if moment is None:
            raise forms.ValidationError("This must be a moment such as 2024-01-31T12:00:00Z.")
        return moment


class MomentFilter(filters.IsoDateTimeFilter):  # type: ignore[misc]
    """A moment or a day, as `moment_from` reads it."""

    field_class = _MomentField


class WordsFilter(filters.BaseInFilter, filters.CharFilter):  # type: ignore[misc]
    """Any of several values, with commas between."""


class ContractFilters(filters.DjangoFilterBackend):  # type: ignore[misc]
    """Applies a view's `filterset_class`. Raises BadRequest that names each parameter that means nothing."""

    def filter_queryset(self, request: Request, queryset: QuerySet[M], view: APIView) -> QuerySet[M]:
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise BadRequest(fields={name: [str(word) for word in words] for name, words in filterset.errors.items()})
        found: QuerySet[M] = filterset.qs
        return found
