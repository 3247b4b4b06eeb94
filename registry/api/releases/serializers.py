"""The shapes of the releases contract."""

from __future__ import annotations

from typing import Any, ClassVar

from django.urls import reverse
from rest_framework import serializers

from contracts.serializers import Strict
from registry.models import (
    Artifact,
    ArtifactRelationship,
    ArtifactType,
    Collection,
    Component,
    Content,
    Product,
    ProductVersion,
    Project,
    Release,
    ReleaseStatus,
)


class IdentifierSerializer(serializers.Serializer[Any]):
    idType = serializers.CharField(help_text="TEI, PURL, CPE, …")
    idValue = serializers.CharField()


class Described(Strict):
    """A thing whose `metadata` on the wire holds columns of ours beside what its clients keep there."""

    columns: ClassVar[tuple[str, ...]] = ()

    def to_internal_value(self, data: Any) -> Any:
        """Columns leave `metadata` and stand beside it, where the service expects them."""
        value = super().to_internal_value(data)
        metadata = value.get("metadata")
        if isinstance(metadata, dict):
            value["metadata"] = {key: inner for key, inner in metadata.items() if key not in self.columns}
            value |= {key: metadata[key] for key in self.columns if key in metadata}
        return value

    def metadata_of(self, instance: Any) -> dict[str, Any]:
        return {**{name: getattr(instance, name) for name in self.columns}, **instance.metadata}


class ProductSerializer(Described):
    columns = ("category", "tags", "lifecycle_status")

    name = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, allow_blank=True)
    metadata = serializers.JSONField(required=False, help_text="category, tags, lifecycle_status, and what you like.")
    identifiers = IdentifierSerializer(many=True, required=False)
    is_public = serializers.BooleanField(required=False)

    def to_representation(self, instance: Product) -> dict[str, Any]:
        return {
            "id": instance.pk,
            "name": instance.name,
            "description": instance.description,
            "metadata": self.metadata_of(instance),
            "identifiers": instance.identifiers,
            "is_public": instance.is_public,
            "created_at": instance.created_at,
            "updated_at": instance.updated_at,
        }


class ProjectSerializer(Described):
    columns = ("type", "status", "tags")

    name = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, allow_blank=True)
    metadata = serializers.JSONField(required=False, help_text="type, status, tags, and what you like.")
    identifiers = IdentifierSerializer(many=True, required=False)

    def to_representation(self, instance: Project) -> dict[str, Any]:
        return {
            "id": instance.pk,
            "name": instance.name,
            "description": instance.description,
            "product_id": instance.product_id,
            "metadata": self.metadata_of(instance),
            "identifiers": instance.identifiers,
            "created_at": instance.created_at,
            "updated_at": instance.updated_at,
        }


class ComponentSerializer(Described):
    columns = ("type",)

    name = serializers.CharField(max_length=200)
    description = serializers.CharField(required=False, allow_blank=True)
    version = serializers.CharField(required=False, allow_blank=True)
    purl = serializers.CharField(required=False, allow_blank=True)
    metadata = serializers.JSONField(required=False, help_text="type, and what you like.")

    def to_representation(self, instance: Component) -> dict[str, Any]:
        return {
            "id": instance.pk,
            "name": instance.name,
            "description": instance.description,
            "project_id": instance.project_id,
            "version": instance.version,
            "purl": instance.purl,
            "metadata": self.metadata_of(instance),
            "created_at": instance.created_at,
            "updated_at": instance.updated_at,
        }


class ReleaseSerializer(Strict):
    version = serializers.CharField(max_length=100)
    status = serializers.ChoiceField(choices=ReleaseStatus.choices, required=False)
    metadata = serializers.JSONField(
        required=False, help_text="release_notes, release_type, approvers, inputs (assets), and what you like."
    )

    def to_representation(self, instance: Release) -> dict[str, Any]:
        return {
            "id": instance.pk,
            "project_id": instance.project_id,
            "product_id": instance.project.product_id,
            "version": instance.version,
            "status": instance.status,
            "release_date": instance.release_date,
            "collection": instance.collection.number if instance.collection else None,
            "metadata": instance.metadata,
            "created_at": instance.created_at,
            "updated_at": instance.updated_at,
        }


