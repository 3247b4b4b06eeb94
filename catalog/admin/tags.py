"""Tags: what curators classify with, in categories and colours."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin
from catalog.models import AssetTag, Tag


@admin.register(Tag)
class TagAdmin(TenantAdmin[Tag]):
    list_display = ("shown", "category", "description", "used")
    list_filter = ("category",)
    ordering = ("name",)
    search_fields = ("name", "category", "description")
    fields = ("name", "category", "description", "colour")
    may_add = may_change = may_delete = False

    def visible_to(self, actor: Actor) -> QuerySet[Tag]:
        uses = AssetTag.objects.filter(tag=OuterRef("pk"), asset__deleted_at=None).order_by()
        counted = uses.values("tag").annotate(n=Count("asset"))
        return Tag.objects.visible_to(actor).annotate(uses_=Subquery(counted.values("n")))

    @admin.display(description="Tag", ordering="name")
    def shown(self, tag: Tag) -> SafeString:
        return format_html('<span class="c-tag"><i style="--dot: {}"></i>{}</span>', tag.colour or "#94a3b8", tag.name)

    @admin.display(description="Assets")
    def used(self, tag: Any) -> SafeString:
        url = reverse("admin:catalog_asset_changelist")
        return format_html('<a class="c-link" href="{}?tags={}">{}</a>', url, tag.pk, tag.uses_ or 0)
