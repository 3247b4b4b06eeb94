"""Statements of engines that cannot be had here, translated by sqlglot: what they compute, in PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest
import sqlglot

from ingestion.connectors.base import CollectOptions
from ingestion.connectors.profiles import FORMS
from ingestion.connectors.tables import Column, Table
from tests.ingestion.people import INSERT, TABLE

pytestmark = pytest.mark.postgresql

COLUMNS = {
    "tsql": [Column("id", "int", False, 1), Column("name", "varchar(50)", True, 2), Column("score", "float", True, 3)],
    "oracle": [
        Column("id", "NUMBER(10)", False, 1),
        Column("name", "VARCHAR2(50 CHAR)", True, 2),
        Column("score", "BINARY_DOUBLE", True, 3),
    ],
}


@pytest.fixture
def answered(new_database):
    """The answer to a statement of one of these dialects."""
    config = new_database(f"{TABLE.format(double='float')}; {INSERT}; CREATE TABLE dual AS SELECT 'X' AS dummy")
    address = {"host": config["host"], "port": config["port"], "user": config["username"], "dbname": config["database"]}

    def ask(statement: str, dialect: str) -> list[tuple[object, ...]]:
        # PostgreSQL has no such size, and sqlglot no sampling of Oracle's blocks.
        known = statement.replace("nvarchar(max)", "nvarchar(1000)").replace("SAMPLE BLOCK", "SAMPLE")
        (translated,) = sqlglot.transpile(known, read=dialect, write="postgres")
        translated = translated.replace("TABLESAMPLE (", "TABLESAMPLE SYSTEM (")
        with psycopg.connect(**address, password=config.get("password")) as connection:
            return connection.execute(translated).fetchall()

    return ask


@pytest.mark.parametrize("dialect", ["tsql", "oracle"])
@pytest.mark.parametrize("rows", [None, 1000])
def test_profile_is_computed_as_everywhere(dialect, rows, answered):
    form, columns = FORMS[dialect], COLUMNS[dialect]
    table, options = Table("public", "people", columns=columns, rows=rows), CollectOptions("r", sample_rows=999)
    statement = form.statement(table, columns, options)
    if rows:  # so few are in one block that a sample may be empty or all
        statement = statement.replace("99.900000", "100")
        assert "SAMPLE" in statement
    found = form.read(answered(statement, dialect), columns)
    assert (found.counted, found.looked_at) == (4, 4)
    key, name, score = found.columns
    assert (key["mean"], key["min"], key["max"], key["distinct"]) == (2.5, 1, 4, 4)
    assert name == {
        "name": "name",
        "type": columns[1].type,
        "nulls": 1,
        "distinct": 2,
        "min": "ann",
        "max": "bob",
        "mean": None,
        "top": [["ann", 2], ["bob", 1]],
    }
    assert (score["nulls"], score["mean"], score["top"]) == (1, 20, [[10, 1], [20, 1], [30, 1]])


@pytest.mark.parametrize("dialect", ["tsql", "oracle"])
def test_types_that_cannot_be_compared_have_nulls_only(dialect, answered):
    columns = [Column("name", {"tsql": "varbinary(max)", "oracle": "BLOB"}[dialect], True, 1)]
    form = FORMS[dialect]
    statement = form.statement(Table("public", "people"), columns, CollectOptions("r"))
    found = form.read(answered(statement, dialect), columns)
    assert found.columns == [{"name": "name", "type": columns[0].type, "nulls": 1}]


@pytest.mark.parametrize("dialect", ["tsql", "oracle"])
def test_top_values_are_as_many_as_asked(dialect, answered):
    form, columns = FORMS[dialect], COLUMNS[dialect][:1]
    statement = form.statement(Table("public", "people"), columns, CollectOptions("r", top_values=2))
    found = form.read(answered(statement, dialect), columns)
    assert (found.columns[0]["distinct"], found.columns[0]["top"]) == (4, [[1, 1], [2, 1]])
