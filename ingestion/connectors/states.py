"""What engines tell of their tables without giving them: whether they are as they were, and who they are.

A state is a digest of what the engine keeps for every change, or, where it keeps no such thing, of what a collection
would read, made in the server. It never misses a change; it may be another where nothing that we keep changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import groupby
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

from ingestion.connectors.tables import ObjectState, Table, rounded


def postgresql_states(connection: Connection, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
    """From `xmin`, which names the transaction that wrote a row of the catalog, and of views their definition.

    An oid outlives a rename.
    """
    whole = connection.info["identity"]
    rows = connection.execute(_POSTGRESQL, {"schema": schema, "names": list(names)})
    return {row.relname: ObjectState(_with_rows(row.digest, row.estimate), f"{whole}:{row.oid}") for row in rows}


def postgresql_identity(connection: Connection) -> str:
    """What tells this database from every other, also one of the same name that was restored from a dump."""
    row = connection.execute(_POSTGRESQL_DATABASE).one()
    server = connection.execute(_POSTGRESQL_SERVER).scalar() if row.may_ask else "postgresql"
    return f"{server}:{row.oid}"


def mysql_states(connection: Connection, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
    """A digest of the definitions, made in the server: its times are of some changes only, and to the second."""
    # What is grouped must not be cut at 1024 characters.
    connection.execute(text("SET SESSION group_concat_max_len = 16777216"))
    parts: dict[str, list[str]] = {}
    estimates: dict[str, int | None] = {}
    wanted = set(names)
    for statement in _MYSQL:
        for row in connection.execute(statement, {"schema": schema, "names": list(names) or [""]}):
            if row.name in wanted:  # the server compares names without case
                parts.setdefault(row.name, []).append(row.digest)
                estimates[row.name] = getattr(row, "estimate", None) or estimates.get(row.name)
    return {name: ObjectState(_with_rows(_digest(*found), estimates[name])) for name, found in parts.items()}


def sqlite_states(connection: Connection, names: Sequence[str]) -> dict[str, ObjectState]:
    """From the SQL that made a table and its indexes, which SQLite rewrites with every change.

    A view's columns follow the tables it reads: it is as it was only while nothing in the file was altered.
    """
    cookie = connection.execute(text("PRAGMA schema_version")).scalar()
    states: dict[str, ObjectState] = {}
    rows = connection.execute(_SQLITE, {"names": json.dumps(list(names))})
    for name, group in groupby(rows, key=lambda row: row.table_name):
        found = [f"{row.type} {row.name} {row.sql}" for row in group]
        if any(one.startswith("view ") for one in found):
            found.append(str(cookie))
        states[name] = ObjectState(_digest(*found))
    return states


def clickhouse_states(rows: Iterable[Mapping[str, Any]]) -> dict[str, ObjectState]:
    """From rows of CLICKHOUSE. A table's UUID outlives a rename; databases of some engines give none."""
    return {row["name"]: ObjectState(_with_rows(row["digest"], row["estimate"]), row["identity"]) for row in rows}


