"""Relationships: how assets hang together, one edge at a time."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin
from catalog.models import Relationship


@admin.register(Relationship)
class RelationshipAdmin(TenantAdmin[Relationship]):
    list_display = ("source", "type", "target", "origin", "updated_at")
    list_filter = ("type",)
    list_select_related = ("source", "target", "origin", "organization")
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("source__qualified_name", "target__qualified_name")
    autocomplete_fields = ("source", "target")
    may_add = may_change = may_delete = False

    def visible_to(self, actor: Actor) -> QuerySet[Relationship]:
        return Relationship.objects.visible_to(actor)
