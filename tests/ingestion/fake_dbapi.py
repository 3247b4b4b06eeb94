"""The boundary of a driver whose server cannot be had: cursors that give rows of the documented shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]


@dataclass
class Answer:
    """The rows to a statement that has `marker` in it.

    Keys that begin with `_` are not columns. Rows are held to the schema and the names (or ids) that are asked for:
    `by` is the key that these are compared with.
    """

    marker: str
    rows: list[Row]
    by: str = ""
    error: Exception | None = None

    def to(self, parameters: Mapping[str, Any]) -> list[Row]:
        if self.error is not None:
            raise self.error
        schema = parameters.get("schema", parameters.get("owner"))
        wanted = {value for name, value in parameters.items() if name.startswith(("names", "ids"))}
        return [
            row for row in self.rows if row.get("_schema", schema) == schema and (not self.by or row[self.by] in wanted)
        ]


def profile_row(i: int, v: str | None, x: float | None, n: Any, **of_column: Any) -> Row:
    """A row that the statement of a profile gives of four rows; `of_column` is the same in all rows of a column."""
    counts = {"looked": 4, "present": 4, "differing": 1}
    ends = {"lowest": v, "highest": v, "lowest_x": x, "highest_x": x, "sum_x": None, "present_x": 0}
    return {"i": i, "v": v, "x": x, "n": n, **counts, **ends, **of_column}


@dataclass
class Server:
    """What is asked of it, and what it answers. `upper` as Oracle names columns."""

    answers: list[Answer]
    upper: bool = False
    statements: list[str] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    def connect(self, **options: Any) -> Connection:
        self.options = options
        return Connection(self)

    def answer(self, statement: str, parameters: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
        self.statements.append(statement)
        parameters = parameters if isinstance(parameters, Mapping) else {}
        for one in self.answers:
            if one.marker in statement:
                names = [name for name in one.rows[0] if not name.startswith("_")] if one.rows else ["nothing"]
                rows = [tuple(row[name] for name in names) for row in one.to(parameters)]
                return [name.upper() if self.upper else name for name in names], rows
        raise AssertionError(f"Nobody said what this answers: {statement}")


class Connection:
    version = "19.3.0.0.0"
    max_identifier_length = 128
    autocommit: Any

    def __init__(self, server: Server) -> None:
        self.server = server
        # An attribute of one driver, a method of the other.
        self.autocommit = False if server.upper else lambda on: None

    def cursor(self, *args: Any) -> Cursor:
        return Cursor(self.server)

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...


class Cursor:
    description: list[tuple[Any, ...]] | None = None
    rowcount = -1
    arraysize = 100

    def __init__(self, server: Server) -> None:
        self.server = server
        self.rows: list[tuple[Any, ...]] = []

    def execute(self, statement: str, parameters: Any = None) -> None:
        names, self.rows = self.server.answer(" ".join(statement.split()), parameters)
        self.description = [(name, None, None, None, None, None, True) for name in names]

    def fetchone(self) -> tuple[Any, ...] | None:
        return self.rows.pop(0) if self.rows else None

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        found, self.rows = self.rows[:size], self.rows[size:]
        return found

    def fetchall(self) -> Sequence[tuple[Any, ...]]:
        found, self.rows = self.rows, []
        return found

    def close(self) -> None: ...

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *args: Any) -> None: ...

    def setinputsizes(self, *args: Any, **kwargs: Any) -> None: ...
