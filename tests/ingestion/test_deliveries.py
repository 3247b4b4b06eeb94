"""Which messages workers are woken for, and whose outcome counts."""

import logging

import pytest
from django.db.models import F

from catalog.services import AssetDraft, upsert_assets
from ingestion.models import DeliveryStatus, Webhook, WebhookDelivery
from ingestion.services import deliveries, webhooks
from tests.adminkit import HOOK


@pytest.fixture
def woken(monkeypatch):
    told: list[object] = []
    monkeypatch.setattr(deliveries, "wake", told.extend)
    return told


def test_what_waits_for_a_webhook_that_is_off_stands_in_nobodys_way(alice_actor, bob_actor, woken, monkeypatch):
    monkeypatch.setattr(deliveries, "DISPATCH_LIMIT", 1)
    for name in ("off", "on"):
        webhooks.create_webhook(actor=alice_actor, data={**HOOK, "name": name, "events": ["asset.*"]})
    upsert_assets(actor=bob_actor, drafts=[AssetDraft("TABLE", "t", "db.t")])
    Webhook.objects.filter(name="off").update(is_active=False)
    WebhookDelivery.objects.filter(webhook__name="off").update(next_attempt_at="2020-01-01T00:00:00Z")
    assert deliveries.dispatch() == 1
    assert woken == [WebhookDelivery.objects.get(webhook__name="on").pk]


def test_outcome_of_a_try_that_was_taken_over_is_dropped_and_logged(alice_actor, bob_actor, monkeypatch, caplog):
    webhooks.create_webhook(actor=alice_actor, data={**HOOK, "events": ["asset.*"]})
    upsert_assets(actor=bob_actor, drafts=[AssetDraft("TABLE", "t", "db.t")])
    delivery = WebhookDelivery.objects.get()

    def slow(row):
        """Another worker takes the row while the receiver is silent."""
        WebhookDelivery.objects.update(attempts=F("attempts") + 1)
        return deliveries.Outcome(200, "late", "", 60_000)

    monkeypatch.setattr(deliveries, "_post", slow)
    with caplog.at_level(logging.WARNING, logger="ingestion.services.deliveries"):
        deliveries.attempt(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.response_status) == (DeliveryStatus.PENDING, None)
    assert Webhook.objects.get().succeeded_at is None
    assert f"Another worker has the delivery {delivery.pk}" in caplog.text


def test_worker_is_woken_for_a_redelivery_only_once_it_is_committed(
    alice_actor, bob_actor, monkeypatch, django_capture_on_commit_callbacks
):
    woken: list[object] = []
    monkeypatch.setattr(webhooks, "wake", woken.extend)
    webhooks.create_webhook(actor=alice_actor, data={**HOOK, "events": ["asset.*"]})
    upsert_assets(actor=bob_actor, drafts=[AssetDraft("TABLE", "t", "db.t")])
    WebhookDelivery.objects.update(status=DeliveryStatus.FAILED, next_attempt_at=None)
    delivery = WebhookDelivery.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        webhooks.redeliver(actor=alice_actor, delivery=delivery)
        assert woken == []
    assert woken == [delivery.pk]
