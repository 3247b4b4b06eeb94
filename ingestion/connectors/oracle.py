"""Oracle: the schemas, tables and views that a user may see, from the ALL_ views of the dictionary (12.1 and later)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from typing import Any, ClassVar

from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

from ingestion.connectors.base import JsonSchema
from ingestion.connectors.engines import opened_by_driver
from ingestion.connectors.network import (
    PASSWORD_SCHEMA,
    STATEMENT_SECONDS,
    TIMEOUT_SCHEMA,
    allowed_addresses_of,
    first_that_answers,
    port_schema,
    server_schema,
)
from ingestion.connectors.relational import RelationalConnector, SchemaInfo
from ingestion.connectors.states import oracle_states
from ingestion.connectors.tables import Column, ForeignKey, ObjectState, Table
from ingestion.services.deadline import within

_LONG = {"LONG", "LONG RAW"}
"""Types whose values can be selected, and nothing else."""
_COLUMN_ALONE = re.compile(r'"([^"]+)"')
_SIZED = {"VARCHAR2", "CHAR", "NVARCHAR2", "NCHAR"}


class OracleConnector(RelationalConnector[Connection]):
    type = "oracle"
    title = "Oracle"
    dialect = "oracle"
    names_at_once = 1000  # as many as a list in Oracle's SQL may have
    config_schema: ClassVar[JsonSchema] = server_schema(
        port_schema(1521),
        {
            "database": {
                "type": "string",
                "minLength": 1,
                "maxLength": 128,
                "pattern": r"^[A-Za-z0-9_.$#\-]+$",
                "title": "Service name",
                "description": "Of the (pluggable) database, as the listener knows it.",
            },
            "username": {"type": "string", "minLength": 1, "maxLength": 128, "title": "User name"},
            "password": PASSWORD_SCHEMA,
            "tls": {"type": "boolean", "default": False, "title": "TLS"},
            "timeout": TIMEOUT_SCHEMA,
        },
        required=["database"],
    )

    def connect(self, config: Mapping[str, Any]) -> AbstractContextManager[Connection]:
        return opened_by_driver("oracledb", "oracle+oracledb://", config, connect=_open, engine=self.title)

    def version(self, connection: Connection) -> tuple[str, str]:
        row = connection.execute(_VERSION).one()
        return f"{row.product.strip()} {row.version}", row.version

    def databases(self, connection: Connection) -> list[SchemaInfo]:
        return [SchemaInfo(name) for name in connection.execute(_DATABASE).scalars()]

    def schemas(self, connection: Connection, database: str) -> list[SchemaInfo]:
        rows = connection.execute(_SCHEMAS).all()
        return [SchemaInfo(row.name, "", "" if row.visible or row.sees_all else _gap(row)) for row in rows]

    def table_names(self, connection: Connection, schema: str) -> list[str]:
        return list(connection.execute(_TABLE_NAMES, {"owner": schema}).scalars())

    def read_states(self, connection: Connection, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
        return oracle_states(connection, schema, names)

    def read_tables(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        tables = {table.name: table for table in self.read_edges(connection, schema, names)}
        indexes = _select(connection, _INDEXES, schema, tables)
        for (table, name), group in groupby(indexes, key=lambda row: (row.parent, row.name)):
            parts = list(group)
            columns = [_plain(one.column_expression) or one.column_name for one in parts]
            tables[table].indexes.append({"name": name, "unique": bool(parts[0].is_unique), "columns": columns})
        return list(tables.values())

    def read_edges(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        tables = self._read(connection, schema, names)
        for statement in (_VIEW_DEFINITIONS, _MATERIALIZED_DEFINITIONS):
            for row in _select(connection, statement, schema, tables):
                tables[row.parent].definition = row.definition or ""
        return list(tables.values())

    def read_columns(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        return list(self._read(connection, schema, names).values())

    def _read(self, connection: Connection, schema: str, names: Sequence[str]) -> dict[str, Table]:
        """The tables by name, with columns and keys."""
        wanted = {"owner": schema, "names": list(names) or [""]}
        tables = {row.name: _table(schema, row) for row in connection.execute(_TABLES, wanted)}
        for name, remark in connection.execute(_VIEWS, wanted):
            tables[name] = Table(schema, name, is_view=True, comment=remark or "")
        for name, group in groupby(_select(connection, _COLUMNS, schema, tables), key=lambda row: str(row.parent)):
            tables[name].columns = [_column(row, place) for place, row in enumerate(group, 1)]
        keys = _select(connection, _KEYS, schema, tables)
        for (name, key), group in groupby(keys, key=lambda row: (row.parent, row.name)):
            parts = list(group)
            own, first = [one.column_name for one in parts], parts[0]
            if first.kind == "P":
                tables[name].primary_key = own
            elif first.referred_table is not None:
                referred = [one.referred_column for one in parts]
                tables[name].foreign_keys.append(
                    ForeignKey(key, own, first.referred_schema, first.referred_table, referred)
                )
        return tables


def _open(oracledb: Any, config: Mapping[str, Any]) -> Any:
    """A connection to the first of the host's addresses that answers; by name with TLS, which is what is certified."""

    def connect(address: str) -> Any:
        connection = within(  # the driver's own limit ends when TCP is connected
            config["timeout"] + 1,
            lambda: oracledb.connect(
                host=address,
                port=config["port"],
                service_name=config["database"],
                protocol="tcps" if config["tls"] else "tcp",
                user=config.get("username"),
                password=config.get("password") or "",
                tcp_connect_timeout=config["timeout"],
                retry_count=0,
                program="cartulary",
            ),
        )
        connection.call_timeout = max(config["timeout"], STATEMENT_SECONDS) * 1000
        return connection

    addresses = allowed_addresses_of(config)
    return first_that_answers(
        [config["host"]] if config["tls"] else addresses,
        connect,
        is_silent=lambda error: "DPY-6005" in str(error),
    )


