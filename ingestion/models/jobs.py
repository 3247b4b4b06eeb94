"""Every run of anything in the background, and its log."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization, User
from catalog.models import Asset
from ingestion.models.tasks import CollectionTask
from ingestion.querysets import JobQuerySet


class JobStatus(models.TextChoices):
    PENDING = "PENDING", "Pending"
    RUNNING = "RUNNING", "Running"
    COMPLETED = "COMPLETED", "Completed"
    FAILED = "FAILED", "Failed"
    CANCELLED = "CANCELLED", "Cancelled"

    @property
    def is_final(self) -> bool:
        return self in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)


class JobType(models.TextChoices):
    COLLECTION = "COLLECTION", "Collection"
    BULK_INGESTION = "BULK_INGESTION", "Bulk ingestion"
    PIPELINE_RUN = "PIPELINE_RUN", "Pipeline run"


class Job(models.Model):
    """One run of anything in the background: the row is the queue of record, a broker only wakes a worker.

    A worker claims the row (PENDING → RUNNING), renews its lease while it works, and ends it. A run
    whose lease has lapsed is taken back: retried, or failed with a reason. A PIPELINE_RUN is carried out
    elsewhere; its row says what we were told of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="jobs")
    type = models.CharField(max_length=30, choices=JobType)
    task = models.ForeignKey(CollectionTask, on_delete=models.CASCADE, null=True, blank=True, related_name="jobs")
    status = models.CharField(max_length=10, choices=JobStatus, default=JobStatus.PENDING)
    priority = models.PositiveSmallIntegerField(default=5, help_text="0 to 9; the highest is taken first.")
    payload = models.JSONField(default=dict, blank=True)
    progress = models.PositiveSmallIntegerField(default=0, help_text="Per cent.")
    phase = models.CharField(max_length=100, blank=True)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True)
    result = models.JSONField(null=True)
    error = models.JSONField(null=True, help_text="code and message")
    cancel_requested = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=200, blank=True)
    lease_until = models.DateTimeField(null=True)
    run_after = models.DateTimeField(null=True, help_text="Not before then: a retry waits.")
    pipeline = models.ForeignKey(
        Asset, on_delete=models.CASCADE, null=True, editable=False, related_name="runs", db_index=False
    )
    external_id = models.UUIDField(null=True, editable=False, help_text="Of a run that is carried out elsewhere.")
    author = models.CharField(max_length=200, blank=True, help_text="Who asked for it, by name.")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = "run"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["task"],
                condition=models.Q(status__in=["PENDING", "RUNNING"]),
                name="job_one_at_a_time_per_task",
            ),
            models.UniqueConstraint(
                fields=["organization", "external_id"],
                condition=models.Q(external_id__isnull=False),
                name="job_external_id_unique_in_organization",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="job_by_organization"),
            models.Index(
                fields=["status", "-priority", "created_at"],
                condition=models.Q(status__in=["PENDING", "RUNNING"]),
                name="job_queue",
            ),
            models.Index(
                fields=["pipeline", "-created_at"],
                condition=models.Q(pipeline__isnull=False),
                name="job_by_pipeline",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def title(self) -> str:
        """What it is a run of: a task or a pipeline, else its kind."""
        if self.task is not None:
            return self.task.name
        return self.pipeline.name if self.pipeline is not None else self.get_type_display()

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None while it has not ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


class JobLog(models.Model):
    """What one job said while it worked: its lines, bounded, and its error in full."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="log")
    lines = models.JSONField(default=list, help_text="Objects of at, level, message and object, the oldest first.")
    left_out = models.PositiveIntegerField(default=0, help_text="Lines of the middle that were not kept.")
    error = models.TextField(blank=True, help_text="The last error with what caused it, without secrets.")

    def __str__(self) -> str:
        return f"Log of {self.job_id}"
