"""What other systems send us of their own accord."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization
from catalog.models import Asset
from ingestion.querysets import StreamEventQuerySet


class LineageMark(models.Model):
    """When, by its sender's clock, the newest event about an asset was: an older one does not describe it."""

    asset = models.OneToOneField(Asset, on_delete=models.CASCADE, primary_key=True, related_name="+")
    described_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.asset_id} as of {self.described_at:%Y-%m-%d %H:%M:%S}"


class StreamEvent(models.Model):
    """One event that another system sent us about an asset, and what came of it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="stream_events")
    event = models.CharField(max_length=40)
    idempotency_key = models.CharField(max_length=255, blank=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of what was sent, hexadecimal.")
    asset_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StreamEventQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="stream_event_key_unique_in_organization",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.asset_id}"
