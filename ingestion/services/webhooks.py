"""Webhooks: subscriptions of an organization, made, changed, tested, deleted. All of it needs the role `admin`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Role
from audit.services import Change, record_many
from contracts.errors import Conflict, DomainError, Invalid, NotFound
from ingestion.guard import check_url
from ingestion.models import DeliveryStatus, Webhook, WebhookDelivery
from ingestion.querysets import WebhookQuerySet
from ingestion.services import deliveries
from ingestion.services.events import EVENTS, GROUPS, PING, queue, wake
from ingestion.services.fields import read_name, read_text, refuse_unknown, text_list
from ingestion.services.secrets import decrypt, encrypt
from ingestion.services.signing import new_secret
from ingestion.services.subscriptions import snapshot

FIELDS = {"name", "url", "events", "is_active"}
OVERLAP = timedelta(hours=24)
"""How long messages are signed with the former secret too, after a new one was made."""


def visible_webhooks(actor: Actor) -> WebhookQuerySet:
    """The webhooks an administrator may see. Their URLs may hold what others should not know: raises Forbidden."""
    actor.require(Role.ADMIN)
    return Webhook.objects.visible_to(actor)


@transaction.atomic
def create_webhook(*, actor: Actor, data: Mapping[str, Any]) -> tuple[Webhook, str]:
    """A new subscription from `name`, `url`, `events` and, as wanted, `is_active`: (the webhook, its secret).

    The secret is told this once. Raises Invalid, Conflict (the name is taken).
    """
    actor.require(Role.ADMIN)
    refuse_unknown(data, FIELDS)
    webhook = Webhook(organization_id=actor.tenant, created_by_id=actor.user_id)
    _assign(webhook, {"name": "", "url": "", "events": [], **data})
    secret = new_secret()
    webhook.secrets = encrypt({"current": secret})
    _save(webhook)
    _record(actor, "CREATE", webhook, before=None)
    return webhook, secret


@transaction.atomic
def update_webhook(*, actor: Actor, webhook: Webhook, changes: Mapping[str, Any]) -> Webhook:
    """Change what is named. Making it active again forgets why it was disabled, and what waits goes out."""
    webhook = _locked(actor, webhook)
    refuse_unknown(changes, FIELDS)
    before = snapshot(webhook)
    _assign(webhook, changes)
    if webhook.is_active:
        webhook.disabled_reason = ""
    if snapshot(webhook) != before:
        _save(webhook)
        _record(actor, "UPDATE", webhook, before=before)
    return webhook


@transaction.atomic
def delete_webhook(*, actor: Actor, webhook: Webhook) -> None:
    """Delete it with the record of its deliveries."""
    webhook = _locked(actor, webhook)
    before, pk = snapshot(webhook), webhook.pk
    webhook.delete()
    change = Change("DELETE", "WEBHOOK", pk, before["name"], before, None)
    record_many(actor, [change], organization_id=webhook.organization_id)


@transaction.atomic
def rotate_secret(*, actor: Actor, webhook: Webhook) -> str:
    """A new secret, told this once; for 24 hours messages are signed with the former one too."""
    webhook = _locked(actor, webhook)
    secret = new_secret()
    former = decrypt(webhook.secrets).get("current")
    webhook.secrets = encrypt({"current": secret, "former": former, "until": (timezone.now() + OVERLAP).isoformat()})
    webhook.save(update_fields=["secrets", "updated_at"])
    _record(actor, "ROTATE", webhook, before=snapshot(webhook))
    return secret


def ping(*, actor: Actor, webhook: Webhook) -> WebhookDelivery:
    """Post a test message now, also to a webhook that is not active, and tell how it went."""
    found = visible_webhooks(actor).filter(pk=webhook.pk).first()
    if found is None:
        raise not_found(webhook.pk)
    with transaction.atomic():
        row = queue([found], PING, {"webhook_id": str(found.pk), "name": found.name})[0]
    deliveries.attempt(row.pk, is_test=True)
    row.refresh_from_db()
    return row


@transaction.atomic
def redeliver(*, actor: Actor, delivery: WebhookDelivery) -> WebhookDelivery:
    """Put a message that has arrived or failed in line again, under the same id. Raises Conflict while it waits."""
    webhook = _locked(actor, delivery.webhook)
    if not webhook.is_active:
        raise Conflict("The webhook is not active: activate it first", resource="webhook", webhook_id=str(webhook.pk))
    ended = WebhookDelivery.objects.filter(pk=delivery.pk, webhook=webhook).exclude(status=DeliveryStatus.PENDING)
    fields: dict[str, Any] = {"status": DeliveryStatus.PENDING, "attempts": 0, "next_attempt_at": timezone.now()}
    if not ended.update(**fields):
        raise Conflict("The delivery is waiting already", resource="webhook", delivery_id=str(delivery.pk))
    transaction.on_commit(lambda: wake([delivery.pk]), robust=True)
    delivery.refresh_from_db()
    return delivery


def not_found(webhook_id: str | UUID) -> NotFound:
    return NotFound(f"Webhook with id '{webhook_id}' not found", resource="webhook", id=str(webhook_id))


def _assign(webhook: Webhook, data: Mapping[str, Any]) -> None:
    if "name" in data:
        webhook.name = read_name(data, webhook.name, resource="webhook")
    if "url" in data:
        webhook.url = _checked_url(read_text(data, "url", 2000, required=True))
    if "events" in data:
        webhook.events = _checked_events(data)
    if "is_active" in data:
        if not isinstance(data["is_active"], bool):
            raise Invalid(fields={"is_active": ["It must be true or false."]})
        webhook.is_active = data["is_active"]


def _checked_url(url: str) -> str:
    try:
        if urlsplit(url).username is not None:
            raise Invalid(fields={"url": ["It must not hold a user name: messages are signed instead."]})
        check_url(url)
        httpx.URL(url)
    except (DomainError, ValueError, httpx.InvalidURL) as error:
        if isinstance(error, Invalid):
            raise
        raise Invalid(fields={"url": [f"{error}."]}) from None
    return url


def _checked_events(data: Mapping[str, Any]) -> list[str]:
    names = text_list(data, "events", items=50)
    unknown = [name for name in names if name not in EVENTS and name not in GROUPS]
    if unknown or not names:
        known = ", ".join([*EVENTS, *GROUPS])
        raise Invalid(fields={"events": [f"Each must be one of {known}; at least one is needed."]})
    return names


def _locked(actor: Actor, webhook: Webhook) -> Webhook:
    found = visible_webhooks(actor).select_for_update().filter(pk=webhook.pk).first()
    if found is None:
        raise not_found(webhook.pk)
    return found


def _save(webhook: Webhook) -> None:
    try:
        with transaction.atomic():
            webhook.save()
    except IntegrityError:
        raise Conflict(
            f"A webhook named '{webhook.name}' exists already", resource="webhook", name=webhook.name
        ) from None


def _record(actor: Actor, action: str, webhook: Webhook, before: dict[str, Any] | None) -> None:
    change = Change(action, "WEBHOOK", webhook.pk, webhook.name, before, snapshot(webhook))
    record_many(actor, [change], organization_id=webhook.organization_id)
