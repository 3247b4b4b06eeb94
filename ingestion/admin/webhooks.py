"""Webhooks: who is told of what, how it went, and once more where it did not."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.actor import Actor
from accounts.admin_base import DomainForm, TenantAdmin, badge, posted
from accounts.models import Role
from accounts.templatetags.cartulary import ago
from contracts.errors import NotFound
from ingestion.models import DeliveryStatus, Webhook, WebhookDelivery
from ingestion.services.events import EVENTS, GROUPS
from ingestion.services.webhooks import (
    create_webhook,
    delete_webhook,
    ping,
    redeliver,
    rotate_secret,
    update_webhook,
)

DELIVERIES_SHOWN = 50
CHOICES = [
    *((name, "Everything" if name == "*" else f"{name}: all of these") for name in GROUPS),
    *((name, f"{name}: {words}") for name, words in EVENTS.items()),
]


class WebhookForm(DomainForm):
    events = forms.MultipleChoiceField(choices=CHOICES, widget=UnfoldAdminCheckboxSelectMultipleWidget())

    class Meta:
        model = Webhook
        fields = ("name", "url", "events", "is_active")
        labels: ClassVar[dict[str, str]] = {"url": "URL", "is_active": "Post to it"}
        widgets: ClassVar[dict[str, Any]] = {
            "url": UnfoldAdminTextInputWidget(
                attrs={"type": "url", "placeholder": "https://example.com/hooks/catalog"}
            ),
            "is_active": UnfoldBooleanSwitchWidget(),
        }


def state_of(webhook: Webhook) -> tuple[str, str]:
    if webhook.disabled_reason:
        return "disabled", "danger"
    return ("active", "success") if webhook.is_active else ("off", "")


@admin.register(Webhook)
class WebhookAdmin(TenantAdmin[Webhook]):
    view_role = write_role = Role.ADMIN
    form = WebhookForm
    secret_fields = ("secrets",)
    change_form_template = "cartulary/webhook.html"
    list_display = ("name", "address", "told", "state", "arrived")
    list_select_related = ("organization",)
    ordering = ("name",)
    search_fields = ("name", "url")
    fields = ("name", "url", "events", "is_active")

    def visible_to(self, actor: Actor) -> QuerySet[Webhook]:
        return Webhook.objects.visible_to(actor)

    def create(self, actor: Actor, form: Any) -> Webhook:
        webhook, form.secret = create_webhook(actor=actor, data=form.cleaned_data)
        return webhook

    def update(self, actor: Actor, obj: Webhook, form: Any) -> Webhook:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        return update_webhook(actor=actor, webhook=obj, changes=changes)

    def remove(self, actor: Actor, obj: Webhook) -> None:
        delete_webhook(actor=actor, webhook=obj)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        request.made_secret = getattr(form, "secret", "")  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: Webhook, post_url_continue: Any = None) -> HttpResponse:
        return self._show_secret(request, obj, getattr(request, "made_secret", ""))

    def _show_secret(self, request: HttpRequest, webhook: Webhook, secret: str) -> HttpResponse:
        advice = "Whoever receives the messages checks their signature with it (Standard Webhooks)."
        onward = self.url("change", webhook.pk)
        return self.show_once(request, f"The secret of “{webhook.name}”", secret, advice=advice, onward=onward)

    # One click -----------------------------------------------------------------------------------

    def object_views(self) -> Any:
        views = {"ping": self.ping, "rotate": self.rotate, "redeliver": self.redeliver}
        return {name: posted(view) for name, view in views.items()}

    def ping(self, request: HttpRequest, webhook: Webhook) -> HttpResponse:
        sent = ping(actor=self.actor(request, webhook), webhook=webhook)
        if sent.status == DeliveryStatus.SUCCEEDED:
            messages.success(request, f"It answered {sent.response_status} after {sent.duration_ms} ms.")
        else:
            messages.error(request, f"The test message did not arrive: {sent.error or sent.response_status}")
        return HttpResponseRedirect(self.url("change", webhook.pk))

    def rotate(self, request: HttpRequest, webhook: Webhook) -> HttpResponse:
        secret = rotate_secret(actor=self.actor(request, webhook), webhook=webhook)
        return self._show_secret(request, webhook, secret)

    def redeliver(self, request: HttpRequest, webhook: Webhook) -> HttpResponse:
        if not self.has_change_permission(request, webhook):
            raise PermissionDenied
        try:
            wanted = UUID(request.POST.get("delivery", ""))
        except ValueError:
            raise NotFound("There is no such delivery") from None
        delivery = webhook.deliveries.select_related("webhook").filter(pk=wanted).first()
        if delivery is None:
            raise NotFound("There is no such delivery")
        redeliver(actor=self.actor(request, webhook), delivery=delivery)
        messages.success(request, "The message is in line again.")
        return HttpResponseRedirect(self.url("change", webhook.pk))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        webhook = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if webhook is not None:
            deliveries = WebhookDelivery.objects.filter(webhook=webhook.pk).order_by("-created_at", "-id")
            context |= {
                "webhook": webhook,
                "title": webhook.name,
                "deliveries": list(deliveries[:DELIVERIES_SHOWN]),
                "webhook_state": state_of(webhook),
            }
        return super().changeform_view(request, object_id, form_url, context)

    # The list ------------------------------------------------------------------------------------

    @admin.display(description="URL", ordering="url")
    def address(self, webhook: Webhook) -> str:
        return webhook.url

    @admin.display(description="Told of")
    def told(self, webhook: Webhook) -> str:
        if "*" in webhook.events:
            return "everything"
        return ", ".join(webhook.events[:3]) + (
            f" and {len(webhook.events) - 3} more" if len(webhook.events) > 3 else ""
        )

    @admin.display(description="State")
    def state(self, webhook: Webhook) -> SafeString:
        return badge(*state_of(webhook), title=webhook.disabled_reason)

    @admin.display(description="Last arrived")
    def arrived(self, webhook: Webhook) -> SafeString | str:
        return ago(webhook.succeeded_at) if webhook.succeeded_at else "never"
