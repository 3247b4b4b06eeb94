"""The dependencies of a version while it is published: each once and in order, on the disk where they are many.

They lie in an SQLite file of their own without a name, which ends with the process that has it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any
from uuid import UUID

from contracts.errors import Unavailable
from registry.specs import LENGTH

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA temp_store = FILE;
CREATE TABLE part (
    format TEXT, spec TEXT, version BLOB, entry BLOB, checksum TEXT, size INTEGER, PRIMARY KEY (format, spec)
) WITHOUT ROWID;
CREATE TABLE problem (spec TEXT PRIMARY KEY, words TEXT);
CREATE TABLE above (version BLOB PRIMARY KEY) WITHOUT ROWID;
BEGIN;
"""
_AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class Part:
    """One dependency. `spec` is exact, with its format; `entry_id` is the entry that it is a version of."""

    spec: str
    format: str
    version_id: UUID
    entry_id: UUID
    checksum: str
    size: int


@dataclass(frozen=True, slots=True)
class Group:
    """The dependencies of one format; `size` is the sum of theirs."""

    format: str
    count: int
    size: int


class Parts:
    """Any number of parts in constant memory, in the order of their formats and specs; used by one thread."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_TABLES)

    def add(self, parts: Iterable[Part]) -> None:
        """Take these; one that is there already is passed over."""
        rows = [(p.format, p.spec, p.version_id.bytes, p.entry_id.bytes, p.checksum, p.size) for p in parts]
        self._insert("part VALUES (?, ?, ?, ?, ?, ?)", sorted(rows))

    def add_problems(self, problems: Mapping[str, str]) -> None:
        """Remember what is wrong with these specs, whatever is in them."""
        shown = ((spec[:LENGTH].encode(errors="replace").decode(), words) for spec, words in problems.items())
        self._insert("problem VALUES (?, ?)", shown)

    def problems(self, most: int) -> tuple[int, dict[str, str]]:
        """How many specs have one, and what is wrong with the first of them."""
        (count,) = self._database.execute("SELECT count(*) FROM problem").fetchone()
        return count, dict(self._database.execute("SELECT spec, words FROM problem ORDER BY rowid LIMIT ?", [most]))

    def groups(self) -> list[Group]:
        rows = self._database.execute("SELECT format, count(*), sum(size) FROM part GROUP BY format ORDER BY format")
        return [Group(*row) for row in rows]

    def rows(self) -> Iterator[tuple[UUID, str, str, int]]:
        """Version, format, checksum and size of each."""
        found = self._database.execute("SELECT version, format, checksum, size FROM part ORDER BY format, spec")
        for version, name, checksum, size in found:
            yield UUID(bytes=version), name, checksum, size

    def tree_checksum(self, format_name: str | None = None) -> str:
        """SHA-256 (hexadecimal) over the checksums, each as `sha256-…`, in the order of their specs."""
        of_format, values = ("", []) if format_name is None else ("WHERE format = ?", [format_name])
        found = self._database.execute(
            f"SELECT checksum FROM part {of_format} ORDER BY spec",  # noqa: S608  our own texts
            values,
        )
        digest = hashlib.sha256()
        while rows := found.fetchmany(_AT_A_TIME):
            digest.update("sha256-".join(("", *chain.from_iterable(rows))).encode())
        return digest.hexdigest()

    def entries(self, most: int) -> tuple[int, list[UUID]]:
        """How many entries there are versions of, and the first of them."""
        (count,) = self._database.execute("SELECT count(DISTINCT entry) FROM part").fetchone()
        found = self._database.execute(
            "SELECT entry FROM part GROUP BY entry ORDER BY min(format), min(spec) LIMIT ?", [most]
        )
        return count, [UUID(bytes=row[0]) for row in found]

    def first_among(self, versions: Iterable[UUID]) -> str | None:
        """The first spec that names one of these versions."""
        self._insert("above VALUES (?)", ((version.bytes,) for version in versions))
        found = self._database.execute(
            "SELECT spec FROM part WHERE version IN (SELECT version FROM above) ORDER BY format, spec LIMIT 1"
        ).fetchone()
        return found[0] if found else None

    def close(self) -> None:
        self._database.close()

    def _insert(self, what: str, rows: Iterable[tuple[Any, ...]]) -> None:
        try:
            self._database.executemany(f"INSERT OR IGNORE INTO {what}", rows)
        except sqlite3.OperationalError as error:  # no room left
            raise Unavailable("The disk cannot take the dependencies now") from error


@contextmanager
def parts_at_hand() -> Iterator[Parts]:
    """Parts to be filled; nothing of them stays."""
    parts = Parts()
    try:
        yield parts
    finally:
        parts.close()
