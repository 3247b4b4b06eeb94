"""Assets in files: json, ndjson and csv, read as streams, and written as they are read.

In CSV `metadata` and `schema` hold JSON, `tags` names with `;` between, `terms` full names with `;` between, or JSON
where one is of a column. A spreadsheet takes a cell that begins with `=` and the like for a formula: such a cell is
written with a `'` before it, which is taken off again where it is read.

A line of ndjson or csv that cannot be read is a BadRow, and what follows it is read; a file that begins with nothing
else is none of its kind.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any

import orjson

from catalog.json_stream import VALUE_LIMIT, Damaged, JSONStream
from contracts.errors import DomainError, Invalid

FORMATS = ("json", "ndjson", "csv")
COLUMNS = (
    "type",
    "name",
    "qualified_name",
    "description",
    "tags",
    "owner",
    "domain",
    "terms",
    "metadata",
    "schema",
)
"""What a file says of an asset, in order."""
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  the wide forms begin formulas too
"""What a cell begins with that a spreadsheet would run."""
_ESCAPED = _FORMULA | {"'"}
csv.field_size_limit(VALUE_LIMIT)  # of the process: the reader's own limit is less than the schema of a wide table


BAD_AT_FIRST = 10
"""Rows that cannot be read, with none before them that can: so many, and the file is taken for something else."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that cannot be read, by its line, from 1."""

    line: int
    message: str
    qualified_name: str = ""


def rows_of_text(text: IO[str], kind: str) -> Iterator[Any]:
    """The rows of a file of one of FORMATS, one at a time; BadRow for one of ndjson or csv that cannot be read.

    Raises Invalid where the file cannot be read.
    """
    readers = {"json": _json_rows, "ndjson": _ndjson_rows, "csv": _csv_rows}
    rows, bad = readers[kind](text), list[BadRow]()
    for row in rows:
        if not isinstance(row, BadRow):
            yield from bad
            yield row
            break
        bad.append(row)
        if len(bad) == BAD_AT_FIRST:
            raise _bad(bad[0].message)
    else:
        if bad:
            raise _bad(bad[0].message)
    yield from rows


def _json_rows(text: IO[str]) -> Iterator[Any]:
    """The elements of a JSON list, or of the list `assets` that an object begins with; one at a time."""
    stream = JSONStream(text)
    try:
        is_object = stream.take("{")
        inside = not is_object or (stream.value() == "assets" and stream.take(":"))
        if not inside or not stream.take("["):
            raise _bad("The file must be a JSON list, or an object that begins with the list `assets`")
        yield from stream.items()
        if is_object:
            _refuse_relationships(stream)
    except Damaged as error:
        raise _bad(str(error)) from None


def _refuse_relationships(stream: JSONStream) -> None:
    """Read on behind the assets of an object. Raises Invalid where relationships would be lost, Damaged."""
    while stream.take(","):
        name = stream.value()
        if not stream.take(":"):
            break
        if name == "relationships" and stream.take("["):
            if not stream.take("]"):
                raise _bad("A file brings assets only: send its `relationships` to /v1/ingestion/batch")
            continue
        stream.value()
    if not stream.take("}"):
        raise Damaged("The JSON is cut off or damaged")


def _ndjson_rows(text: IO[str]) -> Iterator[Any]:
    number = 0
    while line := text.readline(VALUE_LIMIT):
        number += 1
        if not line.strip():
            continue
        if len(line) == VALUE_LIMIT and line[-1] != "\n":
            while line and line[-1] != "\n":
                line = text.readline(VALUE_LIMIT)
            yield BadRow(number, f"Line {number} has more than {VALUE_LIMIT:,} characters")
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = BadRow(number, f"Line {number} is not JSON")
        yield row


def _csv_rows(text: IO[str]) -> Iterator[dict[str, Any] | BadRow]:
    """Rows by the names in the first line; what is empty is not said."""
    reader = csv.DictReader(_lines(text), strict=True)
    try:
        names = reader.fieldnames or ()
    except csv.Error as error:
        raise _bad(f"The CSV cannot be read: {error}") from None
    if not set(COLUMNS) & set(names):
        raise _bad("The first line of a CSV must name its columns, such as type, name and qualified_name")
    while True:
        first = reader.reader.line_num + 1  # the outer reader does not count what cannot be read
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            last = reader.reader.line_num
            where = f"Line {first}" if last <= first else f"Lines {first:,} to {last:,}"
            yield BadRow(first, f"{where} of the CSV cannot be read: {error}")
        else:
            yield _csv_row(row, reader.line_num)


def _csv_row(row: Mapping[str | Any, Any], line: int) -> dict[str, Any] | BadRow:
    name = row.get("qualified_name") or ""
    if None in row:
        return BadRow(line, f"Line {line} of the CSV has more fields than its first line", name)
    filled = {field: _read(value) for field, value in row.items() if value not in ("", None)}
    for field, read in _CELLS.items():
        if field in filled:
            try:
                filled[field] = read(filled[field])
            except (ValueError, RecursionError):
                return BadRow(line, f"`{field}` in line {line} of the CSV is not JSON", name)
    return filled


def _lines(text: IO[str]) -> Iterator[str]:
    while line := text.readline(VALUE_LIMIT):
        if len(line) == VALUE_LIMIT:
            raise _bad(f"A line of the CSV has more than {VALUE_LIMIT:,} characters")
        yield line


def _safe(cell: str) -> str:
    """A cell that a spreadsheet shows as it stands, and `_read` reads."""
    return f"'{cell}" if cell[:1] in _ESCAPED else cell


def _read(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _ESCAPED else cell


def _listed(value: str) -> Any:
    """A list of names with `;` between, or in JSON."""
    if value.startswith("["):
        return json.loads(value)
    return [name.strip() for name in value.split(";") if name.strip()]


_CELLS: Mapping[str, Callable[[str], Any]] = {
    "metadata": json.loads,
    "schema": json.loads,
    "tags": _listed,
    "terms": _listed,
}
"""How a cell is read that holds more than a text."""


def _bad(message: str) -> DomainError:
    return Invalid(message, code="BAD_FILE")


def text_of(rows: Iterable[dict[str, Any]], kind: str) -> Iterator[str]:
    """Rows of COLUMNS as a file of this kind, piece by piece: what `rows_of_text` reads."""
    if kind == "csv":
        yield from _csv_text(rows)
        return
    first = True
    for row in rows:
        line = orjson.dumps(row).decode()
        yield f"{line}\n" if kind == "ndjson" else f"{'[' if first else ','}\n{line}"
        first = False
    if kind == "json":
        yield "[]\n" if first else "\n]\n"


def _csv_text(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    piece = io.StringIO()
    writer = csv.DictWriter(piece, COLUMNS)  # ends lines as RFC 4180 does: a lone CR in a cell is quoted then
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _safe(_cell(value)) for name, value in row.items()})
        yield piece.getvalue()
        piece.seek(0)
        piece.truncate()
    yield piece.getvalue()


def _cell(value: Any) -> str:
    """A value as one cell holds it; names that hold a `;` are written in JSON."""
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, list) and all(isinstance(item, str) and ";" not in item and item[:1] != "[" for item in value):
        return ";".join(value)
    return orjson.dumps(value).decode() if isinstance(value, list | dict) else str(value)
