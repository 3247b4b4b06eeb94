"""Which messages workers are woken for."""

import pytest

from catalog.services import AssetDraft, upsert_assets
from ingestion.models import Webhook, WebhookDelivery
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
