"""`/v1/search` and `/v1/search/facets` of the metastore contract."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog.api.parameters import choices_of, parameter, words_of
from catalog.api.serializers import FacetsSerializer, SearchSerializer
from catalog.asking import domains_named, origins_named, owners_named, terms_named
from catalog.models import SearchDocument, Tag
from catalog.search import Hit, SearchPage, facets, search
from contracts.errors import BadRequest
from contracts.metastore import Metastore, MetastorePagination
from contracts.views import uuid_of

KINDS = ("asset", "domain", "glossary", "glossary_term", "source", "tool", "release", "component")
_LIMITS = [
    parameter("q", 'Words; the last also as a beginning. `"Phrases"` in quotes.'),
    parameter("type", "Types, any of them: repeated, or with commas between.", many=True),
    parameter("tag", "Tags by name or id, all of them: repeated, or with commas between.", many=True),
    parameter("source", "Data sources by name or id, any of them.", many=True),
    parameter("owner", "Members or teams by id or name (members by e-mail address too), or `me`; any.", many=True),
    parameter("domain", "Domains by id, full name or name, with all below them; any of them.", many=True),
    parameter("term", "Glossary terms by id or full name; all of them.", many=True),
    parameter("kind", f"What to look for, of {', '.join(KINDS)}; assets where it is not said.", many=True),
]


class SearchViews(GenericAPIView[SearchDocument]):
    queryset = SearchDocument.objects.none()
    serializer_class: Any = SearchSerializer

    @extend_schema(operation_id="metastore_search", parameters=_LIMITS, responses=SearchSerializer)
    def get(self, request: Request) -> Response:
        """Find by words, the best first."""
        query = request.query_params.get("q")
        if query is None:
            raise BadRequest(fields={"q": ["This is required."]})
        pages = MetastorePagination()
        window = pages.open(request)
        limits = limits_of(request)
        found = (
            SearchPage([], 0, True)
            if limits is None
            else search(actor=actor_of(request), query=query, **limits, limit=window.limit, offset=window.offset)
        )
        return Response(
            {
                "results": [_hit_shape(hit) for hit in found.hits],
                "total": found.total,
                "total_is_exact": found.total_is_exact,
                "limit": window.limit,
                "offset": window.offset,
                "has_more": window.offset + len(found.hits) < found.total and bool(found.hits),
            }
        )


class FacetViews(GenericAPIView[SearchDocument]):
    queryset = SearchDocument.objects.none()
    serializer_class: Any = FacetsSerializer

    @extend_schema(operation_id="metastore_search_facets", parameters=_LIMITS, responses=FacetsSerializer)
    def get(self, request: Request) -> Response:
        """Count what is found by type, tag, source, owner and domain. Without `q`, everything."""
        limits = limits_of(request)
        empty: dict[str, dict[str, int]] = {"type": {}, "tags": {}, "source": {}, "owner": {}, "domain": {}}
        found = (
            SearchPage([], 0, True, empty)
            if limits is None
            else facets(actor=actor_of(request), query=request.query_params.get("q", ""), **limits)
        )
        return Response({"facets": found.facets, "total": found.total, "total_is_exact": found.total_is_exact})


def limits_of(request: Request) -> dict[str, Any] | None:
    """What limits the search, as `search` takes it; None when a limit names what is not there: nothing can fit."""
    actor = actor_of(request)
    limits: dict[str, Any] = {
        "kinds": choices_of(request, "kind", KINDS) or ["asset"],
        "types": words_of(request, "type"),
        "all_tags": _tag_names(request),
    }
    finders = (
        ("source", "origins", origins_named),
        ("owner", "owners", owners_named),
        ("domain", "domains", domains_named),
    )
    for name, limit, find in finders:
        if given := words_of(request, name):
            limits[limit] = find(actor, given)
            if not limits[limit]:
                return None
    limits["terms"] = [terms_named(actor, name) for name in words_of(request, "term")]
    return limits if all(limits["terms"]) else None


def _tag_names(request: Request) -> list[str]:
    names = words_of(request, "tag")
    keys = [key for name in names if (key := uuid_of(name))]
    if not keys:
        return names
    known = {str(tag.pk): tag.name for tag in Tag.objects.visible_to(actor_of(request)).filter(pk__in=keys)}
    return [known.get(name.lower(), name) for name in names]


def _hit_shape(hit: Hit) -> dict[str, Any]:
    thing = {"id": hit.id, "name": hit.name, "type": hit.type, "qualified_name": hit.path}
    return {"kind": hit.kind, hit.kind: thing, "score": hit.score, "highlights": hit.highlights}


class MetastoreSearch(Metastore, SearchViews):
    takes_anything = ("q",)


class MetastoreFacets(Metastore, FacetViews):
    takes_anything = ("q",)


urlpatterns = [
    path("search", MetastoreSearch.as_view(), name="search"),
    path("search/facets", MetastoreFacets.as_view(), name="search-facets"),
]
