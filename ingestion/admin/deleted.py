"""What was deleted and is kept apart: former members, tags, categories and data sources, to be restored or let go."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin
from accounts.admin_lists import DropdownFilter
from accounts.models import DeletedRow, Role
from accounts.services import forget_deleted, restore_member
from accounts.services.members import KEPT_AS as MEMBER
from catalog.services import forget_tag, restore_category, restore_tag
from catalog.services.tags import CATEGORY, TAG
from ingestion.services.removing import restore_data_source
from ingestion.services.sources import KEPT_AS as DATA_SOURCE

KINDS = {MEMBER: "Member", TAG: "Tag", CATEGORY: "Category", DATA_SOURCE: "Data source"}


class KindFilter(DropdownFilter):
    title = "kind"
    parameter_name = "kind"
    options = list(KINDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() in KINDS else queryset


@admin.register(DeletedRow)
class DeletedRowAdmin(TenantAdmin[DeletedRow]):
    list_display = ("name", "what", "deleted_at")
    list_filter: ClassVar[Any] = (KindFilter,)
    list_filter_submit = True
    list_select_related = ("organization",)
    ordering = ("-deleted_at",)
    search_fields = ("key",)
    fields = ("name", "what", "deleted_at")
    readonly_fields = ("name", "what")
    may_add = may_change = False
    actions = ("restore_selected", "delete_selected")

    def has_restore_permission(self, request: HttpRequest) -> bool:
        return self.actor(request).may(Role.EDITOR)

    def remove(self, actor: Actor, obj: DeletedRow) -> None:
        """Let it go for good."""
        if obj.kind in {TAG, CATEGORY}:
            forget_tag(actor=actor, kept=obj)
        else:
            forget_deleted(actor=actor, kept=obj, role=Role.ADMIN if obj.kind == MEMBER else Role.EDITOR)

    @admin.action(description="Restore", permissions=["restore"])
    def restore_selected(self, request: HttpRequest, queryset: QuerySet[DeletedRow]) -> None:
        self.each(request, queryset, lambda kept: _restore(self.actor(request, kept), kept), "restored")

    @admin.display(description="Name", ordering="key")
    def name(self, kept: DeletedRow) -> str:
        state = kept.state
        return str(state.get("username") or state.get("name") or state.get("category") or kept.key)

    @admin.display(description="What it was", ordering="kind")
    def what(self, kept: DeletedRow) -> str:
        return KINDS.get(kept.kind, kept.kind)


def _restore(actor: Actor, kept: DeletedRow) -> None:
    if kept.kind == MEMBER:
        restore_member(actor=actor, organization=kept.organization, user_id=kept.entity_id)
    elif kept.kind == DATA_SOURCE:
        restore_data_source(actor=actor, source_id=kept.entity_id)
    elif kept.kind == CATEGORY:
        restore_category(actor=actor, tag_id=kept.entity_id)
    else:
        restore_tag(actor=actor, tag_id=kept.entity_id)
