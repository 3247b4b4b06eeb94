"""What a view is made from: its SQL parsed by sqlglot, down to the columns."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp, parse_one
from sqlglot.dialects.dialect import Dialect, NormalizationStrategy
from sqlglot.errors import SqlglotError
from sqlglot.lineage import lineage
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.schema import MappingSchema

TableName = tuple[str, str]
"""Schema and table; the schema is empty where the engine has none."""

_LAST_QUOTED = re.compile(r'(?:^|\.)"((?:[^"]|"")*)"$')

SQL_LIMIT = 1_000_000
"""Characters of a definition; longer ones are not parsed."""

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # its warnings about syntax are ours to report


class UnreadableView(Exception):
    """The definition could not be parsed; the message says why, in a line."""


@dataclass(slots=True)
class ViewSources:
    """The tables a view reads. `columns` maps each to {view column: [the table's columns it is made from]}.

    A table that only filters or joins has an empty mapping. `problem` says why columns could not be traced. `reads` is
    told by servers that keep it: the columns of a table that are used in whatever way.
    """

    columns: dict[TableName, dict[str, list[str]]] = field(default_factory=dict)
    problem: str = ""
    reads: dict[TableName, list[str]] = field(default_factory=dict)


def parse_view(sql: str, *, dialect: str, database: str = "") -> exp.Query:
    """The query of a view's definition, with or without its CREATE. Raises UnreadableView.

    `database` is the view's own, where names may begin with one: what such a name finds in another database is
    no table of this one, though schema and table be called the same.
    """
    if len(sql) > SQL_LIMIT:
        raise UnreadableView(f"its definition has more than {SQL_LIMIT:,} characters")
    try:
        tree: exp.Expr = parse_one(sql, dialect=dialect)
    except (SqlglotError, RecursionError) as error:
        raise UnreadableView(_one_line(error)) from None
    if isinstance(tree, exp.Create) and tree.expression is not None:
        columns = [column.name for column in tree.this.expressions] if isinstance(tree.this, exp.Schema) else []
        tree = tree.expression
        if columns and isinstance(tree, exp.Query):
            _name_columns(tree, columns)
    query = tree.unnest() if isinstance(tree, exp.Subquery) else tree
    if not isinstance(query, exp.Query):
        raise UnreadableView("its definition is not a query")
    if Dialect.get_or_raise(dialect).normalization_strategy is NormalizationStrategy.UPPERCASE:
        # The text is as somebody typed it, and the dictionary knows its names in upper case.
        query = normalize_identifiers(query, dialect=dialect)
    if database:
        _tell_databases_apart(query, database, _folding(dialect))
    return query


def _tell_databases_apart(query: exp.Query, database: str, fold: Callable[[str], str]) -> None:
    """Leave the own database out of names; another one becomes part of the schema's name, where nothing is found."""
    for table in query.find_all(exp.Table):
        if table.catalog:
            if fold(table.catalog) != fold(database):
                table.set("db", exp.to_identifier(f"{table.catalog}.{table.db}", quoted=True))
            table.set("catalog", None)


def tables_of(query: exp.Query, *, default_schema: str) -> set[TableName]:
    """The tables and views that a query names, its own CTEs left out."""
    ctes = {cte.alias_or_name for cte in query.find_all(exp.CTE)}
    found = set()
    for table in query.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and (table.db or table.name not in ctes):
            found.add((table.db or default_schema, table.name))
    return found


def trace(
    query: exp.Query,
    *,
    dialect: str,
    default_schema: str,
    columns: Mapping[TableName, Sequence[str]],
    view_columns: Sequence[str],
) -> ViewSources:
    """The query's sources. `columns` has the columns of every table it names that is known.

    Names keep the spelling of `columns` and `view_columns`, whatever the case in the SQL.
    """
    fold = _folding(dialect)
    known = {(fold(schema), fold(name)): (schema, name) for schema, name in columns}
    sources = ViewSources()
    for schema, name in tables_of(query, default_schema=default_schema):
        if (table := known.get((fold(schema), fold(name)))) is not None:
            sources.columns[table] = {}
    try:
        traced = lineage(
            None,
            query,
            _schema_of(columns, fold, dialect),
            dialect=dialect,
            trim_selects=False,
            db=exp.to_identifier(fold(default_schema), quoted=True) if default_schema else None,
        )
    except (SqlglotError, RecursionError, KeyError, ValueError, AttributeError, TypeError) as error:
        # sqlglot meets SQL that it parses and cannot resolve with more than its own errors.
        sources.problem = _one_line(error)
        return sources
    spelled = {fold(name): name for name in view_columns}
    for output, node in traced.items():
        view_column = spelled.get(fold(output))
        for leaf in node.walk() if view_column else ():
            if not isinstance(leaf.expression, exp.Table):
                continue
            table = known.get((fold(leaf.expression.db or default_schema), fold(leaf.expression.name)))
            column = _column_name(leaf.name)
            if table is not None:
                true_name = next((one for one in columns[table] if fold(one) == fold(column)), None)
                _add(sources.columns[table], view_column, true_name)
    return sources


def _add(mapping: dict[str, list[str]], view_column: str | None, column: str | None) -> None:
    if view_column is not None and column is not None:
        made_of = mapping.setdefault(view_column, [])
        if column not in made_of:
            made_of.append(column)


def _folding(dialect: str) -> Callable[[str], str]:
    """How the dialect makes equal names that are written the same but for case, once sqlglot has normalised them."""
    strategy = Dialect.get_or_raise(dialect).normalization_strategy
    return str.lower if strategy is NormalizationStrategy.CASE_INSENSITIVE else str


def _schema_of(columns: Mapping[TableName, Sequence[str]], fold: Callable[[str], str], dialect: str) -> MappingSchema:
    """The known tables in sqlglot's form; a table without a schema is found by its bare name."""
    schema = MappingSchema(dialect=dialect, normalize=False)
    for (db, name), names in columns.items():
        table = exp.table_(fold(name), db=fold(db) or None, quoted=True)
        schema.add_table(table, {fold(column): "unknown" for column in names}, match_depth=False)
    return schema


def _column_name(text: str) -> str:
    """The column of `table.column`, as sqlglot writes a leaf's name: either may stand in double quotes."""
    quoted = _LAST_QUOTED.search(text)
    return quoted.group(1).replace('""', '"') if quoted else text.rpartition(".")[2]


def _name_columns(query: exp.Query, names: list[str]) -> None:
    """Give the query's outputs the names of `CREATE VIEW v (a, b) AS …`."""
    selects = query.selects
    if len(selects) == len(names) and not query.is_star:
        first = query
        while isinstance(first, exp.SetOperation):
            first = first.left
        first.set(
            "expressions",
            [
                exp.alias_(select.unalias(), name, quoted=True, copy=False)
                for select, name in zip(first.selects, names, strict=True)
            ],
        )


def _one_line(error: BaseException) -> str:
    """The first line of a parser's message, without the terminal colours it may have."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    return (text.splitlines() or [error.__class__.__name__])[0][:200]
