"""Assets: found with the catalog's own search, described, tagged, owned, related, and read back in time."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.actor import Actor
from accounts.admin_base import badge
from accounts.templatetags.cartulary import ago
from catalog.admin.asset_form import AssetForm
from catalog.admin.asset_page import AssetPage
from catalog.admin.bulk import BulkActions
from catalog.admin.exchange import Exchange
from catalog.admin.filters import (
    DescribedFilter,
    DomainFilter,
    OriginFilter,
    OwnerFilter,
    StateFilter,
    TagFilter,
    TermFilter,
    TypeFilter,
)
from catalog.admin.finding import AssetSearch
from catalog.models import Asset
from catalog.services.assets import create_asset, delete_asset, update_asset

ICONS = {
    "TABLE": "table",
    "VIEW": "table_eye",
    "DASHBOARD": "dashboard",
    "PIPELINE": "account_tree",
    "DATASET": "dataset",
    "CHART": "bar_chart",
    "DATABASE": "database",
    "SCHEMA": "schema",
    "TOPIC": "stream",
    "QUEUE": "queue",
    "EXCHANGE": "sync_alt",
    "BUCKET": "folder_zip",
    "COLLECTION": "data_object",
    "INDEX": "manage_search",
    "KEYSPACE": "key",
    "PROCEDURE": "function",
}


@admin.register(Asset)
class AssetAdmin(AssetPage, AssetSearch, BulkActions, Exchange):
    form = AssetForm
    list_display = ("named", "kind", "labels", "owned_by", "source", "changed")
    list_filter = (
        TypeFilter,
        TagFilter,
        DomainFilter,
        TermFilter,
        OriginFilter,
        OwnerFilter,
        DescribedFilter,
        StateFilter,
    )
    list_filter_submit = True
    show_facets = admin.ShowFacets.NEVER  # Django's own would count the table
    list_filter_sheet = False
    list_select_related = ("owner", "owner_team", "domain", "origin", "organization")
    list_before_template = "cartulary/asset_shortcuts.html"
    ordering = ("-updated_at", "-id")
    sortable_by = ("named", "kind", "changed")
    search_fields = ("qualified_name",)
    search_help_text = "Names, columns, tags, descriptions"
    autocomplete_fields = ("owner", "owner_team", "domain")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "description",
                    "tag_names",
                    "term_names",
                    "domain",
                    ("owner", "owner_team"),
                    "seen_version",
                )
            },
        ),
        ("What it is called", {"fields": ("type", "name", "qualified_name")}),
        ("For the careful: raw JSON", {"fields": ("metadata", "schema"), "classes": ("collapse",)}),
    )
    reader_fieldsets = (
        (None, {"fields": ("type", "name", "qualified_name", "description", "tag_list", "domain", "owned_by")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "type",
                    "name",
                    "qualified_name",
                    "description",
                    "tag_names",
                    "term_names",
                    "domain",
                    ("owner", "owner_team"),
                )
            },
        ),
        ("For the careful: raw JSON", {"fields": ("metadata", "schema"), "classes": ("collapse",)}),
    )

    def visible_to(self, actor: Actor) -> QuerySet[Asset]:
        return Asset.objects.of_tenants(actor).prefetch_related("tags")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not _is_deleted(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_deleted(obj)

    def create(self, actor: Actor, form: Any) -> Asset:
        return create_asset(actor=actor, data=form.said(None))

    def update(self, actor: Actor, obj: Asset, form: Any) -> Asset:
        version = form.cleaned_data.get("seen_version")
        return update_asset(actor=actor, asset=obj, changes=form.said(obj), expected_version=version)

    def remove(self, actor: Actor, obj: Asset) -> None:
        delete_asset(actor=actor, asset=obj)

    @admin.display(description="Tags")
    def tag_list(self, asset: Asset) -> str:
        return ", ".join(tag.name for tag in asset.tags.all()) or "-"

    # The list ------------------------------------------------------------------------------------

    @admin.display(description="Name", ordering="name")
    def named(self, asset: Asset) -> SafeString:
        return render_to_string("cartulary/asset_name.html", {"asset": asset, "icon": ICONS.get(asset.type, "dataset")})

    @admin.display(description="Type", ordering="type")
    def kind(self, asset: Asset) -> str:
        return asset.get_type_display()

    @admin.display(description="Tags")
    def labels(self, asset: Asset) -> SafeString | str:
        tags = list(asset.tags.all())
        return render_to_string("cartulary/tags.html", {"tags": tags[:3], "more": len(tags) - 3}) if tags else "-"

    @admin.display(description="Owner")
    def owned_by(self, asset: Asset) -> str:
        return str(asset.owner or asset.owner_team or "-")

    @admin.display(description="From")
    def source(self, asset: Asset) -> SafeString | str:
        if asset.deleted_at:
            return badge("deleted", "danger")
        if asset.stale_since:
            return badge("stale", "warning", title="No longer found at its source")
        return asset.origin.name if asset.origin else "by hand"

    @admin.display(description="Changed", ordering="updated_at")
    def changed(self, asset: Asset) -> SafeString | str:
        return ago(asset.updated_at)


def _is_deleted(obj: Any) -> bool:
    return isinstance(obj, Asset) and obj.deleted_at is not None
