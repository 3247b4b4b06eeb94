"""Questions about what is inside releases, each answered in a constant number of statements from the index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, QuerySet

from catalog.tables import db_uuid
from registry.models import Artifact, ArtifactRelationship, ArtifactType, Content, Release, Statement
from registry.version_order import sort_key
from registry.version_ranges import in_range

# What changed? -----------------------------------------------------------------------------------


class Entry(NamedTuple):
    """A package in a release, with the versions that are in it, lowest first."""

    type: str
    group: str
    name: str
    versions: list[str]


class Moved(NamedTuple):
    """A package in both releases, in other versions. `direction` is upgraded, downgraded or changed."""

    type: str
    group: str
    name: str
    before: list[str]
    after: list[str]
    direction: str


@dataclass(slots=True)
class Difference:
    added: list[Entry] = field(default_factory=list)
    removed: list[Entry] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    unchanged: int = 0


def difference(before: Release, after: Release) -> Difference:
    """What the SBOMs of two releases have differently, by package and its versions. Two statements."""
    old, new = _packages_of(before), _packages_of(after)
    gone, came = _by_package(old - new), _by_package(new - old)
    touched = gone.keys() | came.keys()
    stayed = _by_package(old & new)
    found = Difference(unchanged=len(stayed.keys() - touched))
    for key in sorted(touched, key=_by_name):
        kept = stayed.get(key, [])
        was, now = _ordered(gone.get(key, []) + kept), _ordered(came.get(key, []) + kept)
        if not was:
            found.added.append(Entry(*key, now))
        elif not now:
            found.removed.append(Entry(*key, was))
        else:
            found.moved.append(Moved(*key, was, now, _direction(was, now)))
    return found


PackageKey = tuple[str, str, str]


def _packages_of(release: Release) -> set[tuple[str, str, str, str]]:
    """(type, namespace, name, version) of each component of the release's current artifacts."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.type, p.namespace, p.name, c.version FROM registry_content c"
            " JOIN registry_package p ON p.id = c.package_id"
            " JOIN registry_collectionitem i ON i.artifact_id = c.artifact_id WHERE i.collection_id = %s",
            [db_uuid(release.collection_id) if release.collection_id else None],
        )
        return set(cursor.fetchall())


def _by_package(rows: Iterable[tuple[str, str, str, str]]) -> dict[PackageKey, list[str]]:
    found: dict[PackageKey, list[str]] = {}
    for type_, namespace, name, version in rows:
        found.setdefault((type_, namespace, name), []).append(version)
    return found


def _by_name(key: PackageKey) -> tuple[str, PackageKey]:
    return key[2], key


def _ordered(versions: list[str]) -> list[str]:
    return sorted(versions, key=sort_key) if len(versions) > 1 else versions


def _direction(was: list[str], now: list[str]) -> str:
    highest_was, highest_now = sort_key(was[-1]), sort_key(now[-1])
    if highest_now == highest_was:
        return "changed"
    return "upgraded" if highest_now > highest_was else "downgraded"


def sboms_of(release: Release) -> list[UUID]:
    """The SBOMs among a release's current artifacts."""
    found = Artifact.objects.filter(placements__collection=release.collection_id, component_count__gt=0)
    return list(found.order_by().values_list("pk", flat=True))


# Which licences? ---------------------------------------------------------------------------------


def licences_of(release: Release) -> list[dict[str, Any]]:
    """Each licence expression of a release's components with how many carry it; '' stands for none. Most first."""
    rows = (
        Content.objects.filter(artifact__in=sboms_of(release))
        .order_by()
        .values(expression=F("licence__expression"), identifiers=F("licence__identifiers"))
        .annotate(components=Count("pk"))
        .order_by("-components", "licence__expression")
    )
    return [
        {
            "licence": row["expression"] or "",
            "identifiers": [name for name in (row["identifiers"] or "").split("|") if name],
            "components": row["components"],
        }
        for row in rows
    ]


# Which vulnerabilities? --------------------------------------------------------------------------


def vulnerabilities_of(release: Release) -> list[dict[str, Any]]:
    """What VEX documents say of this release: of its components, or of itself.

    Heard are the statements in its own artifacts, and in every VEX that is related to one of its SBOMs.
    Where several speak of one vulnerability in one thing, the newest document is believed.
    """
    held = list(
        Artifact.objects.filter(placements__collection=release.collection_id).values_list(
            "pk", "serial_number", "subject_purl"
        )
    )
    sboms = sboms_of(release)
    related = ArtifactRelationship.objects.filter(target__in=sboms, source__type=ArtifactType.VEX)
    own = {pk for pk, _, _ in held}
    heard = own | set(related.values_list("source", flat=True))
    statements = (
        Statement.objects.filter(artifact__in=heard).select_related("artifact").order_by("artifact__created_at")
    )
    inside = _contents_by_package(sboms, statements)
    about = {text for _, serial, purl in held for text in (serial, purl) if text}
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for statement in statements:
        for thing in _things(statement, inside, about, own):
            newest[statement.vulnerability, thing["purl"] or thing["name"]] = _said(statement, thing)
    return sorted(newest.values(), key=lambda said: (said["vulnerability"], said["component"]["name"]))


def _contents_by_package(sboms: list[UUID], statements: QuerySet[Statement]) -> Mapping[UUID, list[dict[str, Any]]]:
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    packages = statements.order_by().filter(package__isnull=False).values("package")
    rows = Content.objects.filter(artifact__in=sboms, package__in=packages).values(
        "package_id", "version", "purl", name=F("package__name"), group=F("package__namespace")
    )
    for row in rows:
        found[row["package_id"]].append(dict(row))
    return found


def _things(
    statement: Statement, inside: Mapping[UUID, list[dict[str, Any]]], about: set[str], own: set[UUID]
) -> Iterable[dict[str, Any]]:
    """The components of the release that a statement speaks of; the release itself where it names that."""
    matched = False
    if statement.package_id:
        for row in inside.get(statement.package_id, ()):
            if _covers(statement, row["version"]):
                matched = True
                yield {key: row[key] for key in ("group", "name", "version", "purl")}
    if matched:
        return
    of_itself = statement.serial_number in about or statement.product in about
    unspecific = statement.artifact_id in own and not statement.package_id
    if (of_itself and (statement.serial_number or statement.product)) or unspecific:
        purl = statement.product if statement.product.startswith("pkg:") else ""
        yield {"group": "", "name": statement.product or str(statement.artifact), "version": "", "purl": purl}


def _covers(statement: Statement, version: str) -> bool:
    if statement.version:
        return statement.version == version
    return not statement.version_range or in_range(version, statement.version_range)


def _said(statement: Statement, thing: dict[str, Any]) -> dict[str, Any]:
    return {
        "vulnerability": statement.vulnerability,
        "aliases": statement.aliases,
        "status": statement.status,
        "justification": statement.justification,
        "detail": statement.detail,
        "component": thing,
        "artifact_id": statement.artifact_id,
    }
