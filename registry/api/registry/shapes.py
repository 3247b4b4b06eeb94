"""The registry contract's bodies, as its page shows them."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework import serializers

from accounts.models import Organization
from registry.models import Entry, EntryKind, File, Organism, Version


class OrganizationSerializer(serializers.ModelSerializer[Organization]):
    entry_count = serializers.SerializerMethodField()

    class Meta:
        model = Organization
        fields = [
            "id",
            "slug",
            "name",
            "website",
            "description",
            "logo_url",
            "is_system",
            "entry_count",
            "created_at",
        ]

    def get_entry_count(self, organization: Organization) -> int:
        counted = getattr(organization, "registry_statistics", None)
        return counted.sources + counted.tools if counted else 0


class OrganizationStatisticsSerializer(serializers.Serializer[Any]):
    data_sources = serializers.IntegerField(source="sources")
    tools = serializers.IntegerField()
    total_versions = serializers.IntegerField(source="versions")
    total_downloads = serializers.IntegerField(source="downloads")


class OrganizationDetailSerializer(serializers.ModelSerializer[Organization]):
    statistics = serializers.SerializerMethodField()

    class Meta:
        model = Organization
        fields = [
            "id",
            "slug",
            "name",
            "website",
            "description",
            "logo_url",
            "is_system",
            "statistics",
            "created_at",
        ]

    def get_statistics(self, organization: Organization) -> dict[str, int]:
        counted = getattr(organization, "registry_statistics", None)
        if counted is None:
            return {"data_sources": 0, "tools": 0, "total_versions": 0, "total_downloads": 0}
        return dict(OrganizationStatisticsSerializer(counted).data)


class OrganismSerializer(serializers.ModelSerializer[Organism]):
    class Meta:
        model = Organism
        fields = ["scientific_name", "common_name", "ncbi_taxonomy_id"]


class OrganismDetailSerializer(serializers.ModelSerializer[Organism]):
    class Meta:
        model = Organism
        fields = ["ncbi_taxonomy_id", "scientific_name", "common_name", "rank"]


class PublisherSerializer(serializers.ModelSerializer[Organization]):
    class Meta:
        model = Organization
        fields = ["slug", "name"]


class NullableCharField(serializers.CharField):
    """Empty text as null."""

    def to_representation(self, value: Any) -> Any:
        return value or None


class SourceSerializer(serializers.ModelSerializer[Entry]):
    """A source in a list."""

    organization = serializers.CharField(source="organization.slug")
    source_type = serializers.CharField(source="type")
    external_id = NullableCharField(allow_null=True)
    organism = OrganismSerializer(allow_null=True)
    latest_version = NullableCharField(allow_null=True)

    class Meta:
        model = Entry
        fields = [
            "id",
            "organization",
            "slug",
            "name",
            "source_type",
            "external_id",
            "organism",
            "latest_version",
            "downloads",
        ]


class ToolSerializer(serializers.ModelSerializer[Entry]):
    """A tool in a list."""

    organization = serializers.CharField(source="organization.slug")
    tool_type = serializers.CharField(source="type")
    latest_version = NullableCharField(allow_null=True)

    class Meta:
        model = Entry
        fields = ["id", "organization", "slug", "name", "tool_type", "latest_version", "downloads"]


class FoundSourceSerializer(serializers.ModelSerializer[Entry]):
    """A source that a search found."""

    organization = serializers.CharField(source="organization.slug")
    source_type = serializers.CharField(source="type")
    organism = OrganismSerializer(allow_null=True)
    latest_version = NullableCharField(allow_null=True)
    external_version = NullableCharField(source="latest_external_version", allow_null=True)
    available_formats = serializers.ListField(source="latest_formats", child=serializers.CharField())
    url = serializers.SerializerMethodField()

    class Meta:
        model = Entry
        fields = [
            "id",
            "organization",
            "slug",
            "name",
            "description",
            "source_type",
            "organism",
            "latest_version",
            "external_version",
            "available_formats",
            "downloads",
            "url",
        ]

    def get_url(self, entry: Entry) -> str:
        return path_of(entry)


class FoundToolSerializer(serializers.ModelSerializer[Entry]):
    """A tool that a search found."""

    organization = serializers.CharField(source="organization.slug")
    tool_type = serializers.CharField(source="type")
    latest_version = NullableCharField(allow_null=True)
    external_version = NullableCharField(source="latest_external_version", allow_null=True)
    available_formats = serializers.ListField(source="latest_formats", child=serializers.CharField())
    url = serializers.SerializerMethodField()

    class Meta:
        model = Entry
        fields = [
            "id",
            "organization",
            "slug",
            "name",
            "description",
            "tool_type",
            "latest_version",
            "external_version",
            "available_formats",
            "downloads",
            "url",
        ]

    def get_url(self, entry: Entry) -> str:
        return path_of(entry)


class VersionRowSerializer(serializers.ModelSerializer[Version]):
    """A version in the answer of its entry. A yanked one says so, and why."""

    external_version = NullableCharField(allow_null=True)
    formats = serializers.ListField(child=serializers.CharField())
    size_bytes = serializers.IntegerField(source="size")
    yanked = serializers.SerializerMethodField()
    yank_reason = NullableCharField(allow_null=True)

    class Meta:
        model = Version
        fields = [
            "version",
            "external_version",
            "release_date",
            "formats",
            "size_bytes",
            "downloads",
            "yanked",
            "yank_reason",
        ]

    def get_yanked(self, version: Version) -> bool:
        return version.yanked_at is not None


class _EntryDetail(serializers.ModelSerializer[Entry]):
    """What is particular to the type of an entry is in `<type>_metadata`; `example` is one that the schema shows."""

    example: ClassVar[str]
    organization = PublisherSerializer()
    versions = VersionRowSerializer(many=True, source="listed_versions")
    latest_version = NullableCharField(allow_null=True)
    total_downloads = serializers.IntegerField(source="downloads")
    tags = serializers.ListField(child=serializers.CharField())

    def get_fields(self) -> dict[str, Any]:
        fields = dict(super().get_fields())
        if isinstance(self.instance, Entry):
            del fields[self.example]
        return fields

    def to_representation(self, instance: Entry) -> dict[str, Any]:
        body: dict[str, Any] = dict(super().to_representation(instance))
        if instance.metadata:
            body[f"{instance.type.replace('-', '_')}_metadata"] = instance.metadata
        return body


class SourceDetailSerializer(_EntryDetail):
    """A source; what is particular to its type is in `<type>_metadata`, such as `protein_metadata`."""

    example = "protein_metadata"
    source_type = serializers.CharField(source="type")
    external_id = NullableCharField(allow_null=True)
    organism = OrganismDetailSerializer(allow_null=True)
    protein_metadata = serializers.DictField(required=False, help_text="By the source's type: also genome_metadata …")
    license = NullableCharField(allow_null=True)
    homepage_url = NullableCharField(allow_null=True)

    class Meta:
        model = Entry
        fields = [
            "id",
            "organization",
            "slug",
            "name",
            "description",
            "source_type",
            "external_id",
            "organism",
            "protein_metadata",
            "license",
            "homepage_url",
            "versions",
            "latest_version",
            "total_downloads",
            "tags",
            "created_at",
            "updated_at",
        ]


class ToolDetailSerializer(_EntryDetail):
    """A tool; what is particular to its type is in `<type>_metadata`, such as `alignment_metadata`."""

    example = "alignment_metadata"
    tool_type = serializers.CharField(source="type")
    alignment_metadata = serializers.DictField(required=False, help_text="By the tool's type.")
    repository_url = NullableCharField(allow_null=True)
    homepage_url = NullableCharField(allow_null=True)
    license = NullableCharField(allow_null=True)

    class Meta:
        model = Entry
        fields = [
            "id",
            "organization",
            "slug",
            "name",
            "description",
            "tool_type",
            "alignment_metadata",
            "repository_url",
            "homepage_url",
            "license",
            "versions",
            "latest_version",
            "total_downloads",
            "tags",
            "created_at",
            "updated_at",
        ]


class CitationSerializer(serializers.Serializer[Any]):
    citation_type = serializers.CharField()
    doi = serializers.CharField(required=False)
    pubmed_id = serializers.CharField(required=False)
    title = serializers.CharField(required=False)
    journal = serializers.CharField(required=False)
    publication_date = serializers.DateField(required=False)
    authors = serializers.CharField(required=False)


class FileSerializer(serializers.ModelSerializer[File]):
    checksum = serializers.SerializerMethodField()
    size_bytes = serializers.IntegerField(source="size")
    download_url = serializers.SerializerMethodField()

    class Meta:
        model = File
        fields = ["format", "checksum", "size_bytes", "compression", "download_url"]

    def get_checksum(self, file: File) -> str:
        return f"sha256-{file.sha256}"

    def get_download_url(self, file: File) -> str:
        version: Version = self.context["version"]
        return f"{path_of(version.entry)}/{version.version}/download?format={file.format.replace('+', '%2B')}"


class VersionSerializer(serializers.ModelSerializer[Version]):
    """A version with its files."""

    organization = serializers.CharField(source="entry.organization.slug")
    name = serializers.CharField(source="entry.slug")
    external_version = NullableCharField(allow_null=True)
    size_bytes = serializers.IntegerField(source="size")
    files = serializers.SerializerMethodField()
    citations = serializers.ListField(child=CitationSerializer())
    has_dependencies = serializers.SerializerMethodField()
    tree_checksum = serializers.SerializerMethodField()
    notes = NullableCharField(allow_null=True)
    yanked = serializers.SerializerMethodField()
    yank_reason = NullableCharField(allow_null=True)

    class Meta:
        model = Version
        fields = [
            "id",
            "organization",
            "name",
            "version",
            "external_version",
            "release_date",
            "size_bytes",
            "downloads",
            "files",
            "citations",
            "has_dependencies",
            "dependency_count",
            "tree_checksum",
            "notes",
            "yanked",
            "yank_reason",
            "published_at",
        ]

    def get_files(self, version: Version) -> list[dict[str, Any]]:
        return list(FileSerializer(version.files.all(), many=True, context={"version": version}).data)

    def get_has_dependencies(self, version: Version) -> bool:
        return version.dependency_count > 0

    def get_tree_checksum(self, version: Version) -> str | None:
        return f"sha256-{version.tree_checksum}" if version.tree_checksum else None

    def get_yanked(self, version: Version) -> bool:
        return version.yanked_at is not None


def path_of(entry: Entry) -> str:
    """`/sources/org/name`, below the contract's mount (its organization loaded)."""
    kinds = "sources" if entry.kind == EntryKind.SOURCE else "tools"
    return f"/{kinds}/{entry.organization.slug}/{entry.slug}"
