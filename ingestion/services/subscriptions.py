"""What is known of a webhook: its state for the trail, and the secrets its messages are signed with."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from ingestion.models import Webhook
from ingestion.services.secrets import decrypt


def snapshot(webhook: Webhook) -> dict[str, Any]:
    """The whole state for the trail, which others than administrators read too: without what may be secret."""
    state = {name: getattr(webhook, name) for name in ("name", "events", "is_active", "disabled_reason")}
    return {**state, "url": _told(webhook.url)}


def _told(url: str) -> str:
    """A URL by its host; a digest tells whether what follows it, which may be a password, has changed."""
    parts = urlsplit(url)
    whole = f"{parts.scheme}://{parts.netloc}"
    rest = url[len(whole) :]
    return f"{whole}/… ({hashlib.sha256(url.encode()).hexdigest()[:12]})" if rest.strip("/") else url


def signing_secrets(webhook: Webhook) -> list[str]:
    """What its messages are signed with now."""
    kept = decrypt(webhook.secrets)
    former = kept.get("former")
    is_valid = former and datetime.fromisoformat(kept["until"]) > timezone.now()
    return [kept["current"], *([former] if is_valid else [])]
