"""API keys: made once and shown once, followed by their last use, revoked with one click."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin, badge, posted
from accounts.models import ApiKey, Organization, Role
from accounts.services import create_api_key, revoke_api_key
from accounts.templatetags.cartulary import ago
from contracts.errors import Forbidden


def key_state(key: ApiKey) -> tuple[str, str]:
    """The word and the colour for how a key stands."""
    if key.revoked_at:
        return "revoked", "danger"
    if key.expires_at and key.expires_at <= timezone.now():
        return "expired", "warning"
    return "active", "success"


@admin.register(ApiKey)
class ApiKeyAdmin(TenantAdmin[ApiKey]):
    view_role = write_role = Role.ADMIN
    may_change = may_delete = False
    secret_fields = ("key_hash",)
    change_form_template = "cartulary/key.html"
    list_display = ("name", "state", "role", "begins_with", "last_used", "expires", "created_by")
    list_filter = ("role",)
    list_select_related = ("organization", "created_by")
    ordering = ("-created_at",)
    search_fields = ("name", "prefix")
    actions = ("revoke_selected",)
    fields = ("name", "role", "expires_at")

    def create(self, actor: Actor, form: Any) -> ApiKey:
        organization = Organization.objects.get(pk=actor.tenant)
        data = form.cleaned_data
        made = create_api_key(
            actor=actor,
            organization=organization,
            name=data["name"],
            role=data["role"],
            expires_at=data["expires_at"],
        )
        form.secret = made.key
        return made.api_key

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        request.made_secret = form.secret  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: Any = None) -> HttpResponse:
        """The key itself, this one time."""
        secret, advice = getattr(request, "made_secret", ""), "Send it as “Authorization: Bearer …” or “X-API-Key: …”."
        onward = self.url("changelist")
        return self.show_once(request, f"The API key “{obj.name}”", secret, advice=advice, onward=onward)

    @admin.action(description="Revoke selected API keys", permissions=["add"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        self.each(request, queryset, lambda key: self._revoke(request, key), "revoked")

    def object_views(self) -> Any:
        return {"revoke": posted(self.revoke)}

    def revoke(self, request: HttpRequest, key: ApiKey) -> HttpResponse:
        self._revoke(request, key)
        messages.success(request, f"The key “{key.name}” is revoked: it opens nothing any more.")
        return HttpResponseRedirect(self.url("change", key.pk))

    def _revoke(self, request: HttpRequest, key: ApiKey) -> None:
        if not self.has_add_permission(request):
            raise Forbidden()
        revoke_api_key(actor=self.actor(request, key), api_key=key)

    @admin.display(description="State")
    def state(self, key: ApiKey) -> SafeString:
        return badge(*key_state(key))

    @admin.display(description="Begins with", ordering="prefix")
    def begins_with(self, key: ApiKey) -> str:
        return f"{key.prefix}…"

    @admin.display(description="Last used", ordering="last_used_at", empty_value="never")
    def last_used(self, key: ApiKey) -> SafeString | str | None:
        return ago(key.last_used_at) if key.last_used_at else None

    @admin.display(description="Expires", ordering="expires_at", empty_value="never")
    def expires(self, key: ApiKey) -> str | None:
        return f"{key.expires_at:%Y-%m-%d}" if key.expires_at else None
