"""What every app's writes stand on: many rows at once, and a constraint's refusal in the domain's words.

Many rows are a COPY on PostgreSQL and one prepared statement elsewhere, so that a batch costs a
constant number of statements; they are taken as they come and not held.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import orjson
from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DataError, IntegrityError, connection, models, transaction

from audit.binary import BinaryRows
from contracts.errors import DomainError

Row = Sequence[Any]

AT_A_TIME = 20_000
"""Rows of one statement where there is no COPY: more of them than this are not held at once."""


def insert_rows(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Insert plain Python values (UUID, str, int, datetime, list/dict for JSON columns); returns the count.

    `columns` are database column names of `model`. Defaults are not applied and signals are not sent.
    Constraints hold: a clash raises django.db.IntegrityError and nothing of the call stays in the
    open transaction once that is rolled back.
    """
    fields = [_field_by_column(model, column) for column in columns]
    if connection.vendor == "postgresql":
        return _copy(model._meta.db_table, columns, fields, _with_json(fields, rows, json_bytes))
    return _executemany(model._meta.db_table, columns, fields, _with_json(fields, rows, json_text))


def json_text(value: Any) -> str:
    """JSON as the bulk paths write it: compact, with UUIDs and datetimes as ISO strings, whole numbers of any size."""
    return json_bytes(value).decode()


def json_bytes(value: Any) -> bytes:
    """The same, in UTF-8."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:  # a whole number of more than 64 bits
        return json.dumps(value, cls=DjangoJSONEncoder, separators=(",", ":")).encode()


def _field_by_column(model: type[models.Model], column: str) -> models.Field[Any, Any]:
    for field in model._meta.concrete_fields:
        if field.column == column:
            return field
    raise LookupError(f"{model.__name__} has no column {column}")


def _with_json(
    fields: Sequence[models.Field[Any, Any]], rows: Iterable[Row], dumps: Callable[[Any], str | bytes]
) -> Iterator[list[Any]]:
    """The rows with their JSON columns dumped."""
    positions = [position for position, field in enumerate(fields) if isinstance(field, models.JSONField)]
    for row in rows:
        values = list(row)
        for position in positions:
            if values[position] is not None:
                values[position] = dumps(values[position])
        yield values


def _copy(
    table: str, columns: Sequence[str], fields: Sequence[models.Field[Any, Any]], rows: Iterable[list[Any]]
) -> int:
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    statement = f"COPY {connection.ops.quote_name(table)} ({names}) FROM STDIN (FORMAT BINARY)"
    binary = BinaryRows(fields)
    count = 0
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        binary.declare(cursor, copy)
        try:
            for row in binary.packed(rows):
                copy.write_row(row)
                count += 1
        except struct.error as error:
            raise DataError(f"a number is out of range: {error}") from error
    return count


def _executemany(
    table: str, columns: Sequence[str], fields: Sequence[models.Field[Any, Any]], rows: Iterable[Row]
) -> int:
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    values = (
        tuple(
            value if isinstance(field, models.JSONField) else field.get_db_prep_save(value, connection)
            for field, value in zip(fields, row, strict=True)
        )
        for row in rows
    )
    statement = f"INSERT INTO {connection.ops.quote_name(table)} ({names}) VALUES ({marks})"  # noqa: S608  all quoted
    count = 0
    with connection.cursor() as cursor:
        while some := list(islice(values, AT_A_TIME)):
            cursor.executemany(statement, some)
            count += len(some)
    return count


@contextmanager
def refused_by(refusals: Mapping[str, DomainError]) -> Iterator[None]:
    """A savepoint around a write: when one of these constraints refuses it, raise its refusal instead.

    This is how a name that is taken becomes a Conflict without asking first, which would race. A
    constraint goes by its name; one that has none (`unique=True`) by `<table>_<column>_key`.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        for constraint, refusal in refusals.items():
            if constraint in _violated(error):
                raise refusal from error
        raise


def _violated(error: IntegrityError) -> set[str]:
    """The names that the violated constraint may go by.

    PostgreSQL names it. SQLite names an index on an expression, and only the columns of a plain one.
    """
    diagnosis = getattr(error.__cause__, "diag", None)
    if diagnosis is not None:
        return {diagnosis.constraint_name}
    subject = str(error).removeprefix("UNIQUE constraint failed: ")
    if subject.startswith("index "):
        return {subject.removeprefix("index ").strip("'")}
    table, _, _ = subject.partition(".")
    columns = tuple(part.strip().removeprefix(f"{table}.") for part in subject.split(","))
    return {f"{table}_{'_'.join(columns)}_key", *_constraints_on(table, columns)}


def _constraints_on(table: str, columns: tuple[str, ...]) -> set[str]:
    return {
        constraint.name
        for model in apps.get_models()
        if model._meta.db_table == table
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint)
        and tuple(_column(model, name) for name in constraint.fields) == columns
    }


def _column(model: type[models.Model], field: str) -> str:
    return next(known.column or "" for known in model._meta.concrete_fields if known.name == field)
