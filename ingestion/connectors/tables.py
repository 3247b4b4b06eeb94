"""What relational connectors read, before it becomes assets."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from catalog.names import join_name
from ingestion.connectors.base import AssetDraft, RelationshipDraft

T = TypeVar("T")

DEFINITION_LENGTH = 200_000
"""Characters of a view's SQL that an asset keeps; a longer one would be more than an asset may hold."""


@dataclass(frozen=True, slots=True)
class ObjectState:
    """What an engine tells of a table or view without giving it: see `connectors.base.Batch`."""

    state: str
    identity: str = ""


@dataclass(slots=True)
class Column:
    name: str
    type: str
    nullable: bool
    position: int  # from 1
    comment: str = ""
    default: str | None = None
    is_unreadable: bool = False  # a profile can't look at it

    def element(self, primary_key: Sequence[str]) -> dict[str, Any]:
        """As it stands in an asset's schema."""
        element: dict[str, Any] = {
            "name": self.name,
            "type": self.type,
            "nullable": self.nullable,
            "position": self.position,
        }
        if self.comment:
            element["description"] = self.comment
        if self.default is not None:
            element["default"] = self.default
        if self.name in primary_key:
            element["primary_key"] = True
        return element


@dataclass(slots=True)
class ForeignKey:
    name: str
    columns: list[str]
    referred_schema: str
    referred_table: str
    referred_columns: list[str]


@dataclass(slots=True)
class Table:
    """A table or a view. `kind` is said only where it is neither a plain table nor a plain view.

    `partition_of` is (schema, table) of what it is a part of, `fills` of what a materialized view writes into;
    `details` are the engine's own.
    """

    schema: str
    name: str
    is_view: bool = False
    kind: str = ""
    comment: str = ""
    columns: list[Column] = field(default_factory=list)
    primary_key: list[str] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    indexes: list[dict[str, Any]] = field(default_factory=list)
    rows: int | None = None
    definition: str = ""
    partition_of: tuple[str, str] | None = None
    fills: tuple[str, str] | None = None
    details: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    is_elsewhere: bool = False  # another server has its rows, or nobody

    def draft(self, path: Sequence[str]) -> AssetDraft:
        """The asset; `path` is its qualified name's parts without its own, the root first."""
        # What is null is taken away: an index that was dropped must not stay.
        metadata: dict[str, Any] = {
            "database": path[1],
            "schema": path[2] if len(path) > 2 else None,
            "kind": self.kind or None,
            "row_count": None if self.rows is None else rounded(self.rows),
            "primary_key": self.primary_key or None,
            "indexes": self.indexes or None,
            "definition": self.definition if 0 < len(self.definition) <= DEFINITION_LENGTH else None,
            **self.details,
        }
        return AssetDraft(
            type="VIEW" if self.is_view else "TABLE",
            name=self.name,
            qualified_name=join_name(*path, self.name),
            description=self.comment,
            metadata=metadata,
            schema=[column.element(self.primary_key) for column in self.columns],
        )


def rounded(rows: int) -> int:
    """An estimate to two significant digits: a busy table is not a new version of itself at each run."""
    step = int(10 ** max(len(str(rows)) - 2, 0))
    return rows // step * step


def contains(parent: Sequence[str], child: Sequence[str]) -> RelationshipDraft:
    return RelationshipDraft(join_name(*parent), join_name(*child), "CONTAINS")


@dataclass(frozen=True, slots=True)
class Part:
    """At most a batch of a container's tables: names, and the states of those that have one by qualified name.

    There may be very many parts, and each waits for its turn: they are kept compressed, at about a fifth.
    """

    path: list[str]
    schema: str
    count: int
    _packed: bytes

    @classmethod
    def of(cls, path: list[str], schema: str, names: Sequence[str], states: Mapping[str, str] | None = None) -> Part:
        said = states or {}
        rows = [(name, said.get(join_name(*path, name))) for name in names]
        return cls(path, schema, len(rows), zlib.compress(json.dumps(rows).encode(), 1))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self._rows()]

    @property
    def states(self) -> dict[str, str]:
        return {join_name(*self.path, name): state for name, state in self._rows() if state is not None}

    def _rows(self) -> list[tuple[str, str | None]]:
        rows: list[tuple[str, str | None]] = json.loads(zlib.decompress(self._packed))
        return rows


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    chunk: list[T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
