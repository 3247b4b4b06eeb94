"""Where metadata comes from: data sources, the tasks that collect them, and every run of anything."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization, User
from catalog.models import Asset, Origin
from ingestion.querysets import (
    CollectionTaskQuerySet,
    DataSourceQuerySet,
    JobQuerySet,
    ProfileQuerySet,
    StreamEventQuerySet,
    TemplateQuerySet,
    WebhookQuerySet,
)


class SourceType(models.TextChoices):
    """The thirteen of the collection contract and `sqlite`."""

    MYSQL = "mysql", "MySQL"
    POSTGRESQL = "postgresql", "PostgreSQL"
    ORACLE = "oracle", "Oracle"
    SQLSERVER = "sqlserver", "SQL Server"
    MONGODB = "mongodb", "MongoDB"
    REDIS = "redis", "Redis"
    KAFKA = "kafka", "Kafka"
    RABBITMQ = "rabbitmq", "RabbitMQ"
    MINIO = "minio", "MinIO"
    CLICKHOUSE = "clickhouse", "ClickHouse"
    DORIS = "doris", "Doris"
    HIVE = "hive", "Hive"
    ELASTICSEARCH = "elasticsearch", "Elasticsearch"
    SQLITE = "sqlite", "SQLite"


class SourceStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    INACTIVE = "inactive", "Inactive"
    ERROR = "error", "Error"


class DataSource(models.Model):
    """A system we collect metadata from. Its assets hang on its `origin`, which has the same id."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="data_sources")
    origin = models.OneToOneField(Origin, on_delete=models.PROTECT, editable=False, related_name="+")
    name = models.CharField(max_length=200)
    root = models.CharField(
        max_length=200, editable=False, help_text="First part of its assets' qualified names: the name it began with."
    )
    type = models.CharField(max_length=40)
    description = models.TextField(blank=True)
    config = models.JSONField(default=dict, blank=True, help_text="What the connector needs, without secrets.")
    secrets = models.TextField(blank=True, editable=False, help_text="The secret settings, encrypted.")
    client_settings = models.TextField(
        blank=True, editable=False, help_text="Settings that a client keeps here for itself, encrypted."
    )
    tags = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=10, choices=SourceStatus, default=SourceStatus.ACTIVE)
    status_message = models.TextField(blank=True, editable=False)
    server_version = models.CharField(max_length=200, blank=True, editable=False)
    tested_at = models.DateTimeField(null=True, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = DataSourceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="data_source_name_unique_in_organization"),
            models.UniqueConstraint(fields=["organization", "root"], name="data_source_root_unique_in_organization"),
        ]

    def __str__(self) -> str:
        return self.name


class Template(models.Model):
    """Settings to make data sources from. It holds no secrets: these are given when it is applied."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="source_templates")
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=40)
    description = models.TextField(blank=True)
    config_template = models.JSONField(default=dict, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="template_name_unique_in_organization")
        ]

    def __str__(self) -> str:
        return self.name


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


class LineageMark(models.Model):
    """When, by its sender's clock, the newest event about an asset was: an older one does not describe it."""

    asset = models.OneToOneField(Asset, on_delete=models.CASCADE, primary_key=True, related_name="+")
    described_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.asset_id} as of {self.described_at:%Y-%m-%d %H:%M:%S}"


class JobLog(models.Model):
    """What one job said while it worked: its lines, bounded, and its error in full."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, primary_key=True, related_name="log")
    lines = models.JSONField(default=list, help_text="Objects of at, level, message and object, the oldest first.")
    left_out = models.PositiveIntegerField(default=0, help_text="Lines of the middle that were not kept.")
    error = models.TextField(blank=True, help_text="The last error with what caused it, without secrets.")

    def __str__(self) -> str:
        return f"Log of {self.job_id}"


class Webhook(models.Model):
    """A subscription: what of an organization's events is posted where."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=200)
    url = models.CharField(max_length=2000)
    events = models.JSONField(default=list, help_text="Names of events, or groups of them such as `asset.*`.")
    secrets = models.TextField(editable=False, help_text="What messages are signed with, encrypted.")
    is_active = models.BooleanField(default=True)
    disabled_reason = models.TextField(blank=True, editable=False, help_text="Why we stopped posting there.")
    succeeded_at = models.DateTimeField(null=True, editable=False, help_text="When a message last arrived.")
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="webhook_name_unique_in_organization")
        ]

    def __str__(self) -> str:
        return self.name


class DeliveryStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"


class WebhookDelivery(models.Model):
    """One message to one webhook. The row is the queue of record: it is written with the change it tells of."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=64, help_text="The same for every webhook and every try.")
    event = models.CharField(max_length=60)
    body = models.TextField(help_text="What is posted, to the byte.")
    status = models.CharField(max_length=10, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, help_text="While a try is under way: when it is given up.")
    attempted_at = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    response_status = models.PositiveSmallIntegerField(null=True)
    response_body = models.TextField(blank=True, help_text="The beginning of what was answered.")
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["webhook", "-created_at"], name="delivery_by_webhook"),
            models.Index(fields=["next_attempt_at"], condition=models.Q(status="pending"), name="delivery_queue"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"


class SourceObject(models.Model):
    """What a source said of an asset when it was last read: who it is there, and its state as an opaque text.

    `identity` outlives a rename. An asset whose state is empty is read again by the next collection.
    """

    asset = models.OneToOneField(Asset, on_delete=models.CASCADE, primary_key=True, related_name="source_object")
    origin = models.ForeignKey(Origin, on_delete=models.CASCADE, related_name="+", db_index=False)
    identity = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=100, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["origin", "identity"], condition=~models.Q(identity=""), name="source_object_by_identity"
            )
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.identity}"


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
