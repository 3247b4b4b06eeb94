"""What the registry keeps count of, uploads on their way in, and how the stored files were found."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization, User
from registry.models.entries import Version
from registry.querysets.records import StatisticsQuerySet, UploadQuerySet


class Statistics(models.Model):
    """An organization's totals, kept with every change so that nobody has to count."""

    organization = models.OneToOneField(
        Organization, on_delete=models.CASCADE, primary_key=True, related_name="registry_statistics"
    )
    sources = models.BigIntegerField(default=0)
    tools = models.BigIntegerField(default=0)
    versions = models.BigIntegerField(default=0)
    downloads = models.BigIntegerField(default=0)
    size = models.BigIntegerField(default=0, help_text="Bytes of all files.")

    objects = StatisticsQuerySet.as_manager()

    class Meta:
        verbose_name = "publisher"
        verbose_name_plural = "publishers"

    def __str__(self) -> str:
        return str(self.organization)


class DownloadDay(models.Model):
    """How often a version was downloaded on one day (UTC)."""

    pk = models.CompositePrimaryKey("version_id", "day")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="download_days", db_index=False)
    day = models.DateField()
    count = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.count} on {self.day}"


class DownloadFlush(models.Model):
    """That a batch of counted downloads was written, so that it never is twice."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.id)


class Upload(models.Model):
    """A file that comes in parts, to be published when all are there."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    filename = models.CharField(max_length=255)
    size = models.BigIntegerField(null=True, help_text="Bytes of the whole, where the client said.")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)

    objects = UploadQuerySet.as_manager()

    def __str__(self) -> str:
        return self.filename


class UploadPart(models.Model):
    """One part of an upload, numbered from 1. Sent again, it takes the place of what was there."""

    pk = models.CompositePrimaryKey("upload_id", "number")
    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.upload_id} {self.number}"


class FileCheck(models.Model):
    """One reading of all stored files: what is missing, what is not what it was, what nothing speaks of."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    checked = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    missing = models.JSONField(default=list)
    damaged = models.JSONField(default=list)
    unused = models.JSONField(default=list)

    class Meta:
        verbose_name = "check of stored files"
        verbose_name_plural = "checks of stored files"
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"Check of {self.started_at:%Y-%m-%d %H:%M}"
