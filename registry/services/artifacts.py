"""Writes of artifacts: their bytes are kept as they came, by content; only their metadata may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.db import transaction

from accounts.actor import Actor
from accounts.models import Role
from audit.services import Change, record
from audit.tables import refused_by
from contracts.errors import Conflict, Invalid
from registry import storage
from registry.documents import ALIASES, Document, is_read, read_document
from registry.models import Artifact, ArtifactType, CollectionItem, Release, ReleaseStatus
from registry.services.artifacts_index import write_index
from registry.services.artifacts_matching import relate_by_content
from registry.services.checks import clean, locked
from registry.services.products import merged
from registry.services.publication import clean_filename

BINARY = "application/octet-stream"
LISTED = 20
"""How many releases a refusal names."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What is uploaded: bytes of a type, maybe with a format (else it is detected), a name, metadata."""

    content: IO[bytes] | Iterable[bytes]
    type: str
    format: str = ""
    filename: str = ""
    media_type: str = ""
    metadata: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """The artifact, and whether it is new: a repeat of the same bytes is answered with what is there."""

    artifact: Artifact
    is_new: bool


def add_artifact(*, actor: Actor, upload: Upload) -> Added:
    """Keep an artifact, and index what is inside. All of it, or nothing.

    Raises TooLarge over ARTIFACT_LIMIT, Invalid with the paths in the document for what is not valid.
    """
    actor.require(Role.EDITOR)
    if upload.type not in ArtifactType.values:
        raise Invalid(fields={"type": [f"Choose one of {', '.join(ArtifactType.values)}."]})
    with storage.receive(settings.ARTIFACT_LIMIT) as incoming:
        for chunk in storage.chunks_of(upload.content):
            incoming.write(chunk)
        there = _already_there(actor, upload, incoming.sha256)
        if there is not None:
            return Added(there, is_new=False)
        incoming.finish()
        document = _read(upload, incoming)
        artifact = _artifact(actor, upload, document, incoming)
        try:
            return Added(_keep(actor, artifact, document, incoming), is_new=True)
        except _MetMeanwhile:
            there = _already_there(actor, upload, incoming.sha256)
            if there is None:
                raise
            return Added(there, is_new=False)


@transaction.atomic
def update_artifact(*, actor: Actor, artifact: Artifact, metadata: Any) -> Artifact:
    """Merge metadata, one level deep; a null removes a key. Nothing else of an artifact changes."""
    actor.require(Role.EDITOR)
    artifact = locked(Artifact.objects.all(), artifact)
    before = state_of(artifact)
    artifact.metadata = merged(artifact.metadata, metadata)
    clean(artifact)
    if state_of(artifact) != before:
        artifact.save(update_fields=["metadata", "updated_at"])
        _record(actor, "UPDATE", artifact, before=before, after=state_of(artifact))
    return artifact


@transaction.atomic
def delete_artifact(*, actor: Actor, artifact: Artifact) -> None:
    """Delete an artifact that no release has shipped with; drafts lose it. Raises Conflict."""
    actor.require(Role.EDITOR)
    placed = CollectionItem.objects.filter(artifact=artifact).select_related("collection__release__project__product")
    # Held until the end, and in the order in which they are written: a draft could be released meanwhile.
    holding = Release.objects.filter(pk__in=placed.values("collection__release")).order_by("pk")
    held = {release.pk for release in holding.select_for_update(of=("self",))}
    artifact = locked(Artifact.objects.all(), artifact)
    if not held.issuperset(placed.values_list("collection__release", flat=True)):
        raise Conflict("A release took the artifact just now", resource="artifact")
    shipped = [item.collection.release for item in placed if item.collection.release.status != ReleaseStatus.DRAFT]
    if shipped:
        named = sorted({str(release) for release in shipped})[:LISTED]
        raise Conflict("The artifact belongs to a release that is no draft", resource="artifact", releases=named)
    before, key = state_of(artifact), artifact.pk
    placed.delete()
    for rows in (artifact.contents, artifact.edges, artifact.statements):
        rows.all()._raw_delete("default")
    artifact.delete()
    artifact.pk = key
    _record(actor, "DELETE", artifact, before=before, after=None)


def state_of(artifact: Artifact) -> dict[str, Any]:
    """The whole state, as the trail keeps it."""
    names = ("type", "format", "spec_version", "name", "filename", "media_type", "sha256", "size", "metadata")
    return {name: getattr(artifact, name) for name in names}


class _MetMeanwhile(Conflict):
    """Somebody uploaded the same bytes while we read them."""


def _already_there(actor: Actor, upload: Upload, sha256: str) -> Artifact | None:
    found = Artifact.objects.filter(organization=actor.tenant, sha256=sha256, type=upload.type)
    if upload.format:
        found = found.filter(format__in={upload.format, ALIASES.get(upload.format, upload.format)})
    return found.first()


def _read(upload: Upload, incoming: storage.Incoming) -> Document:
    """The document, where its type is read; else one that says no more than the upload did."""
    if not incoming.size:
        raise Invalid(fields={"content": ["It is empty."]})
    if is_read(upload.type):
        return read_document(incoming.path.read_bytes(), type=upload.type, format=upload.format)
    if not upload.format:
        raise Invalid(fields={"format": ["This field is required."]})
    return Document(type=upload.type, format=upload.format, media_type=upload.media_type or BINARY)


def _artifact(actor: Actor, upload: Upload, document: Document, incoming: storage.Incoming) -> Artifact:
    given = dict(upload.metadata) if isinstance(upload.metadata, Mapping) else upload.metadata
    metadata: Any = {**document.metadata, **given} if isinstance(given, dict) else given or document.metadata
    artifact = Artifact(
        organization_id=actor.tenant,
        type=document.type,
        format=document.format,
        spec_version=document.spec_version,
        name=document.name[:500],
        filename=clean_filename(upload.filename, field="filename") if upload.filename else "",
        media_type=document.media_type[:100],
        sha256=incoming.sha256,
        size=incoming.size,
        metadata=metadata,
        serial_number=document.serial_number[:500],
        subject_version=document.version[:200],
        subject_purl=document.purl[:1000],
        component_count=len(document.parts),
        statement_count=len(document.claims),
        created_by_id=actor.user_id,
    )
    clean(artifact)
    return artifact


def _keep(actor: Actor, artifact: Artifact, document: Document, incoming: storage.Incoming) -> Artifact:
    """One transaction; the bytes are put in their place before it commits, so that no row lacks them."""
    with transaction.atomic():
        with refused_by({"artifact_bytes_unique_in_organization": _MetMeanwhile("It is there already")}):
            artifact.save(force_insert=True)
        write_index(artifact, document)
        relate_by_content(artifact)
        _record(actor, "CREATE", artifact, before=None, after=state_of(artifact))
        incoming.keep()
    return artifact


def _record(
    actor: Actor, action: str, artifact: Artifact, *, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    change = Change(action, "ARTIFACT", artifact.pk, str(artifact), before, after)
    record(actor, change, organization_id=artifact.organization_id)
