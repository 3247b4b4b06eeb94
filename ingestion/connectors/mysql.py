"""MySQL and what speaks its protocol: databases, tables and views, from the information schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, ClassVar

import pymysql
from pymysql.constants import CR
from sqlalchemy import bindparam, text
from sqlalchemy.engine import Connection

from catalog.names import join_name
from ingestion.connectors.base import JsonSchema
from ingestion.connectors.engines import opened
from ingestion.connectors.network import (
    PASSWORD_SCHEMA,
    POOL_SCHEMAS,
    STATEMENT_SECONDS,
    allowed_addresses_of,
    first_that_answers,
    port_schema,
    server_schema,
)
from ingestion.connectors.relational import RelationalConnector, SchemaInfo
from ingestion.connectors.states import mysql_states
from ingestion.connectors.tables import Column, ForeignKey, ObjectState, Table
from ingestion.connectors.view_rules import mysql_sources
from ingestion.connectors.view_sql import ViewSources

_SYSTEM = ("information_schema", "mysql", "performance_schema", "sys", "__internal_schema")
_KINDS = {"SYSTEM VERSIONED": "system-versioned table", "SEQUENCE": "sequence"}


_SETTINGS = {
    "database": {
        "type": "string",
        "maxLength": 64,
        "title": "Database",
        "description": "Every database the user may see, if empty.",
    },
    "username": {"type": "string", "maxLength": 80, "default": "root", "title": "User name"},
    "password": PASSWORD_SCHEMA,
    "charset": {"enum": ["utf8mb4", "utf8"], "default": "utf8mb4", "title": "Character set"},
    "sslmode": {"enum": ["disable", "require", "verify-full"], "default": "disable", "title": "TLS"},
    **POOL_SCHEMAS,
}


class MySQLConnector(RelationalConnector[Connection]):
    type = "mysql"
    title = "MySQL"
    dialect = "mysql"
    has_schemas = False
    config_schema: ClassVar[JsonSchema] = server_schema(port_schema(3306), _SETTINGS)

    @contextmanager
    def connect(self, config: Mapping[str, Any]) -> Iterator[Connection]:
        with opened("mysql+pymysql://", config, creator=lambda: _open(config), engine=self.title) as connection:
            connection.execute(text("SET SESSION TRANSACTION READ ONLY"))
            connection.info["database"] = config.get("database") or None
            yield connection

    def version(self, connection: Connection) -> tuple[str, str]:
        version = str(connection.execute(text("SELECT version()")).scalar())
        number, _, rest = version.partition("-")
        name = "MariaDB" if "mariadb" in rest.lower() else self.title
        return f"{name} {number}", number

    def databases(self, connection: Connection) -> list[SchemaInfo]:
        rows = connection.execute(_DATABASES, {"only": connection.info["database"], "system": _SYSTEM})
        return [SchemaInfo(name) for name in rows.scalars()]

    def schemas(self, connection: Connection, database: str) -> list[SchemaInfo]:
        return [SchemaInfo(database)]

    def table_names(self, connection: Connection, schema: str) -> list[str]:
        return list(connection.execute(_TABLE_NAMES, {"schema": schema}).scalars())

    def read_states(self, connection: Connection, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
        return mysql_states(connection, schema, names)

    def read_tables(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        tables = {table.name: table for table in self.read_edges(connection, schema, names)}
        rows = _select(connection, _INDEXES, schema, names, tables)
        for (table, index), parts in groupby(rows, key=lambda row: (row.table_name, row.index_name)):
            columns = list(parts)
            tables[table].indexes.append(
                {
                    "name": index,
                    "unique": not columns[0].non_unique,
                    "columns": [one.column_name for one in columns if one.column_name is not None],
                }
            )
        return list(tables.values())

    def read_edges(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        tables = self._read(connection, schema, names)
        for row in _select(connection, _DEFINITIONS, schema, names, tables):
            tables[row.table_name].definition = row.definition or ""
        return list(tables.values())

    def read_columns(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        return list(self._read(connection, schema, names).values())

    def view_sources(self, connection: Connection, views: Sequence[Table]) -> dict[str, ViewSources]:
        return mysql_sources(connection, views)

    def path_of(self, path: Sequence[str], schema: str, table: str) -> str:
        # What a schema is elsewhere is a database here.
        return join_name(path[0], schema or path[1], table)

    def _read(self, connection: Connection, schema: str, names: Sequence[str]) -> dict[str, Table]:
        """The tables by name, with columns and keys."""
        wanted = set(names)
        tables = {
            row.table_name: _table(schema, row)
            for row in connection.execute(_TABLES, {"schema": schema, "names": list(names) or [""]})
            if row.table_name in wanted
        }
        rows = _select(connection, _COLUMNS, schema, names, tables)
        for name, columns in groupby(rows, key=lambda row: row.table_name):
            tables[name].columns = [
                Column(
                    row.column_name,
                    row.column_type,
                    row.is_nullable == "YES",
                    position,
                    row.comment or "",
                    # MariaDB writes the default's SQL, also where it is no default at all.
                    None if row.column_default in (None, "NULL") else row.column_default,
                )
                for position, row in enumerate(columns, 1)
            ]
        keys = _select(connection, _KEYS, schema, names, tables)
        for (name, key), group in groupby(keys, key=lambda row: (row.table_name, row.constraint_name)):
            parts = list(group)
            own = [part.column_name for part in parts]
            first = parts[0]
            if first.referred_table is None:
                tables[name].primary_key = own
            else:
                referred = [part.referred_column for part in parts]
                tables[name].foreign_keys.append(
                    ForeignKey(key, own, first.referred_schema, first.referred_table, referred)
                )
        return tables


class DorisConnector(MySQLConnector):
    type = "doris"
    title = "Doris"
    dialect = "doris"
    config_schema: ClassVar[JsonSchema] = server_schema(port_schema(9030), _SETTINGS)

    def version(self, connection: Connection) -> tuple[str, str]:
        # version() tells a MySQL that it is compatible with; this "Doris version doris-2.1.7-rc03".
        comment = str(connection.execute(text("SELECT @@version_comment")).scalar())
        found = re.search(r"doris-(\d[\w.\-]*)", comment)
        number = found[1] if found else super().version(connection)[1]
        return f"Doris {number}", number

    def read_states(self, connection: Connection, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
        return {}  # its information schema was never tried with what MySQL's takes


def _open(config: Mapping[str, Any]) -> pymysql.Connection[Any]:
    """A connection to the first of the host's addresses that answers."""
    addresses = allowed_addresses_of(config)
    tls: dict[str, Any] = {"ssl_disabled": True}
    if config["sslmode"] != "disable":
        verified = config["sslmode"] == "verify-full"
        tls = {"ssl_verify_cert": verified, "ssl_verify_identity": verified, "ssl": {"check_hostname": verified}}
        if verified:
            addresses = [config["host"]]  # the certificate names it

    def connect(address: str) -> pymysql.Connection[Any]:
        return pymysql.connect(
            host=address,
            port=config["port"],
            user=config.get("username") or "",
            password=config.get("password") or "",
            database=config.get("database") or None,
            charset=config.get("charset", "utf8mb4"),
            connect_timeout=config["timeout"],
            read_timeout=max(config["timeout"], STATEMENT_SECONDS),
            program_name="cartulary",
            **tls,
        )

    return first_that_answers(
        addresses,
        connect,
        is_silent=lambda error: isinstance(error, pymysql.OperationalError) and error.args[0] == CR.CR_CONN_HOST_ERROR,
    )


