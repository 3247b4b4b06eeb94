"""What the releases contract answers besides the things themselves: versions, what is inside, what was found."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from registry.api.releases.serializers import ArtifactSerializer, RelationshipSerializer
from registry.models import ProductVersion, ReleaseStatus, StatementStatus


class NamedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()


# Versions of products ----------------------------------------------------------------------------


class VersionReleaseSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    project_id = serializers.UUIDField()
    project_name = serializers.CharField(source="project.name")
    status = serializers.ChoiceField(choices=ReleaseStatus.choices)
    release_date = serializers.DateTimeField(allow_null=True)


class VersionArtifactSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    release_id = serializers.UUIDField()
    type = serializers.CharField()
    format = serializers.CharField()
    name = serializers.CharField()
    component_count = serializers.IntegerField()
    association_type = serializers.CharField()


class VersionComponentSerializer(serializers.Serializer[Any]):
    group = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    purl = serializers.CharField()
    licence = serializers.CharField()
    artifact_id = serializers.UUIDField(help_text="What it came with.")


class ProductVersionSerializer(serializers.Serializer[Any]):
    """One row of `versions/`: what the product's releases of this version hold."""

    id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    product_name = serializers.CharField(source="product.name")
    version = serializers.CharField()
    releases = VersionReleaseSerializer(many=True)
    artifacts = serializers.SerializerMethodField()
    components = serializers.SerializerMethodField()
    component_count = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(VersionArtifactSerializer(many=True))
    def get_artifacts(self, version: ProductVersion) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.context["artifacts"].get(version.pk, [])
        return found

    @extend_schema_field(VersionComponentSerializer(many=True))
    def get_components(self, version: ProductVersion) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.context["components"].get(version.pk, [])
        return found

    def get_component_count(self, version: ProductVersion) -> int:
        """Of each artifact once, also where several releases hold it."""
        held = {artifact["id"]: artifact["component_count"] for artifact in self.get_artifacts(version)}
        return sum(held.values())


# What is inside a release ------------------------------------------------------------------------


class LicenceSerializer(serializers.Serializer[Any]):
    licence = serializers.CharField(help_text="An SPDX expression; empty for components without one.")
    identifiers = serializers.ListField(child=serializers.CharField())
    components = serializers.IntegerField(help_text="How many carry it.")


class AffectedSerializer(serializers.Serializer[Any]):
    group = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    purl = serializers.CharField()


class VulnerabilitySerializer(serializers.Serializer[Any]):
    vulnerability = serializers.CharField(help_text="As CVE-2021-44228.")
    aliases = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(choices=StatementStatus.choices)
    justification = serializers.CharField()
    detail = serializers.CharField()
    component = AffectedSerializer()
    artifact_id = serializers.UUIDField(help_text="The VEX document that says so.")


class ChangedPackageSerializer(serializers.Serializer[Any]):
    """A package that only one of two releases has."""

    group = serializers.CharField()
    name = serializers.CharField()
    type = serializers.CharField()
    versions = serializers.ListField(child=serializers.CharField())


class MovedPackageSerializer(serializers.Serializer[Any]):
    """A package that two releases have in other versions."""

    group = serializers.CharField()
    name = serializers.CharField()
    type = serializers.CharField()
    to = serializers.ListField(source="after", child=serializers.CharField())
    direction = serializers.ChoiceField(["upgraded", "downgraded", "changed"])

    def get_fields(self) -> dict[str, Any]:
        versions: Any = serializers.ListField(source="before", child=serializers.CharField())
        return {**super().get_fields(), "from": versions}  # a keyword of Python


class ChangesSerializer(serializers.Serializer[Any]):
    """What is different between two releases, by package."""

    to = serializers.CharField()
    added = ChangedPackageSerializer(many=True)
    removed = ChangedPackageSerializer(many=True)
    changed = MovedPackageSerializer(many=True, source="moved")
    unchanged = serializers.IntegerField(help_text="Packages that are the same in both.")

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.CharField()}


# What a search finds -----------------------------------------------------------------------------


class ReleaseOfArtifactSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    project_id = serializers.UUIDField()
    version = serializers.CharField()


class FoundArtifactSerializer(ArtifactSerializer):
    """An artifact; `include` may leave out its metadata, and add its relationships and releases."""

    relationships = RelationshipSerializer(many=True, required=False)
    releases = ReleaseOfArtifactSerializer(many=True, required=False)


class FoundContentSerializer(serializers.Serializer[Any]):
    group = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    purl = serializers.CharField()
    type = serializers.CharField()
    licence = serializers.CharField()


class FoundReleaseSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    version = serializers.CharField()
    status = serializers.ChoiceField(choices=ReleaseStatus.choices)
    release_date = serializers.DateTimeField(allow_null=True)


class FoundComponentSerializer(serializers.Serializer[Any]):
    """A component in one release's current artifacts."""

    component = FoundContentSerializer()
    release = FoundReleaseSerializer()
    project = NamedSerializer()
    product = NamedSerializer()
    artifact_id = serializers.UUIDField()
