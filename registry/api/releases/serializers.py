"""The shapes of the releases contract. What is read-only here is refused in a request, as what is unknown."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from contracts.openapi import FREE
from contracts.serializers import Strict
from registry.models import (
    Artifact,
    ArtifactRelationType,
    ArtifactType,
    Collection,
    CollectionReason,
    ReleaseStatus,
)


class IdentifierSerializer(serializers.Serializer[Any]):
    idType = serializers.CharField(help_text="TEI, PURL, CPE, …")
    idValue = serializers.CharField()


@extend_schema_field(FREE)
class ObjectField(serializers.JSONField):
    """A JSON object."""


@extend_schema_field(FREE)
class MetadataField(serializers.JSONField):
    """What clients keep of a thing, with the columns of ours that the contract shows among it."""

    def get_attribute(self, instance: Any) -> dict[str, Any]:
        described: Any = self.parent
        return {**{name: getattr(instance, name) for name in described.columns}, **instance.metadata}


class Described(Strict):
    """A thing whose `metadata` on the wire holds columns of ours beside what its clients keep there."""

    columns: ClassVar[tuple[str, ...]] = ()

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, allow_blank=True)
    metadata = MetadataField(required=False)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def to_internal_value(self, data: Any) -> Any:
        """Columns leave `metadata` and stand beside it, where the service expects them."""
        value = super().to_internal_value(data)
        metadata = value.get("metadata")
        if isinstance(metadata, dict):
            value["metadata"] = {key: inner for key, inner in metadata.items() if key not in self.columns}
            value |= {key: metadata[key] for key in self.columns if key in metadata}
        return value


class ProductSerializer(Described):
    columns = ("category", "tags", "lifecycle_status")

    metadata = MetadataField(required=False, help_text="category, tags, lifecycle_status, and what you like.")
    identifiers = IdentifierSerializer(many=True, required=False)
    is_public = serializers.BooleanField(required=False)


class ProjectSerializer(Described):
    columns = ("type", "status", "tags")

    product_id = serializers.UUIDField(read_only=True)
    metadata = MetadataField(required=False, help_text="type, status, tags, and what you like.")
    identifiers = IdentifierSerializer(many=True, required=False)


class ComponentSerializer(Described):
    columns = ("type",)

    project_id = serializers.UUIDField(read_only=True)
    version = serializers.CharField(required=False, allow_blank=True)
    purl = serializers.CharField(required=False, allow_blank=True)
    metadata = MetadataField(required=False, help_text="type, and what you like.")


class ReleaseSerializer(Strict):
    id = serializers.UUIDField(read_only=True)
    project_id = serializers.UUIDField(read_only=True)
    product_id = serializers.UUIDField(source="project.product_id", read_only=True)
    version = serializers.CharField(max_length=100)
    status = serializers.ChoiceField(choices=ReleaseStatus.choices, required=False)
    release_date = serializers.DateTimeField(read_only=True, allow_null=True)
    collection = serializers.IntegerField(
        source="collection.number", read_only=True, allow_null=True, default=None, help_text="Which is the current one."
    )
    metadata = ObjectField(
        required=False, help_text="release_notes, release_type, approvers, inputs (assets), and what you like."
    )
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class ArtifactSerializer(Strict):
    id = serializers.UUIDField(read_only=True)
    type = serializers.ChoiceField(choices=ArtifactType.choices)
    format = serializers.CharField(
        required=False, allow_blank=True, max_length=50, help_text="Told by the document where it is left out."
    )
    content = serializers.JSONField(
        write_only=True, required=False, help_text="The document; or the text of one that is no JSON."
    )
    file = serializers.FileField(write_only=True, required=False, help_text="The document, in a multipart body.")
    spec_version = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True, help_text="Of what it speaks, as the document says.")
    filename = serializers.CharField(required=False, allow_blank=True)
    media_type = serializers.CharField(read_only=True)
    sha256 = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True)
    component_count = serializers.IntegerField(read_only=True)
    statement_count = serializers.IntegerField(read_only=True)
    content_url = serializers.SerializerMethodField()
    metadata = ObjectField(required=False)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def get_content_url(self, artifact: Artifact) -> str:
        return reverse("releases-artifact-content", args=[artifact.pk])


class ReleaseArtifactSerializer(ArtifactSerializer):
    """An artifact as a release holds it."""

    association_type = serializers.CharField(required=False, help_text="What it is to the release: `primary`, …")


class ArtifactChangeSerializer(Strict):
    metadata = ObjectField(help_text="Merged one level deep; null removes a key.")


class AssociateSerializer(Strict):
    association_type = serializers.CharField(required=False, allow_blank=True, default="primary")
    comment = serializers.CharField(
        required=False, allow_blank=True, help_text="Why, for the release's next collection."
    )


class AssociationSerializer(serializers.Serializer[Any]):
    release_version = serializers.CharField()
    release_id = serializers.UUIDField()
    project_id = serializers.UUIDField()
    artifact_id = serializers.UUIDField()
    association_type = serializers.CharField()
    created_at = serializers.DateTimeField()


class RelationshipSerializer(Strict):
    id = serializers.UUIDField(read_only=True)
    type = serializers.CharField(help_text=f"One of {', '.join(ArtifactRelationType.values)}.")
    source_id = serializers.UUIDField(read_only=True)
    source_type = serializers.CharField(source="source.type", read_only=True)
    target_id = serializers.UUIDField()
    target_type = serializers.CharField(source="target.type", read_only=True)
    metadata = ObjectField(required=False)
    derived = serializers.BooleanField(source="is_derived", read_only=True, help_text="Found in the documents.")
    created_at = serializers.DateTimeField(read_only=True)


class CollectionSerializer(serializers.Serializer[Collection]):
    """The artifacts of a release at one time."""

    version = serializers.IntegerField(source="number", help_text="From 1.")
    reason = serializers.ChoiceField(choices=CollectionReason.choices)
    comment = serializers.CharField()
    artifact_count = serializers.IntegerField(required=False, help_text="In a list.")
    created_at = serializers.DateTimeField()


class WholeCollectionSerializer(CollectionSerializer):
    artifacts = ReleaseArtifactSerializer(many=True)


class ContentSerializer(serializers.Serializer[Any]):
    """A component of an SBOM."""

    artifact_id = serializers.UUIDField()
    ref = serializers.CharField()
    type = serializers.CharField()
    group = serializers.CharField(source="package.namespace")
    name = serializers.CharField(source="package.name")
    version = serializers.CharField()
    purl = serializers.CharField()
    licence = serializers.CharField(source="licence.expression", default="")
    supplier = serializers.CharField()
    scope = serializers.CharField()
    hashes = ObjectField()
