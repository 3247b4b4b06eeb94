"""Questions about what is inside releases, each answered in a constant number of statements from the index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, QuerySet

from catalog.tables import among, db_uuid, is_postgresql
from registry.models import Artifact, ArtifactRelationship, ArtifactType, Content, Release, Statement
from registry.version_order import sort_key
from registry.version_ranges import in_range

# What changed? -----------------------------------------------------------------------------------


class Entry(NamedTuple):
    """A package in a release."""

    name: str
    type: str
    group: str
    joined: str

    @property
    def versions(self) -> list[str]:
        """Those that are in it, lowest first."""
        return self.joined.split(_BETWEEN)


class Moved(NamedTuple):
    """A package in both releases, in other versions."""

    name: str
    type: str
    group: str
    joined_before: str
    joined_after: str

    @property
    def before(self) -> list[str]:
        return self.joined_before.split(_BETWEEN)

    @property
    def after(self) -> list[str]:
        return self.joined_after.split(_BETWEEN)

    @property
    def direction(self) -> str:
        """upgraded, downgraded or changed: by the highest version before and after."""
        highest_before, highest_after = sort_key(self.before[-1]), sort_key(self.after[-1])
        if highest_after == highest_before:
            return "changed"
        return "upgraded" if highest_after > highest_before else "downgraded"


@dataclass(slots=True)
class Difference:
    added: list[Entry] = field(default_factory=list)
    removed: list[Entry] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    unchanged: int = 0


def difference(before: Release, after: Release) -> Difference:
    """What the SBOMs of two releases have differently, by package and its versions. Three statements."""
    rows = _packages_of(after, ", p.name, p.type, p.namespace")
    old, new = _versions(_packages_of(before)), _versions(rows)
    touched = {key for key, _ in old.items() ^ new.items()}
    names: dict[str, PackageNames] = {row[0]: row[2:] for row in rows if row[0] in touched}
    names |= _names_of(touched - names.keys())
    found = Difference(unchanged=len(old.keys() | new.keys()) - len(touched))
    for name, key in sorted(zip(names.values(), names, strict=True)):
        was, now = old.get(key), new.get(key)
        if now is None:
            found.removed.append(Entry(*name, was or ""))
        elif was is None:
            found.added.append(Entry(*name, now))
        else:
            found.moved.append(Moved(*name, was, now))
    return found


PackageNames = tuple[str, str, str]
"""Name, type and namespace of a package."""

_BETWEEN = "\x00"
"""Between the versions of one package; no document that is read holds it."""


def _packages_of(release: Release, more: str = "") -> list[Any]:
    """(package's id as text, version) of each component of the release's current artifacts, and more columns."""
    names = " JOIN registry_package p ON p.id = c.package_id" if more else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_as_text('c.package_id')}, c.version{more} FROM registry_content c{names}"  # noqa: S608
            " JOIN registry_collectionitem i ON i.artifact_id = c.artifact_id WHERE i.collection_id = %s",
            [db_uuid(release.collection_id) if release.collection_id else None],
        )
        found: list[Any] = cursor.fetchall()
        return found


def _versions(rows: list[Any]) -> dict[str, str]:
    """The versions of each package, lowest first, joined."""
    found = {row[0]: row[1] for row in rows}
    if len(found) == len(rows):
        return found
    several: dict[str, set[str]] = {}
    for row in rows:
        several.setdefault(row[0], set()).add(row[1])
    return {package: _BETWEEN.join(sorted(versions, key=sort_key)) for package, versions in several.items()}


def _names_of(keys: set[str]) -> dict[str, PackageNames]:
    if not keys:
        return {}
    condition, parameter = among("id", keys, "uuid")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_as_text('id')}, name, type, namespace FROM registry_package WHERE {condition}",  # noqa: S608
            [parameter],
        )
        return {row[0]: row[1:] for row in cursor.fetchall()}


def _as_text(column: str) -> str:
    """A UUID's column as text, which it is on SQLite anyway: cheaper to compare than UUIDs."""
    return f"{column}::text" if is_postgresql() else column


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
        .order_by("-components", F("licence__expression").asc(nulls_last=True))
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
