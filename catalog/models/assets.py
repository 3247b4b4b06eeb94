"""Assets, where they come from, how many there are, and what hangs on them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization, Team, User
from catalog.models.concepts import Domain, GlossaryTerm, Tag
from catalog.querysets import AssetQuerySet, OriginQuerySet

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
    PROCEDURE = "PROCEDURE"


class Origin(models.Model):
    """Where assets were collected from. A data source keeps its origin here, under its own id."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=40)
    collected_at = models.DateTimeField(null=True, help_text="When its last whole collection began.")

    objects = OriginQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

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
        help_text="A list of elements: name, type, nullable, position, description, tags, children, attributes.",
    )
    tags = models.ManyToManyField(Tag, through="AssetTag", related_name="assets", blank=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="owned_assets")
    owner_team = models.ForeignKey(
        Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="owned_assets", db_index=False
    )
    domain = models.ForeignKey(
        Domain, on_delete=models.SET_NULL, null=True, blank=True, related_name="assets", db_index=False
    )
    terms = models.ManyToManyField(GlossaryTerm, through="AssetTerm", related_name="assets", blank=True)
    origin = models.ForeignKey(Origin, on_delete=models.PROTECT, null=True, blank=True, editable=False, db_index=False)
    curated = models.JSONField(
        default=list,
        editable=False,
        help_text="Fields a person wrote; a collection leaves them alone.",
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    breaks = models.PositiveIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="How many of its versions broke whoever read its schema by the one before.",
    )
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
            ),
            models.CheckConstraint(
                condition=models.Q(owner=None) | models.Q(owner_team=None), name="asset_has_one_owner"
            ),
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
                fields=["organization", "type", "id"],
                condition=models.Q(deleted_at=None),
                name="asset_by_age",
            ),
            models.Index(
                fields=["organization", "type", "id"],
                condition=models.Q(deleted_at__isnull=False),
                name="asset_deleted_by_age",
            ),
            # Of the deleted too: of an index of living ones PostgreSQL believes, before it has statistics, that it is
            # tiny, and would look for a qualified name by reading all of it.
            models.Index(fields=["organization", "name", "id"], name="asset_by_name"),
            models.Index(fields=["organization", "created_at", "id"], name="asset_by_creation"),
            models.Index(
                fields=["origin", "id"],
                condition=models.Q(deleted_at=None, origin__isnull=False),
                name="asset_by_origin",
            ),
            models.Index(
                fields=["owner_team"], condition=models.Q(owner_team__isnull=False), name="asset_by_owner_team"
            ),
            models.Index(fields=["domain"], condition=models.Q(domain__isnull=False), name="asset_by_domain"),
        ]

    def __str__(self) -> str:
        return self.qualified_name


class AssetCount(models.Model):
    """How many living assets there are, by organization and type: the sum of `amount` over all rows.

    Kept by triggers. PostgreSQL adds a row for each statement, so that writers do not wait for each other,
    and folds them into one when there are many; SQLite, which has one writer, keeps one row.
    """

    id = models.BigAutoField(primary_key=True)
    organization_id = models.UUIDField()
    type = models.CharField(max_length=20)
    amount = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["organization_id", "type"], name="asset_count_by_organization")]

    def __str__(self) -> str:
        return f"{self.amount} {self.type}"


class UseCount(models.Model):
    """Of how many living assets a tag, term or domain is said: the sum of `amount` over its rows.

    Kept by triggers, as those of `AssetCount` are. A term counts once for an asset, of however many columns it is said.
    """

    id = models.BigAutoField(primary_key=True)
    entity_id = models.UUIDField()
    amount = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["entity_id"], name="use_count_by_entity")]

    def __str__(self) -> str:
        return f"{self.amount} {self.entity_id}"


class AssetTag(models.Model):
    """That an asset carries a tag."""

    pk = models.CompositePrimaryKey("asset_id", "tag_id")
    # Its rows are written in the transaction of their asset's, and no asset is ever removed from its table.
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["tag", "asset"], name="asset_tag_by_tag")]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.tag_id}"


class ColumnTag(models.Model):
    """That a column of an asset has a tag: of what its schema says, what a tag that is renamed is to be found by.

    `key` is the tag's name as it is matched; a word that is no tag's stands for itself.
    """

    pk = models.CompositePrimaryKey("asset_id", "key")
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    organization_id = models.UUIDField()
    key = models.CharField(max_length=300)

    class Meta:
        indexes = [models.Index(fields=["organization_id", "key", "asset"], name="column_tag_by_key")]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.key}"


class AssetTerm(models.Model):
    """That a term says what an asset is, or one of its columns.

    `column` is the column's name, below its parents' where it is nested (`catalog.names.join_name`); empty for
    the asset itself. A column that is no longer there keeps its term, for when it comes back.
    """

    pk = models.CompositePrimaryKey("asset_id", "term_id", "column")
    asset = models.ForeignKey(Asset, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False)
    term = models.ForeignKey(GlossaryTerm, on_delete=models.CASCADE, related_name="+", db_index=False)
    column = models.CharField(max_length=1000, blank=True)

    class Meta:
        indexes = [models.Index(fields=["term", "asset"], name="asset_term_by_term")]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.term_id} {self.column}"
