"""What data we have: assets, how they relate, their tags, and the one search index."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from uuid_utils.compat import uuid7

from accounts.models import Organization, Team, User
from catalog.querysets import (
    AssetQuerySet,
    ConceptQuerySet,
    OriginQuerySet,
    RelationshipQuerySet,
    SearchDocumentQuerySet,
    TagQuerySet,
)

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

    objects = OriginQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word that curators classify with, in a category."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=300, editable=False, help_text="The name as it is matched, whatever its case.")
    category = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True)
    colour = models.CharField(max_length=7, blank=True, help_text="As #rrggbb.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="tag_name_unique_in_organization")]

    def __str__(self) -> str:
        return self.name


class Concept(models.Model):
    """What domains, glossaries and terms have in common: a name below its parent's, words, an owner, a version.

    `fully_qualified_name` is the names from the top down, as `catalog.names.join_name` joins them; what is below
    follows when one of them changes. A deleted one keeps its row and frees its name.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=100)
    fully_qualified_name = models.CharField(max_length=1000, editable=False)
    key = models.CharField(max_length=3000, editable=False, help_text="The full name as it is matched.")
    name_key = models.CharField(max_length=300, editable=False, help_text="The name as it is matched.")
    display_name = models.CharField(max_length=200, blank=True, help_text="As shown; the name where there is none.")
    description = models.TextField(blank=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    owner_team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True
        ordering = ["key"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "key"],
                condition=models.Q(deleted_at=None),
                name="%(class)s_name_unique_among_living",
            ),
            models.CheckConstraint(
                condition=models.Q(owner=None) | models.Q(owner_team=None), name="%(class)s_has_one_owner"
            ),
        ]

    def __str__(self) -> str:
        return self.fully_qualified_name


class Domain(Concept):
    """A part of the business that data belongs to; it may lie in another."""

    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")

    objects = ConceptQuerySet["Domain"].as_manager()

    class Meta(Concept.Meta):
        pass


class Glossary(Concept):
    """A book of terms."""

    objects = ConceptQuerySet["Glossary"].as_manager()

    class Meta(Concept.Meta):
        verbose_name_plural = "glossaries"


class TermStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    APPROVED = "approved", "Approved"
    DEPRECATED = "deprecated", "Deprecated"


class GlossaryTerm(Concept):
    """A word of the business and what it means (`description`); it may lie below a wider one of its glossary."""

    glossary = models.ForeignKey(Glossary, on_delete=models.CASCADE, related_name="terms")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="children")
    synonyms = models.JSONField(default=list, blank=True)
    status = models.CharField(max_length=20, choices=TermStatus, default=TermStatus.DRAFT)

    objects = ConceptQuerySet["GlossaryTerm"].as_manager()

    class Meta(Concept.Meta):
        verbose_name = "term"


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


class Relationship(models.Model):
    """A typed edge between two assets. `metadata.column_mapping` maps each column made to those it is made from.

    `upstream` and `downstream` say the edge once more as lineage reads it, whatever its type; both are
    null for a type that is no lineage. The database derives them.
    """

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
    upstream_id = models.GeneratedField(
        expression=models.Case(
            models.When(type__in=["DEPENDS_ON", "USES"], then="target_id"),
            models.When(type="PRODUCES", then="source_id"),
        ),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )
    downstream_id = models.GeneratedField(
        expression=models.Case(
            models.When(type__in=["DEPENDS_ON", "USES"], then="source_id"),
            models.When(type="PRODUCES", then="target_id"),
        ),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )

    objects = RelationshipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "target", "type"], name="relationship_unique_by_ends_and_type"),
        ]
        indexes = [
            models.Index(fields=["target", "type", "source"], name="relationship_by_target"),
            models.Index(fields=["origin"], condition=models.Q(origin__isnull=False), name="relationship_by_origin"),
            models.Index(
                fields=["downstream_id", "upstream_id"],
                condition=models.Q(downstream_id__isnull=False),
                name="relationship_upstream_of",
            ),
            models.Index(
                fields=["upstream_id", "downstream_id"],
                condition=models.Q(upstream_id__isnull=False),
                name="relationship_downstream_of",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.type} {self.target}"


class WordVectorField(models.TextField[str, str]):
    """The words of a document with positions and weights, as PostgreSQL's `tsvector`; empty on SQLite."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "tsvector" if connection.vendor == "postgresql" else "text"


class SearchDocument(models.Model):
    """What search sees of one thing, whatever its kind; written in the transaction of its change.

    Written by `catalog.search.index_documents` only. On PostgreSQL the words are in `vector`, on SQLite in
    the FTS5 tables `catalog_search_words` and `catalog_search_parts`, whose row ids are this table's ids.
    """

    id = models.BigAutoField(primary_key=True)
    entity_id = models.UUIDField(unique=True, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=20, help_text="asset, glossary_term, source, tool, release, …")
    type = models.CharField(max_length=40, blank=True)
    name = models.TextField()
    path = models.TextField(blank=True, help_text="The qualified name.")
    description = models.TextField(blank=True, help_text="Its beginning, to show what was found.")
    columns = models.TextField(blank=True, help_text="Column names, one a line.")
    tags = models.JSONField(default=list, help_text="Names of tags.")
    origin_id = models.UUIDField(null=True)
    owner_id = models.UUIDField(null=True, help_text="A user or a team.")
    domain_id = models.UUIDField(null=True)
    is_public = models.BooleanField(default=False)
    folded = models.TextField(blank=True, help_text="The name, lower-cased, for parts of words.")
    vector = WordVectorField(blank=True)

    objects = SearchDocumentQuerySet.as_manager()

    def __str__(self) -> str:
        return self.path or self.name
