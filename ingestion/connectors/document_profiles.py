"""Profiles of collections of documents: the values are counted in the server, and what it counted is read as a stream.

Each document becomes a row for each of its fields, and these are counted by field and value; of each field no more is
kept here than its counts, its least and greatest value, and the most frequent ones so far.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from heapq import nsmallest
from typing import Any

from ingestion.connectors.base import CollectOptions
from ingestion.connectors.profile_forms import VALUE_LENGTH, described
from ingestion.connectors.tables import Column

KEY = "_id"
"""Every document has it: as often as it is there, documents were looked at."""

NUMBERS = frozenset({"integer", "double", "Int64", "Decimal128"})
_OPAQUE = ("object", "array", "binary")
"""What the inferred types that are not compared begin with."""


def pipeline(names: Sequence[str], options: CollectOptions, *, is_large: bool) -> list[dict[str, Any]]:
    """The aggregation: rows of `_id: {k, v}`, a field and a value, and `n`, how often it is there."""
    kind = {"$type": "$f.v"}
    short = {"case": {"$eq": [kind, "string"]}, "then": {"$substrCP": ["$f.v", 0, VALUE_LENGTH]}}
    opaque = {"case": {"$in": [kind, ["object", "array", "binData"]]}, "then": {"$literal": {}}}
    value = {"$switch": {"branches": [short, opaque], "default": "$f.v"}}
    sample = {"$sample": {"size": options.sample_rows}} if is_large else {"$limit": most_read(options)}
    return [
        sample,
        {"$project": {"_id": 0, "f": {"$objectToArray": "$$ROOT"}}},
        {"$unwind": "$f"},
        {"$match": {"f.k": {"$in": [KEY, *names]}}},
        {"$group": {"_id": {"k": "$f.k", "v": value}, "n": {"$sum": 1}}},
    ]


def most_read(options: CollectOptions) -> int:
    """Documents that are read where the estimate speaks of few: it may be out of date."""
    return options.sample_rows * 2


@dataclass(slots=True)
class _Values:
    """What is known of one field's values."""

    is_number: bool
    most: int
    present: int = 0
    distinct: int = 0
    least: Any = None
    greatest: Any = None
    total: float = 0
    numbers: int = 0
    top: list[tuple[Any, int]] = field(default_factory=list)

    def add(self, value: Any, count: int) -> None:
        self.present += count
        if isinstance(value, Mapping):
            return
        self.distinct += 1
        number = number_of(value) if self.is_number else None
        if number is not None:
            self.total += number * count
            self.numbers += count
        kept: Any = text_of(value) if number is None else number
        if number is not None or not self.is_number:
            self.least = kept if self.least is None else min(self.least, kept)
            self.greatest = kept if self.greatest is None else max(self.greatest, kept)
        self.top.append((kept, count))
        if len(self.top) > 2 * self.most + 100:
            self.prune()

    def prune(self) -> None:
        self.top = nsmallest(self.most, self.top, key=lambda pair: (-pair[1], str(pair[0])))


def measure(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], options: CollectOptions
) -> tuple[int, list[dict[str, Any]]]:
    """(documents looked at, the columns as in `TableProfile`) from what the aggregation answers."""
    found = {one.name: _Values(one.type in NUMBERS, options.top_values) for one in columns}
    looked_at = 0
    for row in rows:
        name, value, count = row["_id"]["k"], row["_id"].get("v"), int(row["n"])
        if name == KEY:
            looked_at += count
        if name in found and value is not None:
            found[name].add(value, count)
    return looked_at, [_column(one, found[one.name], looked_at) for one in columns]


def _column(column: Column, values: _Values, looked_at: int) -> dict[str, Any]:
    nulls = looked_at - values.present
    if column.type.startswith(_OPAQUE):
        return described(column, nulls)
    values.prune()
    mean = values.total / values.numbers if values.numbers else None
    return described(
        column,
        nulls,
        distinct=values.distinct,
        min=values.least,
        max=values.greatest,
        mean=mean,
        top=[list(pair) for pair in values.top],
    )


def number_of(value: Any) -> float | int | None:
    """A number that can be compared, None for what is none."""
    if hasattr(value, "to_decimal"):  # bson's Decimal128
        value = value.to_decimal()
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if isinstance(value, int):
        return int(value)
    is_none = value.is_nan() if isinstance(value, Decimal) else math.isnan(value)
    return None if is_none else float(value)


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(" ")
    return str(value)[:VALUE_LENGTH]
