"""What we ship: products, their projects and components, and the releases of a project."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization, User
from registry.querysets.releases import (
    ComponentQuerySet,
    ProductQuerySet,
    ProductVersionQuerySet,
    ProjectQuerySet,
    ReleaseQuerySet,
)

VERSION_LENGTH = 100


def validate_object(value: Any) -> None:
    if not isinstance(value, dict):
        raise ValidationError("This must be a JSON object.")


def validate_words(value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(word, str) and 0 < len(word) <= 100 for word in value):
        raise ValidationError("This must be a list of words of 1 to 100 characters.")
    if any("|" in word for word in value):
        raise ValidationError("A word may not hold '|'.")


def validate_identifiers(value: Any) -> None:
    """A list of `{"idType": "TEI" | "PURL" | "CPE" | …, "idValue": "…"}`."""
    if not isinstance(value, list):
        raise ValidationError("This must be a list of identifiers.")
    for entry in value:
        texts = [entry.get("idType"), entry.get("idValue")] if isinstance(entry, dict) else []
        if len(texts) != 2 or set(entry) != {"idType", "idValue"} or not all(isinstance(t, str) and t for t in texts):
            raise ValidationError("An identifier is an object with the texts idType and idValue.")


def folded(words: list[str]) -> str:
    """Words as `|one|two|`, lower-cased, so that one of them can be asked for on any database."""
    return f"|{'|'.join(word.casefold() for word in words)}|" if words else ""


class Product(models.Model):
    """Something that an organization offers; its projects are what it is made in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=600, editable=False, help_text="The name as it is matched, whatever its case.")
    description = models.TextField(blank=True)
    category = models.CharField(max_length=100, blank=True, db_index=True)
    lifecycle_status = models.CharField(max_length=50, default="active")
    tags = models.JSONField(default=list, blank=True, validators=[validate_words])
    tag_keys = models.TextField(blank=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True, validators=[validate_object])
    identifiers = models.JSONField(default=list, blank=True, validators=[validate_identifiers])
    is_public = models.BooleanField(
        default=False, help_text="Anyone may read its releases through the Transparency Exchange API."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "key"], name="product_name_unique_in_organization")
        ]

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    """One thing that is built and released on its own, as part of a product."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="projects", db_index=False)
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=600, editable=False)
    description = models.TextField(blank=True)
    type = models.CharField(max_length=50, default="application")
    status = models.CharField(max_length=50, default="active")
    tags = models.JSONField(default=list, blank=True, validators=[validate_words])
    tag_keys = models.TextField(blank=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True, validators=[validate_object])
    identifiers = models.JSONField(default=list, blank=True, validators=[validate_identifiers])
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["product", "key"], name="project_name_unique_in_product")]

    def __str__(self) -> str:
        return f"{self.product} / {self.name}"


class Component(models.Model):
    """A part that a project declares itself to be made of: a module, a service, an image."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="components", db_index=False)
    name = models.CharField(max_length=200)
    key = models.CharField(max_length=600, editable=False)
    description = models.TextField(blank=True)
    type = models.CharField(max_length=50, default="library")
    version = models.CharField(max_length=VERSION_LENGTH, blank=True)
    purl = models.CharField(max_length=1000, blank=True)
    metadata = models.JSONField(default=dict, blank=True, validators=[validate_object])
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ComponentQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "key"], name="component_name_unique_in_project")]

    def __str__(self) -> str:
        return self.name


class ProductVersion(models.Model):
    """A version of a product: the releases of its projects that carry this version."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="versions", db_index=False)
    version = models.CharField(max_length=VERSION_LENGTH)
    sort_key = models.CharField(max_length=600, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ProductVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-sort_key", "-id"]
        constraints = [models.UniqueConstraint(fields=["product", "version"], name="product_version_unique")]

    def __str__(self) -> str:
        return f"{self.product} {self.version}"


class ReleaseStatus(models.TextChoices):
    """Draft, then released, then archived; a draft may be archived too. No way back."""

    DRAFT = "draft", "Draft"
    RELEASED = "released", "Released"
    ARCHIVED = "archived", "Archived"


STEPS: dict[str, frozenset[str]] = {
    ReleaseStatus.DRAFT: frozenset({ReleaseStatus.RELEASED, ReleaseStatus.ARCHIVED}),
    ReleaseStatus.RELEASED: frozenset({ReleaseStatus.ARCHIVED}),
    ReleaseStatus.ARCHIVED: frozenset(),
}
"""From each status, the ones it may take."""


class Release(models.Model):
    """A version of a project, with a snapshot of artifacts. `sort_key` puts 1.10 after 1.9."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="releases", db_index=False)
    product_version = models.ForeignKey(ProductVersion, on_delete=models.PROTECT, related_name="releases")
    version = models.CharField(max_length=VERSION_LENGTH)
    sort_key = models.CharField(max_length=600, editable=False)
    status = models.CharField(max_length=10, choices=ReleaseStatus, default=ReleaseStatus.DRAFT)
    release_date = models.DateTimeField(null=True, blank=True, editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    metadata = models.JSONField(default=dict, blank=True, validators=[validate_object])
    collection = models.OneToOneField(
        "registry.Collection", on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, editable=False, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["-sort_key", "-id"]
        constraints = [models.UniqueConstraint(fields=["project", "version"], name="release_version_unique_in_project")]
        indexes = [
            models.Index(fields=["project", "-sort_key"], name="release_by_version_order"),
            models.Index(fields=["organization", "version"], name="release_by_version"),
            models.Index(fields=["organization", "-created_at"], name="release_by_creation"),
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.version}"
