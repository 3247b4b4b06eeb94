"""The rows that specs are answered from, any number of them with a constant number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Lower

from accounts.actor import Actor
from audit.tables import json_text
from catalog.tables import among, as_uuid, is_postgresql
from registry.querysets.entries import readable_organizations
from registry.specs import Spec, Window


@dataclass(frozen=True, slots=True, eq=False)
class MeantEntry:
    """An entry that a spec may mean, with the names of its organization and its own as they are written."""

    id: UUID
    organization: str
    name: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version as specs are answered from it."""

    id: UUID
    entry_id: UUID
    organization: str
    name: str
    version: str
    external_version: str
    dependency_count: int
    is_yanked: bool


@dataclass(frozen=True, slots=True)
class Form:
    """A version in one format: a file, a set of dependencies, or both."""

    checksum: str
    size: int
    file_id: UUID | None = None
    filename: str = ""
    dependency_count: int = 0


Entries = Mapping[tuple[str, str], MeantEntry]


def entries_meant(actor: Actor, specs: Sequence[Spec], kind: str) -> dict[tuple[str, str], MeantEntry]:
    """The entries that may be meant, by organization and name in lower case. Two queries."""
    slugs = {spec.organization.lower() for spec in specs}
    lowered = readable_organizations(actor).annotate(lower_slug=Lower("slug")).filter(lower_slug__in=slugs)
    organizations = {lower: (key, slug) for key, lower, slug in lowered.values_list("pk", "lower_slug", "slug")}
    names = {(spec.organization.lower(), name.lower()) for spec in specs for name, _ in spec.readings}
    asked = [(organizations[organization][0], name) for organization, name in names if organization in organizations]
    if not asked:
        return {}
    slug_of = {key: (lower, slug) for lower, (key, slug) in organizations.items()}
    found: dict[tuple[str, str], MeantEntry] = {}
    for organization_id, slug_key, key, slug in _entry_rows(asked, kind):
        lower, organization = slug_of[as_uuid(organization_id)]
        found[lower, slug_key] = MeantEntry(as_uuid(key), organization, slug)
    return found


def _entry_rows(asked: Sequence[tuple[UUID, str]], kind: str) -> list[tuple[Any, str, Any, str]]:
    """Organization, name in lower case, id and name of these; on SQLite perhaps of some more."""
    organizations, names = [organization for organization, _ in asked], [name for _, name in asked]
    with connection.cursor() as cursor:
        if is_postgresql():  # by its index, name by name: asked for a thousand at once, it would read the whole table
            cursor.execute(
                "SELECT a.organization, a.name, e.id, e.slug FROM unnest(%s::uuid[], %s::text[]) a(organization, name),"
                " LATERAL (SELECT id, slug FROM registry_entry WHERE organization_id = a.organization AND kind = %s"
                " AND slug_key = a.name AND deleted_at IS NULL LIMIT 1) e",
                [organizations, names, kind],
            )
        else:
            of_them, first = among("organization_id", set(organizations), "uuid")
            so_named, second = among("slug_key", names)
            cursor.execute(
                "SELECT organization_id, slug_key, id, slug FROM registry_entry"  # noqa: S608  our own texts
                f" WHERE {of_them} AND kind = %s AND {so_named} AND deleted_at IS NULL",
                [first, kind, second],
            )
        rows: list[tuple[Any, str, Any, str]] = cursor.fetchall()
        return rows


_PICK = (
    "SELECT v.id FROM registry_version v WHERE v.entry_id = {entry} AND v.deleted_at IS NULL AND v.yanked_at IS NULL"
    " AND v.sort_key >= {low} AND v.sort_key < {high} AND ({early} OR NOT v.is_prerelease)"
    " AND ({format} = '' OR EXISTS (SELECT 1 FROM registry_file f WHERE f.version_id = v.id AND f.format = {format})"
    " OR EXISTS (SELECT 1 FROM registry_dependencyset d WHERE d.version_id = v.id AND d.format = {format}))"
    " ORDER BY v.sort_key DESC, v.version DESC LIMIT 1"
)