def _select(connection: Connection, statement: Any, schema: str, tables: Mapping[str, Table]) -> Iterator[Any]:
    """Rows of these tables."""
    rows = connection.execute(statement, {"owner": schema, "names": list(tables) or [""]})
    return (row for row in rows if row.parent in tables)


def _plain(expression: str | None) -> str:
    """What an index is of, without the quotes where it is a column after all."""
    said = (expression or "").strip()
    found = _COLUMN_ALONE.fullmatch(said)
    return found[1] if found else said


def _gap(row: Any) -> str:
    return (
        f"The user '{row.login}' sees nothing in the schema '{row.name}': it is empty, or a privilege is missing. "
        f"To collect it: GRANT READ ANY TABLE TO {row.login}, or GRANT READ on each of its tables"
    )


def _table(schema: str, row: Any) -> Table:
    kind = ""
    if row.is_materialized:
        kind = "materialized view"
    elif row.is_external:
        kind = "foreign table"
    elif row.partitioned == "YES":
        kind = "partitioned table"
    elif row.temporary == "Y":
        kind = "temporary table"
    return Table(
        schema,
        row.name,
        is_view=bool(row.is_materialized),
        kind=kind,
        comment=row.remark or "",
        rows=row.num_rows,
        is_elsewhere=bool(row.is_external),
    )


def _column(row: Any, position: int) -> Column:
    return Column(
        row.name,
        _type_of(row),
        row.nullable == "Y",
        position,
        row.remark or "",
        default=(row.data_default or "").strip() or None,
        is_unreadable=row.data_type in _LONG,
    )


def _type_of(row: Any) -> str:
    """The type as it would be written in CREATE TABLE."""
    name = str(row.data_type)
    if name in _SIZED:
        return f"{name}({row.char_length}{' CHAR' if row.char_used == 'C' and name[0] != 'N' else ''})"
    if name == "NUMBER" and row.data_precision is not None:
        return f"NUMBER({row.data_precision},{row.data_scale})" if row.data_scale else f"NUMBER({row.data_precision})"
    if name == "NUMBER" and row.data_scale is not None:
        return f"NUMBER(*,{row.data_scale})"
    if name == "RAW":
        return f"RAW({row.data_length})"
    return f"FLOAT({row.data_precision})" if name == "FLOAT" else name


def _of_tables(statement: str) -> Any:
    return text(statement).bindparams(bindparam("names", expanding=True))


