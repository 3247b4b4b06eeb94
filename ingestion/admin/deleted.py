"""What was deleted and is kept apart: former members, tags, categories and data sources, to be restored or let go."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin, posted
from accounts.admin_lists import DropdownFilter
from accounts.models import DeletedRow, Role
from accounts.services import forget_deleted, restore_member
from accounts.services.members import KEPT_AS as MEMBER
from catalog.services import forget_tag, restore_category, restore_tag
from catalog.services.tags import CATEGORY, TAG
from ingestion.services.removing import restore_data_source
from ingestion.services.sources import KEPT_AS as DATA_SOURCE

KINDS = {MEMBER: "Member", TAG: "Tag", CATEGORY: "Category", DATA_SOURCE: "Data source"}


BACK = {
    MEMBER: "The old role and teams; signing in takes a new token.",
    TAG: "The tag, on all that carried it and is still there.",
    CATEGORY: "The category with the tags that were deleted together with it, on all that carried them.",
    DATA_SOURCE: "The source, inactive until it is given its secrets again, with the assets that were deleted with it."
    " Its tasks stay gone.",
}
"""What comes back."""


class KindFilter(DropdownFilter):
    title = "kind"
    parameter_name = "kind"
    options = list(KINDS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() in KINDS else queryset


@admin.register(DeletedRow)
class DeletedRowAdmin(TenantAdmin[DeletedRow]):
    change_form_template = "cartulary/deleted.html"
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

    def object_views(self) -> Any:
        return {"restore": posted(self.restore)}

    def restore(self, request: HttpRequest, kept: DeletedRow) -> HttpResponse:
        _restore(self.actor(request, kept), kept)
        messages.success(request, f"{self.what(kept)} '{self.name(kept)}' is back.")
        return HttpResponseRedirect(self.url("changelist"))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        kept = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if kept is not None:
            context |= {"kept": kept, "title": self.name(kept), "back": BACK.get(kept.kind, ""), "show_delete": False}
            context["may_restore"] = self.has_restore_permission(request)
            context["may_forget"] = self.has_delete_permission(request, kept)
        return super().changeform_view(request, object_id, form_url, context)

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
