"""Rows in the binary format of PostgreSQL's COPY, which its server takes in at half the cost of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from struct import Struct
from typing import Any
from uuid import UUID

from django.db import connection, models
from psycopg import Copy
from psycopg.types.string import BytesBinaryDumper

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LARGE_INTEGER = Struct("!q")
_JSONB_VERSION = b"\x01"

Packer = Callable[[Any], bytes]


class BinaryRows:
    """Rows of these fields, whose slower values are packed before psycopg sees them.

    JSON is given as bytes, a tsvector packed (`catalog.search.vectors`), all else as Python's own values.
    """

    def __init__(self, fields: Sequence[models.Field[Any, Any]]) -> None:
        self._types: list[str] = []
        self._packers: list[tuple[int, Packer]] = []
        for position, field in enumerate(fields):
            name = str(field.rel_db_type(connection) if field.is_relation else field.db_type(connection))
            type_ = name.partition("(")[0]
            packer = _PACKERS.get(type_)
            if packer is not None:
                self._packers.append((position, packer))
            self._types.append("bytea" if packer or type_ in _GIVEN_PACKED else type_)

    def declare(self, cursor: Any, copy: Copy) -> None:
        """Tell psycopg what the columns are, so that it refuses a value of another type."""
        cursor.adapters.register_dumper(bytes, BytesBinaryDumper)  # else it is one in Python
        copy.set_types(self._types)

    def packed(self, rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
        """The rows, each changed in its place. Raises struct.error for a number beyond its column's."""
        packers = self._packers
        for row in rows:
            for position, packer in packers:
                value = row[position]
                if value is not None:
                    row[position] = packer(value)
            yield row


def _uuid(value: UUID | str) -> bytes:
    return value.bytes if isinstance(value, UUID) else UUID(value).bytes


@lru_cache(maxsize=256)
def _moment(value: datetime) -> bytes:
    return _LARGE_INTEGER.pack((value - _EPOCH) // _MICROSECOND)


_PACKERS: dict[str, Packer] = {
    "uuid": _uuid,
    "jsonb": _JSONB_VERSION.__add__,
    "smallint": Struct("!h").pack,
    "integer": Struct("!i").pack,
    "bigint": _LARGE_INTEGER.pack,
    "timestamp with time zone": _moment,
}
_GIVEN_PACKED = frozenset({"tsvector"})
