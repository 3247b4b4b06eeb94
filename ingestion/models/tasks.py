"""What to collect, how, and when."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization, User
from ingestion.models.sources import DataSource
from ingestion.querysets import CollectionTaskQuerySet


class CollectionType(models.TextChoices):
    FULL = "full_collection", "Full collection"
    INCREMENTAL = "incremental_collection", "Incremental collection"
    SCHEMA_ONLY = "schema_only", "Schema only"
    PROFILE = "data_profile", "Data profile"


class TaskStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    STOPPED = "stopped", "Stopped"


class SchedulerType(models.TextChoices):
    BUILTIN = "builtin", "Built in"
    DOLPHINSCHEDULER = "dolphinscheduler", "DolphinScheduler"


class CollectionTask(models.Model):
    """What to collect from a data source, how, and when. Each run of it is a Job."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="collection_tasks")
    data_source = models.ForeignKey(DataSource, on_delete=models.PROTECT, related_name="tasks")
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=30, choices=CollectionType, default=CollectionType.FULL)
    config = models.JSONField(default=dict, blank=True)
    schedule = models.JSONField(default=dict, blank=True)
    scheduler_type = models.CharField(max_length=20, choices=SchedulerType, default=SchedulerType.BUILTIN)
    status = models.CharField(max_length=10, choices=TaskStatus, default=TaskStatus.ACTIVE)
    next_run_at = models.DateTimeField(null=True, editable=False, help_text="When its schedule runs it next.")
    external = models.JSONField(default=dict, editable=False, help_text="What it is called in another scheduler.")
    external_secret = models.TextField(blank=True, editable=False, help_text="What that calls us with, encrypted.")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = CollectionTaskQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="collection_task_name_unique_in_organization")
        ]
        indexes = [
            models.Index(
                fields=["next_run_at"], condition=models.Q(next_run_at__isnull=False), name="collection_task_due"
            )
        ]

    def __str__(self) -> str:
        return self.name
