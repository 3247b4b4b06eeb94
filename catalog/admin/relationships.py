"""Relationships: how assets hang together, one edge at a time."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.actor import Actor
from accounts.admin_base import DomainForm, TenantAdmin
from accounts.admin_lists import DropdownFilter
from catalog.models import Asset, Relationship, RelationshipType
from catalog.services import create_relationship, delete_relationship, update_relationship


class RelationshipForm(DomainForm):
    """Two assets and how they hang together. Once made, only the metadata can change."""

    class Meta:
        model = Relationship
        fields = ("source", "type", "target", "metadata")
        widgets: ClassVar[dict[str, Any]] = {
            "metadata": UnfoldAdminTextareaWidget(attrs={"rows": 5, "class": "c-mono"})
        }
        help_texts: ClassVar[dict[str, str]] = {
            "source": "It depends on, contains, uses or produces the other one.",
            "metadata": "“column_mapping” maps columns of what is made to the columns they are made from.",
        }


class EdgeTypeFilter(DropdownFilter):
    title = "type"
    parameter_name = "type"
    options = RelationshipType.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Relationship]) -> QuerySet[Relationship]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Relationship)
class RelationshipAdmin(TenantAdmin[Relationship]):
    form = RelationshipForm
    list_display = ("edge", "from_asset", "to_asset", "origin")
    list_display_links = ("edge",)
    list_filter = (EdgeTypeFilter,)
    list_filter_submit = True
    list_select_related = ("source", "target", "origin", "organization")
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("source__name", "target__name")
    search_help_text = "The name of an asset, from its beginning"
    autocomplete_fields = ("source", "target")

    def visible_to(self, actor: Actor) -> QuerySet[Relationship]:
        return Relationship.objects.visible_to(actor)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Relationship], search_term: str
    ) -> tuple[QuerySet[Relationship], bool]:
        """The edges at either end of the assets whose names begin so."""
        term = search_term.replace("\0", "").strip()
        if not term:
            return queryset, False
        named = Asset.objects.visible_to(self.actor(request)).filter(name__istartswith=term).order_by().values("pk")
        ids = [row["pk"] for row in named[:500]]
        return queryset.filter(source__in=ids) | queryset.filter(target__in=ids), False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("source", "type", "target") if obj else ()

    def create(self, actor: Actor, form: Any) -> Relationship:
        data = form.cleaned_data
        return create_relationship(
            actor=actor,
            source=data["source"],
            target=data["target"],
            type=data["type"],
            metadata=data["metadata"] or {},
        )

    def update(self, actor: Actor, obj: Relationship, form: Any) -> Relationship:
        return update_relationship(actor=actor, relationship=obj, metadata=form.cleaned_data["metadata"] or {})

    def remove(self, actor: Actor, obj: Relationship) -> None:
        delete_relationship(actor=actor, relationship=obj)

    @admin.display(description="Relation")
    def edge(self, relationship: Relationship) -> str:
        return relationship.get_type_display()

    @admin.display(description="From")
    def from_asset(self, relationship: Relationship) -> SafeString:
        return _link(relationship.source)

    @admin.display(description="To")
    def to_asset(self, relationship: Relationship) -> SafeString:
        return _link(relationship.target)


def _link(asset: Asset) -> SafeString:
    url = reverse("admin:catalog_asset_change", args=[asset.pk])
    return format_html('<a class="c-link" href="{}" title="{}">{}</a>', url, asset.qualified_name, asset.qualified_name)
