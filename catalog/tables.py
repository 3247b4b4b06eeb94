"""Reading and writing many rows with one statement, on PostgreSQL and on SQLite."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db import connection, models

from audit.tables import json_text


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def among(column: str, values: Collection[Any], type_: str = "text") -> tuple[str, Any]:
    """A condition that `column` is one of `values`, and its single parameter, however many there are.

    `type_` is PostgreSQL's name of the column's type; UUIDs are given as UUIDs.
    """
    if is_postgresql():
        return f"{column} = ANY(%s::{type_}[])", list(values)
    plain = [value.hex if isinstance(value, UUID) else value for value in values]
    return f"{column} IN (SELECT value FROM json_each(%s))", json_text(plain)  # noqa: S608


def db_uuid(value: UUID) -> UUID | str:
    """A UUID as a parameter of hand-written SQL."""
    return value if is_postgresql() else value.hex


def as_uuid(value: UUID | str) -> UUID:
    """A UUID as hand-written SQL gives it back."""
    return value if isinstance(value, UUID) else UUID(value)


def update_rows(
    model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]], *, keys: Sequence[str]
) -> int:
    """Set `columns` of many rows; each row holds the values of `keys`, then those of `columns`.

    Returns how many rows were there to be changed: one whose keys are not (any more) as given is passed over.
    JSON columns take what orjson can dump.
    """
    if not rows:
        return 0
    fields = [_field(model, column) for column in (*keys, *columns)]
    if is_postgresql():
        return _update_from_arrays(model._meta.db_table, fields, rows, keys=len(keys))
    return _update_one_by_one(model._meta.db_table, fields, rows, keys=len(keys))


def delete_pairs(model: type[models.Model], columns: tuple[str, str], pairs: Sequence[tuple[UUID, UUID]]) -> None:
    """Delete the rows that hold these pairs of UUIDs."""
    if not pairs:
        return
    table = connection.ops.quote_name(model._meta.db_table)
    first, second = (connection.ops.quote_name(column) for column in columns)
    with connection.cursor() as cursor:
        if is_postgresql():
            cursor.execute(
                f"DELETE FROM {table} t USING unnest(%s::uuid[], %s::uuid[]) AS d(a, b)"  # noqa: S608
                f" WHERE t.{first} = d.a AND t.{second} = d.b",
                [[a for a, _ in pairs], [b for _, b in pairs]],
            )
        else:
            cursor.executemany(
                f"DELETE FROM {table} WHERE {first} = %s AND {second} = %s",  # noqa: S608
                [(a.hex, b.hex) for a, b in pairs],
            )


def _field(model: type[models.Model], column: str) -> models.Field[Any, Any]:
    return next(field for field in model._meta.concrete_fields if field.column == column)


def _update_from_arrays(
    table: str, fields: Sequence[models.Field[Any, Any]], rows: Sequence[Sequence[Any]], *, keys: int
) -> int:
    quote = connection.ops.quote_name
    marks, arrays, types = [], [], []
    for position, field in enumerate(fields):
        is_json = isinstance(field, models.JSONField)
        types.append(str(field.rel_db_type(connection) if field.is_relation else field.db_type(connection)))
        marks.append("%s::text[]" if is_json else f"%s::{types[-1]}[]")
        arrays.append([json_text(row[position]) if is_json else row[position] for row in rows])
    names = [f"v{position}" for position in range(len(fields))]
    sets = ", ".join(
        f"{quote(str(field.column))} = d.{name}" + (f"::{type_}" if type_ == "jsonb" else "")
        for field, name, type_ in list(zip(fields, names, types, strict=True))[keys:]
    )
    where = " AND ".join(
        f"t.{quote(str(field.column))} = d.{name}" for field, name in list(zip(fields, names, strict=True))[:keys]
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {quote(table)} t SET {sets}"  # noqa: S608  names of columns, quoted
            f" FROM unnest({', '.join(marks)}) AS d({', '.join(names)}) WHERE {where}",
            arrays,
        )
        return int(cursor.rowcount)


def _update_one_by_one(
    table: str, fields: Sequence[models.Field[Any, Any]], rows: Sequence[Sequence[Any]], *, keys: int
) -> int:
    quote = connection.ops.quote_name
    names = [quote(str(field.column)) for field in fields]
    sets = ", ".join(f"{name} = %s" for name in names[keys:])
    where = " AND ".join(f"{name} = %s" for name in names[:keys])
    values = []
    for row in rows:
        stored = [
            json_text(value) if isinstance(field, models.JSONField) else field.get_db_prep_save(value, connection)
            for field, value in zip(fields, row, strict=True)
        ]
        values.append([*stored[keys:], *stored[:keys]])
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {quote(table)} SET {sets} WHERE {where}", values)  # noqa: S608
        return int(cursor.rowcount)
