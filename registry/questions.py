"""Questions about what is inside releases, each answered in a constant number of statements from the index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from accounts.actor import Actor
from contracts.errors import Invalid
from registry.documents.parts import split_purl
from registry.models import (
    Artifact,
    ArtifactRelationship,
    ArtifactType,
    CollectionItem,
    Content,
    Licence,
    Package,
    Release,
    Statement,
)
from registry.services.artifacts_index import package_key
from registry.version_order import sort_key
from registry.version_ranges import in_range, matching, read_range

# Which components? -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for of components; all that is given must hold.

    `name` without regard to case, alone or as `group/name`; `purl` with or without a version; `version` exactly;
    `version_range` as `vers:pypi/>=1.0|<2.0`; `licence` as an identifier or a whole expression; `package_id` as
    the index knows it.
    """

    name: str = ""
    purl: str = ""
    version: str = ""
    version_range: str = ""
    licence: str = ""
    package_id: UUID | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.name or self.purl or self.licence or self.package_id)


def components_like(*, actor: Actor, wanted: Wanted) -> QuerySet[Content]:
    """The components that are asked for, of all artifacts the actor sees.

    Raises Invalid where none of name, purl and licence is given, or a purl or range cannot be read.
    """
    return Content.objects.all().visible_to(actor).filter(**_conditions(actor, wanted))


def _conditions(actor: Actor, wanted: Wanted) -> dict[str, Any]:
    """Lookups of Content; packages and licences are those of the actor's organizations already."""
    if wanted.is_empty:
        raise Invalid(fields={"components": ["Ask for a name, a purl or a licence."]})
    found: dict[str, Any] = {}
    version = wanted.version
    if wanted.name or wanted.purl or wanted.package_id:
        packages = Package.objects.all().visible_to(actor)
        if wanted.purl:
            split = split_purl(wanted.purl)
            if split is None:
                raise Invalid(fields={"purl": ["This is no package URL."]})
            packages = packages.filter(key=package_key(split[0]))
            version = version or split[1]
        if wanted.name:
            packages = packages.filter(_named(wanted.name))
        if wanted.package_id:
            packages = packages.filter(pk=wanted.package_id)
        found["package__in"] = list(packages.values_list("pk", flat=True))
    if version:
        found["version"] = version
    if wanted.licence:
        licences = Licence.objects.all().visible_to(actor).naming(wanted.licence)
        found["licence__in"] = list(licences.values_list("pk", flat=True))
    if wanted.version_range:
        read_range(wanted.version_range)
        there = Content.objects.filter(**found).order_by().values_list("version", flat=True).distinct()
        found["version__in"] = matching(there, wanted.version_range)
    return found


def _named(name: str) -> Q:
    lowered = name.lower()
    found = Q(folded_name=lowered)
    namespace, slash, last = name.replace(":", "/").rpartition("/")
    if slash and last:
        found |= Q(folded_name=last.lower(), namespace__iexact=namespace)
    return found


def releases_with(*, actor: Actor, wanted: Wanted) -> QuerySet[CollectionItem]:
    """Where the components asked for are: one row for each component in each release's current artifacts.

    Newest release first. `rows_of` makes dictionaries of them.
    """
    conditions = {f"artifact__contents__{name}": value for name, value in _conditions(actor, wanted).items()}
    items = CollectionItem.objects.filter(collection=F("collection__release__collection"), **conditions)
    return items.order_by("-collection__release__created_at", "-collection__release", "artifact__contents__position")


ROW = {
    "release_id": "collection__release_id",
    "release_version": "collection__release__version",
    "release_status": "collection__release__status",
    "release_date": "collection__release__release_date",
    "project_id": "collection__release__project_id",
    "project_name": "collection__release__project__name",
    "product_id": "collection__release__project__product_id",
    "product_name": "collection__release__project__product__name",
    "found_artifact_id": "artifact_id",
    "group": "artifact__contents__package__namespace",
    "name": "artifact__contents__package__name",
    "version": "artifact__contents__version",
    "purl": "artifact__contents__purl",
    "type": "artifact__contents__type",
    "licence": "artifact__contents__licence__expression",
}


def rows_of(items: QuerySet[CollectionItem]) -> QuerySet[Any, Any]:
    return cast(QuerySet[Any, Any], items.values(**{name: F(path) for name, path in ROW.items()}))


# What changed? -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """A package in a release, with the versions that are in it."""

    group: str
    name: str
    type: str
    versions: list[str]


@dataclass(frozen=True, slots=True)
class Moved:
    """A package in both releases, in other versions. `direction` is upgraded, downgraded or changed."""

    group: str
    name: str
    type: str
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
    """What the SBOMs of two releases have differently, by package. Three statements."""
    old, new = _versions_of(before), _versions_of(after)
    touched = [key for key in old.keys() | new.keys() if old.get(key) != new.get(key)]
    names = _package_names(touched)
    found = Difference(unchanged=len(old.keys() | new.keys()) - len(touched))
    for key in sorted(touched, key=lambda key: names[key]):
        name, group, type_ = names[key]
        was, now = _ordered(old.get(key, ())), _ordered(new.get(key, ()))
        if not was:
            found.added.append(Entry(group, name, type_, now))
        elif not now:
            found.removed.append(Entry(group, name, type_, was))
        else:
            found.moved.append(Moved(group, name, type_, was, now, _direction(was, now)))
    return found


def _versions_of(release: Release) -> dict[UUID, set[str]]:
    found: dict[UUID, set[str]] = {}
    rows = Content.objects.filter(artifact__in=sboms_of(release)).order_by().values_list("package", "version")
    for package_id, version in rows.iterator(chunk_size=20_000):
        versions = found.get(package_id)
        if versions is None:
            found[package_id] = {version}
        else:
            versions.add(version)
    return found


def _package_names(keys: Iterable[UUID]) -> dict[UUID, tuple[str, str, str]]:
    wanted = list(keys)
    found: dict[UUID, tuple[str, str, str]] = {}
    for start in range(0, len(wanted), 10_000):
        rows = Package.objects.filter(pk__in=wanted[start : start + 10_000])
        for key, name, namespace, type_ in rows.order_by().values_list("pk", "name", "namespace", "type"):
            found[key] = (name, namespace, type_)
    return found


def _ordered(versions: Iterable[str]) -> list[str]:
    return sorted(versions, key=sort_key)


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
