"""What a webhook's messages are signed with, and for how long."""

from datetime import timedelta

from django.utils import timezone

from ingestion.services import subscriptions, webhooks
from tests.adminkit import HOOK


def test_former_secret_is_good_for_a_day(alice_actor, monkeypatch):
    webhook, former = webhooks.create_webhook(actor=alice_actor, data=HOOK)
    secret = webhooks.rotate_secret(actor=alice_actor, webhook=webhook)
    webhook.refresh_from_db()
    now = timezone.now()
    for hours, good in ((23, [secret, former]), (25, [secret])):
        monkeypatch.setattr(
            "ingestion.services.subscriptions.timezone.now", lambda hours=hours: now + timedelta(hours=hours)
        )
        assert subscriptions.signing_secrets(webhook) == good
