"""Assets in files: json, ndjson and csv, read as streams, and written as they are read.

In CSV `metadata` and `schema` hold JSON, `tags` names with `;` between, `terms` full names with `;` between, or JSON
where one is of a column. A spreadsheet takes a cell that begins with `=` and the like for a formula: such a cell is
written with a `'` before it, which is taken off again where it is read.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
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
_JSON_COLUMNS = ("metadata", "schema")
csv.field_size_limit(VALUE_LIMIT)  # of the process: the reader's own limit is less than the schema of a wide table


def rows_of_text(text: IO[str], kind: str) -> Iterator[Any]:
    """The rows of a file of one of FORMATS, one at a time. Raises Invalid where it cannot be read."""
    readers = {"json": _json_rows, "ndjson": _ndjson_rows, "csv": _csv_rows}
    yield from readers[kind](text)


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
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            raise _bad(f"Line {number} is not JSON") from None


def _csv_rows(text: IO[str]) -> Iterator[dict[str, Any]]:
    """Rows by the names in the first line; what is empty is not said."""
    try:
        reader = csv.DictReader(_lines(text), strict=True)
        if not set(COLUMNS) & set(reader.fieldnames or ()):
            raise _bad("The first line of a CSV must name its columns, such as type, name and qualified_name")
        for row in reader:
            if None in row:
                raise _bad(f"Line {reader.line_num} of the CSV has more fields than its first line")
            filled = {name: _read(value) for name, value in row.items() if value not in ("", None)}
            for name in _JSON_COLUMNS:
                if name in filled:
                    filled[name] = _json_cell(name, filled[name], reader.line_num)
            for name in ("tags", "terms"):
                if name in filled:
                    filled[name] = _listed(filled[name])
            yield filled
    except csv.Error as error:
        raise _bad(f"The CSV cannot be read: {error}") from None


def _json_cell(name: str, cell: str, line: int) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        raise _bad(f"`{name}` in line {line} of the CSV is not JSON") from None


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
