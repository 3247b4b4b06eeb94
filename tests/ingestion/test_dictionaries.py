"""Statements on dictionaries of engines that cannot be had here, run by SQLite on tables of the documented shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.pool import StaticPool

from ingestion.connectors import oracle, sqlserver


@pytest.fixture
def dictionary() -> Iterator[Connection]:
    with create_engine("sqlite://", poolclass=StaticPool).connect() as connection:
        connection.execute(text("ATTACH ':memory:' AS sys"))
        yield connection


def fill(connection: Connection, table: str, *rows: dict[str, Any]) -> None:
    connection.execute(text(f"CREATE TABLE {table} ({', '.join(rows[0])})"))
    connection.execute(text(f"INSERT INTO {table} VALUES ({', '.join(f':{name}' for name in rows[0])})"), rows)


def index(number: int, kind: int, *columns: tuple[str, int, int]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Rows of sys.indexes and sys.index_columns; each column's name, key_ordinal and is_included_column."""
    of = {"object_id": 1, "index_id": number}
    flags = {"is_primary_key": 0, "is_unique": 0, "is_hypothetical": 0}
    listed = [
        {
            **of,
            "column_id": "abc".index(name) + 1,
            "index_column_id": place,
            "key_ordinal": key,
            "is_included_column": more,
        }
        for place, (name, key, more) in enumerate(columns, 1)
    ]
    return {**of, "name": f"i{number}", "type": kind, **flags}, listed


def grouped(rows: Sequence[Any], name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(getattr(row, name))
    return found


def test_sql_servers_indexes_have_the_columns_of_their_keys(dictionary):
    indexes = [
        index(2, 2, ("c", 0, 0), ("b", 2, 0), ("a", 1, 0)),  # partitioned by c, which is in no key
        index(3, 2, ("a", 1, 0), ("b", 0, 1)),  # b is included
        index(4, 6, ("a", 0, 1), ("b", 0, 1)),  # columnstore
        index(5, 4, ("c", 0, 0)),  # spatial
    ]
    fill(dictionary, "sys.indexes", *(one for one, _ in indexes))
    fill(dictionary, "sys.index_columns", *(row for _, columns in indexes for row in columns))
    fill(dictionary, "sys.columns", *({"object_id": 1, "column_id": at, "name": n} for at, n in enumerate("abc", 1)))
    rows = dictionary.execute(sqlserver._INDEXES, {"ids": [1]}).all()
    assert grouped(rows, "column_name") == {"i2": ["a", "b"], "i3": ["a"], "i4": ["a", "b"], "i5": ["c"]}


def test_sql_servers_columns_of_types_that_may_not_be_seen_are_told(dictionary):
    plain = {"object_id": 1, "max_length": 4, "precision": 10, "scale": 0, "is_nullable": 0, "default_object_id": 0}
    columns = [("id", 56, 56), ("code", 257, 231), ("shape", 258, 240)]
    listed = [
        {**plain, "column_id": place, "name": name, "user_type_id": own, "system_type_id": base}
        for place, (name, own, base) in enumerate(columns, 1)
    ]
    fill(dictionary, "sys.columns", *listed)
    fill(dictionary, "sys.types", {"user_type_id": 56, "name": "int"}, {"user_type_id": 231, "name": "nvarchar"})
    fill(dictionary, "sys.default_constraints", {"object_id": 9, "definition": ""})
    fill(dictionary, "sys.computed_columns", {"object_id": 9, "column_id": 1, "definition": ""})
    fill(dictionary, "sys.extended_properties", {"class": 1, "major_id": 9, "minor_id": 1, "name": "", "value": ""})
    rows = dictionary.execute(sqlserver._COLUMNS, {"ids": [1]}).all()
    assert [(row.name, row.type_name) for row in rows] == [("id", "int"), ("code", "nvarchar"), ("shape", "unknown")]


def test_oracles_tables_of_objects_are_listed_and_parts_of_others_are_not(dictionary):
    plain = {"owner": "S", "nested": "NO", "secondary": "N", "dropped": "NO", "iot_type": None}
    rows = [
        {**plain, "table_name": "ORDERS"},
        {**plain, "table_name": "OF_OBJECTS"},
        {**plain, "table_name": "ORGANIZED", "iot_type": "IOT"},
        {**plain, "table_name": "OVERFLOW", "iot_type": "IOT_OVERFLOW"},
        {**plain, "table_name": "INSIDE", "nested": "YES"},
        {**plain, "table_name": "BIN$1", "dropped": "YES"},
        {**plain, "table_name": "MLOG$_ORDERS"},
    ]
    fill(dictionary, "all_all_tables", *rows)
    fill(dictionary, "all_mview_logs", {"log_owner": "S", "log_table": "MLOG$_ORDERS"})
    fill(dictionary, "all_views", {"owner": "S", "view_name": "BIG"})
    found = dictionary.execute(oracle._TABLE_NAMES, {"owner": "S"}).scalars().all()
    assert found == ["BIG", "OF_OBJECTS", "ORDERS", "ORGANIZED"]


def test_oracles_indexes_tell_their_expressions(dictionary):
    of = {"owner": "S", "table_owner": "S", "table_name": "T"}
    fill(
        dictionary,
        "all_indexes",
        {**of, "index_name": "BY_NAME", "uniqueness": "NONUNIQUE", "index_type": "FUNCTION-BASED NORMAL"},
        {**of, "index_name": "PK", "uniqueness": "UNIQUE", "index_type": "NORMAL"},
    )
    of = {"index_owner": "S", "index_name": "BY_NAME"}
    columns = [{**of, "column_name": name, "column_position": place} for place, name in enumerate(["SYS_1$", "ID"], 1)]
    fill(dictionary, "all_ind_columns", *columns)
    fill(dictionary, "all_ind_expressions", {**of, "column_position": 1, "column_expression": 'LOWER("NAME")'})
    key = {"owner": "S", "table_name": "T", "constraint_type": "P", "index_name": "PK"}
    fill(dictionary, "all_constraints", key)
    rows = dictionary.execute(oracle._INDEXES, {"owner": "S", "names": ["T"]}).all()
    assert [(row.column_name, row.column_expression) for row in rows] == [("SYS_1$", 'LOWER("NAME")'), ("ID", None)]