_VERSION = text("SELECT product, version FROM product_component_version WHERE product LIKE 'Oracle%' AND ROWNUM = 1")
_DATABASE = text("SELECT sys_context('USERENV', 'CON_NAME') AS name FROM dual")
# The ALL_ views leave out what the user has no privilege on: nothing in a schema may mean either.
_SCHEMAS = text(
    """
    SELECT u.username AS name,
           (SELECT COUNT(*) FROM all_objects o
            WHERE o.owner = u.username AND o.object_type IN ('TABLE', 'VIEW') AND ROWNUM = 1) AS visible,
           CASE WHEN u.username = USER OR EXISTS (
               SELECT 1 FROM session_privs WHERE privilege IN ('SELECT ANY TABLE', 'READ ANY TABLE')
           ) THEN 1 ELSE 0 END AS sees_all,
           USER AS login
    FROM all_users u WHERE u.oracle_maintained = 'N' ORDER BY u.username
    """
)
# ALL_ALL_TABLES has the tables of objects too, which ALL_TABLES leaves out. Nested tables, overflow segments, logs of
# materialized views and the recycle bin are parts of others.
_TABLE_NAMES = text(
    """
    SELECT t.table_name AS name FROM all_all_tables t
    WHERE t.owner = :owner AND t.nested = 'NO' AND t.secondary = 'N' AND t.dropped = 'NO'
      AND (t.iot_type IS NULL OR t.iot_type = 'IOT')
      AND NOT EXISTS (SELECT 1 FROM all_mview_logs l WHERE l.log_owner = t.owner AND l.log_table = t.table_name)
    UNION
    SELECT v.view_name FROM all_views v WHERE v.owner = :owner
    ORDER BY 1
    """
)
_TABLES = _of_tables(
    """
    SELECT t.table_name AS name, t.num_rows, t.partitioned, t.temporary, COALESCE(m.comments, c.comments) AS remark,
           NVL2(v.mview_name, 1, 0) AS is_materialized, NVL2(x.table_name, 1, 0) AS is_external
    FROM all_all_tables t
    LEFT JOIN all_tab_comments c ON c.owner = t.owner AND c.table_name = t.table_name
    LEFT JOIN all_mviews v ON v.owner = t.owner AND v.mview_name = t.table_name
    LEFT JOIN all_mview_comments m ON m.owner = t.owner AND m.mview_name = t.table_name
    LEFT JOIN all_external_tables x ON x.owner = t.owner AND x.table_name = t.table_name
    WHERE t.owner = :owner AND t.table_name IN :names
    ORDER BY t.table_name
    """
)
_VIEWS = _of_tables(
    """
    SELECT v.view_name AS name, c.comments AS remark
    FROM all_views v LEFT JOIN all_tab_comments c ON c.owner = v.owner AND c.table_name = v.view_name
    WHERE v.owner = :owner AND v.view_name IN :names ORDER BY v.view_name
    """
)
_COLUMNS = _of_tables(
    """
    SELECT c.table_name AS parent, c.column_name AS name, c.data_type, c.data_length, c.char_length, c.char_used,
           c.data_precision, c.data_scale, c.nullable, c.data_default, m.comments AS remark
    FROM all_tab_cols c
    LEFT JOIN all_col_comments m
        ON m.owner = c.owner AND m.table_name = c.table_name AND m.column_name = c.column_name
    WHERE c.owner = :owner AND c.table_name IN :names AND c.hidden_column = 'NO'
    ORDER BY c.table_name, c.column_id
    """
)
_KEYS = _of_tables(
    """
    SELECT k.table_name AS parent, k.constraint_name AS name, k.constraint_type AS kind, x.column_name,
           r.owner AS referred_schema, r.table_name AS referred_table, y.column_name AS referred_column
    FROM all_constraints k
    JOIN all_cons_columns x
        ON x.owner = k.owner AND x.constraint_name = k.constraint_name AND x.table_name = k.table_name
    LEFT JOIN all_constraints r ON r.owner = k.r_owner AND r.constraint_name = k.r_constraint_name
    LEFT JOIN all_cons_columns y
        ON y.owner = r.owner AND y.constraint_name = r.constraint_name AND y.position = x.position
    WHERE k.owner = :owner AND k.table_name IN :names AND k.constraint_type IN ('P', 'R')
    ORDER BY k.table_name, k.constraint_name, x.position
    """
)
# What is indexed of an expression, or in falling order, is a hidden column: the expression (a LONG) tells what it is.
_INDEXES = _of_tables(
    """
    SELECT i.table_name AS parent, i.index_name AS name, CASE i.uniqueness WHEN 'UNIQUE' THEN 1 ELSE 0 END AS is_unique,
           x.column_name, e.column_expression
    FROM all_indexes i
    JOIN all_ind_columns x ON x.index_owner = i.owner AND x.index_name = i.index_name
    LEFT JOIN all_ind_expressions e
        ON e.index_owner = x.index_owner AND e.index_name = x.index_name AND e.column_position = x.column_position
    WHERE i.table_owner = :owner AND i.table_name IN :names AND i.index_type <> 'LOB'
      AND NOT EXISTS (SELECT 1 FROM all_constraints k WHERE k.owner = i.table_owner AND k.table_name = i.table_name
                      AND k.constraint_type = 'P' AND k.index_name = i.index_name)
    ORDER BY i.table_name, i.index_name, x.column_position
    """
)
# Both texts are of the type LONG, which can be selected and nothing else.
_VIEW_DEFINITIONS = _of_tables(
    "SELECT view_name AS parent, text AS definition FROM all_views WHERE owner = :owner AND view_name IN :names"
)
_MATERIALIZED_DEFINITIONS = _of_tables(
    "SELECT mview_name AS parent, query AS definition FROM all_mviews WHERE owner = :owner AND mview_name IN :names"
)
