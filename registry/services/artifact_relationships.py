"""Relationships between artifacts that somebody asked for; those of the server are in `artifacts_matching`."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Role
from audit.services import Change, record
from audit.tables import refused_by
from contracts.errors import Conflict, Invalid, NotFound
from registry.models import Artifact, ArtifactRelationship, ArtifactRelationType
from registry.services.checks import clean, locked


@transaction.atomic
def relate_artifacts(
    *, actor: Actor, source: Artifact, target: Artifact, type: str, metadata: Any = None
) -> ArtifactRelationship:
    """Raises Invalid for a type that is none or an artifact with itself, Conflict for what is there already.

    What the server had found itself becomes the caller's, with the caller's metadata.
    """
    actor.require(Role.EDITOR)
    if type not in ArtifactRelationType.values:
        raise Invalid(fields={"type": [f"Choose one of {', '.join(ArtifactRelationType.values)}."]})
    if target.organization_id != source.organization_id:
        raise NotFound(resource="artifact", artifact_id=str(target.pk))
    if target.pk == source.pk:
        raise Invalid(fields={"target_id": ["An artifact has no relationship with itself."]})
    found = ArtifactRelationship.objects.select_for_update().filter(
        source=source, target=target, type=type, is_derived=True
    )
    edge = found.first() or ArtifactRelationship(
        organization_id=source.organization_id, source=source, target=target, type=type
    )
    before = None if edge._state.adding else state_of(edge)
    edge.metadata, edge.is_derived, edge.created_by_id = {} if metadata is None else metadata, False, actor.user_id
    clean(edge)
    taken = Conflict("Relationship already exists", resource="relationship", type=type, target_id=str(target.pk))
    with refused_by({"artifact_relationship_unique": taken}):
        edge.save()
    _record(actor, edge, before=before, after=state_of(edge))
    return edge


@transaction.atomic
def unrelate_artifacts(*, actor: Actor, relationship: ArtifactRelationship) -> None:
    actor.require(Role.EDITOR)
    relationship = locked(ArtifactRelationship.objects.all(), relationship)
    before, key = state_of(relationship), relationship.pk
    relationship.delete()
    relationship.pk = key
    _record(actor, relationship, before=before, after=None)


def state_of(edge: ArtifactRelationship) -> dict[str, Any]:
    """The whole state, as the trail keeps it."""
    return {
        "source_id": str(edge.source_id),
        "target_id": str(edge.target_id),
        "type": str(edge.type),
        "metadata": edge.metadata,
        "is_derived": edge.is_derived,
    }


def _record(
    actor: Actor, edge: ArtifactRelationship, *, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    action = "DELETE" if after is None else "CREATE" if before is None else "UPDATE"
    change = Change(action, "ARTIFACT_RELATIONSHIP", edge.pk, f"{edge.type}", before, after)
    record(actor, change, organization_id=edge.organization_id)
