"""Specs into exact files, any number of them with a constant number of queries (six, whatever is asked)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from accounts.actor import Actor
from registry.querysets.resolution import (
    Entries,
    Form,
    MeantEntry,
    VersionRow,
    entries_meant,
    forms_of,
    pick_versions,
    version_rows,
)
from registry.specs import Spec, Window, parse_spec


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
    entries = entries_meant(actor, readable, kind)
    meant = {spec.text: _candidates(spec, entries) for spec in readable}
    chosen = _choose(readable, meant)
    exact = {(entry.id, spec.wanted) for spec in readable if spec.is_exact for entry in meant[spec.text]}
    by_id, by_pair = version_rows(entries, exact, {version for picks in chosen.values() for version in picks.values()})
    facts = _Facts(meant, chosen, by_id, by_pair, forms_of(by_id))
    for spec in readable:
        facts.settle(spec, result)
    return result


Meant = Mapping[str, Mapping[MeantEntry, str | None]]
"""By spec: the entries that it may mean, in order, each with the format that this reading leaves."""


def _candidates(spec: Spec, entries: Entries) -> dict[MeantEntry, str | None]:
    organization = spec.organization.lower()
    found: dict[MeantEntry, str | None] = {}
    for name, format_name in spec.readings:
        entry = entries.get((organization, name.lower()))
        if entry is not None:
            found[entry] = format_name
    return found


def _choose(specs: Sequence[Spec], meant: Meant) -> dict[str, dict[UUID, UUID]]:
    """The highest version in the first window that has one, by spec and entry. One query for all of them."""
    asked: list[tuple[str, UUID, Window, str]] = [
        (spec.text, entry.id, window, format_name or "")
        for spec in specs
        if spec.windows
        for entry, format_name in meant[spec.text].items()
        for window in spec.windows
    ]
    chosen: dict[str, dict[UUID, UUID]] = defaultdict(dict)
    if asked:
        for place, version in pick_versions(asked):
            text, entry, _, _ = asked[place]
            chosen[text].setdefault(entry, version)
    return chosen


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the queries brought."""

    meant: Meant
    chosen: Mapping[str, Mapping[UUID, UUID]]
    by_id: Mapping[UUID, VersionRow]
    by_pair: Mapping[tuple[UUID, str], VersionRow]
    forms: Mapping[UUID, Mapping[str, Form]]

    def settle(self, spec: Spec, result: Resolution) -> None:
        """The first reading that leads to a file; else the nearest reason why none does."""
        reason = ""
        for meant, format_name in self.meant[spec.text].items():
            version = self._version(spec, meant.id)
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
