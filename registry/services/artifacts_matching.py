"""A VEX is related to the SBOMs it speaks of: by component, by serial number, by the product itself."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from audit.tables import insert_rows
from registry.models import Artifact, ArtifactRelationship, ArtifactRelationType, ArtifactType, Content, Statement
from registry.version_ranges import in_range

REASON = {"reason": "vulnerability_statement"}


def relate_by_content(artifact: Artifact) -> int:
    """Relate a new artifact with those already there that it speaks of, or that speak of it; returns how many."""
    if artifact.type == ArtifactType.VEX and artifact.statement_count:
        return _relate((artifact.pk, sbom) for sbom in _sboms_of(artifact))
    if artifact.type == ArtifactType.SBOM:
        return _relate((vex, artifact.pk) for vex in _vexes_of(artifact))
    return 0


def _sboms_of(vex: Artifact) -> set[UUID]:
    statements = Statement.objects.filter(artifact=vex)
    sboms = Artifact.objects.filter(organization=vex.organization_id, type=ArtifactType.SBOM)
    inside = Content.objects.filter(artifact__in=sboms, package__statements__in=statements)
    found = set(_exact(inside).values_list("artifact", flat=True).distinct())
    for artifact_id, version, wanted in _ranged(inside):
        if in_range(version, wanted):
            found.add(artifact_id)
    named = models.Q(serial_number__in=statements.exclude(serial_number="").values("serial_number"))
    named |= models.Q(subject_purl__in=statements.exclude(product="").values("product")) & ~models.Q(subject_purl="")
    if vex.format == "cyclonedx" and vex.serial_number:
        named |= models.Q(serial_number=vex.serial_number)
    return found | set(sboms.filter(named).values_list("pk", flat=True))


def _vexes_of(sbom: Artifact) -> set[UUID]:
    statements = Statement.objects.filter(artifact__organization=sbom.organization_id, artifact__type=ArtifactType.VEX)
    if not statements.exists():
        return set()
    inside = Content.objects.filter(artifact=sbom, package__statements__in=statements)
    found = set(_exact(inside).values_list("package__statements__artifact", flat=True).distinct())
    for artifact_id, version, wanted in _ranged(inside, of="package__statements__artifact"):
        if in_range(version, wanted):
            found.add(artifact_id)
    named = models.Q()
    if sbom.serial_number:
        named |= models.Q(serial_number=sbom.serial_number) | models.Q(
            artifact__serial_number=sbom.serial_number, artifact__format="cyclonedx"
        )
    if sbom.subject_purl:
        named |= models.Q(product=sbom.subject_purl)
    if named:
        found |= set(statements.filter(named).values_list("artifact", flat=True).distinct())
    vexes = Artifact.objects.filter(pk__in=found, type=ArtifactType.VEX, organization=sbom.organization_id)
    return set(vexes.values_list("pk", flat=True))


def _exact(inside: models.QuerySet[Content]) -> models.QuerySet[Content]:
    """Components of which a statement names this version, or the package whatever its version."""
    return inside.filter(
        models.Q(package__statements__version="", package__statements__version_range="")
        | models.Q(package__statements__version=models.F("version"))
    )


def _ranged(inside: models.QuerySet[Content], *, of: str = "artifact") -> Iterable[tuple[UUID, str, str]]:
    ranged = inside.filter(package__statements__version="").exclude(package__statements__version_range="")
    return ranged.values_list(of, "version", "package__statements__version_range").distinct()


def _relate(pairs: Iterable[tuple[UUID, UUID]]) -> int:
    """Edges between artifacts of one organization, of which one is new: none can be there already."""
    wanted = [pair for pair in pairs if pair[0] != pair[1]]
    if not wanted:
        return 0
    owner = Artifact.objects.values_list("organization_id", flat=True).get(pk=wanted[0][0])
    now = timezone.now()
    rows = (
        (uuid7(), owner, source, target, ArtifactRelationType.REFERENCES.value, REASON, True, now)
        for source, target in wanted
    )
    columns = (
        "id",
        "organization_id",
        "source_id",
        "target_id",
        "type",
        "metadata",
        "is_derived",
        "created_at",
    )
    return insert_rows(ArtifactRelationship, columns, rows)
