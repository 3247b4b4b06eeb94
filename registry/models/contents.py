"""What is inside artifacts: the components of SBOMs, how they depend, and what VEX documents state.

Written in bulk by `registry.services.artifacts_index` only, with the artifact; never changed after.
"""

from __future__ import annotations

from django.db import models
from uuid_utils.compat import uuid7

from accounts.models import Organization
from registry.models.artifacts import Artifact
from registry.querysets.contents import ContentQuerySet, LicenceQuerySet, PackageQuerySet, StatementQuerySet


class Package(models.Model):
    """A package whatever its version, as an organization's documents name it: a purl's type, namespace and name.

    What a document names without a purl has the type ''.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    type = models.CharField(max_length=50, blank=True)
    namespace = models.CharField(max_length=500, blank=True)
    name = models.CharField(max_length=500)
    folded_name = models.CharField(max_length=500, help_text="The name in lower case.")
    key = models.CharField(max_length=1060, help_text="type/namespace/name")

    objects = PackageQuerySet.as_manager()

    class Meta:
        verbose_name = "component"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="package_unique_in_organization")]
        indexes = [models.Index(fields=["organization", "folded_name"], name="package_by_name")]

    def __str__(self) -> str:
        return "/".join(part for part in (self.type, self.namespace, self.name) if part)


class Licence(models.Model):
    """A licence expression as components carry it; `identifiers` is `|mit|apache-2.0|`, to be asked for."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="+", db_index=False)
    expression = models.CharField(max_length=600)
    identifiers = models.TextField()

    objects = LicenceQuerySet.as_manager()

    class Meta:
        ordering = ["expression"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "expression"], name="licence_unique_in_organization")
        ]

    def __str__(self) -> str:
        return self.expression


class Content(models.Model):
    """One component in one SBOM. `position` is its place in the document, from 1."""

    id = models.BigAutoField(primary_key=True)
    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="contents", db_index=False)
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="contents", db_index=False)
    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, null=True, related_name="contents", db_index=False)
    position = models.PositiveIntegerField()
    ref = models.TextField(blank=True, help_text="bom-ref or SPDXID.")
    type = models.CharField(max_length=40, blank=True)
    version = models.CharField(max_length=255, blank=True)
    purl = models.TextField(blank=True)
    supplier = models.TextField(blank=True)
    scope = models.CharField(max_length=20, blank=True)
    hashes = models.JSONField(default=dict)

    objects = ContentQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(fields=["artifact", "position"], name="content_by_artifact"),
            models.Index(fields=["package", "version"], name="content_by_package"),
            models.Index(fields=["licence"], condition=models.Q(licence__isnull=False), name="content_by_licence"),
        ]

    def __str__(self) -> str:
        return self.purl or self.ref


class Edge(models.Model):
    """That one component of an SBOM depends on another, by position; 0 is what the SBOM is of."""

    id = models.BigAutoField(primary_key=True)
    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="edges", db_index=False)
    source = models.PositiveIntegerField()
    target = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["artifact", "source"], name="edge_by_artifact")]

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"


class StatementStatus(models.TextChoices):
    """The words of OpenVEX; those of CSAF and CycloneDX are read as these."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not_affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"


class Statement(models.Model):
    """What a document says of one vulnerability in one product."""

    id = models.BigAutoField(primary_key=True)
    artifact = models.ForeignKey(Artifact, on_delete=models.CASCADE, related_name="statements", db_index=False)
    position = models.PositiveIntegerField()
    vulnerability = models.CharField(max_length=200)
    aliases = models.JSONField(default=list)
    status = models.CharField(max_length=20, choices=StatementStatus)
    justification = models.CharField(max_length=100, blank=True)
    detail = models.TextField(blank=True, help_text="Impact or action, in the document's words.")
    product = models.TextField(blank=True, help_text="As the document names it.")
    package = models.ForeignKey(Package, on_delete=models.PROTECT, null=True, related_name="statements", db_index=False)
    version = models.CharField(max_length=255, blank=True, help_text="Empty: whatever the version.")
    version_range = models.TextField(blank=True, help_text="As a vers range, where the document gives one.")
    serial_number = models.CharField(max_length=500, blank=True, help_text="Of the SBOM that is spoken of.")

    objects = StatementQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(fields=["artifact", "position"], name="statement_by_artifact"),
            models.Index(fields=["vulnerability"], name="statement_by_vulnerability"),
            models.Index(fields=["package"], condition=models.Q(package__isnull=False), name="statement_by_package"),
            models.Index(
                fields=["serial_number"], condition=~models.Q(serial_number=""), name="statement_by_serial_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vulnerability} {self.status} {self.product}"
