"""Many rows at once: COPY on PostgreSQL, one prepared statement elsewhere.

The bulk paths of every app write through here, so that a batch costs a constant number of statements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.db import connection, models

Row = Sequence[Any]


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Insert plain Python values (UUID, str, int, datetime, list/dict for JSON columns); returns the count.

    `columns` are database column names of `model`. Defaults are not applied and signals are not sent.
    Constraints hold: a clash raises django.db.IntegrityError and nothing of the call stays in the
    open transaction once that is rolled back.
    """
    fields = [_field_by_column(model, column) for column in columns]
    prepared = (tuple(_plain(field, value) for field, value in zip(fields, row, strict=True)) for row in rows)
    if connection.vendor == "postgresql":
        return _copy(model._meta.db_table, columns, prepared)
    return _executemany(model._meta.db_table, columns, fields, prepared)


def json_text(value: Any) -> str:
    """JSON as the bulk paths write it: compact, with UUIDs and datetimes as ISO strings."""
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z).decode()


def _field_by_column(model: type[models.Model], column: str) -> models.Field[Any, Any]:
    for field in model._meta.concrete_fields:
        if field.column == column:
            return field
    raise LookupError(f"{model.__name__} has no column {column}")


def _plain(field: models.Field[Any, Any], value: Any) -> Any:
    return json_text(value) if value is not None and isinstance(field, models.JSONField) else value


def _copy(table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    statement = f"COPY {connection.ops.quote_name(table)} ({names}) FROM STDIN"
    count = 0
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _executemany(
    table: str, columns: Sequence[str], fields: Sequence[models.Field[Any, Any]], rows: Iterable[Row]
) -> int:
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    values = [
        tuple(
            value if isinstance(field, models.JSONField) else field.get_db_prep_save(value, connection)
            for field, value in zip(fields, row, strict=True)
        )
        for row in rows
    ]
    statement = f"INSERT INTO {connection.ops.quote_name(table)} ({names}) VALUES ({marks})"  # noqa: S608  all quoted
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
    return len(values)
