"""Teams: who owns things together."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from accounts.actor import Actor
from accounts.admin_base import DomainForm, TenantAdmin
from accounts.admin_lists import LivingFilter
from accounts.models import Role, Team, User
from accounts.services import create_team, delete_team, restore_team, update_team


class TeamForm(DomainForm):
    actor: ClassVar[Actor]

    class Meta:
        model = Team
        fields = ("name", "display_name", "description", "members")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := self.fields.get("members"):
            here = self.instance.organization_id if not self.instance._state.adding else self.actor.organization_id
            field.queryset = User.objects.filter(memberships__organization=here)  # type: ignore[attr-defined]

    def said(self) -> dict[str, Any]:
        """What the form says that differs from what is stored, in the words of the services."""
        said = {name: self.cleaned_data[name] for name in self.changed_data}
        if "members" in said:
            said["members"] = [str(user.pk) for user in said["members"]]
        return said


@admin.register(Team)
class TeamAdmin(TenantAdmin[Team]):
    form = TeamForm
    write_role = Role.ADMIN
    list_display = ("shown", "name", "description", "member_count")
    list_filter = (LivingFilter,)
    list_filter_submit = True
    list_select_related = ("organization",)
    ordering = ("key",)
    search_fields = ("name", "display_name", "description")
    autocomplete_fields = ("members",)
    actions = ("delete_selected", "restore_selected")

    def visible_to(self, actor: Actor) -> QuerySet[Team]:
        """Annotated with how many members it has; deleted ones are found by the filter."""
        return Team.objects.of_tenants(actor).annotate(members_=Count("members"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and getattr(obj, "deleted_at", None) is None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and getattr(obj, "deleted_at", None) is None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Team], search_term: str
    ) -> tuple[QuerySet[Team], bool]:
        match = request.resolver_match
        if match is not None and match.url_name == "autocomplete":
            queryset = queryset.filter(deleted_at=None, organization=self.actor(request).organization_id)
        return super().get_search_results(request, queryset, search_term.replace("\0", ""))

    def create(self, actor: Actor, form: Any) -> Team:
        return create_team(actor=actor, data=form.said())

    def update(self, actor: Actor, obj: Team, form: Any) -> Team:
        return update_team(actor=actor, team=obj, changes=form.said())

    def remove(self, actor: Actor, obj: Team) -> None:
        delete_team(actor=actor, team=obj)

    @admin.action(description="Restore", permissions=["change"])
    def restore_selected(self, request: HttpRequest, queryset: QuerySet[Team]) -> None:
        deleted = queryset.filter(deleted_at__isnull=False)
        self.each(request, deleted, lambda one: restore_team(actor=self.actor(request, one), team=one), "restored")

    @admin.display(description="Team", ordering="key")
    def shown(self, team: Team) -> str:
        return team.shown_name

    @admin.display(description="Members")
    def member_count(self, team: Any) -> int:
        return int(team.members_)
