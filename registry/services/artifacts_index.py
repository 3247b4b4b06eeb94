"""Writes what is inside an artifact into the index, in a constant number of statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from audit.tables import insert_rows
from catalog.search import Document as SearchEntry
from catalog.search import index_documents
from catalog.tables import among, as_uuid, db_uuid, is_postgresql
from registry.documents import Claim, Document, PackageName, Part
from registry.documents.parts import licence_identifiers
from registry.models import Artifact, Content, Edge, Licence, Package, Statement

NAME_LENGTH = 500
KEY_BYTES = 2000
"""A B-tree entry of PostgreSQL holds about 2,700 bytes."""

_CONTENT = (
    "artifact_id",
    "package_id",
    "licence_id",
    "position",
    "ref",
    "type",
    "version",
    "purl",
    "supplier",
    "scope",
    "hashes",
)
_STATEMENT = (
    "artifact_id",
    "position",
    "vulnerability",
    "aliases",
    "status",
    "justification",
    "detail",
    "product",
    "package_id",
    "version",
    "version_range",
    "serial_number",
)


def write_index(artifact: Artifact, document: Document) -> None:
    """Index the components, edges and statements of a new artifact, and name new packages to search."""
    organization_id = artifact.organization_id
    named = [part.package for part in document.parts]
    named += [claim.package for claim in document.claims if claim.package is not None]
    packages = _packages(organization_id, named)
    licences = _licences(organization_id, {part.licence for part in document.parts if part.licence})
    insert_rows(Content, _CONTENT, _content_rows(artifact.pk, document.parts, packages, licences))
    if document.edges:
        rows = ((artifact.pk, source, target) for source, target in document.edges)
        insert_rows(Edge, ("artifact_id", "source", "target"), rows)
    if document.claims:
        insert_rows(Statement, _STATEMENT, _statement_rows(artifact.pk, document.claims, packages))


def _content_rows(
    artifact_id: UUID, parts: Iterable[Part], packages: dict[PackageName, UUID], licences: dict[str, UUID]
) -> Iterable[Sequence[Any]]:
    for position, part in enumerate(parts, 1):
        yield (
            artifact_id,
            packages[part.package],
            licences.get(part.licence),
            position,
            part.ref,
            part.type[:40],
            part.version[:255],
            part.purl,
            part.supplier,
            part.scope[:20],
            part.hashes,
        )


def _statement_rows(
    artifact_id: UUID, claims: Iterable[Claim], packages: dict[PackageName, UUID]
) -> Iterable[Sequence[Any]]:
    for position, claim in enumerate(claims, 1):
        yield (
            artifact_id,
            position,
            claim.vulnerability[:200],
            claim.aliases,
            claim.status,
            claim.justification[:100],
            claim.detail,
            claim.product,
            packages[claim.package] if claim.package is not None else None,
            claim.version[:255],
            claim.version_range,
            claim.serial_number[:500],
        )


# Packages ----------------------------------------------------------------------------------------


def package_key(package: PackageName) -> str:
    """What a package is found by; a name too long for an index is told apart by its digest."""
    key = package.key
    if len(key) <= 1000 and len(key.encode()) <= KEY_BYTES:
        return key
    return f"{key[:400]}#{sha256(key.encode()).hexdigest()}"


def _packages(organization_id: UUID, named: Iterable[PackageName]) -> dict[PackageName, UUID]:
    """The id of each package, made where the organization has not met it before."""
    keys = {package: package_key(package) for package in dict.fromkeys(named)}
    known = _known(Package, "key", organization_id, keys.values())
    missing = {keys[package]: package for package in keys if keys[package] not in known}
    if missing:
        rows = [_package_row(organization_id, key, missing[key]) for key in sorted(missing)]
        made = _insert_new(Package, _PACKAGE, rows)
        index_documents([_search_entry(row) for row in rows if row[0] in made], are_new=True)
        known.update((row[5], row[0]) for row in rows if row[0] in made)
        if len(made) < len(rows):
            known.update(_known(Package, "key", organization_id, missing))
    return {package: known[key] for package, key in keys.items()}


_PACKAGE = ("id", "organization_id", "type", "namespace", "name", "key", "folded_name")


def _package_row(organization_id: UUID, key: str, package: PackageName) -> tuple[Any, ...]:
    name = package.name[:NAME_LENGTH]
    return (
        uuid7(),
        organization_id,
        package.type[:50],
        package.namespace[:NAME_LENGTH],
        name,
        key,
        name.lower()[:NAME_LENGTH],
    )


def _search_entry(row: tuple[Any, ...]) -> SearchEntry:
    key, organization_id, type_, _, name, path, _ = row
    return SearchEntry(
        entity_id=key, organization_id=organization_id, kind="component", type=type_, name=name, path=path
    )


# Licences ----------------------------------------------------------------------------------------


def _licences(organization_id: UUID, expressions: Collection[str]) -> dict[str, UUID]:
    clipped = {expression: expression[:600] for expression in expressions}
    known = _known(Licence, "expression", organization_id, clipped.values())
    rows = [
        (uuid7(), organization_id, text, f"|{'|'.join(licence_identifiers(text)).casefold()}|")
        for text in sorted(set(clipped.values()) - known.keys())
    ]
    if rows:
        made = _insert_new(Licence, ("id", "organization_id", "expression", "identifiers"), rows)
        known.update((row[2], row[0]) for row in rows if row[0] in made)
        if len(made) < len(rows):
            known.update(_known(Licence, "expression", organization_id, [row[2] for row in rows]))
    return {expression: known[text] for expression, text in clipped.items()}


# Both --------------------------------------------------------------------------------------------


def _known(
    model: type[Package | Licence], column: str, organization_id: UUID, values: Collection[str]
) -> dict[str, UUID]:
    """The ids of the rows that are there, by what they are found by. One statement."""
    if not values:
        return {}
    condition, parameter = among(column, values)
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column}, id FROM {table} WHERE organization_id = %s AND {condition}",  # noqa: S608
            [db_uuid(organization_id), parameter],
        )
        return {text: as_uuid(key) for text, key in cursor.fetchall()}


def _insert_new(model: type[Package | Licence], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> set[UUID]:
    """Insert what nobody else inserted meanwhile; returns the ids of those that were. One statement.

    On SQLite there is one writer at a time, so nobody could have.
    """
    if not is_postgresql():
        insert_rows(model, columns, rows)
        return {row[0] for row in rows}
    types = ["uuid" if column.endswith("id") else "text" for column in columns]
    marks = ", ".join(f"%s::{type_}[]" for type_ in types)
    arrays = [[row[place] for row in rows] for place in range(len(columns))]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"  # noqa: S608  names of columns
            f" SELECT * FROM unnest({marks}) ON CONFLICT DO NOTHING RETURNING id",
            arrays,
        )
        return {row[0] for row in cursor.fetchall()}
