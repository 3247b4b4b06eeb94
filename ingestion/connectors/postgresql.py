"""PostgreSQL: schemas, tables, partitions, views, materialized views and foreign tables of one database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any, ClassVar

from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ingestion.connectors.base import CollectOptions, JsonSchema, Observer, TableProfile
from ingestion.connectors.network import (
    PASSWORD_SCHEMA,
    POOL_SCHEMAS,
    STATEMENT_SECONDS,
    allowed_addresses_of,
    explain,
    port_schema,
    server_schema,
)
from ingestion.connectors.own import OWN_SCHEMA, is_own, own_postgresql_config, refuse_profile
from ingestion.connectors.relational import RelationalConnector, SchemaInfo
from ingestion.connectors.states import postgresql_identity, postgresql_states
from ingestion.connectors.tables import Column, ForeignKey, ObjectState, Table
from ingestion.connectors.view_rules import postgresql_sources
from ingestion.connectors.view_sql import ViewSources

_KINDS = {
    "r": "",
    "v": "",
    "p": "partitioned table",
    "m": "materialized view",
    "f": "foreign table",
}
# They hold for the one message that they are sent in: set for the session, a pooler that hands the server's session on
# after each transaction would give them to other programs.
# With an empty path, definitions name every table with its schema.
_SETTINGS = (
    "SET LOCAL transaction_read_only = on; "
    f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'; "
    "SET LOCAL search_path = ''; "
)


class PostgreSQLConnector(RelationalConnector[Connection]):
    type = "postgresql"
    title = "PostgreSQL"
    dialect = "postgres"
    config_schema: ClassVar[JsonSchema] = server_schema(
        port_schema(5432),
        {
            "database": {"type": "string", "minLength": 1, "maxLength": 63, "title": "Database"},
            "username": {"type": "string", "maxLength": 63, "default": "postgres", "title": "User name"},
            "password": PASSWORD_SCHEMA,
            "sslmode": {
                "enum": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
                "default": "prefer",
                "title": "TLS",
            },
            **POOL_SCHEMAS,
        },
        required=["database"],
    )

    def schema_of(self, config: Mapping[str, Any]) -> JsonSchema:
        return OWN_SCHEMA if is_own(config) else self.config_schema

    def profile(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[TableProfile]:
        refuse_profile(config)
        return super().profile(config, options, observer)

    def can_profile(self, config: Mapping[str, Any]) -> bool:
        return not is_own(config)

    @contextmanager
    def connect(self, config: Mapping[str, Any]) -> Iterator[Connection]:
        if is_own(config):
            config = own_postgresql_config()
        password = config.get("password")
        hosts = [] if config.get("trusted") else allowed_addresses_of(config)
        url = URL.create(
            "postgresql+psycopg2",
            username=config.get("username") or None,
            password=password or None,
            database=config["database"],
        )
        arguments = {
            "host": ",".join([config["host"]] * len(hosts) or [config["host"]]),
            "port": config["port"],
            "connect_timeout": config.get("timeout", 10),
            "application_name": "cartulary",
            "client_encoding": "utf8",
            "sslmode": config.get("sslmode", "prefer"),
            # A line that went dead is noticed within a minute, not after two hours.
            "keepalives_idle": 20,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 60_000,
        }
        if hosts:
            # The addresses that the guard has seen: the driver must not ask the name service again.
            arguments["hostaddr"] = ",".join(hosts)
        engine = create_engine(url, connect_args=arguments, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        try:
            event.listen(engine, "before_cursor_execute", _with_settings, retval=True)
            with engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise explain(error, config, engine="PostgreSQL") from None
        finally:
            engine.dispose()

    def version(self, connection: Connection) -> tuple[str, str]:
        number = str(connection.execute(text("SHOW server_version")).scalar()).partition(" ")[0]
        return f"PostgreSQL {number}", number

    def databases(self, connection: Connection) -> list[SchemaInfo]:
        connection.info["identity"] = postgresql_identity(connection)
        rows = connection.execute(_DATABASE)
        return [SchemaInfo(row.name, row.comment or "", identity=connection.info["identity"]) for row in rows]

    def schemas(self, connection: Connection, database: str) -> list[SchemaInfo]:
        rows = connection.execute(_SCHEMAS).all()
        whole = connection.info["identity"]
        return [
            SchemaInfo(row.name, row.comment or "", "" if row.usable else _gap(row), f"{whole}:schema:{row.oid}")
            for row in rows
        ]

    def table_names(self, connection: Connection, schema: str) -> list[str]:
        return list(connection.execute(_TABLE_NAMES, {"schema": schema}).scalars())

    def read_states(self, connection: Connection, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
        return postgresql_states(connection, schema, names)

    def read_tables(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        tables = self._read(connection, _TABLES_WITH_DEFINITIONS, schema, names)
        for oid, index in connection.execute(_INDEXES, {"oids": list(tables)}):
            tables[oid].indexes.append(index)
        return list(tables.values())

    def read_edges(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        tables = self._read(connection, _TABLES_WITH_DEFINITIONS, schema, names)
        for row in connection.execute(_FOREIGN_KEYS, {"oids": list(tables)}):
            tables[row.conrelid].foreign_keys.append(
                ForeignKey(row.conname, row.columns, row.referred_schema, row.referred_table, row.referred_columns)
            )
        return list(tables.values())

    def read_columns(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        return list(self._read(connection, _TABLES, schema, names).values())

    def view_sources(self, connection: Connection, views: Sequence[Table]) -> dict[str, ViewSources]:
        return postgresql_sources(connection, views)

    def _read(self, connection: Connection, statement: Any, schema: str, names: Sequence[str]) -> dict[int, Table]:
        """The tables by oid, with columns and primary keys."""
        tables = {
            row.oid: Table(
                schema,
                row.relname,
                is_view=row.relkind in "vm",
                kind=_KINDS[row.relkind],
                comment=row.comment or "",
                rows=int(row.reltuples) if row.relkind != "v" and row.reltuples >= 0 else None,
                definition=getattr(row, "definition", None) or "",
                partition_of=_pair(getattr(row, "partition_of", None)),
                is_elsewhere=row.relkind == "f",
            )
            for row in connection.execute(statement, {"schema": schema, "names": list(names)})
        }
        rows = connection.execute(_COLUMNS, {"oids": list(tables)})
        for oid, columns in groupby(rows, key=lambda row: row.attrelid):
            tables[oid].columns = [
                Column(row.attname, row.type, not row.attnotnull, position, row.comment or "", row.default_value)
                for position, row in enumerate(columns, 1)
            ]
        for oid, key in connection.execute(_PRIMARY_KEYS, {"oids": list(tables)}):
            tables[oid].primary_key = key
        return tables


def _with_settings(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_about: Any) -> tuple[str, Any]:
    return f"{_SETTINGS}{statement}", parameters


def _pair(found: Sequence[str] | None) -> tuple[str, str] | None:
    return (found[0], found[1]) if found else None


def _gap(row: Any) -> str:
    return (
        f"The user '{row.login}' may not use the schema '{row.name}'. "
        f"To collect it: GRANT USAGE ON SCHEMA {row.quoted} TO {row.quoted_login};"
    )


_DATABASE = text(
    """
    SELECT datname AS name, shobj_description(oid, 'pg_database') AS comment
    FROM pg_catalog.pg_database WHERE datname = current_database()
    """
)
_SCHEMAS = text(
    """
    SELECT oid, nspname AS name, obj_description(oid, 'pg_namespace') AS comment,
           has_schema_privilege(oid, 'USAGE') AS usable,
           quote_ident(nspname) AS quoted, current_user AS login, quote_ident(current_user) AS quoted_login
    FROM pg_catalog.pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    ORDER BY nspname
    """
)
_TABLE_NAMES = text(
    """
    SELECT c.relname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    ORDER BY c.relname
    """
)
_TABLE_COLUMNS = (
    "c.oid, c.relname, c.relkind::text AS relkind, c.reltuples, obj_description(c.oid, 'pg_class') AS comment"
)
_FROM_TABLES = """
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.relname = ANY(:names) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
    ORDER BY c.relname