def sqlserver_states(connection: Connection, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
    """From when an object, and what a view reads, was last altered, and what no date of it tells: the descriptions, and
    how that is called which foreign keys refer to.
    """
    return _dated(connection.execute(_SQLSERVER, {"schema": schema, "names": list(names) or [""]}))


def oracle_states(connection: Connection, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
    """From when an object, its indexes, and what a view reads, last met a DDL statement, the comments, and how that is
    called which foreign keys refer to.
    """
    return _dated(connection.execute(_ORACLE, {"owner": schema, "names": list(names) or [""]}))


def hive_states(tables: Iterable[Table]) -> dict[str, ObjectState]:
    """From what the server has told of a whole database at once; of a view only where that has its SQL."""
    return {
        table.name: ObjectState(_with_rows(_digest(repr(replace(table, rows=None))), table.rows))
        for table in tables
        if table.definition or not table.is_view
    }


def _dated(rows: Iterable[Any]) -> dict[str, ObjectState]:
    """States of rows with `told`. What was altered a moment ago has none: it may be altered again at the same time."""
    return {row.name: ObjectState(_with_rows(_digest(row.told), row.estimate)) for row in rows if not row.is_fresh}


def _digest(*parts: str) -> str:
    return sha256("\x00".join(parts).encode()).hexdigest()[:40]


def _with_rows(digest: str, estimate: float | None) -> str:
    """The estimate of rows is kept rounded, and is another only then."""
    return digest if estimate is None or estimate < 0 else f"{digest}:{rounded(int(estimate))}"


_POSTGRESQL_DATABASE = text(
    """
    SELECT oid, has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS may_ask
    FROM pg_catalog.pg_database WHERE datname = current_database()
    """
)
_POSTGRESQL_SERVER = text("SELECT system_identifier FROM pg_catalog.pg_control_system()")
_POSTGRESQL = text(
    """
    SELECT c.relname, c.oid, CASE WHEN c.relkind IN ('r', 'm') THEN c.reltuples END AS estimate, md5(concat_ws('|',
        c.xmin::text,
        (SELECT string_agg(concat(a.xmin, '.', t.xmin), ',' ORDER BY a.attnum)
         FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
         WHERE a.attrelid = c.oid AND a.attnum > 0),
        'default', (SELECT string_agg(d.xmin::text, ',' ORDER BY d.adnum)
         FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid),
        'comment', (SELECT string_agg(concat(d.objsubid, '.', d.xmin), ',' ORDER BY d.objsubid)
         FROM pg_catalog.pg_description d
         WHERE d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::regclass),
        'constraint', (SELECT string_agg(concat(k.xmin, '.', k.confrelid::regclass), ',' ORDER BY k.oid)
         FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid),
        'index', (SELECT string_agg(concat(x.xmin, '.', i.xmin), ',' ORDER BY x.indexrelid)
         FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid WHERE x.indrelid = c.oid),
        'parent', (SELECT string_agg(concat(p.xmin, '.', p.inhparent::regclass), ',')
         FROM pg_catalog.pg_inherits p WHERE p.inhrelid = c.oid),
        'definition', CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END
    )) AS digest
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relname = ANY(:names) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    """
)
_SQLITE = text(
    """
    SELECT tbl_name AS table_name, type, name, sql FROM sqlite_master
    WHERE tbl_name IN (SELECT value FROM json_each(:names)) AND type <> 'trigger'
    ORDER BY tbl_name, type, name
    """
)


def _of_rows(source: str, order: str, *columns: str, estimate: str = "NULL") -> Any:
    """A digest of these columns of a table's rows, by table."""
    told = ", ".join(f"ifnull({column}, '~')" for column in columns)
    statement = f"""
        SELECT table_name AS name, max({estimate}) AS estimate,
               md5(group_concat(md5(concat_ws('|', {told})) ORDER BY {order} SEPARATOR '')) AS digest
        FROM information_schema.{source}
        WHERE table_schema = :schema AND table_name IN :names GROUP BY table_name
    """  # noqa: S608  constants of this module
    return text(statement).bindparams(bindparam("names", expanding=True))


_MYSQL = (
    _of_rows("tables", "1", "table_type", "table_comment", estimate="table_rows"),
    _of_rows(
        "columns",
        "ordinal_position",
        "column_name",
        "column_type",
        "is_nullable",
        "column_default",
        "column_comment",
    ),
    _of_rows(
        "key_column_usage",
        "constraint_name, ordinal_position",
        "constraint_name",
        "column_name",
        "referenced_table_schema",
        "referenced_table_name",
        "referenced_column_name",
    ),
    _of_rows("statistics", "index_name, seq_in_index", "index_name", "non_unique", "column_name"),
    _of_rows("views", "1", "view_definition"),
)
CLICKHOUSE = """
    SELECT name, if(empty(uuid), '', toString(uuid)) AS identity, total_rows AS estimate,
           lower(hex(MD5(concat(create_table_query, char(0), comment, char(0), toString(uuid))))) AS digest
    FROM system.tables WHERE database = %(schema)s AND name IN %(names)s
"""
_SQLSERVER = text(
    """
    SELECT o.name, r.row_count AS estimate,
           CASE WHEN o.modify_date > DATEADD(second, -2, GETDATE()) OR d.latest > DATEADD(second, -2, GETDATE())
                THEN 1 ELSE 0 END AS is_fresh,
           CONCAT(o.object_id, '|', CONVERT(varchar(30), o.modify_date, 126), '|',
                  CONVERT(varchar(30), d.latest, 126), '|', d.read_objects, '|', x.texts, '|', f.referred) AS told
    FROM sys.objects o
    JOIN sys.schemas s ON s.schema_id = o.schema_id
    OUTER APPLY (SELECT SUM(q.rows) AS row_count FROM sys.partitions q
                 WHERE q.object_id = o.object_id AND q.index_id IN (0, 1)) r
    OUTER APPLY (SELECT MAX(b.modify_date) AS latest, COUNT(*) AS read_objects
                 FROM sys.sql_expression_dependencies e JOIN sys.objects b ON b.object_id = e.referenced_id
                 WHERE e.referencing_id = o.object_id) d
    OUTER APPLY (SELECT CONVERT(varchar(64), HASHBYTES('SHA2_256', (
                     SELECT p.minor_id AS part, CAST(CAST(p.value AS nvarchar(4000)) AS varbinary(8000)) AS said
                     FROM sys.extended_properties p
                     WHERE p.class = 1 AND p.major_id = o.object_id AND p.name = 'MS_Description'
                     ORDER BY p.minor_id FOR XML PATH('')
                 )), 2) AS texts) x
    OUTER APPLY (SELECT CONVERT(varchar(64), HASHBYTES('SHA2_256', (
                     SELECT k.object_id AS part, y.constraint_column_id AS place,
                            CAST(rs.name AS varbinary(256)) AS namespace, CAST(r.name AS varbinary(256)) AS called,
                            CAST(rc.name AS varbinary(256)) AS said
                     FROM sys.foreign_keys k
                     JOIN sys.foreign_key_columns y ON y.constraint_object_id = k.object_id
                     JOIN sys.columns rc
                         ON rc.object_id = y.referenced_object_id AND rc.column_id = y.referenced_column_id
                     JOIN sys.objects r ON r.object_id = k.referenced_object_id
                     JOIN sys.schemas rs ON rs.schema_id = r.schema_id
                     WHERE k.parent_object_id = o.object_id
                     ORDER BY k.object_id, y.constraint_column_id FOR XML PATH('')
                 )), 2) AS referred) f
    WHERE s.name = :schema AND o.name IN :names AND o.type IN ('U', 'V') AND o.is_ms_shipped = 0
    """
).bindparams(bindparam("names", expanding=True))
_ORACLE = text(
    """
    SELECT o.name, t.num_rows AS estimate,
           CASE WHEN GREATEST(o.altered, COALESCE(i.altered, o.altered), COALESCE(d.altered, o.altered))
                     > SYSDATE - INTERVAL '3' SECOND THEN 1 ELSE 0 END AS is_fresh,
           o.id || '|' || TO_CHAR(o.altered, 'YYYYMMDDHH24MISS') || '|' || i.number_of || '|'
               || TO_CHAR(i.altered, 'YYYYMMDDHH24MISS') || '|' || d.number_of || '|'
               || TO_CHAR(d.altered, 'YYYYMMDDHH24MISS') || '|' || c.said || '|' || m.said || '|' || f.referred AS told
    FROM (SELECT object_name AS name, MAX(object_id) AS id, MAX(last_ddl_time) AS altered FROM all_objects
          WHERE owner = :owner AND object_name IN :names AND object_type IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW')
          GROUP BY object_name) o
    LEFT JOIN all_all_tables t ON t.owner = :owner AND t.table_name = o.name
    LEFT JOIN (SELECT i.table_name AS name, COUNT(*) AS number_of, MAX(x.last_ddl_time) AS altered
               FROM all_indexes i
               JOIN all_objects x
                   ON x.owner = i.owner AND x.object_name = i.index_name AND x.object_type = 'INDEX'
               WHERE i.table_owner = :owner AND i.table_name IN :names GROUP BY i.table_name) i ON i.name = o.name
    LEFT JOIN (SELECT d.name, COUNT(*) AS number_of, MAX(r.last_ddl_time) AS altered
               FROM all_dependencies d
               JOIN all_objects r
                   ON r.owner = d.referenced_owner AND r.object_name = d.referenced_name
                      AND r.object_type IN ('TABLE', 'VIEW', 'MATERIALIZED VIEW')
               WHERE d.owner = :owner AND d.name IN :names AND d.type IN ('VIEW', 'MATERIALIZED VIEW')
               GROUP BY d.name) d ON d.name = o.name
    LEFT JOIN (SELECT table_name AS name,
                      SUM(ORA_HASH(comments)) || '.' || SUM(ORA_HASH(comments, 4294967295, 1)) AS said
               FROM all_tab_comments WHERE owner = :owner AND table_name IN :names GROUP BY table_name) c
        ON c.name = o.name
    LEFT JOIN (SELECT table_name AS name,
                      SUM(ORA_HASH(column_name || ':' || comments)) || '.'
                          || SUM(ORA_HASH(column_name || ':' || comments, 4294967295, 1)) AS said
               FROM all_col_comments
               WHERE owner = :owner AND table_name IN :names AND comments IS NOT NULL GROUP BY table_name) m
        ON m.name = o.name
    LEFT JOIN (SELECT k.table_name AS name,
                      SUM(ORA_HASH(k.constraint_name || ':' || r.owner || ':' || r.table_name || ':' || y.column_name))
                          || '.' || SUM(ORA_HASH(k.constraint_name || ':' || r.owner || ':' || r.table_name || ':'
                                                 || y.column_name, 4294967295, 1)) AS referred
               FROM all_constraints k
               JOIN all_constraints r ON r.owner = k.r_owner AND r.constraint_name = k.r_constraint_name
               JOIN all_cons_columns y ON y.owner = r.owner AND y.constraint_name = r.constraint_name
               WHERE k.owner = :owner AND k.table_name IN :names AND k.constraint_type = 'R'
               GROUP BY k.table_name) f
        ON f.name = o.name
    """
).bindparams(bindparam("names", expanding=True))
