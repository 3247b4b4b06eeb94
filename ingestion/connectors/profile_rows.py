"""Profiles by engines that read a sample twice where a statement names it twice: some rows for each column.

The sample is read once. Each of its rows becomes a row for each of its columns: the column's number, the value as text,
and as a number where it is one. These are counted by value; windows over them tell of each column how many values
there are, how many distinct ones, the least and the greatest; the most frequent values are the rows that are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ingestion.connectors.base import CollectOptions
from ingestion.connectors.profile_forms import VALUE_LENGTH, Measured, ProfileForm, described
from ingestion.connectors.tables import Column, Table

_STATEMENT = """
    SELECT i, v, x, n, looked, present, differing, lowest, highest, lowest_x, highest_x, sum_x, present_x
    FROM (
        SELECT i, v, x, n,
               SUM(n) OVER (PARTITION BY i) AS looked,
               SUM(CASE WHEN v IS NULL THEN 0 ELSE n END) OVER (PARTITION BY i) AS present,
               COUNT(v) OVER (PARTITION BY i) AS differing,
               MIN(v) OVER (PARTITION BY i) AS lowest, MAX(v) OVER (PARTITION BY i) AS highest,
               MIN(x) OVER (PARTITION BY i) AS lowest_x, MAX(x) OVER (PARTITION BY i) AS highest_x,
               SUM(x * n) OVER (PARTITION BY i) AS sum_x,
               SUM(CASE WHEN x IS NULL THEN 0 ELSE n END) OVER (PARTITION BY i) AS present_x,
               ROW_NUMBER() OVER (
                   PARTITION BY i ORDER BY CASE WHEN v IS NULL THEN 1 ELSE 0 END, n DESC, v, x
               ) AS place
        FROM (SELECT i, v, x, COUNT(*) AS n FROM {spread} GROUP BY i, v, x) g
    ) r WHERE place <= {top} ORDER BY i, place
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsForm(ProfileForm):
    """`sample` and `whole` are whole SELECTs with {columns} in them.

    `spread` makes rows i, v, x of the {sample} by {rows}, each made by `row` of {i}, {v} and {x}; `text` and `number`
    cast a {value}; `other_texts` do it for types that need another way; `nothing` is the number that is none.
    `name_of_type` takes a type apart that the engine writes with something around it.
    """

    spread: str
    row: str
    between: str
    text: str
    number: str
    nothing: str
    other_texts: dict[str, str]
    name_of_type: Callable[[str], str] | None = None

    def statement(self, table: Table, columns: Sequence[Column], options: CollectOptions) -> str:
        # The row numbered 0 is of no column: it tells how many rows there are.
        rows = [self.row.format(i=0, v=self.text.format(value="'-'", length=VALUE_LENGTH), x=self.nothing)]
        picked = ["1 AS c0"]
        for number, column in enumerate(columns, 1):
            picked.append(f"{self.name(column.name)} AS c{number}")
            rows.append(self._row(number, column))
        sample = self.source(table, options, table=self.name(table.schema, table.name), columns=", ".join(picked))
        spread = self.spread.format(sample=sample, rows=self.between.join(rows), count=len(rows))
        return _STATEMENT.format(spread=spread, top=options.top_values)

    def read(self, rows: Sequence[Sequence[Any]], columns: Sequence[Column]) -> Measured:
        found = {int(number): list(group) for number, group in groupby(rows, key=lambda row: row[0])}
        looked_at = int(found[0][0][4]) if found else 0
        told = []
        for number, column in enumerate(columns, 1):
            own = found.get(number)
            if self._is_opaque(column):
                told.append(described(column, looked_at - int(own[0][5]) if own else 0))
            elif own is None:
                told.append(described(column, 0, distinct=0, min=None, max=None, mean=None, top=[]))
            else:
                told.append(self._column(column, own, looked_at))
        return Measured(looked_at, looked_at, told)

    def kind(self, column: Column) -> str:
        whole = column.type if self.name_of_type is None else self.name_of_type(column.type)
        return whole.lower().partition("(")[0].partition("<")[0].strip()

    def _is_opaque(self, column: Column) -> bool:
        return self.kind(column) in self.opaque

    def _row(self, number: int, column: Column) -> str:
        value, kind = f"c{number}", self.kind(column)
        text = self.other_texts.get(kind, self.text).format(value=value, length=VALUE_LENGTH)
        if kind in self.opaque:
            there = self.text.format(value="'-'", length=VALUE_LENGTH)
            text = f"CASE WHEN {value} IS NULL THEN NULL ELSE {there} END"
        x = self.number.format(value=value) if kind in self.numbers else self.nothing
        return self.row.format(i=number, v=text, x=x)

    def _column(self, column: Column, rows: Sequence[Sequence[Any]], looked_at: int) -> dict[str, Any]:
        _, _, _, _, _, present, differing, lowest, highest, lowest_x, highest_x, sum_x, present_x = rows[0]
        is_number = self.kind(column) in self.numbers
        mean = float(sum_x) / int(present_x) if is_number and present_x else None
        top = [[_number(row[2]) if is_number else row[1], int(row[3])] for row in rows if row[1] is not None]
        return described(
            column,
            looked_at - int(present),
            distinct=int(differing),
            min=_number(lowest_x) if is_number else lowest,
            max=_number(highest_x) if is_number else highest,
            mean=mean,
            top=top,
        )


