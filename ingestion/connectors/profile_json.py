"""Profiles by engines that make JSON: one row, with a list for each column.

The statement takes a sample (all rows, where they are few) and makes one JSON list of each column: values
that are there, distinct ones, least, greatest, mean, and the most frequent with their counts. What is not a
number is compared as text, so that one statement serves every type that can be written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingestion.connectors.base import CollectOptions
from ingestion.connectors.profile_forms import VALUE_LENGTH, Measured, ProfileForm, described
from ingestion.connectors.tables import Column, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonForm(ProfileForm):
    """`text`, `array` and `gather` are how the engine casts to text, makes a list, and gathers rows into one."""

    text: str
    array: str
    gather: str
    materialized: str = ""
    count: str = "count(*)"
    has_schemas: bool = True

    def statement(self, table: Table, columns: Sequence[Column], options: CollectOptions) -> str:
        name = self.name(table.schema if self.has_schemas else "", table.name)
        aliases = [f"c{number}" for number in range(len(columns))]
        picked = ", ".join(f"{self.name(one.name)} AS {alias}" for one, alias in zip(columns, aliases, strict=True))
        measures = [self._measure(one, alias, options.top_values) for one, alias in zip(columns, aliases, strict=True)]
        answers = ", ".join([self.count.format(table=name), "count(*)", *measures])
        source = self.source(table, options, table=name)
        return (
            f"WITH s AS {self.materialized} (SELECT {picked or '1 AS nothing'} FROM {source}) "  # noqa: S608  quoted
            f"SELECT {answers} FROM s"
        )

    def read(self, rows: Sequence[Sequence[Any]], columns: Sequence[Column]) -> Measured:
        counted, looked_at, *found = rows[0]
        pairs = zip(columns, found, strict=True)
        return Measured(counted, looked_at, [_column(one, _read(answer), looked_at) for one, answer in pairs])

    def _measure(self, column: Column, alias: str, top: int) -> str:
        """The JSON list of one column."""
        kind = self.kind(column)
        if kind in self.opaque:
            return f"{self.array}(count({alias}))"
        as_text = self.text.format(value=alias, length=VALUE_LENGTH)
        is_number = kind in self.numbers
        value = alias if is_number else as_text
        frequent = (
            f"(SELECT {self.gather}({self.array}(v, n)) FROM (SELECT {value} AS v, count(*) AS n FROM s "  # noqa: S608
            f"WHERE {alias} IS NOT NULL GROUP BY {value} ORDER BY n DESC, v LIMIT {top}) AS t)"
        )
        mean = f"avg({alias})" if is_number else "NULL"
        parts = [f"count({alias})", f"count(DISTINCT {value})", f"min({value})", f"max({value})", mean, frequent]
        return f"{self.array}({', '.join(parts)})"


def _read(answer: Any) -> list[Any]:
    return list(json.loads(answer) if isinstance(answer, str | bytes) else answer)


def _column(column: Column, answer: Sequence[Any], rows: int) -> dict[str, Any]:
    nulls = rows - answer[0]
    if len(answer) == 1:
        return described(column, nulls)
    _, distinct, least, greatest, mean, top = answer
    # Some servers give a list of JSON within JSON as text.
    frequent = json.loads(top) if isinstance(top, str) else top
    return described(column, nulls, distinct=distinct, min=least, max=greatest, mean=mean, top=frequent or [])


# How many rows there are is known only by counting, which the same statement does.
_SQLITE = "{table} WHERE abs(random() % 1000000) < 1000000.0 * {rows} / max((SELECT count(*) FROM {table}), 1)"
JSON_FORMS: dict[str, ProfileForm] = {
    "postgres": JsonForm(
        quote=('"', '"'),
        text="left(CAST({value} AS text), {length})",
        array="jsonb_build_array",
        gather="jsonb_agg",
        sample="{table} TABLESAMPLE SYSTEM ({percent})",
        whole="{table} LIMIT {rows}",
        numbers=frozenset({"smallint", "integer", "bigint", "numeric", "real", "double precision"}),
        opaque=frozenset({"bytea"}),
        materialized="MATERIALIZED",
    ),
    "mysql": JsonForm(
        quote=("`", "`"),
        text="left(CAST({value} AS CHAR), {length})",
        array="JSON_ARRAY",
        gather="JSON_ARRAYAGG",
        sample="{table} WHERE rand() < {share}",
        whole="{table} LIMIT {rows}",
        numbers=frozenset(
            {"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double", "year"},
        ),
        opaque=frozenset(
            {
                *("blob", "tinyblob", "mediumblob", "longblob", "binary", "varbinary", "bit", "vector"),
                *("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"),
                *("geometrycollection", "geomcollection"),
            }
        ),
    ),
    "sqlite": JsonForm(
        quote=('"', '"'),
        text="substr(CAST({value} AS TEXT), 1, {length})",
        array="json_array",
        gather="json_group_array",
        sample=_SQLITE,
        whole=_SQLITE,
        numbers=frozenset(
            {"int", "integer", "real", "numeric", "decimal", "double", "float", "bigint", "smallint"},
        ),
        opaque=frozenset({"blob"}),
        materialized="MATERIALIZED",
        count="(SELECT count(*) FROM {table})",
        has_schemas=False,
        is_bounded=False,
    ),
}
"""By sqlglot's name of the engine's SQL."""