class ArtifactSerializer(Strict):
    type = serializers.ChoiceField(choices=ArtifactType.choices)
    format = serializers.CharField(required=False, allow_blank=True, max_length=50)
    content = serializers.JSONField(required=False, help_text="The document; or the text of one that is no JSON.")
    file = serializers.FileField(required=False, help_text="The document, in a multipart body.")
    association_type = serializers.CharField(required=False)
    metadata = serializers.JSONField(required=False)

    def to_representation(self, instance: Artifact) -> dict[str, Any]:
        shape = {
            "id": instance.pk,
            "type": instance.type,
            "format": instance.format,
            "spec_version": instance.spec_version,
            "name": instance.name,
            "filename": instance.filename,
            "media_type": instance.media_type,
            "sha256": instance.sha256,
            "size": instance.size,
            "component_count": instance.component_count,
            "statement_count": instance.statement_count,
            "content_url": reverse("releases-artifact-content", args=[instance.pk]),
            "metadata": instance.metadata,
            "created_at": instance.created_at,
            "updated_at": instance.updated_at,
        }
        association = getattr(instance, "association_type", None)
        if association is not None:
            shape["association_type"] = association
        return shape


class ArtifactChangeSerializer(Strict):
    metadata = serializers.JSONField()

    def to_representation(self, instance: Artifact) -> dict[str, Any]:
        return ArtifactSerializer().to_representation(instance)


class RelationshipSerializer(Strict):
    type = serializers.CharField()
    target_id = serializers.UUIDField()
    metadata = serializers.JSONField(required=False)

    def to_representation(self, instance: ArtifactRelationship) -> dict[str, Any]:
        return {
            "id": instance.pk,
            "type": instance.type,
            "source_id": instance.source_id,
            "source_type": instance.source.type,
            "target_id": instance.target_id,
            "target_type": instance.target.type,
            "metadata": instance.metadata,
            "derived": instance.is_derived,
            "created_at": instance.created_at,
        }


class CollectionSerializer(serializers.Serializer[Any]):
    def to_representation(self, instance: Collection) -> dict[str, Any]:
        shape = {
            "version": instance.number,
            "reason": instance.reason,
            "comment": instance.comment,
            "artifact_count": getattr(instance, "artifact_count", None),
            "created_at": instance.created_at,
        }
        return {name: value for name, value in shape.items() if name != "artifact_count" or value is not None}


class ContentSerializer(serializers.Serializer[Any]):
    def to_representation(self, instance: Content) -> dict[str, Any]:
        return {
            "artifact_id": instance.artifact_id,
            "ref": instance.ref,
            "type": instance.type,
            "group": instance.package.namespace,
            "name": instance.package.name,
            "version": instance.version,
            "purl": instance.purl,
            "licence": instance.licence.expression if instance.licence else "",
            "supplier": instance.supplier,
            "scope": instance.scope,
            "hashes": instance.hashes,
        }


class ProductVersionSerializer(serializers.Serializer[Any]):
    """One row of `versions/`: what the product's releases of this version hold."""

    def to_representation(self, instance: ProductVersion) -> dict[str, Any]:
        artifacts, components = self.context["artifacts"], self.context["components"]
        return {
            "id": instance.pk,
            "product_id": instance.product_id,
            "product_name": instance.product.name,
            "version": instance.version,
            "releases": [
                {
                    "id": release.pk,
                    "project_id": release.project_id,
                    "project_name": release.project.name,
                    "status": release.status,
                    "release_date": release.release_date,
                }
                for release in instance.releases.all()
            ],
            "artifacts": artifacts.get(instance.pk, []),
            "components": components.get(instance.pk, []),
            "component_count": sum(artifact["component_count"] for artifact in artifacts.get(instance.pk, [])),
            "created_at": instance.created_at,
        }
