"""SQL Server: schemas, tables and views of one database, from its catalog views (2016 and later)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from ingestion.connectors.states import sqlserver_states
from ingestion.connectors.tables import Column, ForeignKey, ObjectState, Table

_WIDE = {"nvarchar", "nchar"}
_SIZED = {"varchar", "char", "varbinary", "binary", *_WIDE}
_EXACT = {"decimal", "numeric"}
_TIMED = {"datetime2", "datetimeoffset", "time"}


class SQLServerConnector(RelationalConnector[Connection]):
    type = "sqlserver"
    title = "SQL Server"
    dialect = "tsql"
    names_at_once = 1000  # SQL Server plans longer lists badly
    config_schema: ClassVar[JsonSchema] = server_schema(
        port_schema(1433),
        {
            "database": {"type": "string", "minLength": 1, "maxLength": 128, "title": "Database"},
            "username": {"type": "string", "maxLength": 128, "default": "sa", "title": "User name"},
            "password": PASSWORD_SCHEMA,
            "encryption": {
                "enum": ["off", "request", "require"],
                "default": "request",
                "title": "TLS",
                "description": "`require` connects by name, and not without TLS. The certificate is not verified.",
            },
            "timeout": TIMEOUT_SCHEMA,
        },
        required=["database"],
    )

    def connect(self, config: Mapping[str, Any]) -> AbstractContextManager[Connection]:
        return opened_by_driver("pymssql", "mssql+pymssql://", config, connect=_open, engine=self.title)

    def version(self, connection: Connection) -> tuple[str, str]:
        row = connection.execute(_VERSION).one()
        return f"SQL Server {row.version} ({row.edition})", row.version

    def databases(self, connection: Connection) -> list[SchemaInfo]:
        return [SchemaInfo(row.name, row.remark or "") for row in connection.execute(_DATABASE)]

    def schemas(self, connection: Connection, database: str) -> list[SchemaInfo]:
        rows = connection.execute(_SCHEMAS).all()
        return [SchemaInfo(row.name, row.remark or "", "" if row.usable else _gap(row)) for row in rows]

    def table_names(self, connection: Connection, schema: str) -> list[str]:
        return list(connection.execute(_TABLE_NAMES, {"schema": schema}).scalars())

    def read_states(self, connection: Connection, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
        return sqlserver_states(connection, schema, names)

    def read_tables(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        return list(self._described(connection, schema, names).values())

    def read_edges(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        tables = self._described(connection, schema, names)
        rows = connection.execute(_FOREIGN_KEYS, _ids(tables))
        for (oid, name), group in groupby(rows, key=lambda row: (row.oid, row.name)):
            parts = list(group)
            columns, referred = [one.column_name for one in parts], [one.referred_column for one in parts]
            key = ForeignKey(name, columns, parts[0].referred_schema, parts[0].referred_table, referred)
            tables[oid].foreign_keys.append(key)
        return list(tables.values())

    def read_columns(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        return list(self._read(connection, schema, names).values())

    def _described(self, connection: Connection, schema: str, names: Sequence[str]) -> dict[int, Table]:
        tables = self._read(connection, schema, names)
        for oid, definition in connection.execute(_DEFINITIONS, _ids(tables)):
            tables[oid].definition = definition or ""
        return tables

    def _read(self, connection: Connection, schema: str, names: Sequence[str]) -> dict[int, Table]:
        """The tables by object id, with columns, primary keys and indexes."""
        rows = connection.execute(_TABLES, {"schema": schema, "names": list(names) or [""]})
        tables = {row.oid: _table(schema, row) for row in rows}
        columns = connection.execute(_COLUMNS, _ids(tables))
        for oid, group in groupby(columns, key=lambda row: row.oid):
            tables[oid].columns = [_column(row, place) for place, row in enumerate(group, 1)]
        indexes = connection.execute(_INDEXES, _ids(tables))
        for (oid, name), parts in groupby(indexes, key=lambda row: (row.oid, row.name)):
            found = list(parts)
            own = [one.column_name for one in found]
            if found[0].is_primary_key:
                tables[oid].primary_key = own
            else:
                tables[oid].indexes.append({"name": name, "unique": bool(found[0].is_unique), "columns": own})
        return tables


def _open(pymssql: Any, config: Mapping[str, Any]) -> Any:
    """A connection to the first of the host's addresses that answers; by name where TLS is required."""
    by_name = config["encryption"] == "require"

    def connect(address: str) -> Any:
        return pymssql.connect(
            server=address,
            port=str(config["port"]),
            user=config.get("username") or "",
            password=config.get("password") or "",
            database=config["database"],
            login_timeout=config["timeout"],
            timeout=max(config["timeout"], STATEMENT_SECONDS),
            appname="cartulary",
            charset="UTF-8",
            encryption=config["encryption"],
            tds_version="7.4",  # else it tries older ones too, each for the whole time
        )

    addresses = allowed_addresses_of(config)
    return first_that_answers(
        [config["host"]] if by_name else addresses,
        connect,
        # DB-Library's numbers of "cannot connect", in whatever form they come.
        is_silent=lambda error: "20009" in str(error),
    )


