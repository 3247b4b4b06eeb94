"""Downloads by day and version."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.errors import BadRequest
from contracts.registry import Registry
from registry.api.registry.entries import EntryPart
from registry.models import DownloadDay, EntryKind

DAYS = 366

_ANSWER = inline_serializer(
    "DailyDownloads",
    {
        "days": inline_serializer(
            "DailyDownload",
            {
                "day": serializers.DateField(),
                "version": serializers.CharField(),
                "downloads": serializers.IntegerField(),
            },
            many=True,
        ),
        "total": serializers.IntegerField(),
    },
)
_PARAMETERS = [OpenApiParameter("days", int, description=f"How many days back, at most {DAYS}; 30 if not said.")]


class Daily(EntryPart):
    """The days of the last so many on which a version was downloaded, newest first."""

    def daily(self, request: Request, org: str, name: str) -> Response:
        entry = self.entry(org, name)
        given = request.query_params.get("days", "30")
        if not (given.isascii() and given.isdigit() and 0 < int(given[:9]) <= DAYS):
            raise BadRequest(f"days must be a whole number from 1 to {DAYS}", parameter="days")
        first = timezone.now().date() - timedelta(days=int(given) - 1)
        counted = DownloadDay.objects.filter(version__entry=entry, version__deleted_at=None, day__gte=first)
        rows = counted.order_by("-day", "-version__sort_key").values_list("day", "version__version", "count")
        days: list[dict[str, Any]] = [
            {"day": day, "version": version, "downloads": downloads} for day, version, downloads in rows
        ]
        return Response({"days": days, "total": sum(row["downloads"] for row in days)})


class RegistrySourceDaily(Registry, Daily):
    kind = EntryKind.SOURCE

    @extend_schema(operation_id="registry_source_daily_downloads", parameters=_PARAMETERS, responses=_ANSWER)
    def get(self, request: Request, org: str, name: str) -> Response:
        return self.daily(request, org, name)


class RegistryToolDaily(Registry, Daily):
    kind = EntryKind.TOOL

    @extend_schema(operation_id="registry_tool_daily_downloads", parameters=_PARAMETERS, responses=_ANSWER)
    def get(self, request: Request, org: str, name: str) -> Response:
        return self.daily(request, org, name)
