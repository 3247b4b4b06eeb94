"""Organizations: what they are called, who belongs to them and with which role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery, URLField
from django.http import HttpRequest

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin
from accounts.admin_site import actor_of
from accounts.models import ApiKey, Membership, Organization, Role
from accounts.services import (
    add_member,
    change_role,
    create_organization,
    delete_organization,
    remove_member,
    update_organization,
)

if TYPE_CHECKING:
    from django.contrib.admin import TabularInline as StockInline
else:
    from unfold.admin import TabularInline as StockInline


class MembershipInline(StockInline[Membership, Any]):
    """Members of an organization, or memberships of a user; saved one by one through the services."""

    model = Membership
    extra = 0
    tab = True
    fields = ("user", "role", "created_at")
    readonly_fields = ("created_at",)
    autocomplete_fields = ("user",)

    def _is_admin(self, request: HttpRequest) -> bool:
        return actor_of(request).may(Role.ADMIN)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return Membership.objects.visible_to(actor_of(request)).select_related("user", "organization")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Only a superuser knows the users of others; an organization's admin adds people by e-mail address."""
        return ("created_at",) if actor_of(request).sees_all else ("user", "created_at")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_admin(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_admin(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_admin(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor_of(request).sees_all and obj is not None


def save_memberships(actor: Actor, formset: Any) -> None:
    """What an inline of memberships asks for, through the services. They raise what the form then shows."""
    for form in formset.deleted_forms:
        if form.instance.pk:
            remove_member(actor=actor, membership=form.instance)
    for form in formset.forms:
        if form in formset.deleted_forms or not form.has_changed():
            continue
        membership = form.instance
        if membership._state.adding:
            organization, user = membership.organization, membership.user
            add_member(actor=actor, organization=organization, user=user, role=membership.role)
        else:
            stored = Membership.objects.select_related("user", "organization").get(pk=membership.pk)
            change_role(actor=actor, membership=stored, role=membership.role)


def _count(model: type[Membership] | type[ApiKey], **conditions: Any) -> Subquery:
    rows = model._default_manager.filter(organization=OuterRef("pk"), **conditions).order_by()
    return Subquery(rows.values("organization").annotate(n=Count("pk")).values("n"))


@admin.register(Organization)
class OrganizationAdmin(TenantAdmin[Organization]):
    write_role = Role.ADMIN
    change_form_template = "cartulary/organization.html"
    list_display = ("name", "slug", "member_count", "key_count", "is_public", "created_at")
    ordering = ("slug",)
    search_fields = ("name", "slug")
    fields = ("name", "slug", "description", "website", "logo_url", "is_public")
    inlines = (MembershipInline,)

    def visible_to(self, actor: Actor) -> QuerySet[Organization]:
        counts = {"members_": _count(Membership), "keys_": _count(ApiKey, revoked_at=None)}
        return Organization.objects.visible_to(actor).annotate(**counts)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.actor(request).sees_all

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.actor(request).sees_all

    def actor(self, request: HttpRequest, obj: Any = None) -> Actor:
        actor = actor_of(request)
        return actor.within(obj) if actor.sees_all and isinstance(obj, Organization) else actor

    def create(self, actor: Actor, form: Any) -> Organization:
        return create_organization(actor=actor, **form.cleaned_data)

    def update(self, actor: Actor, obj: Organization, form: Any) -> Organization:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        return update_organization(actor=actor, organization=obj, changes=changes)

    def remove(self, actor: Actor, obj: Organization) -> None:
        delete_organization(actor=actor, organization=obj)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.inlines if obj is not None else ()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        for formset in formsets:
            save_memberships(self.actor(request, form.instance), formset)

    @admin.display(description="Members")
    def member_count(self, organization: Any) -> int:
        return organization.members_ or 0

    @admin.display(description="Keys")
    def key_count(self, organization: Any) -> int:
        return organization.keys_ or 0
