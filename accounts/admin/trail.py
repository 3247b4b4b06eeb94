"""The audit trail's pages: find an event, read what it changed. Nothing here writes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin, badge
from accounts.admin_entities import entity_label
from accounts.admin_lists import DropdownFilter, TextFilter
from accounts.models import Organization
from accounts.templatetags.cartulary import action_kind, action_word, ago, event_fields
from audit.models import AuditEvent
from audit.vocabulary import ACTIONS, ENTITY_TYPES


class EntityTypeFilter(DropdownFilter):
    title = "kind of thing"
    parameter_name = "entity_type"
    options = [(word, entity_label(word)) for word in ENTITY_TYPES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(entity_type=self.value()) if self.value() else queryset


class ActionFilter(DropdownFilter):
    title = "action"
    parameter_name = "action"
    options = [(word, action_word(word).capitalize()) for word in ACTIONS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class WhenFilter(DropdownFilter):
    title = "time"
    parameter_name = "since"
    options = [("1", "The last hour"), ("24", "The last day"), ("168", "The last 7 days"), ("720", "The last 30 days")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        hours = self.value()
        if not hours or not hours.isdecimal() or len(hours) > 5:
            return queryset
        return queryset.filter(timestamp__gte=timezone.now() - timedelta(hours=int(hours)))


class UserFilter(TextFilter):
    title = "user"
    parameter_name = "user"

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        value = self.value()
        return queryset.filter(user_name__istartswith=value) if value else queryset


class EntityFilter(TextFilter):
    """One thing's whole history, by its id: the pages of the things link here."""

    title = "id of the thing"
    parameter_name = "entity"

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        value = self.value()
        if not value:
            return queryset
        try:
            return queryset.filter(entity_id=UUID(value))
        except ValueError:
            return queryset.none()


@admin.register(AuditEvent)
class AuditEventAdmin(TenantAdmin[AuditEvent]):
    may_add = may_change = may_delete = False
    actions = ()
    change_form_template = "cartulary/event.html"
    list_display = ("when", "who", "did", "what", "fields_changed", "door")
    list_filter = (EntityTypeFilter, ActionFilter, WhenFilter, UserFilter, EntityFilter)
    list_filter_submit = True
    list_filter_sheet = False
    list_display_links = ("when",)
    ordering = ("-id",)
    sortable_by = ()
    search_fields = ("entity_name",)
    search_help_text = "The name of a thing, from its beginning"

    def visible_to(self, actor: Actor) -> QuerySet[AuditEvent]:
        return AuditEvent.objects.visible_to(actor)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEvent], search_term: str
    ) -> tuple[QuerySet[AuditEvent], bool]:
        term = search_term.replace("\0", "").strip()
        return (queryset.filter(entity_name__istartswith=term) if term else queryset), False

    def get_list_filter(self, request: HttpRequest) -> Any:
        chosen = super().get_list_filter(request)
        return (*chosen, TenantOfEventFilter) if self.actor(request).sees_all else chosen

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        event = self.get_object(request, object_id) if object_id else None
        context = {"event": event, "title": "What happened", **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description="When")
    def when(self, event: AuditEvent) -> SafeString | str:
        return ago(event.timestamp)

    @admin.display(description="Who")
    def who(self, event: AuditEvent) -> str:
        return event.user_name or event.actor_kind

    @admin.display(description="Did")
    def did(self, event: AuditEvent) -> SafeString:
        return badge(str(action_word(event.action)), str(action_kind(event.action)))

    @admin.display(description="What")
    def what(self, event: AuditEvent) -> SafeString:
        return render_to_string("cartulary/entity.html", {"event": event})

    @admin.display(description="Fields")
    def fields_changed(self, event: AuditEvent) -> str:
        return str(event_fields(event)) or "-"


class TenantOfEventFilter(DropdownFilter):
    """For a superuser: the trail keeps an organization's id without a relation, so it has a filter of its own."""

    title = "organization"
    parameter_name = "of"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Organization.objects.order_by("slug").values_list("pk", "name")[:500]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        value = self.value()
        try:
            return queryset.filter(organization_id=UUID(value)) if value else queryset
        except ValueError:
            return queryset.none()
