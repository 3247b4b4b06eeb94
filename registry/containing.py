"""Which components, and which releases contain them: from the index, in a constant number of statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from accounts.actor import Actor
from catalog.tables import among, as_uuid
from contracts.errors import Invalid
from registry.documents.parts import split_purl
from registry.models import Content, Licence, Package
from registry.services.artifacts_index import package_key
from registry.version_ranges import matching, package_scheme, read_range


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
            _check_scheme(split[0].type, wanted.version_range)
            packages = packages.filter(key=package_key(split[0]))
            version = version or split[1]
        if wanted.name:
            packages = packages.filter(_named(wanted.name))
        if (scheme := package_scheme(wanted.version_range)) and not wanted.purl:
            packages = packages.filter(type__in=(scheme, ""))
        if wanted.package_id:
            packages = packages.filter(pk=wanted.package_id)
        found["package__in"] = _ids(packages)
    if version:
        found["version"] = version
    if wanted.licence:
        licences = Licence.objects.all().visible_to(actor).naming(wanted.licence)
        found["licence__in"] = list(licences.values_list("pk", flat=True))
    if wanted.version_range:
        read_range(wanted.version_range)
        found["version__in"] = matching(_versions(found), wanted.version_range)
    return found


def _check_scheme(type_: str, version_range: str) -> None:
    scheme = package_scheme(version_range)
    if scheme and scheme != type_:
        words = f"A range of {scheme} versions says nothing of a {type_} package."
        raise Invalid(fields={"version_range": [words]})


def _ids(packages: QuerySet[Package]) -> list[UUID]:
    return list(packages.order_by().values_list("pk", flat=True))


def _versions(conditions: dict[str, Any]) -> list[str]:
    """The versions there are of the packages, or with the licences, asked for."""
    if not all(conditions.values()):
        return []
    terms, parameters = _terms(conditions)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT c.version FROM registry_content c WHERE {terms}", parameters)  # noqa: S608
        return [row[0] for row in cursor.fetchall()]


def _terms(conditions: dict[str, Any]) -> tuple[str, list[Any]]:
    """Conditions of Content as SQL, and their parameters."""
    terms, parameters = [], []
    for name, value in conditions.items():
        column, type_ = _SQL_NAMES[name]
        term, parameter = among(column, value, type_) if type_ else (f"{column} = %s", value)
        terms.append(term)
        parameters.append(parameter)
    return " AND ".join(terms), parameters


def _named(name: str) -> Q:
    lowered = name.lower()
    found = Q(folded_name=lowered)
    namespace, slash, last = name.replace(":", "/").rpartition("/")
    if slash and last:
        found |= Q(folded_name=last.lower(), namespace__iexact=namespace)
    return found


_FROM = """
 FROM registry_content c
 JOIN registry_package p ON p.id = c.package_id
 LEFT JOIN registry_licence l ON l.id = c.licence_id
 JOIN registry_collectionitem i ON i.artifact_id = c.artifact_id
 JOIN registry_release r ON r.collection_id = i.collection_id
 JOIN registry_project j ON j.id = r.project_id
 JOIN registry_product d ON d.id = j.product_id
 WHERE """
_COLUMNS = {
    "release_id": "r.id",
    "release_version": "r.version",
    "release_status": "r.status",
    "release_date": "r.release_date",
    "project_id": "j.id",
    "project_name": "j.name",
    "product_id": "d.id",
    "product_name": "d.name",
    "artifact_id": "c.artifact_id",
    "group": "p.namespace",
    "name": "p.name",
    "version": "c.version",
    "purl": "c.purl",
    "type": "c.type",
    "licence": "l.expression",
}
_SELECT = "SELECT " + ", ".join(_COLUMNS.values())
_ORDER = " ORDER BY r.created_at DESC, r.id DESC, c.artifact_id, c.position LIMIT %s OFFSET %s"
_SQL_NAMES = {
    "package__in": ("c.package_id", "uuid"),
    "licence__in": ("c.licence_id", "uuid"),
    "version__in": ("c.version", "text"),
    "version": ("c.version", ""),
}


class Containing:
    """Where the components asked for are: one row for each in each release's current artifacts, newest release first.

    By hand-written SQL: one statement for a page, as fast as the database can tell.
    """

    def __init__(self, conditions: dict[str, Any]) -> None:
        terms, self.parameters = _terms(conditions)
        self.where = _FROM + terms
        self.is_empty = any(isinstance(value, list) and not value for value in conditions.values())

    def count(self) -> int:
        if self.is_empty:
            return 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*)" + self.where, self.parameters)
            return int(cursor.fetchone()[0])

    def rows(self, limit: int, offset: int = 0) -> list[dict[str, Any]]:
        """Dictionaries with the keys of `_COLUMNS`."""
        if self.is_empty:
            return []
        with connection.cursor() as cursor:
            cursor.execute(_SELECT + self.where + _ORDER, [*self.parameters, limit, offset])
            found = cursor.fetchall()
        return [_row(values) for values in found]


def _row(values: tuple[Any, ...]) -> dict[str, Any]:
    row = dict(zip(_COLUMNS, values, strict=True))
    for name in ("release_id", "project_id", "product_id", "artifact_id"):
        row[name] = as_uuid(row[name])
    moment = row["release_date"]
    if isinstance(moment, str):
        row["release_date"] = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    return row


def releases_with(*, actor: Actor, wanted: Wanted) -> Containing:
    """Which releases contain it. Raises Invalid as `components_like` does."""
    return Containing(_conditions(actor, wanted))
