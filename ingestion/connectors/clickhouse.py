"""ClickHouse: databases, tables, views and materialized views, from its system tables over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from catalog.names import join_name
from ingestion.connectors.base import JsonSchema, SourceError
from ingestion.connectors.drivers import driver
from ingestion.connectors.network import (
    PASSWORD_SCHEMA,
    STATEMENT_SECONDS,
    TIMEOUT_SCHEMA,
    allowed_addresses_of,
    explain,
    first_that_answers,
    port_schema,
    server_schema,
)
from ingestion.connectors.relational import RelationalConnector, SchemaInfo
from ingestion.connectors.states import CLICKHOUSE, clickhouse_states
from ingestion.connectors.tables import Column, ObjectState, Table
from ingestion.connectors.view_sql import SQL_LIMIT

_KINDS = {"MaterializedView": "materialized view", "LiveView": "live view", "WindowView": "window view"}
_VIEWS = {"View", *_KINDS}

_OWN = ("MergeTree", "Memory", "Log")
"""How the engines end that keep rows here. Reading others asks another server, or takes messages from a queue."""

_SAID = {
    # ClickHouse's error code: (our code, whether waiting may help, what to mend)
    **dict.fromkeys(
        (192, 193, 194, 516),
        ("AUTHENTICATION_FAILED", False, "ClickHouse refused the user '{username}': check user name and password"),
    ),
    497: ("PERMISSION_DENIED", False, "The user '{username}' may not read the catalog: {said}"),
    81: ("NOT_FOUND", False, "ClickHouse has no database '{database}', or '{username}' may not see it"),
    159: ("TIMEOUT", True, "ClickHouse took too long over a statement"),
    202: ("CONNECTION_FAILED", True, "ClickHouse has no connection to spare"),
}


class ClickHouseConnector(RelationalConnector["Session"]):
    type = "clickhouse"
    title = "ClickHouse"
    dialect = "clickhouse"
    has_schemas = False
    config_schema: ClassVar[JsonSchema] = server_schema(
        port_schema(8123, "Port of the HTTP interface"),
        {
            "database": {
                "type": "string",
                "maxLength": 200,
                "title": "Database",
                "description": "Every database the user may see, if empty.",
            },
            "username": {"type": "string", "maxLength": 200, "default": "default", "title": "User name"},
            "password": PASSWORD_SCHEMA,
            "tls": {"type": "boolean", "default": False, "title": "HTTPS"},
            "timeout": TIMEOUT_SCHEMA,
        },
    )

    @contextmanager
    def connect(self, config: Mapping[str, Any]) -> Iterator[Session]:
        clickhouse = driver("clickhouse_connect", package="clickhouse-connect", engine=self.title)
        try:
            client = _open(clickhouse, config)
        except clickhouse.driver.exceptions.Error as error:
            raise _explained(error, config) from None
        try:
            yield Session(client, config, clickhouse.driver.exceptions.Error)
        finally:
            client.close()

    def version(self, connection: Session) -> tuple[str, str]:
        number = str(connection.rows("SELECT version() AS version")[0]["version"])
        return f"ClickHouse {number}", number

    def databases(self, connection: Session) -> list[SchemaInfo]:
        only = connection.config.get("database") or ""
        rows = connection.rows(_DATABASES, only=only)
        if only and not rows:
            user = connection.config.get("username", "")
            raise SourceError(_SAID[81][2].format(database=only, username=user), code="NOT_FOUND")
        return [SchemaInfo(row["name"], row["comment"]) for row in rows]

    def schemas(self, connection: Session, database: str) -> list[SchemaInfo]:
        return [SchemaInfo(database)]

    def table_names(self, connection: Session, schema: str) -> list[str]:
        return [row["name"] for row in connection.rows(_TABLE_NAMES, schema=schema)]

    def read_states(self, connection: Session, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
        return clickhouse_states(connection.rows(CLICKHOUSE, schema=schema, names=list(names)))

    def read_tables(self, connection: Session, schema: str, names: Sequence[str]) -> list[Table]:
        tables = {table.name: table for table in self.read_edges(connection, schema, names)}
        for row in connection.rows(_INDEXES, schema=schema, names=list(names)):
            if row["parent"] in tables:
                index = {"name": row["name"], "unique": False, "columns": [row["expr"]], "type": row["type"]}
                tables[row["parent"]].indexes.append(index)
        return list(tables.values())

    def read_edges(self, connection: Session, schema: str, names: Sequence[str]) -> list[Table]:
        tables, keys = {}, {}
        for row in connection.rows(_TABLES, schema=schema, names=list(names)):
            tables[row["name"]] = _table(schema, row)
            keys[row["name"]] = [part.strip(" `") for part in row["primary_key"].split(",")]
        rows = connection.rows(_COLUMNS, schema=schema, names=list(names))
        for name, group in groupby(rows, key=lambda row: str(row["parent"])):
            if name in tables:
                columns = list(group)
                order = {part: place for place, part in enumerate(keys[name])}
                own = [row["name"] for row in columns if row["is_in_primary_key"]]
                tables[name].columns = [_column(row, place) for place, row in enumerate(columns, 1)]
                tables[name].primary_key = sorted(own, key=lambda one: order.get(one, len(order)))
        return list(tables.values())

    def ask(self, connection: Session, statement: str) -> Sequence[Sequence[Any]]:
        return [list(row.values()) for row in connection.rows(statement)]

    def path_of(self, path: Sequence[str], schema: str, table: str) -> str:
        # What a schema is elsewhere is a database here.
        return join_name(path[0], schema or path[1], table)


@dataclass(frozen=True, slots=True)
class Session:
    """One client. Its errors come out as SourceError."""

    client: Any
    config: Mapping[str, Any]
    errors: type[Exception]

    def rows(self, statement: str, **parameters: Any) -> list[dict[str, Any]]:
        """The rows of a statement by column name. The client writes the parameters into it, quoted."""
        try:
            return list(self.client.query(statement, parameters=parameters).named_results())
        except self.errors as error:
            raise _explained(error, self.config) from None


def _open(clickhouse: Any, config: Mapping[str, Any]) -> Any:
    """A client of the first of the host's addresses that answers."""

    def connect(address: str) -> Any:
        return clickhouse.get_client(
            host=address,
            port=config["port"],
            username=config.get("username") or "default",
            password=config.get("password") or "",
            interface="https" if config["tls"] else "http",
            # The certificate is for the name, whatever the address.
            server_host_name=config["host"] if config["tls"] else None,
            pool_mgr=None if config["tls"] else clickhouse.driver.httputil.get_pool_manager(retries=0),
            connect_timeout=config["timeout"],
            send_receive_timeout=max(config["timeout"], STATEMENT_SECONDS),
            client_name="cartulary",
            autogenerate_session_id=False,
        )

    silent = clickhouse.driver.exceptions.OperationalError
    client = first_that_answers(
        allowed_addresses_of(config), connect, is_silent=lambda error: isinstance(error, silent)
    )
    readonly = client.server_settings.get("readonly")
    if readonly is not None and readonly.value == "0":
        client.set_client_setting("readonly", 2)
    return client


