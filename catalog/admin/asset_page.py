"""One asset's page: what it is, its columns, lineage, relationships and history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin, posted
from audit.models import AuditEvent
from catalog.admin.asset_form import terms_of
from catalog.admin.columns import describe, rows_of, told_by
from catalog.admin.graph import MAX_DEPTH, graph_of
from catalog.admin.tabs import tabs_of
from catalog.asking import uuid_of
from catalog.models import Asset, GlossaryTerm, Origin, Relationship
from catalog.services import link_term, restore_asset, unlink_term, update_asset
from catalog.services.references import concepts_named, not_found
from contracts.errors import NotFound

EVENTS_SHOWN = 30
EDGES_SHOWN = 100
TERMS_SHOWN = 500
WORDS = {
    "DEPENDS_ON": "depends on",
    "CONTAINS": "contains",
    "PRODUCES": "produces",
    "USES": "uses",
    "RELATED_TO": "is related to",
}


class AssetPage(TenantAdmin[Asset]):
    """The page's tabs, and the views behind its buttons."""

    change_form_template = "cartulary/asset.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Asset]:
        return (
            super()
            .get_queryset(request)
            .select_related("owner", "owner_team", "domain", "origin", "created_by", "organization")
        )

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        asset = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if asset is not None:
            context |= self._page(request, asset)
        return super().changeform_view(request, object_id, form_url, context)

    def _page(self, request: HttpRequest, asset: Asset) -> dict[str, Any]:
        actor = self.actor(request)
        events = list(AuditEvent.objects.visible_to(actor).of_entity(asset.pk)[: EVENTS_SHOWN + 1])
        outgoing, incoming = _edges(actor, asset)
        links = terms_of(asset)
        return {
            "asset": asset,
            "title": asset.name,
            "columns": rows_of(asset, outgoing, links),
            "known_terms": _known_terms(asset),
            "terms": [link for link in links if not link.column],
            "edges": [*map(_leaving, outgoing), *map(_reaching, incoming)],
            "events": events[:EVENTS_SHOWN],
            "has_more_events": len(events) > EVENTS_SHOWN,
            "max_depth": MAX_DEPTH,
            "extra_tabs": tabs_of(actor, asset),
            "may_edit": self.has_change_permission(request, asset),
            "may_restore": asset.deleted_at is not None and self.has_change_permission(request),
        }

    def object_views(self) -> Any:
        return {
            "lineage": self.lineage,
            "describe_columns": posted(self.describe_columns),
            "restore": posted(self.restore),
            "say_term": posted(self.say_term),
            "unsay_term": posted(self.unsay_term),
        }

    def lineage(self, request: HttpRequest, asset: Asset) -> JsonResponse:
        """The graph around an asset, for the page to draw: `?depth=` from 1 to MAX_DEPTH."""
        asked = request.GET.get("depth", "")
        depth = min(max(int(asked), 1), MAX_DEPTH) if asked.isdecimal() and len(asked) < 4 else 2
        return JsonResponse(graph_of(self.actor(request, asset), asset, depth))

    def describe_columns(self, request: HttpRequest, asset: Asset) -> HttpResponse:
        """What was typed beside the columns; only what differs is written."""
        if not self.has_change_permission(request, asset):
            raise PermissionDenied
        typed = {row.path: request.POST.get(f"column-{row.path}", row.description).strip() for row in rows_of(asset)}
        schema = describe(asset.schema, typed)
        version = request.POST.get("version", "")
        update_asset(
            actor=self.actor(request, asset),
            asset=asset,
            changes={"schema": schema},
            expected_version=int(version) if version.isdecimal() and len(version) < 10 else None,
        )
        messages.success(request, "The columns' descriptions are kept. A collection will leave them alone.")
        return HttpResponseRedirect(f"{self.url('change', asset.pk)}#columns")

    def say_term(self, request: HttpRequest, asset: Asset) -> HttpResponse:
        """Say a term, named in the request, of one of the columns."""
        if not self.has_change_permission(request, asset):
            raise PermissionDenied
        actor, name = self.actor(request, asset), request.POST.get("term", "").strip()
        found = concepts_named(GlossaryTerm, asset.organization_id, [name]).get(name)
        if found is None:
            raise NotFound(not_found("term", name))
        link_term(actor=actor, term_id=found[0], asset_id=asset.pk, column=request.POST.get("column", ""))
        return HttpResponseRedirect(f"{self.url('change', asset.pk)}#columns")

    def unsay_term(self, request: HttpRequest, asset: Asset) -> HttpResponse:
        """Say a term of one of the columns no longer; `link` is the term's id and the column, `:` between."""
        if not self.has_change_permission(request, asset):
            raise PermissionDenied
        key, _, column = request.POST.get("link", "").partition(":")
        term = uuid_of(key)
        if term is None:
            raise NotFound("There is no such term")
        unlink_term(actor=self.actor(request, asset), term_id=term, asset_id=asset.pk, column=column)
        return HttpResponseRedirect(f"{self.url('change', asset.pk)}#columns")

    def restore(self, request: HttpRequest, asset: Asset) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        restore_asset(actor=self.actor(request, asset), asset=asset)
        messages.success(request, f"“{asset.name}” is back in the catalog.")
        return HttpResponseRedirect(self.url("change", asset.pk))


def _known_terms(asset: Asset) -> list[str]:
    """Full names of terms to choose from, at most TERMS_SHOWN; others can be typed."""
    terms = GlossaryTerm.objects.filter(organization=asset.organization_id, deleted_at=None)
    return list(terms.order_by("key").values_list("fully_qualified_name", flat=True)[:TERMS_SHOWN])


@dataclass(frozen=True, slots=True)
class Edge:
    """One relationship as this page tells it: “this depends on X”, “X contains this”."""

    pk: UUID
    words: str
    leaves: bool
    other: Asset
    told: str
    origin: Origin | None


def _leaving(edge: Relationship) -> Edge:
    return Edge(edge.pk, WORDS[edge.type], True, edge.target, told_by(edge.metadata), edge.origin)


def _reaching(edge: Relationship) -> Edge:
    return Edge(edge.pk, WORDS[edge.type], False, edge.source, told_by(edge.metadata), edge.origin)


def _edges(actor: Actor, asset: Asset) -> tuple[list[Relationship], list[Relationship]]:
    """The living edges that leave an asset and those that reach it, at most EDGES_SHOWN each. Two queries."""
    edges = Relationship.objects.visible_to(actor).order_by("type", "-id")
    outgoing = edges.filter(source=asset.pk).select_related("target", "origin")
    incoming = edges.filter(target=asset.pk).select_related("source", "origin")
    return list(outgoing[:EDGES_SHOWN]), list(incoming[:EDGES_SHOWN])
