"""The documents that go with releases: artifacts, the collections that hold them, how they relate."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import Organization, User
from registry.models.releases import Release, validate_object
from registry.querysets.artifacts import ArtifactQuerySet, ArtifactRelationshipQuerySet, CollectionQuerySet


class ArtifactType(models.TextChoices):
    SBOM = "sbom", "SBOM"
    VEX = "vex", "VEX"
    CERTIFICATION = "certification", "Certification"
    OTHER = "other", "Other"


class Artifact(models.Model):
    """A document as it was uploaded, by its SHA-256. Its bytes never change; its metadata may."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    type = models.CharField(max_length=20, choices=ArtifactType)
    format = models.CharField(max_length=50)
    spec_version = models.CharField(max_length=20, blank=True, editable=False)
    name = models.CharField(max_length=500, blank=True, help_text="Of what it speaks, as the document says.")
    filename = models.CharField(max_length=255, blank=True)
    media_type = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64, editable=False)
    size = models.BigIntegerField(editable=False)
    metadata = models.JSONField(default=dict, blank=True, validators=[validate_object])
    serial_number = models.CharField(max_length=500, blank=True, editable=False, db_index=True)
    subject_version = models.CharField(max_length=200, blank=True, editable=False)
    subject_purl = models.CharField(max_length=1000, blank=True, editable=False)
    component_count = models.PositiveIntegerField(default=0, editable=False)
    statement_count = models.PositiveIntegerField(default=0, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ArtifactQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "sha256", "type", "format"], name="artifact_bytes_unique_in_organization"
            )
        ]
        indexes = [
            models.Index(fields=["organization", "-created_at"], name="artifact_by_creation"),
            models.Index(fields=["organization", "type", "-created_at"], name="artifact_by_type"),
        ]

    def __str__(self) -> str:
        return self.name or self.filename or f"{self.type} {self.format} {self.sha256[:12]}"


class CollectionReason(models.TextChoices):
    """Why a collection differs from the one before; the words of the Transparency Exchange API."""

    INITIAL_RELEASE = "INITIAL_RELEASE", "Initial release"
    VEX_UPDATED = "VEX_UPDATED", "VEX updated"
    ARTIFACT_UPDATED = "ARTIFACT_UPDATED", "Artifact updated"
    ARTIFACT_ADDED = "ARTIFACT_ADDED", "Artifact added"
    ARTIFACT_REMOVED = "ARTIFACT_REMOVED", "Artifact removed"


class Collection(models.Model):
    """The artifacts of a release at one time, numbered from 1. One that was released never changes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="collections", db_index=False)
    number = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=20, choices=CollectionReason, default=CollectionReason.INITIAL_RELEASE)
    comment = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["release", "number"], name="collection_number_unique")]

    def __str__(self) -> str:
        return f"Collection {self.number} of {self.release}"


class CollectionItem(models.Model):
    """That an artifact is in a collection."""

    pk = models.CompositePrimaryKey("collection_id", "artifact_id")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="items", db_index=False)
    artifact = models.ForeignKey(Artifact, on_delete=models.PROTECT, related_name="placements", db_index=False)
    association_type = models.CharField(max_length=20, default="primary")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["artifact", "collection"], name="collection_item_by_artifact")]

    def __str__(self) -> str:
        return f"{self.collection_id} {self.artifact_id}"


class ArtifactRelationType(models.TextChoices):
    REFERENCES = "references"
    DESCRIBES = "describes"
    CERTIFIES = "certifies"
    EQUIVALENT_TO = "equivalent_to"
    AFFECTS = "affects"


class ArtifactRelationship(models.Model):
    """A typed edge between two artifacts; `is_derived` where the server found it by what they name."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="outgoing", db_index=False)
    target = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="incoming")
    type = models.CharField(max_length=20, choices=ArtifactRelationType)
    metadata = models.JSONField(default=dict, blank=True, validators=[validate_object])
    is_derived = models.BooleanField(default=False, editable=False)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ArtifactRelationshipQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "target", "type"], name="artifact_relationship_unique"),
            models.CheckConstraint(
                condition=~models.Q(source=models.F("target")), name="artifact_relationship_between_two"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.type} {self.target_id}"
