"""What data we have: assets, how they relate, their tags, and the one search index."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from uuid_utils.compat import uuid7

from accounts.models import Organization, User
from catalog.querysets import AssetQuerySet, RelationshipQuerySet, SearchDocumentQuerySet, TagQuerySet

QUALIFIED_NAME_BYTES = 2500
"""A B-tree entry of PostgreSQL holds about 2,700 bytes."""


def validate_qualified_name_size(value: str) -> None:
    if len(value.encode()) > QUALIFIED_NAME_BYTES:
        raise ValidationError(f"Ensure this value has at most {QUALIFIED_NAME_BYTES} bytes in UTF-8.")


class AssetType(models.TextChoices):
    """The six of the metastore contract, then what the connectors bring."""

    TABLE = "TABLE"
    VIEW = "VIEW"
    DASHBOARD = "DASHBOARD"
    PIPELINE = "PIPELINE"
    DATASET = "DATASET"
    CHART = "CHART"
    DATABASE = "DATABASE"
    SCHEMA = "SCHEMA"
    TOPIC = "TOPIC"
    QUEUE = "QUEUE"
    EXCHANGE = "EXCHANGE"
    BUCKET = "BUCKET"
    COLLECTION = "COLLECTION"
    INDEX = "INDEX"
    KEYSPACE = "KEYSPACE"


class RelationshipType(models.TextChoices):
    DEPENDS_ON = "DEPENDS_ON"
    CONTAINS = "CONTAINS"
    PRODUCES = "PRODUCES"
    USES = "USES"
    RELATED_TO = "RELATED_TO"


class Origin(models.Model):
    """Where assets were collected from. A data source keeps its origin here, under its own id."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=40)
    collected_at = models.DateTimeField(null=True, help_text="When its last whole collection began.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word that curators classify with, in a category."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    category = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True)
    colour = models.CharField(max_length=7, blank=True, help_text="As #rrggbb.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint("organization", Lower("name"), name="tag_name_unique_in_organization")]

    def __str__(self) -> str:
        return self.name


class Asset(models.Model):
    """One thing in the catalog: a table, a view, a dashboard, a topic, …"""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    type = models.CharField(max_length=20, choices=AssetType)
    name = models.CharField(max_length=255)
    qualified_name = models.CharField(max_length=1000, validators=[validate_qualified_name_size])
    description = models.TextField(blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    schema = models.JSONField(
        default=list,
        blank=True,
        help_text="A list of elements: name, type, nullable, position, description, tags, children.",
    )
    tags = models.ManyToManyField(Tag, through="AssetTag", related_name="assets", blank=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="owned_assets")
    origin = models.ForeignKey(Origin, on_delete=models.PROTECT, null=True, blank=True, editable=False, db_index=False)
    curated = models.JSONField(
        default=list,
        editable=False,
        help_text="Fields a person wrote; a collection leaves them alone.",
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    last_seen_at = models.DateTimeField(
        null=True, editable=False, help_text="Written when it goes stale; until then its origin's collected_at tells."
    )
    stale_since = models.DateTimeField(null=True, editable=False, help_text="No longer found at its origin.")
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = AssetQuerySet.as_manager()

    class Meta:
        ordering = ["-updated_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "qualified_name"],
                condition=models.Q(deleted_at=None),
                name="asset_qualified_name_unique_among_living",
            )
        ]
        indexes = [
            models.Index(
                fields=["organization", "-updated_at", "-id"],
                condition=models.Q(deleted_at=None),
                name="asset_by_update",
            ),
            models.Index(
                fields=["organization", "type", "-updated_at", "-id"],
                condition=models.Q(deleted_at=None),
                name="asset_by_type",
            ),
            models.Index(
                fields=["origin", "id"],
                condition=models.Q(deleted_at=None, origin__isnull=False),
                name="asset_by_origin",
            ),
        ]

    def __str__(self) -> str:
        return self.qualified_name


class AssetTag(models.Model):
    """That an asset carries a tag."""

    pk = models.CompositePrimaryKey("asset_id", "tag_id")
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="+", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["tag", "asset"], name="asset_tag_by_tag")]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.tag_id}"


class Relationship(models.Model):
    """A typed edge between two assets. `metadata.column_mapping` maps target columns to source columns."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    source = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="outgoing", db_index=False)
    target = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="incoming", db_index=False)
    type = models.CharField(max_length=20, choices=RelationshipType)
    metadata = models.JSONField(default=dict, blank=True)
    origin = models.ForeignKey(Origin, on_delete=models.SET_NULL, null=True, blank=True, editable=False, db_index=False)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+", db_index=False
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    objects = RelationshipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "target", "type"], name="relationship_unique_by_ends_and_type"),
        ]
        indexes = [
            models.Index(fields=["target", "type", "source"], name="relationship_by_target"),
            models.Index(fields=["origin"], condition=models.Q(origin__isnull=False), name="relationship_by_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.type} {self.target}"


class SearchDocument(models.Model):
    """What search sees of one thing, whatever its kind; written in the transaction of its change.

    The id is the thing's own. The engine's structures (tsvector and trigrams on PostgreSQL, FTS5 on
    SQLite) hang on this table and are kept by the database itself.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=20, help_text="asset, source, tool, release, component")
    type = models.CharField(max_length=40, blank=True)
    name = models.TextField()
    path = models.TextField(blank=True, help_text="The qualified name.")
    description = models.TextField(blank=True)
    columns = models.TextField(blank=True, help_text="Column names, one a line.")
    tags = models.JSONField(default=list)
    words = models.TextField(blank=True, help_text="The parts of the names, as the tokenizer split them.")
    is_public = models.BooleanField(default=False)
    updated_at = models.DateTimeField()

    objects = SearchDocumentQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["organization", "kind", "type"], name="search_by_organization")]

    def __str__(self) -> str:
        return self.path or self.name