def _ids(tables: Mapping[int, Table]) -> dict[str, list[int]]:
    return {"ids": list(tables) or [0]}


def _gap(row: Any) -> str:
    return (
        f"The user '{row.login}' sees nothing in the schema '{row.name}'. "
        f"To collect it: GRANT VIEW DEFINITION ON SCHEMA::{row.quoted} TO {row.quoted_login};"
    )


def _table(schema: str, row: Any) -> Table:
    is_view = row.type.strip() == "V"
    kind = ""
    if is_view:
        kind = "indexed view" if row.is_indexed else ""
    elif row.is_external:
        kind = "foreign table"
    elif row.is_temporal:
        kind = "system-versioned table"
    table = Table(schema, row.name, is_view, kind, row.remark or "", is_elsewhere=bool(row.is_external))
    if not is_view and not row.is_external:
        table.rows = row.row_count
        if (row.partitions or 1) > 1:
            table.details = {"partitions": row.partitions}
    return table


def _column(row: Any, position: int) -> Column:
    default = f"AS {row.computed}" if row.computed else row.default_value
    return Column(row.name, _type_of(row), bool(row.is_nullable), position, row.remark or "", default)


def _type_of(row: Any) -> str:
    """The type as it would be written in CREATE TABLE. `max_length` counts bytes, -1 of them are `max`."""
    name = str(row.type_name)
    if name in _SIZED:
        length = row.max_length // 2 if name in _WIDE and row.max_length > 0 else row.max_length
        return f"{name}({'max' if length < 0 else length})"
    if name in _EXACT:
        return f"{name}({row.precision},{row.scale})"
    return f"{name}({row.scale})" if name in _TIMED else name


def _of_tables(statement: str, name: str = "ids") -> Any:
    return text(statement).bindparams(bindparam(name, expanding=True))


