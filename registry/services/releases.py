"""Writes of releases: made as drafts, released, archived."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Role
from audit.services import Change, record
from audit.tables import refused_by
from contracts.errors import Conflict, Invalid
from registry.models import Collection, ProductVersion, Project, Release, ReleaseStatus
from registry.models.releases import STEPS, VERSION_LENGTH
from registry.services.checks import clean, known, locked
from registry.services.products import merged
from registry.services.releases_catalog import forget_release, publish_release
from registry.version_order import sort_key

FIELDS = ("version", "status", "metadata")
TEXTS = ("release_notes", "release_type")
NAMES = ("approvers", "inputs")
_VERSION = re.compile(r"[^\s/\\?#%\x00-\x1f\x7f-\x9f]+")


@transaction.atomic
def create_release(*, actor: Actor, project: Project, data: Mapping[str, Any]) -> Release:
    """A release of the project, a draft unless the status says otherwise.

    `metadata` may hold `release_notes` and `release_type` (texts), `approvers` (names) and `inputs` (qualified
    names of the assets it was made from). Raises Invalid, and Conflict where the project has the version.
    """
    actor.require(Role.EDITOR)
    known(data, FIELDS)
    version = _version(data.get("version"))
    release = Release(
        organization_id=project.organization_id,
        project=project,
        version=version,
        sort_key=sort_key(version),
        metadata=data.get("metadata", {}),
        created_by_id=actor.user_id,
    )
    release.product_version = ProductVersion.objects.get_or_create(
        product_id=project.product_id,
        version=version,
        defaults={"organization_id": project.organization_id, "sort_key": sort_key(version)},
    )[0]
    _check(release)
    with refused_by({"release_version_unique_in_project": _taken(version)}):
        release.save()
    release.collection = Collection.objects.create(release=release, created_by_id=actor.user_id)
    _move(release, data.get("status", ReleaseStatus.DRAFT))
    release.save()
    _record(actor, release, before=None)
    publish_release(actor=actor, release=release)
    return release


@transaction.atomic
def update_release(*, actor: Actor, release: Release, changes: Mapping[str, Any]) -> Release:
    """Set the status and merge metadata (one level deep, a null removes a key); a version never changes.

    Raises Conflict for a step that the status does not allow and for an archived release, Invalid for what
    cannot be read.
    """
    actor.require(Role.EDITOR)
    known(changes, FIELDS)
    release = locked(Release.objects.select_related("project__product"), release)
    before = state_of(release)
    if changes.get("version", release.version) != release.version:
        raise Conflict("The version of a release never changes", resource="release", version=release.version)
    if "metadata" in changes:
        release.metadata = merged(release.metadata, changes["metadata"])
    _check(release)
    was = release.status
    _move(release, changes.get("status", was))
    if state_of(release) != before:
        if was == ReleaseStatus.ARCHIVED:
            raise Conflict("An archived release does not change", resource="release", version=release.version)
        release.save()
        _record(actor, release, before=before)
        registered = [] if was == ReleaseStatus.DRAFT else before["metadata"].get("inputs", [])
        publish_release(actor=actor, release=release, former_inputs=registered)
    return release


@transaction.atomic
def delete_release(*, actor: Actor, release: Release) -> None:
    """Drafts only: what was released stays readable. Raises Conflict."""
    actor.require(Role.EDITOR)
    release = locked(Release.objects.select_related("project__product"), release)
    if release.status != ReleaseStatus.DRAFT:
        raise Conflict("Only a draft can be deleted; archive the release", resource="release", status=release.status)
    before, key, product_version = state_of(release), release.pk, release.product_version
    forget_release(actor=actor, release=release)
    Release.objects.filter(pk=key).update(collection=None)
    release.collections.all().delete()
    release.delete()
    release.pk = key
    if not product_version.releases.exists():
        product_version.delete()
    change = Change("DELETE", "RELEASE", key, str(release), before, None)
    record(actor, change, organization_id=release.organization_id)


def state_of(release: Release) -> dict[str, Any]:
    """The whole state, as the trail keeps it."""
    return {
        "project_id": str(release.project_id),
        "version": release.version,
        "status": str(release.status),
        "release_date": release.release_date.isoformat() if release.release_date else None,
        "metadata": release.metadata,
        "collection_id": str(release.collection_id) if release.collection_id else None,
    }


def _version(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        raise Invalid(fields={"version": ["This field is required: a text."]})
    # These two would stand in paths, which clients resolve before they send.
    if len(text) > VERSION_LENGTH or not _VERSION.fullmatch(text) or text in {".", ".."}:
        words = (
            f"Use at most {VERSION_LENGTH} characters, without spaces, '/', '\\', '?', '#', '%' and control characters"
        )
        raise Invalid(fields={"version": [f"{words}; neither '.' nor '..'."]})
    return text


def _taken(version: str) -> Conflict:
    return Conflict("Version already exists", resource="release", version=version)


def _check(release: Release) -> None:
    clean(release)
    wrong: dict[str, list[str]] = {}
    for name in TEXTS:
        if not isinstance(release.metadata.get(name, ""), str):
            wrong[f"metadata.{name}"] = ["This must be a text."]
    for name in NAMES:
        listed = release.metadata.get(name, [])
        if not isinstance(listed, list) or not all(isinstance(entry, str) and entry for entry in listed):
            wrong[f"metadata.{name}"] = ["This must be a list of texts."]
    if wrong:
        raise Invalid(fields=wrong)


def _move(release: Release, status: Any) -> None:
    """Take the step to `status`; staying where one is is no step."""
    if status not in ReleaseStatus.values:
        raise Invalid(fields={"status": [f"Choose one of {', '.join(ReleaseStatus.values)}."]})
    if status == release.status:
        return
    allowed = STEPS[release.status]
    if status not in allowed:
        words = f"A release that is {release.status} cannot become {status}"
        raise Conflict(words, resource="release", status=str(release.status), allowed=sorted(str(a) for a in allowed))
    release.status = status
    if status == ReleaseStatus.RELEASED:
        release.release_date = timezone.now()
    if status == ReleaseStatus.ARCHIVED:
        release.archived_at = timezone.now()


def _record(actor: Actor, release: Release, *, before: dict[str, Any] | None) -> None:
    action = "CREATE" if before is None else "UPDATE"
    change = Change(action, "RELEASE", release.pk, str(release), before, state_of(release))
    record(actor, change, organization_id=release.organization_id)
