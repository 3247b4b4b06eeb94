"""What the values of tables were like."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization
from catalog.models import Asset
from ingestion.models.jobs import Job
from ingestion.querysets import ProfileQuerySet


class Profile(models.Model):
    """What the values of a table were like at one time. A table's profiles are a series."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="profiles")
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="profiles")
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="profiles")
    taken_at = models.DateTimeField()
    row_count = models.PositiveBigIntegerField(help_text="The server's estimate where it was sampled.")
    is_sampled = models.BooleanField()
    sampled_rows = models.PositiveBigIntegerField(
        help_text="Rows that were looked at; the columns' counts are of these."
    )
    columns = models.JSONField(help_text="Objects of name, type, nulls, distinct, min, max, mean, top.")

    objects = ProfileQuerySet.as_manager()

    class Meta:
        ordering = ["-taken_at", "-id"]
        indexes = [models.Index(fields=["asset", "-taken_at"], name="profile_series")]

    def __str__(self) -> str:
        return f"{self.asset_id} at {self.taken_at:%Y-%m-%d %H:%M}"