_VERSION = text(
    """
    SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)) AS version,
           CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) AS edition
    """
)
_DATABASE = text(
    """
    SELECT DB_NAME() AS name, CAST(p.value AS nvarchar(4000)) AS remark
    FROM (SELECT 1 AS one) AS single
    LEFT JOIN sys.extended_properties p ON p.class = 0 AND p.major_id = 0 AND p.name = 'MS_Description'
    """
)
# The schemas of fixed roles (db_owner and so on) are numbered from 16384.
_SCHEMAS = text(
    """
    SELECT s.name, CAST(p.value AS nvarchar(4000)) AS remark,
           CASE WHEN HAS_PERMS_BY_NAME(QUOTENAME(s.name), 'SCHEMA', 'VIEW DEFINITION') = 1
                  OR HAS_PERMS_BY_NAME(QUOTENAME(s.name), 'SCHEMA', 'SELECT') = 1
                  OR EXISTS (SELECT 1 FROM sys.objects o WHERE o.schema_id = s.schema_id AND o.type IN ('U', 'V'))
                THEN 1 ELSE 0 END AS usable,
           QUOTENAME(s.name) AS quoted, USER_NAME() AS login, QUOTENAME(USER_NAME()) AS quoted_login
    FROM sys.schemas s
    LEFT JOIN sys.extended_properties p ON p.class = 3 AND p.major_id = s.schema_id AND p.name = 'MS_Description'
    WHERE s.schema_id < 16384 AND s.name NOT IN ('sys', 'INFORMATION_SCHEMA', 'guest')
    ORDER BY s.name
    """
)
_TABLE_NAMES = text(
    """
    SELECT o.name FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id
    WHERE s.name = :schema AND o.type IN ('U', 'V') AND o.is_ms_shipped = 0 ORDER BY o.name
    """
)
_TABLES = _of_tables(
    """
    SELECT o.object_id AS oid, o.name, o.type, CAST(p.value AS nvarchar(4000)) AS remark, t.is_external,
           CASE WHEN t.temporal_type = 2 THEN 1 ELSE 0 END AS is_temporal,
           CASE WHEN EXISTS (SELECT 1 FROM sys.indexes i WHERE i.object_id = o.object_id AND i.index_id = 1)
                THEN 1 ELSE 0 END AS is_indexed,
           r.row_count, r.partitions
    FROM sys.objects o
    JOIN sys.schemas s ON s.schema_id = o.schema_id
    LEFT JOIN sys.tables t ON t.object_id = o.object_id
    LEFT JOIN sys.extended_properties p
        ON p.class = 1 AND p.major_id = o.object_id AND p.minor_id = 0 AND p.name = 'MS_Description'
    OUTER APPLY (SELECT SUM(q.rows) AS row_count, COUNT(*) AS partitions FROM sys.partitions q
                 WHERE q.object_id = o.object_id AND q.index_id IN (0, 1)) r
    WHERE s.name = :schema AND o.name IN :names AND o.type IN ('U', 'V') AND o.is_ms_shipped = 0
    ORDER BY o.name
    """,
    "names",
)
# A type that the user may not see is told as the one it is made of.
_COLUMNS = _of_tables(
    """
    SELECT c.object_id AS oid, c.name, COALESCE(t.name, b.name, 'unknown') AS type_name,
           c.max_length, c.precision, c.scale, c.is_nullable,
           CAST(p.value AS nvarchar(4000)) AS remark, d.definition AS default_value, k.definition AS computed
    FROM sys.columns c
    LEFT JOIN sys.types t ON t.user_type_id = c.user_type_id
    LEFT JOIN sys.types b ON b.user_type_id = c.system_type_id
    LEFT JOIN sys.default_constraints d ON d.object_id = c.default_object_id
    LEFT JOIN sys.computed_columns k ON k.object_id = c.object_id AND k.column_id = c.column_id
    LEFT JOIN sys.extended_properties p
        ON p.class = 1 AND p.major_id = c.object_id AND p.minor_id = c.column_id AND p.name = 'MS_Description'
    WHERE c.object_id IN :ids ORDER BY c.object_id, c.column_id
    """
)
# A column that partitions an index is listed with it, and is no part of its key. Those of kinds 3 to 6 (XML, spatial,
# columnstore) have columns and no key.
_INDEXES = _of_tables(
    """
    SELECT i.object_id AS oid, i.name, i.is_primary_key, i.is_unique, c.name AS column_name
    FROM sys.indexes i
    JOIN sys.index_columns x ON x.object_id = i.object_id AND x.index_id = i.index_id
    JOIN sys.columns c ON c.object_id = x.object_id AND c.column_id = x.column_id
    WHERE i.object_id IN :ids AND i.type > 0 AND i.is_hypothetical = 0 AND (x.key_ordinal > 0 OR i.type IN (3, 4, 5, 6))
    ORDER BY i.object_id, i.name, x.key_ordinal, x.index_column_id
    """
)
_DEFINITIONS = _of_tables(
    """
    SELECT m.object_id AS oid, m.definition
    FROM sys.sql_modules m JOIN sys.views v ON v.object_id = m.object_id WHERE m.object_id IN :ids
    """
)
_FOREIGN_KEYS = _of_tables(
    """
    SELECT f.parent_object_id AS oid, f.name, pc.name AS column_name, s.name AS referred_schema,
           r.name AS referred_table, rc.name AS referred_column
    FROM sys.foreign_keys f
    JOIN sys.foreign_key_columns x ON x.constraint_object_id = f.object_id
    JOIN sys.columns pc ON pc.object_id = x.parent_object_id AND pc.column_id = x.parent_column_id
    JOIN sys.columns rc ON rc.object_id = x.referenced_object_id AND rc.column_id = x.referenced_column_id
    JOIN sys.objects r ON r.object_id = f.referenced_object_id
    JOIN sys.schemas s ON s.schema_id = r.schema_id
    WHERE f.parent_object_id IN :ids
    ORDER BY f.parent_object_id, f.name, x.constraint_column_id
    """
)
