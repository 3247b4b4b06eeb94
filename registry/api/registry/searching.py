"""One search over sources and tools, and the totals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.models import Organization
from accounts.permissions import actor_of
from catalog.search import search
from contracts.errors import BadRequest
from contracts.openapi import FLAG, TEXT, Schema, shape
from contracts.registry import Registry, RegistryPagination, envelope
from registry.api.registry.shapes import FoundSourceSerializer, FoundToolSerializer
from registry.models import Entry, EntryKind, File, Statistics
from registry.services.entry_catalog import format_tag, organism_tag

KINDS = {"data_source": EntryKind.SOURCE, "tool": EntryKind.TOOL}
TOP = 10

_FOUND = inline_serializer(
    "RegistrySearchAnswer",
    {
        "data_sources": FoundSourceSerializer(many=True),
        "tools": FoundToolSerializer(many=True),
        "total": serializers.IntegerField(),
    },
)
_STATISTICS = inline_serializer(
    "RegistryStatistics",
    {
        "organizations": serializers.IntegerField(),
        "data_sources": serializers.IntegerField(),
        "tools": serializers.IntegerField(),
        "total_versions": serializers.IntegerField(),
        "total_downloads": serializers.IntegerField(),
        "total_size_bytes": serializers.IntegerField(),
        "top_downloads": inline_serializer(
            "TopDownload",
            {"source": serializers.CharField(), "downloads": serializers.IntegerField()},
            many=True,
        ),
    },
)


class RegistrySearch(Registry):
    """Whole words and their beginnings in names, descriptions, tags and what the files tell."""

    permission_classes = [AllowAny]

    def envelope_schema(self, schema: Schema) -> Schema:
        filters = {"type": "object", "additionalProperties": {}, "description": "Those that were given."}
        meta = shape(query=TEXT, filters=filters, pagination=RegistryPagination.meta_schema())
        meta["properties"]["total_is_exact"] = {**FLAG, "description": "False, where there are more."}
        return shape(success=FLAG, data=schema, meta=meta)

    @extend_schema(
        operation_id="registry_search",
        parameters=[
            OpenApiParameter("q", required=True, description="Words, or their beginnings."),
            OpenApiParameter("type", many=True, explode=False, enum=list(KINDS), description="Any of them."),
            OpenApiParameter("organism", description="Common name, scientific name or NCBI taxonomy id."),
            OpenApiParameter("format"),
            OpenApiParameter("page", int, default=1),
            OpenApiParameter("limit", int, default=20, description="At most 100."),
        ],
        responses=_FOUND,
    )
    def get(self, request: Request) -> Response:
        asked = request.query_params
        query = asked.get("q", "").strip()
        if not query:
            raise BadRequest("q is required", parameter="q")
        types = [word.strip() for word in asked.get("type", "").split(",") if word.strip()]
        unknown = [name for name in types if name not in KINDS]
        if unknown:
            raise BadRequest(f"type: '{unknown[0]}' is not one of {', '.join(KINDS)}", parameter="type")
        pages = RegistryPagination()
        window = pages.open(request)
        organism, format_name = asked.get("organism", "").strip(), asked.get("format", "").strip()
        found = search(
            actor=actor_of(request),
            query=query,
            kinds=[KINDS[name] for name in types] or list(KINDS.values()),
            all_tags=[
                *([organism_tag(organism)] if organism else []),
                *([format_tag(format_name)] if format_name else []),
            ],
            limit=window.limit,
            offset=window.offset,
        )
        pages.close(found.total)
        filters = {"type": types or None, "organism": organism or None, "format": format_name or None}
        meta: dict[str, Any] = {
            "query": query,
            "filters": {name: value for name, value in filters.items() if value},
            "pagination": pages.meta(),
        }
        if not found.total_is_exact:
            meta["total_is_exact"] = False
        ids = [hit.id for hit in found.hits]
        return Response(envelope({**_by_kind(actor_of(request), ids), "total": found.total}, **meta))


def _by_kind(actor: Actor, ids: list[Any]) -> dict[str, Any]:
    """The entries found, in the order they were found, apart by kind."""
    shown = Entry.objects.visible_to(actor).filter(pk__in=ids).select_related("organization", "organism")
    by_id = {entry.pk: entry for entry in shown}
    entries = [by_id[key] for key in ids if key in by_id]
    return {
        "data_sources": FoundSourceSerializer([e for e in entries if e.kind == EntryKind.SOURCE], many=True).data,
        "tools": FoundToolSerializer([e for e in entries if e.kind == EntryKind.TOOL], many=True).data,
    }


class RegistryStats(Registry):
    """Totals of what the caller may read, from counters."""

    permission_classes = [AllowAny]

    @extend_schema(operation_id="registry_stats", responses=_STATISTICS)
    def get(self, request: Request) -> Response:
        actor = actor_of(request)
        totals = Statistics.objects.visible_to(actor).totals()
        return Response(
            {
                "organizations": Organization.objects.readable_by(actor).count(),
                "data_sources": totals["sources"],
                "tools": totals["tools"],
                "total_versions": totals["versions"],
                "total_downloads": totals["downloads"],
                "total_size_bytes": totals["size"],
                "top_downloads": [
                    {"source": spec, "downloads": downloads} for spec, downloads in File.objects.top(actor, TOP)
                ],
            }
        )
