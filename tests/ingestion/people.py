"""Rows that every engine is to find the same profile of: in a table, or as a driver's answer to the statement."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ingestion.models import Profile
from tests.ingestion.fake_dbapi import profile_row

ROWS = [(1, "ann", 10.0), (2, "ann", 20.0), (3, "bob", None), (4, None, 30.0)]
TABLE = "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(50), score {double})"
VALUES = ", ".join(
    f"({key}, {'NULL' if name is None else repr(name)}, {'NULL' if score is None else score})"
    for key, name, score in ROWS
)
INSERT = f"INSERT INTO people VALUES {VALUES}"


def columns_of(name: str = "people") -> tuple[Profile, dict[str, dict[str, Any]]]:
    """The profile of a table, and its columns by name."""
    found = Profile.objects.get(asset__name=name)
    return found, {column["name"]: column for column in found.columns}


def check_people() -> None:
    """What every engine must find in the four rows."""
    found, columns = columns_of()
    assert (found.row_count, found.sampled_rows, found.is_sampled) == (4, 4, False)
    name, score = columns["name"], columns["score"]
    assert (name["nulls"], name["distinct"], name["min"], name["max"], name["mean"]) == (1, 2, "ann", "bob", None)
    assert name["top"] == [["ann", 2], ["bob", 1]]
    assert (score["nulls"], score["distinct"], score["min"], score["max"], score["mean"]) == (1, 3, 10, 30, 20)
    assert columns["id"]["mean"] == 2.5


_OF_NUMBERS = {"differing": 2, "lowest_x": 1.0, "highest_x": 2.5, "sum_x": 4.5, "present": Decimal(3), "present_x": 3}
ANSWER = [
    profile_row(0, "-", None, 4),
    profile_row(1, "1", 1.0, Decimal(2), **_OF_NUMBERS),
    profile_row(1, "2.5", 2.5, 1, **_OF_NUMBERS),
    profile_row(1, None, None, 1, **_OF_NUMBERS),
    profile_row(2, "ann", None, 4),
]
"""What a driver brings of four rows of a number and a text."""


def check_answer(table: str, number: str, text: str) -> None:
    """What must be made of it."""
    found, columns = columns_of(table)
    assert (found.row_count, found.sampled_rows, found.is_sampled) == (4, 4, False)
    one, other = columns[number], columns[text]
    assert (one["nulls"], one["distinct"], one["min"], one["max"], one["mean"]) == (1, 2, 1, 2.5, 1.5)
    assert one["top"] == [[1, 2], [2.5, 1]]
    assert (other["nulls"], other["mean"], other["max"], other["top"]) == (0, None, "ann", [["ann", 4]])
