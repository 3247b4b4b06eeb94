"""What servers keep of what a view reads: for views whose SQL sqlglot does not understand.

PostgreSQL notes every column that a view's rule refers to as a dependency, and the rule's tree says of an output that
is a column as it is, which one. MySQL (8.0.13 and later) notes the tables. MariaDB notes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

from ingestion.connectors.tables import Table
from ingestion.connectors.view_sql import TableName, ViewSources

_TOKEN = re.compile(r"\\.|[{}()]|:(resno|resorigtbl|resorigcol) (\d+)|:resjunk (true|false)", re.DOTALL)
_OUTPUT = 4
"""How deep in a rule's tree the outputs of the view itself are: a list, its query, the list of outputs, one of them."""


def postgresql_sources(connection: Connection, views: Sequence[Table]) -> dict[str, ViewSources]:
    """What these views of one schema read, by their names, in one statement."""
    asked = {"schema": views[0].schema, "names": [view.name for view in views]}
    columns = {view.name: [column.name for column in view.columns] for view in views}
    found = {}
    for row in connection.execute(_POSTGRESQL, asked):
        sources = found[row.name] = ViewSources()
        tables: dict[int, tuple[TableName, dict[str, str]]] = {}
        for one in row.reads or []:
            table = (one["schema"], one["name"])
            tables[one["oid"]] = (table, one["columns"])
            sources.columns[table] = {}
            sources.reads[table] = list(one["columns"].values())
        for output, oid, number in _passed_on(row.tree):
            # By number, as a rename leaves the names in the tree as they were.
            if oid in tables and output <= len(columns[row.name]):
                table, names = tables[oid]
                if str(number) in names:
                    sources.columns[table][columns[row.name][output - 1]] = [names[str(number)]]
    return found


def mysql_sources(connection: Connection, views: Sequence[Table]) -> dict[str, ViewSources]:
    """The tables that these views of one database read, by the views' names; {} where the server does not tell."""
    if connection.execute(_MYSQL_TELLS).scalar() is None:
        return {}
    wanted = {view.name for view in views}
    found: dict[str, ViewSources] = {}
    for row in connection.execute(_MYSQL, {"schema": views[0].schema, "names": sorted(wanted)}):
        if row.name in wanted:  # the server compares names without case
            found.setdefault(row.name, ViewSources()).columns[row.source_schema, row.source_name] = {}
    return found


def _passed_on(tree: str) -> Iterator[tuple[int, int, int]]:
    """(output, table's oid, column), by number, of the outputs of a rule's query that are a table's column as it is."""
    depth = 0
    told: dict[str, int] = {}
    for token in _TOKEN.finditer(tree):
        sign, (name, number, junk) = token[0], token.groups()
        if sign in "{(":
            depth += 1
        elif sign in "})":
            depth -= 1
        elif depth == _OUTPUT and name:
            told[name] = int(number)
        elif depth == _OUTPUT and junk:
            if junk == "false" and told.get("resorigtbl"):
                yield told["resno"], told["resorigtbl"], told["resorigcol"]
            told = {}


_POSTGRESQL = text(
    """
    SELECT c.relname AS name, w.ev_action::text AS tree,
           (SELECT jsonb_agg(jsonb_build_object('oid', t.oid::bigint, 'schema', t.nspname, 'name', t.relname,
                                                'columns', t.columns) ORDER BY t.nspname, t.relname)
            FROM (SELECT r.oid, rn.nspname, r.relname,
                         coalesce(jsonb_object_agg(a.attnum, a.attname) FILTER (WHERE a.attnum IS NOT NULL), '{}')
                             AS columns
                  FROM pg_catalog.pg_depend d
                  JOIN pg_catalog.pg_class r ON r.oid = d.refobjid AND r.relkind IN ('r', 'p', 'v', 'm', 'f')
                  JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
                  LEFT JOIN pg_catalog.pg_attribute a
                      ON a.attrelid = r.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
                  WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = w.oid
                    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> c.oid
                  GROUP BY r.oid, rn.nspname, r.relname) t) AS reads
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid AND w.ev_type = '1'
    WHERE n.nspname = :schema AND c.relname = ANY(:names) AND c.relkind IN ('v', 'm')
    """
)
_MYSQL_TELLS = text(
    """
    SELECT 1 FROM information_schema.tables
    WHERE table_schema = 'information_schema' AND table_name = 'VIEW_TABLE_USAGE'
    """
)
_MYSQL = text(
    """
    SELECT view_name AS name, table_schema AS source_schema, table_name AS source_name
    FROM information_schema.view_table_usage WHERE view_schema = :schema AND view_name IN :names
    """
).bindparams(bindparam("names", expanding=True))
