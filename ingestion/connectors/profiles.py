"""What the values of a table are like, computed by the source in one statement a table.

The statement takes a sample (all rows, where they are few) and makes one JSON list of each column: values
that are there, distinct ones, least, greatest, mean, and the most frequent with their counts. What is not a
number is compared as text, so that one statement serves every type that can be written.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from catalog.names import join_name
from ingestion.connectors.base import CollectOptions, Observer, TableProfile
from ingestion.connectors.tables import Column, Table

VALUE_LENGTH = 200
"""Characters of a value that are kept."""


@dataclass(frozen=True, slots=True)
class ProfileSql:
    """How an engine says it. `sample` has {table}, {rows} (wanted) and {share} (of 1) in it."""

    quote: str
    text: str
    array: str
    gather: str
    sample: str
    whole: str
    numbers: tuple[str, ...]
    opaque: tuple[str, ...]
    materialized: str = ""
    count: str = "count(*)"

    def name(self, *parts: str) -> str:
        return ".".join(f"{self.quote}{part.replace(self.quote, self.quote * 2)}{self.quote}" for part in parts if part)


SQL_OF_PROFILES = {
    "postgres": ProfileSql(
        quote='"',
        text="left(CAST({value} AS text), {length})",
        array="jsonb_build_array",
        gather="jsonb_agg",
        sample="{table} TABLESAMPLE SYSTEM ({percent})",
        whole="{table} LIMIT {rows}",
        numbers=("smallint", "integer", "bigint", "numeric", "real", "double precision"),
        opaque=("bytea",),
        materialized="MATERIALIZED",
    ),
    "mysql": ProfileSql(
        quote="`",
        text="left(CAST({value} AS CHAR), {length})",
        array="JSON_ARRAY",
        gather="JSON_ARRAYAGG",
        sample="{table} WHERE rand() < {share}",
        whole="{table} LIMIT {rows}",
        numbers=("tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year"),
        opaque=("blob", "tinyblob", "mediumblob", "longblob", "binary", "varbinary", "geometry", "point", "bit"),
    ),
    "sqlite": ProfileSql(
        quote='"',
        text="substr(CAST({value} AS TEXT), 1, {length})",
        array="json_array",
        gather="json_group_array",
        sample="{table}",
        # How many rows there are is known only by counting, which the same statement does.
        whole="{table} WHERE abs(random() % 1000000) < 1000000.0 * {rows} / max((SELECT count(*) FROM {table}), 1)",
        numbers=("int", "integer", "real", "numeric", "decimal", "double", "float", "bigint", "smallint"),
        opaque=("blob",),
        materialized="MATERIALIZED",
        count="(SELECT count(*) FROM {table})",
    ),
}
"""By sqlglot's name of the engine's SQL."""


@dataclass(slots=True)
class Profiler:
    """Profiles the tables of one connection, which is SQLAlchemy's."""

    connection: Any
    dialect: str
    options: CollectOptions
    observer: Observer

    def profile(self, path: Sequence[str], table: Table) -> TableProfile | None:
        """One table's profile; None for a view, and for one that cannot be read, which is told."""
        if table.is_view or table.problem or table.kind == "foreign table":
            return None
        wanted = [one for one in table.columns if self.options.wants_column(table.schema, table.name, one.name)]
        statement, limit = self._statement(table, wanted)
        name = join_name(*path, table.name)
        try:
            counted, looked_at, *found = self.connection.execute(text(statement.replace(":", r"\:"))).one()
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            self.observer.warn(f"It cannot be profiled: {str(error.orig).strip().splitlines()[0][:300]}", name)
            return None
        is_sampled = counted > looked_at or looked_at >= limit or self._is_large(table)
        rows = max(table.rows or 0, counted) if is_sampled else counted
        columns = [_column(one, _read(answer), looked_at) for one, answer in zip(wanted, found, strict=True)]
        return TableProfile(name, rows, is_sampled, looked_at, columns)

    def _is_large(self, table: Table) -> bool:
        """Whether the server's estimate says that a sample is to be taken."""
        return self.dialect != "sqlite" and (table.rows or 0) > self.options.sample_rows

    def _statement(self, table: Table, columns: Sequence[Column]) -> tuple[str, float]:
        """The statement, and how many rows mean that there may be more."""
        sql, options = SQL_OF_PROFILES[self.dialect], self.options
        name = sql.name(table.schema if self.dialect != "sqlite" else "", table.name)
        share = min(options.sample_rows / max(table.rows or 1, 1), 1)
        pattern = sql.sample if self._is_large(table) else sql.whole
        # An estimate that is out of date must not make us read a whole large table.
        limit = options.sample_rows if self.dialect == "sqlite" else options.sample_rows * 2
        source = pattern.format(table=name, rows=limit, share=f"{share:.9f}", percent=f"{share * 100:.6f}")
        aliases = [f"c{number}" for number in range(len(columns))]
        picked = ", ".join(f"{sql.name(one.name)} AS {alias}" for one, alias in zip(columns, aliases, strict=True))
        pairs = zip(columns, aliases, strict=True)
        measures = [_measure(sql, one, alias, options.top_values) for one, alias in pairs]
        answers = ", ".join([sql.count.format(table=name), "count(*)", *measures])
        statement = (
            f"WITH s AS {sql.materialized} (SELECT {picked or '1 AS nothing'} FROM {source}) "  # noqa: S608  quoted
            f"SELECT {answers} FROM s"
        )
        return statement, float("inf") if self.dialect == "sqlite" else limit


def _measure(sql: ProfileSql, column: Column, alias: str, top: int) -> str:
    """The JSON list of one column."""
    kind = column.type.lower().partition("(")[0].removesuffix(" unsigned").strip()
    if kind in sql.opaque:
        return f"{sql.array}(count({alias}))"
    as_text = sql.text.format(value=alias, length=VALUE_LENGTH)
    is_number = kind in sql.numbers
    value = alias if is_number else as_text
    frequent = (
        f"(SELECT {sql.gather}({sql.array}(v, n)) FROM (SELECT {value} AS v, count(*) AS n FROM s "  # noqa: S608
        f"WHERE {alias} IS NOT NULL GROUP BY {value} ORDER BY n DESC, v LIMIT {top}) AS t)"
    )
    mean = f"avg({alias})" if is_number else "NULL"
    parts = [f"count({alias})", f"count(DISTINCT {value})", f"min({value})", f"max({value})", mean, frequent]
    return f"{sql.array}({', '.join(parts)})"


def _read(answer: Any) -> list[Any]:
    return list(json.loads(answer) if isinstance(answer, str | bytes) else answer)


def _column(column: Column, answer: Sequence[Any], rows: int) -> dict[str, Any]:
    told: dict[str, Any] = {"name": column.name, "type": column.type, "nulls": rows - answer[0]}
    if len(answer) == 1:
        return told
    _, distinct, least, greatest, mean, top = answer
    # Some servers give a list of JSON within JSON as text.
    frequent = json.loads(top) if isinstance(top, str) else top
    pairs = sorted(frequent or [], key=lambda pair: (-pair[1], str(pair[0])))
    measured = {"distinct": distinct, "min": _kept(least), "max": _kept(greatest), "mean": _kept(mean)}
    return {**told, **measured, "top": [[_kept(value), count] for value, count in pairs]}


def _kept(value: Any) -> Any:
    """The value as both of our databases can keep it: no infinite number, no NUL."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value.replace("\x00", "\ufffd") if isinstance(value, str) else value
