"""People: who they are, where they belong; a member is added by e-mail address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from accounts.actor import Actor
from accounts.admin.organizations import MembershipInline, save_memberships
from accounts.admin_base import DomainForm, TenantAdmin, badge, posted
from accounts.admin_lists import people_visible_to
from accounts.models import Membership, Organization, Role, User
from accounts.services import create_member, reset_password, update_user
from accounts.templatetags.cartulary import ago


class NewMemberForm(DomainForm):
    """A person by e-mail address. Who has no account yet gets one, with a password that is shown once."""

    role = forms.ChoiceField(choices=Role.choices, initial=Role.VIEWER)

    class Meta:
        model = User
        fields = ("email", "name")
        help_texts = {"email": "Somebody who has an account already keeps it, and their password."}


class UserAdmin(TenantAdmin[User]):
    """For an organization: its people. For a superuser: everybody, with what they are called and may."""

    secret_fields = ("password",)
    change_form_template = "cartulary/user.html"
    write_role = Role.ADMIN
    may_delete = False
    actions = ()
    list_display = ("display_name", "email", "role_here", "is_active", "last_seen")
    list_filter = ("is_active",)
    ordering = ("username",)
    search_fields = ("username", "email", "name")
    fields = ("email", "username", "name", "is_active", "is_superuser")
    add_fieldsets = ((None, {"fields": ("email", "name", "role")}),)
    inlines = (MembershipInline,)

    def visible_to(self, actor: Actor) -> QuerySet[User]:
        """Annotated with the role in the organization one acts in."""
        here = Membership.objects.filter(user=OuterRef("pk"), organization=actor.organization_id)
        return people_visible_to(actor).annotate(role_=Subquery(here.values("role")[:1]))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.actor(request).may(Role.ADMIN)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A person is not one organization's: what they are called, only a superuser changes."""
        return () if obj is None or self.actor(request).sees_all else self.fields

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = NewMemberForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else (MembershipOfUserInline,)

    def create(self, actor: Actor, form: Any) -> User:
        data, organization = form.cleaned_data, Organization.objects.get(pk=actor.tenant)
        made = create_member(
            actor=actor, organization=organization, email=data["email"], role=data["role"], name=data["name"]
        )
        form.secret = made.password
        return made.membership.user

    def update(self, actor: Actor, obj: User, form: Any) -> User:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        return update_user(actor=actor, user=obj, changes=changes) if changes else obj

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        request.made_secret = getattr(form, "secret", None)  # type: ignore[attr-defined]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        for formset in formsets:
            save_memberships(self.actor(request), formset)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: Any = None) -> HttpResponse:
        secret = getattr(request, "made_secret", None)
        if secret is None:
            return super().response_add(request, obj, post_url_continue)
        return self._show_once(request, obj, secret)

    def object_views(self) -> Any:
        return {"reset_password": posted(self.reset_password)}

    def reset_password(self, request: HttpRequest, user: User) -> HttpResponse:
        """A new password for somebody who lost theirs, shown once."""
        actor = self.actor(request)
        organization = Organization.objects.get(pk=actor.tenant)
        return self._show_once(request, user, reset_password(actor=actor, user=user, organization=organization))

    def _show_once(self, request: HttpRequest, user: User, secret: str) -> HttpResponse:
        advice = "Hand it over in a safe way; its owner should choose another after signing in."
        onward = self.url("change", user.pk)
        return self.show_once(request, f"The password of {user.email}", secret, advice=advice, onward=onward)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        may_reset = object_id is not None and self.has_change_permission(request)
        context = {"may_reset": may_reset, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    @admin.display(description="Name", ordering="name")
    def display_name(self, user: User) -> str:
        return user.display_name

    @admin.display(description="Role here")
    def role_here(self, user: Any) -> SafeString | str:
        if user.is_superuser:
            return badge("superuser", "warning")
        return badge(user.role_, "info") if user.role_ else "-"

    @admin.display(description="Last signed in", ordering="last_login")
    def last_seen(self, user: User) -> SafeString | str:
        return ago(user.last_login) if user.last_login else "never"


class MembershipOfUserInline(MembershipInline):
    """The same from the other end: in which organizations somebody is."""

    fields = ("organization", "role", "created_at")
    autocomplete_fields = ("organization",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (
            ("created_at",)
            if "user" not in super().get_readonly_fields(request, obj)
            else ("organization", "created_at")
        )


admin.site.register(User, UserAdmin)