def _table(schema: str, row: Mapping[str, Any]) -> Table:
    engine = row["engine"]
    table = Table(schema, row["name"], engine in _VIEWS, _KINDS.get(engine, ""), row["comment"])
    table.is_elsewhere = not engine.endswith(_OWN) or engine == "FileLog"
    if engine == "Dictionary":
        table.kind = "dictionary"
    if table.is_view:
        table.definition = row["as_select"]
        table.fills = _target(schema, row["create_table_query"]) if engine == "MaterializedView" else None
    else:
        table.rows = row["total_rows"]
        table.details = {
            name: row[name] for name in ("engine", "partition_key", "sorting_key") if row[name] and row[name] != ""
        }
    return table


def _column(row: Mapping[str, Any], position: int) -> Column:
    kind = row["type"]
    default = f"{row['default_kind']} {row['default_expression']}" if row["default_kind"] else None
    return Column(
        row["name"],
        kind,
        kind.startswith(("Nullable(", "LowCardinality(Nullable(")),
        position,
        row["comment"],
        default.removeprefix("DEFAULT ") if default else None,
        is_unreadable=row["default_kind"] == "EPHEMERAL",
    )


def _target(schema: str, create: str) -> tuple[str, str] | None:
    """The table that a materialized view writes into, where it is not one of its own."""
    if len(create) > SQL_LIMIT:
        return None
    try:
        found = parse_one(create, dialect="clickhouse").find(exp.ToTableProperty)
    except (SqlglotError, RecursionError):
        return None
    target = found.find(exp.Table) if found is not None else None
    return (target.db or schema, target.name) if target is not None else None


def _explained(error: Exception, config: Mapping[str, Any]) -> SourceError:
    number = getattr(error, "code", None)
    where = f"{config['host']}:{config['port']}"
    if any(sign in str(error) for sign in ("Connection aborted", "BadStatusLine")):
        message = f"{where} does not speak HTTP: give the port of ClickHouse's HTTP interface (8123)"
        return SourceError(message, code="CONNECTION_FAILED")
    if "clickhouse-client" in str(error):
        message = f"{where} speaks ClickHouse's native protocol: give the port of its HTTP interface (8123)"
        return SourceError(message, code="CONNECTION_FAILED")
    if number not in _SAID:
        return explain(error, config, engine="ClickHouse")
    code, retry, sentence = _SAID[number]
    words = {"username": config.get("username", ""), "database": config.get("database", "")}
    # The message, after what the client puts before it and without the trace after it.
    said = str(error).partition("DB::Exception: ")[2].splitlines() or [""]
    return SourceError(sentence.format(said=said[0][:300], **words), code=code, retry=retry)


_DATABASES = """
    SELECT name, comment FROM system.databases
    WHERE (%(only)s = '' AND name NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema')) OR name = %(only)s
    ORDER BY name
"""
# What a materialized view without a target keeps its rows in is not a table of its own.
_TABLE_NAMES = """
    SELECT name FROM system.tables
    WHERE database = %(schema)s AND NOT is_temporary AND NOT startsWith(name, '.inner') ORDER BY name
"""
_TABLES = """
    SELECT name, engine, comment, total_rows, partition_key, sorting_key, primary_key, as_select, create_table_query
    FROM system.tables WHERE database = %(schema)s AND name IN %(names)s ORDER BY name
"""
_COLUMNS = """
    SELECT table AS parent, name, type, default_kind, default_expression, comment, is_in_primary_key
    FROM system.columns WHERE database = %(schema)s AND table IN %(names)s ORDER BY table, position
"""
_INDEXES = """
    SELECT table AS parent, name, type, expr
    FROM system.data_skipping_indices WHERE database = %(schema)s AND table IN %(names)s ORDER BY table, name
"""
