"""What a version is made of: exact specs, resolved once, checked for cycles, written as one numbered list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import connection

from accounts.actor import Actor
from audit.tables import insert_rows
from catalog.tables import as_uuid, db_uuid, is_postgresql
from contracts.errors import Conflict, Invalid
from registry.models import Dependency, DependencySet, Version
from registry.resolution import Resolution, Resolved, resolve
from registry.services.parts import Part, Parts

MOST = 2_000_000
"""Dependencies of one version."""
BATCH = 10_000
"""Specs that are resolved at a time."""
NAMED = 20
"""Specs that an error names; it says how many there are in all."""


def find_parts(*, actor: Actor, specs: Iterable[Any], parts: Parts) -> None:
    """Put the dependencies that these specs name into `parts`.

    Raises Invalid that names the specs which cannot be read, are not exact, are not there or are yanked.
    """
    if isinstance(specs, str | Mapping) or not isinstance(specs, Iterable):
        raise _not_a_list()
    count, rest = 0, iter(specs)
    while batch := list(islice(rest, BATCH)):
        count += len(batch)
        if count > MOST:
            raise Invalid(fields={"dependencies": [f"At most {MOST:,}; these are more."]})
        if not all(isinstance(spec, str) for spec in batch):
            raise _not_a_list()
        _find(actor, batch, parts)
    number, named = parts.problems(NAMED)
    if number:
        words = [f"{spec}: {problem}" for spec, problem in named.items()]
        raise Invalid(fields={"dependencies": words}, specs=named, problems=number)


def _not_a_list() -> Invalid:
    return Invalid(fields={"dependencies": ["This must be a list of specs, such as org:name-format@1.0."]})


def _find(actor: Actor, specs: Sequence[str], parts: Parts) -> None:
    resolution = resolve(actor=actor, specs=specs)
    parts.add_problems(resolution.unreadable | resolution.missing | _unfit(resolution))
    parts.add(_part(found) for found in resolution.found.values())


def _unfit(resolution: Resolution) -> dict[str, str]:
    """What there is and cannot be depended on."""
    unfit = {}
    for spec, found in resolution.found.items():
        if found.version.version != spec.rpartition("@")[2]:
            unfit[spec] = "A dependency names one version exactly."
        elif found.version.is_yanked:
            unfit[spec] = "This version was yanked."
    return unfit


def _part(found: Resolved) -> Part:
    version = found.version
    return Part(found.exact, found.format, version.id, version.entry_id, found.checksum, found.size)


def refuse_cycles(version: Version, parts: Parts) -> None:
    """Raise Invalid where a dependency is made of this version itself, however far down. One query.

    One at a time, until the transaction ends: two that look at once would not see each other's.
    """
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('registry_dependency'))")
        cursor.execute(
            "WITH RECURSIVE above(id) AS ("
            " SELECT version_id FROM registry_dependency WHERE target_id = %s"
            " UNION SELECT d.version_id FROM registry_dependency d JOIN above a ON d.target_id = a.id"
            ") SELECT id FROM above",
            [db_uuid(version.pk)],
        )
        if parts.first_among([version.pk]) is not None:
            raise Invalid(fields={"dependencies": ["A version cannot depend on itself."]})
        round_trip = parts.first_among(as_uuid(row[0]) for row in cursor)
    if round_trip is not None:
        raise Invalid(
            fields={"dependencies": [f"{round_trip} depends on this version: that would be a cycle."]},
            specs={round_trip: "It depends on this version."},
        )


def write_parts(version: Version, parts: Parts) -> list[DependencySet]:
    """Write the list and its sets, and put count and tree checksum on the version (not saved here).

    Raises Conflict where a dependency was deleted since it was found.
    """
    sets, first = [], 0
    for group in parts.groups():
        checksum = parts.tree_checksum(group.format)
        sets.append(
            DependencySet(
                version=version,
                format=group.format,
                first=first,
                count=group.count,
                size=group.size,
                tree_checksum=checksum,
            )
        )
        first += group.count
    DependencySet.objects.bulk_create(sets)
    insert_rows(
        Dependency,
        ("version_id", "position", "target_id", "format", "checksum", "size"),
        ((version.pk, position, *row) for position, row in enumerate(parts.rows())),
    )
    _refuse_deleted(version, parts)
    version.dependency_count = first
    version.tree_checksum = sets[0].tree_checksum if len(sets) == 1 else parts.tree_checksum()
    return sets


def _refuse_deleted(version: Version, parts: Parts) -> None:
    """Hold what the version depends on until the transaction ends: whoever deletes it waits, and sees this.

    The lock is the one that the foreign key takes in the end, so that counting downloads is not held up.
    """
    targets = (
        "FROM registry_version v WHERE v.id IN (SELECT d.target_id FROM registry_dependency d WHERE d.version_id = %s)"
    )
    with connection.cursor() as cursor:
        if is_postgresql():
            held = f"SELECT count(*) FROM (SELECT 1 {targets} ORDER BY v.id FOR KEY SHARE) held"  # noqa: S608  our texts
            cursor.execute(held, [db_uuid(version.pk)])
        cursor.execute(f"SELECT v.id {targets} AND v.deleted_at IS NOT NULL", [db_uuid(version.pk)])
        gone = parts.first_among(as_uuid(row[0]) for row in cursor)
    if gone is not None:
        raise Conflict(f"'{gone}' was deleted just now", resource="version", spec=gone)
