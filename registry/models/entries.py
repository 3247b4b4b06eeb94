"""What we publish: sources and tools, their versions, and the files of these."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization, User, slug_validator
from registry.querysets.entries import (
    EntryQuerySet,
    FileQuerySet,
    OrganismQuerySet,
    SourceManager,
    ToolManager,
    VersionQuerySet,
)
from registry.specs import FORMAT_PATTERN, VERSION_PATTERN

TYPE_PATTERN = r"[a-z][a-z0-9_-]{0,38}[a-z0-9]"

format_validator = RegexValidator(
    rf"\A{FORMAT_PATTERN}\Z", "Use small letters, digits, '.', '_' and '+'; 40 at most, such as fasta or tar.gz."
)
type_validator = RegexValidator(rf"\A{TYPE_PATTERN}\Z", "Use small letters, digits, '_' and '-'; 40 at most.")
version_validator = RegexValidator(
    rf"\A{VERSION_PATTERN}\Z",
    "Use letters, digits, '.', '_', '+' and '-', at least one digit; begin and end with a letter or a digit.",
)


class EntryKind(models.TextChoices):
    SOURCE = "source", "Source"
    TOOL = "tool", "Tool"


class Compression(models.TextChoices):
    NONE = "none", "None"
    GZIP = "gzip", "gzip"
    BZIP2 = "bzip2", "bzip2"
    XZ = "xz", "xz"
    ZSTD = "zstd", "zstd"
    ZIP = "zip", "zip"


class Organism(models.Model):
    """A living thing as an organization's sources name it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    ncbi_taxonomy_id = models.PositiveIntegerField("NCBI taxonomy id", null=True, blank=True)
    scientific_name = models.CharField(max_length=200)
    common_name = models.CharField(max_length=200, blank=True)
    rank = models.CharField(max_length=40, blank=True, default="species")
    scientific_key = models.CharField(max_length=600, editable=False, help_text="As it is matched, whatever its case.")
    common_key = models.CharField(max_length=600, editable=False, blank=True)

    objects = OrganismQuerySet.as_manager()

    class Meta:
        ordering = ["scientific_name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "scientific_key"], name="organism_unique_in_organization")
        ]
        indexes = [
            models.Index(fields=["scientific_key"], name="organism_by_scientific_name"),
            models.Index(fields=["common_key"], name="organism_by_common_name"),
            models.Index(fields=["ncbi_taxonomy_id"], name="organism_by_taxonomy_id"),
        ]

    def __str__(self) -> str:
        return f"{self.scientific_name} ({self.common_name})" if self.common_name else self.scientific_name


