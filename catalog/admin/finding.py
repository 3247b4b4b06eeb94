"""The list of assets searches with the catalog's own search: the best first, with why each was found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin
from accounts.admin_lists import CappedChangeList
from accounts.admin_site import actor_of
from catalog.asking import domains_named
from catalog.models import Asset, Tag
from catalog.search import Hit, SearchPage, facet_counts, search

NOTHING = UUID(int=0)
HITS = 500
"""The best hits that a list shows; beyond them, one narrows down."""


@dataclass(frozen=True, slots=True)
class Found:
    """Why an asset was found: its name and path with the words marked, and what else holds them. Safe HTML."""

    name: SafeString
    path: SafeString
    reasons: list[SafeString]

    @classmethod
    def of(cls, hit: Hit) -> Found:
        def first(field: str, otherwise: str) -> SafeString:
            marked = hit.highlights.get(field)
            return _safe(marked[0]) if marked else conditional_escape(otherwise)

        reasons = [
            _safe(f"{label}: {', '.join(hit.highlights[field][:3])}")
            for field, label in (("description", "Description"), ("columns", "Columns"), ("tags", "Tags"))
            if field in hit.highlights
        ]
        return cls(first("name", hit.name), first("qualified_name", hit.path), reasons)


def _safe(highlight: str) -> SafeString:
    return mark_safe(highlight)  # noqa: S308  the search escapes all but its own <em>


class FoundList(CappedChangeList):
    """Puts beside each asset the words for which it was found."""

    search_total: int | None = None

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        page: SearchPage | None = getattr(request, "search_page", None)
        if page is None:
            return
        hits = {hit.id: hit for hit in page.hits}
        for asset in self.result_list:
            asset.found = Found.of(hits[asset.pk])
        if page.total > len(page.hits):
            self.search_total = page.total


class AssetSearch(TenantAdmin[Asset]):
    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[FoundList]:
        return FoundList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Asset], search_term: str
    ) -> tuple[QuerySet[Asset], bool]:
        term = search_term.replace("\0", "").strip()
        match = request.resolver_match
        if match is not None and match.url_name == "autocomplete":
            queryset = queryset.filter(deleted_at=None, organization=actor_of(request).organization_id)
        if not term:
            return queryset, False
        if request.GET.get("state") in ("deleted", "all"):  # what is deleted is in no index
            return queryset.filter(Q(name__icontains=term) | Q(qualified_name__icontains=term)), False
        page = search(actor=searching(request), query=term, kinds=["asset"], limit=HITS, **limits_of(request))
        request.search_page = page  # type: ignore[attr-defined]
        places = [When(pk=hit.id, then=Value(place)) for place, hit in enumerate(page.hits)]
        if not places:
            return queryset.none(), False
        found = queryset.filter(pk__in=[hit.id for hit in page.hits])
        if "o" not in request.GET:
            found = found.order_by(Case(*places, output_field=IntegerField()))
        return found, False


def searching(request: HttpRequest) -> Actor:
    """Who searches: a superuser in the organization one acts in, unless all were asked for."""
    actor = actor_of(request)
    everywhere = request.GET.get("organization") == "all"
    return actor if everywhere or actor.organization_id is None else replace(actor, sees_all=False)


def counts_of(request: HttpRequest) -> tuple[dict[str, dict[str, int]], bool]:
    """How many of the assets that the list shows there are by facet, from the search; counted once a request.

    Nothing of what the search does not know: the deleted ones, and those without a description.
    """
    known = getattr(request, "facet_counts", None)
    if known is None:
        narrowed = {"state", "described"} & {name for name, value in request.GET.items() if value}
        none_of = "none" in {request.GET.get(name) for name in ("origin", "owner", "domain")}
        term = request.GET.get("q", "").replace("\0", "").strip()
        known = (
            ({}, True)
            if narrowed or none_of
            else facet_counts(actor=searching(request), query=term, kinds=["asset"], **limits_of(request))
        )
        request.facet_counts = known  # type: ignore[attr-defined]
    return known


def limits_of(request: HttpRequest) -> dict[str, Any]:
    """The filters that the search takes too, so that its best hits are the best of what is wanted."""
    limits: dict[str, Any] = {}
    if kind := request.GET.get("type"):
        limits["types"] = [kind]
    if tag := _id(request.GET.get("tags")):
        limits["tags"] = list(Tag.objects.filter(pk=tag).values_list("name", flat=True))
    if origin := _id(request.GET.get("origin")):
        limits["origins"] = [origin]
    domain = request.GET.get("domain")
    if domain and domain != "none":
        limits["domains"] = domains_named(actor_of(request), [domain]) or [NOTHING]
    if term := _id(request.GET.get("terms")):
        limits["terms"] = [[term]]
    owner = request.user.pk if request.GET.get("owner") == "me" else _id(request.GET.get("owner"))
    if owner:
        limits["owners"] = [owner]
    return limits


def _id(value: str | None) -> UUID | None:
    try:
        return UUID(value) if value else None
    except ValueError:
        return None