def _table(schema: str, row: Any) -> Table:
    table = Table(schema, row.table_name, is_view=row.table_type == "VIEW", kind=_KINDS.get(row.table_type, ""))
    if not table.is_view:
        table.comment = row.comment or ""
        table.rows = row.table_rows
    elif row.comment not in (None, "", "VIEW"):
        # What the server has against a view stands where its comment would.
        table.problem = row.comment
    return table


def _select(
    connection: Connection, statement: Any, schema: str, names: Sequence[str], tables: Mapping[str, Table]
) -> Iterator[Any]:
    """Rows of these tables only: the server compares names without case."""
    rows = connection.execute(statement, {"schema": schema, "names": list(names) or [""]})
    return (row for row in rows if row.table_name in tables)


def _of_tables(columns: str, source: str, condition: str, order: str) -> Any:
    statement = f"""
        SELECT {columns} FROM information_schema.{source}
        WHERE table_schema = :schema AND table_name IN :names {condition} ORDER BY {order}
    """  # noqa: S608  constants of this module
    return text(statement).bindparams(bindparam("names", expanding=True))


_DATABASES = text(
    """
    SELECT schema_name FROM information_schema.schemata
    WHERE (:only IS NULL AND lower(schema_name) NOT IN :system) OR schema_name = :only
    ORDER BY schema_name
    """
).bindparams(bindparam("system", expanding=True))
_TABLE_NAMES = text("SELECT table_name FROM information_schema.tables WHERE table_schema = :schema ORDER BY table_name")
_TABLES = _of_tables(
    "table_name AS table_name, table_type AS table_type, table_rows AS table_rows, table_comment AS comment",
    "tables",
    "",
    "table_name",
)
_COLUMNS = _of_tables(
    "table_name AS table_name, column_name AS column_name, column_type AS column_type, is_nullable AS is_nullable, "
    "column_default AS column_default, column_comment AS comment",
    "columns",
    "",
    "table_name, ordinal_position",
)
_KEYS = _of_tables(
    "table_name AS table_name, constraint_name AS constraint_name, column_name AS column_name, "
    "referenced_table_schema AS referred_schema, referenced_table_name AS referred_table, "
    "referenced_column_name AS referred_column",
    "key_column_usage",
    "AND (constraint_name = 'PRIMARY' OR referenced_table_name IS NOT NULL)",
    "table_name, constraint_name, ordinal_position",
)
_INDEXES = _of_tables(
    "table_name AS table_name, index_name AS index_name, non_unique AS non_unique, column_name AS column_name",
    "statistics",
    "AND index_name <> 'PRIMARY'",
    "table_name, index_name, seq_in_index",
)
_DEFINITIONS = _of_tables("table_name AS table_name, view_definition AS definition", "views", "", "table_name")
