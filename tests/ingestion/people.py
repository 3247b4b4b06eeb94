"""Four rows that every engine is to find the same profile of."""

from __future__ import annotations

from typing import Any

from ingestion.models import Profile

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