"""
_TABLES = text(f"""SELECT {_TABLE_COLUMNS} {_FROM_TABLES}""")
_TABLES_WITH_DEFINITIONS = text(
    f"""
    SELECT {_TABLE_COLUMNS},
           CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END AS definition,
           CASE WHEN c.relispartition THEN (
               SELECT ARRAY[pn.nspname::text, p.relname::text]
               FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
               JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
               WHERE i.inhrelid = c.oid
           ) END AS partition_of
    {_FROM_TABLES}"""  # noqa: S608
)
_COLUMNS = text(
    """
    SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
           d.description AS comment, pg_catalog.pg_get_expr(e.adbin, e.adrelid) AS default_value
    FROM pg_catalog.pg_attribute a
    LEFT JOIN pg_catalog.pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_description d
        ON d.objoid = a.attrelid AND d.objsubid = a.attnum AND d.classoid = 'pg_catalog.pg_class'::regclass
    WHERE a.attrelid = ANY(CAST(:oids AS oid[])) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum
    """
)
_PRIMARY_KEYS = text(
    """
    SELECT k.conrelid,
           (SELECT array_agg(a.attname::text ORDER BY part.place)
            FROM unnest(k.conkey) WITH ORDINALITY AS part(attnum, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = part.attnum)
    FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = ANY(CAST(:oids AS oid[])) AND k.contype = 'p'
    """
)
_FOREIGN_KEYS = text(
    """
    SELECT k.conrelid, k.conname, rn.nspname AS referred_schema, r.relname AS referred_table,
           (SELECT array_agg(a.attname::text ORDER BY part.place)
            FROM unnest(k.conkey) WITH ORDINALITY AS part(attnum, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = part.attnum) AS columns,
           (SELECT array_agg(a.attname::text ORDER BY part.place)
            FROM unnest(k.confkey) WITH ORDINALITY AS part(attnum, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = part.attnum) AS referred_columns
    FROM pg_catalog.pg_constraint k
    JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
    JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
    WHERE k.conrelid = ANY(CAST(:oids AS oid[])) AND k.contype = 'f' AND k.conparentid = 0
    ORDER BY k.conrelid, k.conname
    """
)
_INDEXES = text(
    """
    SELECT x.indrelid, jsonb_build_object(
               'name', i.relname,
               'unique', x.indisunique,
               'columns', (SELECT jsonb_agg(pg_catalog.pg_get_indexdef(x.indexrelid, part, true) ORDER BY part)
                           FROM generate_series(1, x.indnkeyatts) part))
    FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
    WHERE x.indrelid = ANY(CAST(:oids AS oid[])) AND NOT x.indisprimary
    ORDER BY x.indrelid, i.relname
    """
)
