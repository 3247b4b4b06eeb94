"""What the statements that profile a table have in common, whatever the engine and the form of its answer."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.connectors.base import CollectOptions
from ingestion.connectors.tables import Column, Table

VALUE_LENGTH = 200
"""Characters of a value that are kept."""


@dataclass(slots=True)
class Measured:
    """What a statement told: rows it counted, rows it looked at, and each column as in `TableProfile`."""

    counted: int
    looked_at: int
    columns: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileForm(ABC):
    """How an engine is asked for a profile.

    `sample` and `whole` are what is read of a large table and of any other: {table}, {rows} (at most so many), {share}
    (of 1) and {percent} stand in them. `numbers` and `opaque` are types, as the engine writes them, in lower case.
    """

    quote: tuple[str, str]
    sample: str
    whole: str
    numbers: frozenset[str]
    opaque: frozenset[str]
    is_bounded: bool = True
    """Whether at most {rows} are read. They are twice what is wanted: an estimate that is out of date must not make us
    read a whole large table."""

    @abstractmethod
    def statement(self, table: Table, columns: Sequence[Column], options: CollectOptions) -> str:
        """The one statement."""

    @abstractmethod
    def read(self, rows: Sequence[Sequence[Any]], columns: Sequence[Column]) -> Measured:
        """Its answer."""

    def name(self, *parts: str) -> str:
        begin, end = self.quote
        return ".".join(f"{begin}{part.replace(end, end * 2)}{end}" for part in parts if part)

    def is_large(self, table: Table, options: CollectOptions) -> bool:
        """Whether the server's estimate says that a sample is to be taken."""
        return (table.rows or 0) > options.sample_rows

    def limit(self, options: CollectOptions) -> float:
        """How many rows mean that there may be more."""
        return options.sample_rows * 2 if self.is_bounded else math.inf

    def source(self, of: Table, options: CollectOptions, **parts: str) -> str:
        """What is read of the table."""
        share = min(options.sample_rows / max(of.rows or 1, 1), 1)
        pattern = self.sample if self.is_large(of, options) else self.whole
        return pattern.format(
            rows=options.sample_rows * (2 if self.is_bounded else 1),
            share=f"{share:.9f}",
            percent=f"{share * 100:.6f}",
            **parts,
        )

    def kind(self, column: Column) -> str:
        """The column's type in lower case, without its size."""
        return column.type.lower().partition("(")[0].removesuffix(" unsigned").strip()


def described(column: Column, nulls: int, **measured: Any) -> dict[str, Any]:
    """A column of a profile; `top` of what is measured is a list of [value, count]."""
    told: dict[str, Any] = {"name": column.name, "type": column.type, "nulls": nulls}
    if measured:
        pairs = sorted(measured.pop("top"), key=lambda pair: (-pair[1], str(pair[0])))
        told |= {name: _kept(value) for name, value in measured.items()}
        told["top"] = [[_kept(value), count] for value, count in pairs]
    return told


def _kept(value: Any) -> Any:
    """The value as both of our databases can keep it: no infinite number, no NUL."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value
