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
from catalog.asking import check_number, check_types, domains_named, origins_named, owners_named, tag_names, terms_named
from catalog.models import SearchDocument
from catalog.search import Hit, SearchPage, facets, search
from contracts.errors import BadRequest
from contracts.metastore import Metastore, MetastorePagination
from contracts.parameters import only

KINDS = ("asset", "domain", "glossary", "glossary_term", "source", "tool", "release", "component")
_LIMITS = [
    parameter("q", 'Words; the last also as a beginning. `"Phrases"` in quotes.'),
    parameter("type", "Types of these kinds of things, any of them: repeated, or with commas between.", many=True),
    parameter("tag", "Tags by name or id, all of them: repeated, or with commas between.", many=True),
    parameter("source", "Data sources by name or id, any of them.", many=True),
    parameter("owner", "Members or teams by id or name (members by e-mail address too), or `me`; any.", many=True),
    parameter("domain", "Domains by id, full name or name, with all below them; any of them.", many=True),
    parameter("term", "Glossary terms by id or full name; all of them.", many=True),
    parameter("kind", f"What to look for, of {', '.join(KINDS)}; assets where it is not said.", many=True),
]
_PAGE = [
    parameter(
        "limit",
        f"Hits, 1 to {MetastorePagination.max_limit}; {MetastorePagination.default_limit} where it is not said.",
        type_=int,
    ),
    parameter("offset", "Hits to leave out first.", type_=int),
]


class SearchViews(GenericAPIView[SearchDocument]):
    queryset = SearchDocument.objects.none()
    serializer_class: Any = SearchSerializer

    @extend_schema(operation_id="metastore_search", parameters=[*_LIMITS, *_PAGE], responses=SearchSerializer)
    def get(self, request: Request) -> Response:
        """Find by words, the best first."""
        query = only(request.query_params, "q")
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
            else facets(actor=actor_of(request), query=only(request.query_params, "q") or "", **limits)
        )
        return Response({"facets": found.facets, "total": found.total, "total_is_exact": found.total_is_exact})


def limits_of(request: Request) -> dict[str, Any] | None:
    """What limits the search, as `search` takes it; None when a limit names what is not there: nothing can fit.

    Raises BadRequest for words that mean nothing, or too many.
    """
    actor = actor_of(request)
    limits: dict[str, Any] = {
        "kinds": choices_of(request, "kind", KINDS) or ["asset"],
        "types": words_of(request, "type"),
        "all_tags": tag_names(actor, words_of(request, "tag"), to_filter=True),
    }
    check_types(limits["kinds"], limits["types"])
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
    terms = words_of(request, "term")
    check_number("term", terms)
    limits["terms"] = [terms_named(actor, name) for name in terms]
    return limits if all(limits["terms"]) else None


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
