"""The systems we collect from, and what they said when they were last read."""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization, User
from catalog.models import Asset, Origin
from ingestion.querysets import DataSourceQuerySet, TemplateQuerySet


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