def pick_versions(asked: Sequence[tuple[str, UUID, Window, str]]) -> list[tuple[int, UUID]]:
    columns: list[list[Any]] = [
        list(range(len(asked))),
        [entry for _, entry, _, _ in asked],
        [window.low for _, _, window, _ in asked],
        [window.high for _, _, window, _ in asked],
        [window.prereleases for _, _, window, _ in asked],
        [format_name for _, _, _, format_name in asked],
    ]
    with connection.cursor() as cursor:
        if is_postgresql():
            names = {"entry": "r.entry", "low": "r.low", "high": "r.high", "early": "r.early", "format": "r.format"}
            cursor.execute(
                f"SELECT r.n, ({_PICK.format(**names)}) FROM unnest(%s::int[], %s::uuid[], %s::text[], %s::text[],"  # noqa: S608
                " %s::bool[], %s::text[]) AS r(n, entry, low, high, early, format) ORDER BY r.n",
                columns,
            )
        else:
            columns[1] = [entry.hex for entry in columns[1]]
            keys = ("n", "entry", "low", "high", "early", "format")
            names = {key: f"(j.value ->> '{key}')" for key in keys[1:]}
            rows = [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]
            cursor.execute(
                f"SELECT j.value ->> 'n', ({_PICK.format(**names)}) FROM json_each(%s) j ORDER BY 1",  # noqa: S608
                [json_text(rows)],
            )
        return [(place, as_uuid(version)) for place, version in cursor.fetchall() if version is not None]


def version_rows(
    entries: Entries, pairs: Collection[tuple[UUID, str]], ids: Collection[UUID]
) -> tuple[dict[UUID, VersionRow], dict[tuple[UUID, str], VersionRow]]:
    """These versions, by id and by entry and version. One query."""
    by_id: dict[UUID, VersionRow] = {}
    by_pair: dict[tuple[UUID, str], VersionRow] = {}
    if not pairs and not ids:
        return by_id, by_pair
    of_entries, first = among("entry_id", {entry for entry, _ in pairs}, "uuid")
    so_named, second = among("version", {version for _, version in pairs})
    or_these, third = among("id", ids, "uuid")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, entry_id, version, external_version, dependency_count, yanked_at IS NOT NULL"  # noqa: S608
            f" FROM registry_version WHERE deleted_at IS NULL AND ({of_entries} AND {so_named} OR {or_these})",
            [first, second, third],
        )
        rows = cursor.fetchall()
    known = {entry.id: entry for entry in entries.values()}
    for row_id, entry_id, version, external, count, is_yanked in rows:
        key, entry = as_uuid(row_id), known[as_uuid(entry_id)]
        if key in ids or (entry.id, version) in pairs:
            row = VersionRow(key, entry.id, entry.organization, entry.name, version, external, count, bool(is_yanked))
            by_id[key] = by_pair[entry.id, version] = row
    return by_id, by_pair


def forms_of(versions: Mapping[UUID, VersionRow]) -> dict[UUID, dict[str, Form]]:
    """What each version is there in, by format. Two queries."""
    forms: dict[UUID, dict[str, Form]] = defaultdict(dict)
    if not versions:
        return forms
    condition, parameter = among("version_id", list(versions), "uuid")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT version_id, format, tree_checksum, size, count FROM registry_dependencyset"  # noqa: S608
            f" WHERE {condition}",
            [parameter],
        )
        for version, name, checksum, size, count in cursor.fetchall():
            forms[as_uuid(version)][name] = Form(checksum, size, dependency_count=count)
        cursor.execute(
            f"SELECT version_id, format, sha256, size, id, filename FROM registry_file WHERE {condition}",  # noqa: S608
            [parameter],
        )
        for version, name, checksum, size, key, filename in cursor.fetchall():
            held = forms[as_uuid(version)].get(name)
            count = held.dependency_count if held else 0
            forms[as_uuid(version)][name] = Form(checksum, size, as_uuid(key), filename, count)
    return forms