def _number(value: Any) -> float | int | None:
    """A number as it is usually written: drivers give some as floats, some as decimals."""
    if value is None:
        return None
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _inside(kind: str) -> str:
    """ClickHouse's type without what says that it may be null or is kept in another way."""
    for wrapped in ("LowCardinality(", "Nullable("):
        if kind.startswith(wrapped):
            kind = kind.removeprefix(wrapped).removesuffix(")")
    return kind


_CLICKHOUSE_INTEGERS = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64, 128, 256)}

ROW_FORMS: dict[str, ProfileForm] = {
    "clickhouse": RowsForm(
        quote=("`", "`"),
        sample="SELECT {columns} FROM {table} WHERE rand() < 4294967295 * {share} LIMIT {rows}",
        whole="SELECT {columns} FROM {table} LIMIT {rows}",
        spread="(SELECT m.1 AS i, m.2 AS v, m.3 AS x FROM ({sample}) s ARRAY JOIN [{rows}] AS m) u",
        row="({i}, {v}, {x})",
        between=", ",
        text="CAST(substringUTF8(toString({value}), 1, {length}) AS Nullable(String))",
        number="CAST({value} AS Nullable(Float64))",
        nothing="CAST(NULL AS Nullable(Float64))",
        other_texts={},
        numbers=frozenset({*_CLICKHOUSE_INTEGERS, "float32", "float64", "bfloat16", "decimal"}),
        opaque=frozenset({"aggregatefunction"}),
        name_of_type=_inside,
    ),
    "hive": RowsForm(
        quote=("`", "`"),
        sample="SELECT {columns} FROM {table} WHERE rand() < {share} LIMIT {rows}",
        whole="SELECT {columns} FROM {table} LIMIT {rows}",
        spread="({sample}) s LATERAL VIEW stack({count}, {rows}) m AS i, v, x",
        row="{i}, {v}, {x}",
        between=", ",
        text="substr(CAST({value} AS STRING), 1, {length})",
        number="CAST({value} AS DOUBLE)",
        nothing="CAST(NULL AS DOUBLE)",
        other_texts={},
        numbers=frozenset({"tinyint", "smallint", "int", "integer", "bigint", "decimal", "float", "double"}),
        opaque=frozenset({"binary", "array", "map", "struct", "uniontype"}),
    ),
    "tsql": RowsForm(
        quote=("[", "]"),
        sample="SELECT TOP ({rows}) {columns} FROM {table} TABLESAMPLE SYSTEM ({percent} PERCENT)",
        whole="SELECT TOP ({rows}) {columns} FROM {table}",
        spread="({sample}) s CROSS APPLY (VALUES {rows}) AS m (i, v, x)",
        row="({i}, {v}, {x})",
        between=", ",
        text="CAST(LEFT(CAST({value} AS nvarchar(max)), {length}) AS nvarchar({length}))",
        number="CAST({value} AS float)",
        nothing="CAST(NULL AS float)",
        # 121 writes dates as ISO 8601 does, with a space.
        other_texts=dict.fromkeys(
            ("date", "datetime", "datetime2", "smalldatetime", "datetimeoffset", "time"),
            "CONVERT(nvarchar({length}), {value}, 121)",
        ),
        numbers=frozenset(
            {
                *("tinyint", "smallint", "int", "bigint", "bit"),
                *("decimal", "numeric", "money", "smallmoney", "float", "real"),
            }
        ),
        opaque=frozenset(
            {"binary", "varbinary", "image", "timestamp", "rowversion", "geometry", "geography", "hierarchyid"}
        ),
    ),
    "oracle": RowsForm(
        quote=('"', '"'),
        sample="SELECT {columns} FROM {table} SAMPLE BLOCK ({percent}) FETCH FIRST {rows} ROWS ONLY",
        whole="SELECT {columns} FROM {table} FETCH FIRST {rows} ROWS ONLY",
        spread="({sample}) s CROSS JOIN LATERAL ({rows}) m",
        row="SELECT {i} AS i, {v} AS v, {x} AS x FROM dual",
        between=" UNION ALL ",
        text="CAST(SUBSTR({value}, 1, {length}) AS VARCHAR2({length} CHAR))",
        number="CAST({value} AS BINARY_DOUBLE)",
        nothing="CAST(NULL AS BINARY_DOUBLE)",
        other_texts={
            **dict.fromkeys(("number", "float"), "CAST({value} AS VARCHAR2({length} CHAR))"),
            **dict.fromkeys(("binary_float", "binary_double"), "CAST({value} AS VARCHAR2({length} CHAR))"),
            "date": "TO_CHAR({value}, 'YYYY-MM-DD HH24:MI:SS')",
            "timestamp": "TO_CHAR({value}, 'YYYY-MM-DD HH24:MI:SS.FF6')",
        },
        numbers=frozenset({"number", "float", "binary_float", "binary_double"}),
        opaque=frozenset({"blob", "bfile", "raw", "xmltype", "sdo_geometry", "json", "rowid", "urowid"}),
    ),
}
"""By sqlglot's name of the engine's SQL."""
