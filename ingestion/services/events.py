"""What webhooks hear: which changes are events, and the messages made of them in the change's own transaction.

A message is `{"type", "timestamp", "data"}`, as the Standard Webhooks specification (1.0.0) has it. Changes of
assets come in lists of at most 1,000, so that a batch of 10,000 is ten messages and not ten thousand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from audit.listening import Listener, listen
from audit.services import Author, Change
from ingestion.models import Webhook, WebhookDelivery
from ingestion.querysets import WebhookQuerySet
from ingestion.services import broker

EVENTS = {
    "datasource.status_changed": "A data source became active, inactive or faulty.",
    "datasource.unreachable": "A data source did not answer a test or a collection.",
    "task.succeeded": "A run ended well.",
    "task.failed": "A run failed, after its last try.",
    "asset.created": "Assets are new in the catalog.",
    "asset.updated": "Assets changed.",
    "asset.deleted": "Assets were deleted.",
    "asset.restored": "Deleted assets are back.",
    "release.created": "A release was drafted.",
    "release.updated": "A release changed.",
    "release.released": "A release was released.",
    "release.archived": "A release was archived.",
    "release.deleted": "A release was deleted.",
}
PING = "webhook.ping"
GROUPS = ("*", *sorted({f"{name.partition('.')[0]}.*" for name in EVENTS}))
"""What stands for several events in a subscription."""
DELIVER = "ingestion.deliver_webhook"
ASSETS_EACH = 1000
WAKE_AT_ONCE = 100
"""Deliveries a transaction wakes workers for; the rest is found by the next dispatch."""

_VERBS = {"CREATE": "created", "UPDATE": "updated", "DELETE": "deleted", "RESTORE": "restored"}
_ASSET_FIELDS = ("id", "type", "name", "qualified_name", "version")
Data = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


def wants(webhook: Webhook, event: str) -> bool:
    return any(name in (event, "*", f"{event.partition('.')[0]}.*") for name in webhook.events)


def publish_event(*, organization_id: UUID, event: str, data: Data) -> int:
    """Queue a message for each webhook that wants the event; returns how many. Called inside the transaction.

    `data` may be a function, which is called only where somebody wants to know.
    """
    webhooks = [hook for hook in _active(organization_id) if wants(hook, event)]
    if not webhooks:
        return 0
    queue(webhooks, event, data() if callable(data) else data)
    return len(webhooks)


def queue(webhooks: Sequence[Webhook], event: str, data: Mapping[str, Any]) -> list[WebhookDelivery]:
    """Put one message in line for these webhooks; workers are woken on commit."""
    now = timezone.now()
    body = json.dumps({"type": event, "timestamp": now.isoformat(), "data": data}, ensure_ascii=False, default=str)
    message = f"msg_{uuid4().hex}"
    rows = [
        WebhookDelivery(webhook=hook, message_id=message, event=event, body=body, next_attempt_at=now)
        for hook in webhooks
    ]
    WebhookDelivery.objects.bulk_create(rows)
    transaction.on_commit(partial(wake, [row.pk for row in rows]), robust=True)
    return rows


def wake(delivery_ids: Sequence[UUID]) -> None:
    for key in delivery_ids[:WAKE_AT_ONCE]:
        if not broker.send(DELIVER, str(key), what=f"the delivery {key}"):
            return


def _active(organization_id: UUID) -> WebhookQuerySet:
    return Webhook.objects.filter(organization_id=organization_id, is_active=True)


def is_heard(organization_id: UUID) -> bool:
    """Whether any webhook of the organization wants to hear anything."""
    return Webhook.objects.filter(organization_id=organization_id, is_active=True).exists()


def _hear(actor: Author, organization_id: UUID, changes: Sequence[Change]) -> None:
    """The trail's changes as messages."""
    webhooks = list(_active(organization_id))
    for event, data in _events_of(changes):
        wanting = [hook for hook in webhooks if wants(hook, event)]
        if wanting:
            queue(wanting, event, {**data, "by": actor.user_name})


listen(Listener(frozenset({"ASSET", "RELEASE", "DATA_SOURCE"}), wants=is_heard, hear=_hear))


def _events_of(changes: Sequence[Change]) -> Iterator[tuple[str, dict[str, Any]]]:
    assets: dict[str, list[dict[str, Any]]] = {}
    for change in changes:
        state = change.after or change.before or {}
        if change.entity_type == "ASSET" and change.action in _VERBS:
            assets.setdefault(f"asset.{_VERBS[change.action]}", []).append(
                {name: state.get(name) for name in _ASSET_FIELDS} | {"version": change.version}
            )
        elif change.entity_type == "RELEASE":
            yield _release_event(change), {"id": change.entity_id, "name": change.entity_name, "release": state}
        elif change.entity_type == "DATA_SOURCE":
            yield from _source_events(change)
    for event, told in assets.items():
        for start in range(0, len(told), ASSETS_EACH):
            yield event, {"assets": told[start : start + ASSETS_EACH]}


def _release_event(change: Change) -> str:
    before, after = change.before or {}, change.after or {}
    if change.action == "UPDATE" and before.get("status") != after.get("status"):
        return f"release.{after.get('status')}"
    return f"release.{_VERBS.get(change.action, 'updated')}"


def _source_events(change: Change) -> Iterator[tuple[str, dict[str, Any]]]:
    before, after = change.before or {}, change.after or {}
    if not before or not after or before.get("status") == after.get("status"):
        return
    data = {
        "id": change.entity_id,
        "name": change.entity_name,
        "type": after.get("type"),
        "status": after.get("status"),
        "status_before": before.get("status"),
        "message": after.get("status_message", ""),
    }
    yield "datasource.status_changed", data
    if after.get("status") == "error":
        yield "datasource.unreachable", data
