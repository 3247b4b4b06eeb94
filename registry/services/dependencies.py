"""What a version is made of: exact specs, resolved once, checked for cycles, written as one numbered list."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.actor import Actor
from audit.tables import insert_rows
from catalog.tables import db_uuid
from contracts.errors import Invalid
from registry.models import Dependency, DependencySet, Version
from registry.resolution import resolve

MOST = 2_000_000
"""Dependencies of one version."""
BATCH = 20_000
"""Specs that are resolved at a time."""
NAMED = 20
"""Specs that an error names; it says how many there are in all."""


@dataclass(frozen=True, slots=True)
class Part:
    """One dependency. `spec` is exact, with its format; `source` is the entry that it is a version of."""

    spec: str
    format: str
    version_id: UUID
    entry_id: UUID
    checksum: str
    size: int


def find_parts(*, actor: Actor, specs: Sequence[Any]) -> list[Part]:
    """The dependencies that these specs name, each once, by format and then by spec.

    Raises Invalid that names the specs which cannot be read, are not exact, are not there or are yanked.
    """
    if len(specs) > MOST:
        raise Invalid(fields={"dependencies": [f"At most {MOST:,}; these are {len(specs):,}."]})
    if not all(isinstance(spec, str) for spec in specs):
        raise Invalid(fields={"dependencies": ["This must be a list of specs, such as org:name-format@1.0."]})
    parts: dict[str, Part] = {}
    problems: dict[str, str] = {}
    for begin in range(0, len(specs), BATCH):
        _find(actor, specs[begin : begin + BATCH], parts, problems)
    if problems:
        named = dict(list(problems.items())[:NAMED])
        words = [f"{spec}: {problem}" for spec, problem in named.items()]
        raise Invalid(fields={"dependencies": words}, specs=named, problems=len(problems))
    return sorted(parts.values(), key=attrgetter("format", "spec"))


def _find(actor: Actor, specs: Sequence[str], parts: dict[str, Part], problems: dict[str, str]) -> None:
    resolution = resolve(actor=actor, specs=specs)
    problems |= resolution.unreadable | resolution.missing
    for spec, found in resolution.found.items():
        if found.version.version != spec.rpartition("@")[2]:
            problems[spec] = "A dependency names one version exactly."
        elif found.version.is_yanked:
            problems[spec] = "This version was yanked."
        else:
            part = Part(found.exact, found.format, found.version.id, found.version.entry_id, found.checksum, found.size)
            parts[part.spec] = part


def tree_checksum(parts: Iterable[Part]) -> str:
    """SHA-256 (hexadecimal) over the checksums, each as `sha256-…`, in the order of their specs."""
    digest = hashlib.sha256()
    for part in sorted(parts, key=attrgetter("spec")):
        digest.update(b"sha256-")
        digest.update(part.checksum.encode())
    return digest.hexdigest()


def refuse_cycles(version: Version, parts: Sequence[Part]) -> None:
    """Raise Invalid where a dependency is made of this version itself, however far down. One query."""
    if any(part.version_id == version.pk for part in parts):
        raise Invalid(fields={"dependencies": ["A version cannot depend on itself."]})
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE above(id) AS ("
            " SELECT version_id FROM registry_dependency WHERE target_id = %s"
            " UNION SELECT d.version_id FROM registry_dependency d JOIN above a ON d.target_id = a.id"
            ") SELECT id FROM above",
            [db_uuid(version.pk)],
        )
        above = {row[0] if isinstance(row[0], UUID) else UUID(row[0]) for row in cursor.fetchall()}
    round_trip = next((part for part in parts if part.version_id in above), None)
    if round_trip is not None:
        raise Invalid(
            fields={"dependencies": [f"{round_trip.spec} depends on this version: that would be a cycle."]},
            specs={round_trip.spec: "It depends on this version."},
        )


def write_parts(version: Version, parts: Sequence[Part]) -> None:
    """Write the list and its sets, and put count and tree checksum on the version (not saved here)."""
    first = 0
    for name, group in groupby(parts, key=attrgetter("format")):
        of_format = list(group)
        DependencySet.objects.create(
            version=version,
            format=name,
            first=first,
            count=len(of_format),
            size=sum(part.size for part in of_format),
            tree_checksum=tree_checksum(of_format),
        )
        first += len(of_format)
    insert_rows(
        Dependency,
        ("version_id", "position", "target_id", "format", "checksum", "size"),
        (
            (version.pk, position, part.version_id, part.format, part.checksum, part.size)
            for position, part in enumerate(parts)
        ),
    )
    version.dependency_count = len(parts)
    version.tree_checksum = tree_checksum(parts)
