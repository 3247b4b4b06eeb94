"""What is known of a webhook: its state for the trail, and the secrets its messages are signed with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from ingestion.models import Webhook
from ingestion.services.secrets import decrypt


def snapshot(webhook: Webhook) -> dict[str, Any]:
    """The whole state for the trail, without the secret."""
    return {name: getattr(webhook, name) for name in ("name", "url", "events", "is_active", "disabled_reason")}


def signing_secrets(webhook: Webhook) -> list[str]:
    """What its messages are signed with now."""
    kept = decrypt(webhook.secrets)
    former = kept.get("former")
    is_valid = former and datetime.fromisoformat(kept["until"]) > timezone.now()
    return [kept["current"], *([former] if is_valid else [])]
