"""Specs into exact files, any number of them with a constant number of queries (six, whatever is asked)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models.functions import Lower

from accounts.actor import Actor
from audit.tables import json_text
from catalog.tables import among, as_uuid, is_postgresql
from registry.querysets.entries import readable_organizations
from registry.specs import Spec, Window, parse_spec


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
class Resolved:
    """What a spec stands for: one version in one format. `checksum` is SHA-256 (hexadecimal) of its file, or the
    tree checksum of a version that is made of others; `size` is in bytes."""

    spec: str
    version: VersionRow
    format: str
    checksum: str
    size: int
    file_id: UUID | None
    filename: str
    dependency_count: int

    @property
    def source(self) -> str:
        """`org:name@version`."""
        found = self.version
        return f"{found.organization}:{found.name}@{found.version}"

    @property
    def exact(self) -> str:
        """`org:name-format@version`."""
        found = self.version
        return f"{found.organization}:{found.name}-{self.format}@{found.version}"


@dataclass(slots=True)
class Resolution:
    """What was found, and for each spec that was not, why: unreadable ones apart from missing ones."""

    found: dict[str, Resolved] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Form:
    """A version in one format: a file, a set of dependencies, or both."""

    checksum: str
    size: int
    file_id: UUID | None = None
    filename: str = ""
    dependency_count: int = 0


def resolve(*, actor: Actor, specs: Iterable[str], kind: str = "source") -> Resolution:
    """Find what these specs name among the entries of this kind that the actor may read."""
    result = Resolution()
    readable: list[Spec] = []
    for text in dict.fromkeys(specs):
        try:
            readable.append(parse_spec(text))
        except ValueError as error:
            result.unreadable[text] = str(error)
    if not readable:
        return result
    entries = _entries(actor, readable, kind)
    chosen = _choose(readable, entries)
    exact = {(entry, spec.wanted) for spec in readable if spec.is_exact for entry in _candidates(spec, entries)}
    by_id, by_pair = _versions(exact, {version for picks in chosen.values() for version in picks.values()})
    facts = _Facts(entries, chosen, by_id, by_pair, _forms(by_id))
    for spec in readable:
        facts.settle(spec, result)
    return result


Entries = Mapping[tuple[str, str], UUID]


def _entries(actor: Actor, specs: Sequence[Spec], kind: str) -> dict[tuple[str, str], UUID]:
    """The entries that may be meant, by organization and name in lower case. Two queries."""
    slugs = {spec.organization.lower() for spec in specs}
    lowered = readable_organizations(actor).annotate(lower_slug=Lower("slug")).filter(lower_slug__in=slugs)
    organizations = dict(lowered.values_list("pk", "lower_slug"))
    if not organizations:
        return {}
    names = {name.lower() for spec in specs for name, _ in spec.readings}
    of_them, first = among("organization_id", list(organizations), "uuid")
    so_named, second = among("slug_key", list(names))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT organization_id, slug_key, id FROM registry_entry"  # noqa: S608  our own texts
            f" WHERE {of_them} AND kind = %s AND {so_named} AND deleted_at IS NULL",
            [first, kind, second],
        )
        return {
            (organizations[as_uuid(organization)], slug): as_uuid(key) for organization, slug, key in cursor.fetchall()
        }


def _candidates(spec: Spec, entries: Entries) -> dict[UUID, str | None]:
    """The entries that a spec may mean, in order, each with the format that this reading leaves."""
    organization = spec.organization.lower()
    found: dict[UUID, str | None] = {}
    for name, format_name in spec.readings:
        entry = entries.get((organization, name.lower()))
        if entry is not None:
            found[entry] = format_name
    return found


_PICK = (
    "SELECT v.id FROM registry_version v WHERE v.entry_id = {entry} AND v.deleted_at IS NULL AND v.yanked_at IS NULL"
    " AND v.sort_key >= {low} AND v.sort_key < {high} AND ({early} OR NOT v.is_prerelease)"
    " AND ({format} = '' OR EXISTS (SELECT 1 FROM registry_file f WHERE f.version_id = v.id AND f.format = {format})"
    " OR EXISTS (SELECT 1 FROM registry_dependencyset d WHERE d.version_id = v.id AND d.format = {format}))"
    " ORDER BY v.sort_key DESC, v.version DESC LIMIT 1"
)


def _choose(specs: Sequence[Spec], entries: Entries) -> dict[str, dict[UUID, UUID]]:
    """The highest version in the first window that has one, by spec and entry. One query for all of them."""
    asked: list[tuple[str, UUID, Window, str]] = [
        (spec.text, entry, window, format_name or "")
        for spec in specs
        for entry, format_name in _candidates(spec, entries).items()
        for window in spec.windows
    ]
    chosen: dict[str, dict[UUID, UUID]] = defaultdict(dict)
    if asked:
        for place, version in _picks(asked):
            text, entry, _, _ = asked[place]
            chosen[text].setdefault(entry, version)
    return chosen


def _picks(asked: Sequence[tuple[str, UUID, Window, str]]) -> list[tuple[int, UUID]]:
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


def _versions(
    pairs: Collection[tuple[UUID, str]], ids: Collection[UUID]
) -> tuple[dict[UUID, VersionRow], dict[tuple[UUID, str], VersionRow]]:
    """These versions, by id and by entry and version. One query."""
    by_id: dict[UUID, VersionRow] = {}
    by_pair: dict[tuple[UUID, str], VersionRow] = {}
    if not pairs and not ids:
        return by_id, by_pair
    of_entries, first = among("v.entry_id", {entry for entry, _ in pairs}, "uuid")
    so_named, second = among("v.version", {version for _, version in pairs})
    or_these, third = among("v.id", ids, "uuid")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.id, v.entry_id, o.slug, e.slug, v.version, v.external_version, v.dependency_count,"  # noqa: S608
            " v.yanked_at IS NOT NULL FROM registry_version v JOIN registry_entry e ON e.id = v.entry_id"
            " JOIN accounts_organization o ON o.id = e.organization_id"
            f" WHERE v.deleted_at IS NULL AND ({of_entries} AND {so_named} OR {or_these})",
            [first, second, third],
        )
        rows = cursor.fetchall()
    for row_id, entry, organization, name, version, external, count, is_yanked in rows:
        row = VersionRow(as_uuid(row_id), as_uuid(entry), organization, name, version, external, count, bool(is_yanked))
        if row.id in ids or (row.entry_id, row.version) in pairs:
            by_id[row.id] = by_pair[row.entry_id, row.version] = row
    return by_id, by_pair


def _forms(versions: Mapping[UUID, VersionRow]) -> dict[UUID, dict[str, _Form]]:
    """What each version is there in, by format. Two queries."""
    forms: dict[UUID, dict[str, _Form]] = defaultdict(dict)
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
            forms[as_uuid(version)][name] = _Form(checksum, size, dependency_count=count)
        cursor.execute(
            f"SELECT version_id, format, sha256, size, id, filename FROM registry_file WHERE {condition}",  # noqa: S608
            [parameter],
        )
        for version, name, checksum, size, key, filename in cursor.fetchall():
            held = forms[as_uuid(version)].get(name)
            count = held.dependency_count if held else 0
            forms[as_uuid(version)][name] = _Form(checksum, size, as_uuid(key), filename, count)
    return forms


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the queries brought."""

    entries: Entries
    chosen: Mapping[str, Mapping[UUID, UUID]]
    by_id: Mapping[UUID, VersionRow]
    by_pair: Mapping[tuple[UUID, str], VersionRow]
    forms: Mapping[UUID, Mapping[str, _Form]]

    def settle(self, spec: Spec, result: Resolution) -> None:
        """The first reading that leads to a file; else the nearest reason why none does."""
        reason = ""
        for entry, format_name in _candidates(spec, self.entries).items():
            version = self._version(spec, entry)
            if version is None:
                what = f"version '{spec.wanted}'" if spec.is_exact else f"version that matches '{spec.wanted}'"
                reason = reason or f"There is no {what} of '{spec.organization}:{spec.name}'"
                continue
            there = self.forms.get(version.id, {})
            name = format_name if format_name is not None else next(iter(there)) if len(there) == 1 else ""
            form = there.get(name)
            if form is not None:
                result.found[spec.text] = Resolved(
                    spec.text,
                    version,
                    name,
                    form.checksum,
                    form.size,
                    form.file_id,
                    form.filename,
                    form.dependency_count,
                )
                return
            reason = reason or _no_format(spec, format_name, sorted(there))
        result.missing[spec.text] = reason or f"There is no '{spec.organization}:{spec.name}'"

    def _version(self, spec: Spec, entry: UUID) -> VersionRow | None:
        if spec.is_exact:
            return self.by_pair.get((entry, spec.wanted))
        chosen = self.chosen.get(spec.text, {}).get(entry)
        return None if chosen is None else self.by_id.get(chosen)


def _no_format(spec: Spec, format_name: str | None, there: Sequence[str]) -> str:
    listed = ", ".join(there) or "none"
    if format_name is None:
        return f"'{spec.text}' names no format; there are: {listed}"
    return f"'{spec.text}' is not there as '{format_name}'; there are: {listed}"
