"""Which artifacts a release holds. A draft's set is changed in place, a released one's by a new collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Role
from audit.services import Change, record
from contracts.errors import Conflict, Invalid, NotFound
from registry.models import Artifact, ArtifactType, Collection, CollectionItem, CollectionReason, Release, ReleaseStatus
from registry.services.artifacts import Added, Upload, add_artifact
from registry.services.checks import locked

ASSOCIATIONS = ("primary", "secondary", "supporting")


@dataclass(frozen=True, slots=True)
class Placement:
    """That a release holds an artifact now, and whether it is new there."""

    item: CollectionItem
    is_new: bool


@transaction.atomic
def add_to_release(
    *,
    actor: Actor,
    release: Release,
    artifact: Artifact,
    association_type: str = "primary",
    comment: str = "",
    replacing: Sequence[Artifact] = (),
) -> Placement:
    """Put the artifact into the release's current set, in the place of `replacing`; harmless where it is there.

    Raises Conflict for an archived release, NotFound for an artifact of another organization and for what is gone.
    """
    actor.require(Role.EDITOR)
    if association_type not in ASSOCIATIONS:
        raise Invalid(fields={"association_type": [f"Choose one of {', '.join(ASSOCIATIONS)}."]})
    if artifact.organization_id != release.organization_id:
        raise NotFound(resource="artifact", artifact_id=str(artifact.pk))
    release = locked(Release.objects.select_related("project__product"), release)
    artifact = locked(Artifact.objects.all(), artifact)
    there = CollectionItem.objects.filter(collection=release.collection_id, artifact=artifact).first()
    if there is not None:
        return Placement(there, is_new=False)
    before = held_by(release)
    reason = CollectionReason.ARTIFACT_UPDATED if replacing else _reason_to_add(release, artifact)
    collection = _writable(actor, release, reason, comment)
    CollectionItem.objects.filter(collection=collection, artifact__in=replacing).delete()
    item = CollectionItem.objects.create(collection=collection, artifact=artifact, association_type=association_type)
    _record(actor, release, collection, before)
    return Placement(item, is_new=True)


@transaction.atomic
def remove_from_release(*, actor: Actor, release: Release, artifact: Artifact, comment: str = "") -> None:
    """Take the artifact out of the current set; earlier collections of a released release keep it.

    Raises NotFound where it is not in it, Conflict for an archived release.
    """
    actor.require(Role.EDITOR)
    release = locked(Release.objects.select_related("project__product"), release)
    if not CollectionItem.objects.filter(collection=release.collection_id, artifact=artifact).exists():
        raise NotFound("The release does not hold this artifact", resource="artifact", artifact_id=str(artifact.pk))
    before = held_by(release)
    collection = _writable(actor, release, CollectionReason.ARTIFACT_REMOVED, comment)
    CollectionItem.objects.filter(collection=collection, artifact=artifact).delete()
    _record(actor, release, collection, before)


@transaction.atomic
def upload_to_release(
    *, actor: Actor, release: Release, upload: Upload, association_type: str = "primary", **how: Any
) -> tuple[Added, Placement]:
    """Add an artifact and put it into the release, both or neither; `how` is what `add_to_release` takes besides."""
    actor.require(Role.EDITOR)
    if release.status == ReleaseStatus.ARCHIVED:
        raise _archived(release)
    added = add_artifact(actor=actor, upload=upload)
    placement = add_to_release(
        actor=actor, release=release, artifact=added.artifact, association_type=association_type, **how
    )
    return added, placement


def held_by(release: Release) -> list[str]:
    """The ids of the artifacts in the release's current set, as the trail keeps them."""
    held = CollectionItem.objects.filter(collection=release.collection_id).order_by("artifact")
    return [str(pk) for pk in held.values_list("artifact", flat=True)]


def _archived(release: Release) -> Conflict:
    return Conflict("An archived release does not change", resource="release", version=release.version)


def _reason_to_add(release: Release, artifact: Artifact) -> CollectionReason:
    held = Artifact.objects.filter(placements__collection=release.collection_id, type=artifact.type)
    if artifact.type == ArtifactType.VEX:
        return CollectionReason.VEX_UPDATED
    if held.filter(format=artifact.format, name=artifact.name).exclude(name="").exists():
        return CollectionReason.ARTIFACT_UPDATED
    return CollectionReason.ARTIFACT_ADDED


def _writable(actor: Actor, release: Release, reason: CollectionReason, comment: str) -> Collection:
    """The collection to change: the draft's own, or a copy of a released release's with the next number."""
    if release.status == ReleaseStatus.ARCHIVED:
        raise _archived(release)
    current = release.collection
    if current is None:
        raise RuntimeError(f"release {release.pk} has no collection")
    if release.status == ReleaseStatus.DRAFT:
        return current
    copy = Collection.objects.create(
        release=release, number=current.number + 1, reason=reason, comment=comment, created_by_id=actor.user_id
    )
    items: list[CollectionItem] = list(current.items.all())
    for item in items:
        item.collection = copy
    CollectionItem.objects.bulk_create(items)
    release.collection = copy
    release.save(update_fields=["collection", "updated_at"])
    return copy


def _record(actor: Actor, release: Release, collection: Collection, before: list[str]) -> None:
    state: dict[str, Any] = {
        "release_id": str(release.pk),
        "number": collection.number,
        "reason": str(collection.reason),
        "comment": collection.comment,
    }
    after = held_by(release)
    change = Change(
        "UPDATE",
        "COLLECTION",
        collection.pk,
        str(release),
        {**state, "artifacts": before},
        {**state, "artifacts": after},
    )
    record(actor, change, organization_id=release.organization_id)
