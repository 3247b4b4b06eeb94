"""The objects of the Transparency Exchange API, from ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from rest_framework.request import Request

from registry.api.tea.base import tei_of, with_version
from registry.models import (
    Artifact,
    ArtifactType,
    Collection,
    CollectionReason,
    Product,
    ProductVersion,
    Project,
    Release,
)
from registry.version_order import is_pre_release

_TYPES = {
    ArtifactType.SBOM: "BOM",
    ArtifactType.VEX: "VULNERABILITIES",
    ArtifactType.CERTIFICATION: "CERTIFICATION",
}
_OTHER_TYPES = {
    "attestation": "ATTESTATION",
    "build_meta": "BUILD_META",
    "formulation": "FORMULATION",
    "license": "LICENSE",
    "release_notes": "RELEASE_NOTES",
    "security_txt": "SECURITY_TXT",
    "threat_model": "THREAT_MODEL",
}
"""Formats of artifacts of type `other` that the specification has a type for."""


def identifiers_of(thing: Product | Project, host: str) -> list[dict[str, str]]:
    """What it was given, and a TEI by its UUID where that names none."""
    given = list(thing.identifiers)
    if any(identifier["idType"] == "TEI" for identifier in given):
        return given
    return [*given, {"idType": "TEI", "idValue": tei_of(host, thing.pk)}]


def version_identifiers(thing: Product | Project, release: ProductVersion | Release, host: str) -> list[dict[str, str]]:
    found = [{"idType": "TEI", "idValue": tei_of(host, release.pk)}]
    for identifier in thing.identifiers:
        versioned = with_version(identifier, release.version)
        if versioned is not None:
            found.append(versioned)
    return found


def product(instance: Product, host: str) -> dict[str, Any]:
    return {"uuid": instance.pk, "name": instance.name, "identifiers": identifiers_of(instance, host)}


def component(instance: Project, host: str) -> dict[str, Any]:
    return {"uuid": instance.pk, "name": instance.name, "identifiers": identifiers_of(instance, host)}


def product_release(instance: ProductVersion, host: str) -> dict[str, Any]:
    """`instance.shown` holds its releases that are no drafts."""
    releases = shown(instance)
    dates = [release.release_date for release in releases if release.release_date]
    found: dict[str, Any] = {
        "uuid": instance.pk,
        "product": instance.product_id,
        "productName": instance.product.name,
        "version": instance.version,
        "createdDate": instance.created_at,
        "preRelease": is_pre_release(instance.version),
        "identifiers": version_identifiers(instance.product, instance, host),
        "components": [{"uuid": release.project_id, "release": release.pk} for release in releases],
    }
    if dates:
        found["releaseDate"] = min(dates)
    return found


def component_release(instance: Release, host: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "uuid": instance.pk,
        "component": instance.project_id,
        "componentName": instance.project.name,
        "version": instance.version,
        "createdDate": instance.created_at,
        "preRelease": is_pre_release(instance.version),
        "identifiers": version_identifiers(instance.project, instance, host),
        "distributions": [],
    }
    if instance.release_date:
        found["releaseDate"] = instance.release_date
    return found


def shown(instance: ProductVersion) -> list[Release]:
    return [release for release in instance.releases.all() if release.status != "draft"]


def artifact(instance: Artifact, request: Request) -> dict[str, Any]:
    url = request.build_absolute_uri(reverse("tea-artifact-content", args=[instance.pk]))
    type_ = _TYPES.get(ArtifactType(instance.type)) or _OTHER_TYPES.get(instance.format.lower(), "OTHER")
    return {
        "uuid": instance.pk,
        "name": str(instance),
        "type": type_,
        "version": 1,
        "createdDate": instance.created_at,
        "distributionIds": [],
        "formats": [
            {
                "mediaType": instance.media_type,
                "description": " ".join(part for part in (instance.format, instance.spec_version) if part),
                "url": url,
                "checksums": [{"algType": "SHA-256", "algValue": instance.sha256}],
            }
        ],
    }


# Collections -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """A collection as TEA numbers it, and the collections of ours that it is made of."""

    number: int
    date: datetime
    reason: str
    comment: str
    made_of: tuple[Collection, ...]


def steps_of(releases: Sequence[Release]) -> list[Step]:
    """The history of what these releases hold together, first step first.

    The first collections of all of them are step 1; each later change of any of them is a step more.
    """
    all_of = sorted(
        Collection.objects.filter(release__in=releases),
        key=lambda collection: (collection.created_at, collection.number),
    )
    current = {collection.release_id: collection for collection in all_of if collection.number == 1}
    if not current:
        return []
    first = max(current.values(), key=lambda collection: collection.created_at)
    steps = [Step(1, first.created_at, CollectionReason.INITIAL_RELEASE, "", tuple(current.values()))]
    for collection in all_of:
        if collection.number > 1:
            current[collection.release_id] = collection
            number = len(steps) + 1
            steps.append(
                Step(number, collection.created_at, collection.reason, collection.comment, tuple(current.values()))
            )
    return steps


def collection(step: Step, owner: ProductVersion | Release, artifacts: Iterable[Artifact], request: Request) -> Any:
    belongs_to = "PRODUCT_RELEASE" if isinstance(owner, ProductVersion) else "COMPONENT_RELEASE"
    reason = {"type": str(step.reason)} | ({"comment": step.comment} if step.comment else {})
    return {
        "uuid": owner.pk,
        "version": step.number,
        "date": step.date,
        "belongsTo": belongs_to,
        "updateReason": reason,
        "artifacts": [artifact(one, request) for one in artifacts],
    }


# Common Lifecycle Enumeration ----------------------------------------------------------------------


def lifecycle(releases: Iterable[Release], owner: str) -> dict[str, Any]:
    """ECMA-428 events of these releases, newest first: released, and no longer distributed once archived."""
    happened: list[tuple[datetime, str, Release]] = []
    for release in releases:
        if release.release_date:
            happened.append((release.release_date, "released", release))
        if release.archived_at and release.release_date:
            happened.append((release.archived_at, "endOfDistribution", release))
    happened.sort(key=lambda event: (event[0], event[1], event[2].version))
    events = [
        _event(number, moment, type_, release, owner) for number, (moment, type_, release) in enumerate(happened, 1)
    ]
    return {"events": events[::-1]}


def _event(number: int, moment: datetime, type_: str, release: Release, owner: str) -> dict[str, Any]:
    event: dict[str, Any] = {"id": number, "type": type_, "effective": moment, "published": moment}
    if type_ == "released":
        return {**event, "version": release.version, "description": f"{owner} {release.version}"}
    return {**event, "versions": [{"version": release.version}]}