class Entry(models.Model):
    """A source or a tool: what versions are published of. What lists show of the latest one is kept here too.

    A deleted one keeps its versions, so that no published pair of version and format is ever used twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=6, choices=EntryKind, editable=False)
    slug = models.CharField(max_length=100, validators=[slug_validator])
    slug_key = models.CharField(max_length=100, editable=False, help_text="The slug in lower case.")
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True, max_length=100_000)
    type = models.CharField(max_length=40, validators=[type_validator])
    external_id = models.CharField(max_length=200, blank=True)
    organism = models.ForeignKey(Organism, on_delete=models.RESTRICT, null=True, blank=True, related_name="entries")
    metadata = models.JSONField(default=dict, blank=True, help_text="What is particular to its type.")
    tags = models.JSONField(default=list, blank=True)
    repository_url = models.URLField(max_length=500, blank=True)
    homepage_url = models.URLField(max_length=500, blank=True)
    license = models.CharField(max_length=200, blank=True)
    latest_version = models.CharField(max_length=100, blank=True, editable=False)
    latest_external_version = models.CharField(max_length=100, blank=True, editable=False)
    latest_formats = models.JSONField(default=list, editable=False)
    size = models.BigIntegerField(default=0, editable=False, help_text="Bytes of the latest version.")
    downloads = models.BigIntegerField(default=0, editable=False)
    revision = models.PositiveIntegerField(default=1, editable=False, help_text="Grows with each change.")
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "entries"
        ordering = ["slug_key"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "kind", "slug_key"], name="entry_slug_unique"),
        ]
        indexes = [
            models.Index(fields=["kind", "slug_key", "id"], name="entry_by_slug"),
            models.Index(fields=["kind", "name", "id"], name="entry_by_name"),
            models.Index(fields=["kind", "downloads", "id"], name="entry_by_downloads"),
            models.Index(fields=["kind", "size", "id"], name="entry_by_size"),
            models.Index(fields=["kind", "created_at", "id"], name="entry_by_creation"),
            models.Index(fields=["kind", "updated_at", "id"], name="entry_by_update"),
            models.Index(fields=["kind", "type", "slug_key", "id"], name="entry_by_type"),
        ]

    def __str__(self) -> str:
        return self.name


class Source(Entry):
    """Data that is published."""

    objects: ClassVar[SourceManager] = SourceManager()  # type: ignore[assignment]

    class Meta:
        proxy = True


class Tool(Entry):
    """A program that is published."""

    objects: ClassVar[ToolManager] = ToolManager()  # type: ignore[assignment]

    class Meta:
        proxy = True


class LabelKind(models.TextChoices):
    TAG = "tag"
    FORMAT = "format"


class EntryLabel(models.Model):
    """A word that an entry is found by: a tag, or a format that one of its versions has."""

    pk = models.CompositePrimaryKey("kind", "key", "entry_id")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="labels")
    kind = models.CharField(max_length=6, choices=LabelKind)
    key = models.CharField(max_length=300, help_text="In lower case.")

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Version(models.Model):
    """What was published of an entry at one time. `sort_key` puts 1.10 after 1.9."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="versions", db_index=False)
    version = models.CharField(max_length=100, validators=[version_validator])
    sort_key = models.CharField(max_length=600, editable=False)
    is_prerelease = models.BooleanField(default=False, editable=False)
    external_version = models.CharField(max_length=100, blank=True)
    release_date = models.DateField(null=True, blank=True)
    notes = models.TextField(blank=True, max_length=100_000)
    citations = models.JSONField(default=list, blank=True)
    formats = models.JSONField(default=list, editable=False)
    size = models.BigIntegerField(default=0, editable=False)
    downloads = models.BigIntegerField(default=0, editable=False)
    dependency_count = models.PositiveIntegerField(default=0, editable=False)
    tree_checksum = models.CharField(max_length=64, blank=True, editable=False, help_text="SHA-256, hexadecimal.")
    revision = models.PositiveIntegerField(default=1, editable=False)
    published_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    published_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    yanked_at = models.DateTimeField(null=True, editable=False)
    yank_reason = models.TextField(blank=True, max_length=2000)
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-sort_key", "-version"]
        constraints = [models.UniqueConstraint(fields=["entry", "version"], name="version_unique_in_entry")]
        indexes = [
            models.Index(
                fields=["entry", "-sort_key", "-version"],
                condition=models.Q(deleted_at=None),
                name="version_by_order",
            ),
        ]

    def __str__(self) -> str:
        return self.version


class File(models.Model):
    """The bytes of a version in one format. A row is never changed, save for its count of downloads."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="files", db_index=False)
    format = models.CharField(max_length=40, validators=[format_validator])
    filename = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100, default="application/octet-stream")
    compression = models.CharField(max_length=5, choices=Compression, default=Compression.NONE)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()
    metadata = models.JSONField(default=dict, help_text="What was read out of it.")
    downloads = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()

    objects = FileQuerySet.as_manager()

    class Meta:
        ordering = ["format"]
        constraints = [models.UniqueConstraint(fields=["version", "format"], name="file_format_unique_in_version")]
        indexes = [
            models.Index(fields=["-downloads", "id"], condition=models.Q(downloads__gt=0), name="file_by_downloads")
        ]

    def __str__(self) -> str:
        return self.filename


class DependencySet(models.Model):
    """The dependencies of a version that have one format: rows `first` to `first + count` of its list."""

    pk = models.CompositePrimaryKey("version_id", "format")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="dependency_sets", db_index=False)
    format = models.CharField(max_length=40)
    first = models.PositiveIntegerField()
    count = models.PositiveIntegerField()
    size = models.BigIntegerField()
    tree_checksum = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.count} {self.format}"


class Dependency(models.Model):
    """One thing that a version is made of, by place in its list (from 0, by format and then by spec)."""

    pk = models.CompositePrimaryKey("version_id", "position")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="dependencies", db_index=False)
    position = models.PositiveIntegerField()
    target = models.ForeignKey(Version, on_delete=models.RESTRICT, related_name="dependents", db_index=False)
    format = models.CharField(max_length=40)
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the file, or the tree checksum.")
    size = models.BigIntegerField()

    class Meta:
        verbose_name_plural = "dependencies"
        indexes = [models.Index(fields=["target", "version"], name="dependency_by_target")]

    def __str__(self) -> str:
        return f"{self.version_id} → {self.target_id}"
