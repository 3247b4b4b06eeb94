"""Assets: found with the catalog's own search, described, tagged, owned, related, and read back in time."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin
from catalog.admin.filters import DescribedFilter, OriginFilter, OwnerFilter, StateFilter, TagFilter, TypeFilter
from catalog.models import Asset


@admin.register(Asset)
class AssetAdmin(TenantAdmin[Asset]):
    list_display = ("name", "type", "qualified_name", "owner", "updated_at")
    list_filter = (TypeFilter, TagFilter, OriginFilter, OwnerFilter, DescribedFilter, StateFilter)
    list_filter_submit = True
    list_filter_sheet = False
    list_select_related = ("owner", "origin", "organization")
    ordering = ("-updated_at", "-id")
    search_fields = ("qualified_name",)
    may_add = may_change = may_delete = False

    def visible_to(self, actor: Actor) -> QuerySet[Asset]:
        return Asset.objects.of_tenants(actor)
