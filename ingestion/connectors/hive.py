"""Hive, and Spark's server of the same protocol: databases, tables and views from HiveServer2's metadata calls.

These calls describe a whole database at once. What they do not tell (a view's SQL, how many rows there are) stands in
Hive's `sys` database, where it was set up; without it each view is asked for its SQL, and rows are not known.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import Any, ClassVar, TypeVar

from catalog.names import join_name
from ingestion.connectors.base import JsonSchema, SourceError
from ingestion.connectors.drivers import driver
from ingestion.connectors.network import (
    PASSWORD_SCHEMA,
    TIMEOUT_SCHEMA,
    allowed_addresses_of,
    explain,
    first_that_answers,
    port_schema,
    server_schema,
)
from ingestion.connectors.relational import RelationalConnector, SchemaInfo
from ingestion.connectors.states import hive_states
from ingestion.connectors.tables import Column, ObjectState, Table

T = TypeVar("T")

_SYSTEM = {"sys", "information_schema", "global_temp"}
_KINDS = {"MATERIALIZED_VIEW": "materialized view", "EXTERNAL_TABLE": "external table"}
_MECHANISMS = {"NONE": "PLAIN", "LDAP": "LDAP", "NOSASL": "NOSASL"}
_PAGE = 1000
"""Rows that are fetched at a time."""
_KEPT = 4
"""Databases whose description is kept: tables are asked for in parts, and the server tells all of them at once."""
_QUERY = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|(?P<found>\bAS\s+)(?=(?:SELECT|WITH|FROM|VALUES|\()\W?)""",
    re.IGNORECASE,
)
"""Where the query of a CREATE VIEW begins: not in a comment or a name that has the words in it."""


class HiveConnector(RelationalConnector["Session"]):
    type = "hive"
    title = "Hive"
    dialect = "hive"
    has_schemas = False
    config_schema: ClassVar[JsonSchema] = server_schema(
        port_schema(10000),
        {
            "database": {
                "type": "string",
                "maxLength": 128,
                "title": "Database",
                "description": "Every database the user may see, if empty.",
            },
            "auth": {
                "enum": list(_MECHANISMS),
                "default": "NONE",
                "title": "Authentication",
                "description": "As in hive.server2.authentication. Kerberos is not spoken.",
            },
            "username": {"type": "string", "maxLength": 200, "default": "hive", "title": "User name"},
            "password": PASSWORD_SCHEMA,
            "sslmode": {"enum": ["disable", "require", "verify-full"], "default": "disable", "title": "TLS"},
            "timeout": TIMEOUT_SCHEMA,
        },
    )

    @contextmanager
    def connect(self, config: Mapping[str, Any]) -> Iterator[Session]:
        impala = driver("impala.dbapi", package="impyla", engine=self.title)
        thrift = driver("thrift.Thrift", package="impyla", engine=self.title)
        with _told(config, (impala.Error, thrift.TException, OSError)):
            connection = _open(impala, config)
        session = Session(connection.cursor(), config, (impala.Error, thrift.TException, OSError))
        try:
            yield session
        finally:
            session.close()
            connection.close()

    def version(self, connection: Session) -> tuple[str, str]:
        number = str(connection.rows("SELECT version()")[0][0]).partition(" ")[0]
        return f"Hive {number}", number

    def databases(self, connection: Session) -> list[SchemaInfo]:
        only = connection.config.get("database")
        there = connection.databases()
        # Hive knows its names in lower case, whatever the config says.
        names = [name for name in there if name.lower() == only.lower()] if only else sorted(set(there) - _SYSTEM)
        if only and not names:
            user = connection.config.get("username", "")
            raise SourceError(f"Hive has no database '{only}', or '{user}' may not see it", code="NOT_FOUND")
        return [SchemaInfo(name, connection.comment_of(name)) for name in names]

    def schemas(self, connection: Session, database: str) -> list[SchemaInfo]:
        return [SchemaInfo(database)]

    def table_names(self, connection: Session, schema: str) -> list[str]:
        return list(connection.tables(schema))

    def read_states(self, connection: Session, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
        return hive_states(self.read_columns(connection, schema, names))

    def read_tables(self, connection: Session, schema: str, names: Sequence[str]) -> list[Table]:
        tables = self.read_columns(connection, schema, names)
        for table in tables:
            if table.is_view and not table.definition:
                table.definition = connection.definition_of(table)
        return tables

    def read_edges(self, connection: Session, schema: str, names: Sequence[str]) -> list[Table]:
        return self.read_tables(connection, schema, names)

    def read_columns(self, connection: Session, schema: str, names: Sequence[str]) -> list[Table]:
        # Hive knows its names in lower case, whatever the SQL of a view says.
        tables = connection.tables(schema.lower())
        found = [tables.get(name) or tables.get(name.lower()) for name in names]
        return [table for table in found if table is not None]

    def ask(self, connection: Session, statement: str) -> Sequence[Sequence[Any]]:
        return connection.rows(statement)

    def path_of(self, path: Sequence[str], schema: str, table: str) -> str:
        # What a schema is elsewhere is a database here.
        return join_name(path[0], schema or path[1], table)


class Session:
    """One session of HiveServer2. The driver's errors come out as SourceError."""

    def __init__(self, cursor: Any, config: Mapping[str, Any], errors: tuple[type[Exception], ...]) -> None:
        self.cursor, self.config, self.errors = cursor, config, errors
        self._described: OrderedDict[str, dict[str, Table]] = OrderedDict()
        self._has_sys: bool | None = None

    def close(self) -> None:
        """End the session at the server: a cursor that is left open connects once more to do it."""
        with suppress(*self.errors):
            self.cursor.close()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self._call(lambda: self._query(statement))

    def databases(self) -> list[str]:
        return [str(row[0]) for row in self._call(lambda: self._fetched(self.cursor.session.get_databases("%")))]

    def comment_of(self, database: str) -> str:
        """The comment of a database; empty where it has none or may not be described."""
        try:
            rows = self.rows(f"DESCRIBE DATABASE {_quoted(database)}")
        except SourceError as error:
            if error.details["retry"]:
                raise
            return ""
        # Hive gives one row, name and comment first; Spark a row for each thing it tells.
        found = next((row[1] for row in rows if row[0] in (database, "Comment")), "")
        return str(found or "")

    def tables(self, schema: str) -> dict[str, Table]:
        """The tables and views of a database by name, in order, with their columns."""
        if schema not in self._described:
            self._described[schema] = self._call(lambda: self._describe(schema))
            if len(self._described) > _KEPT:
                self._described.popitem(last=False)
        self._described.move_to_end(schema)
        return self._described[schema]

    def definition_of(self, view: Table) -> str:
        """The view's SQL, from what SHOW CREATE TABLE writes before and after it; empty where it may not be seen."""
        try:
            rows = self.rows(f"SHOW CREATE TABLE {_quoted(view.schema)}.{_quoted(view.name)}")
        except SourceError as error:
            if error.code == "PERMISSION_DENIED":
                return ""
            raise
        return _with_columns(view, "\n".join(str(row[0]) for row in rows))

    def _describe(self, schema: str) -> dict[str, Table]:
        session = self.cursor.session
        tables = {}
        for _, found, name, kind, remark, *_ in self._fetched(session.get_tables(schema, "%")):
            if found == schema:  # the name was a pattern, in which `_` stands for any letter
                is_view = kind in ("VIEW", "VIRTUAL_VIEW", "MATERIALIZED_VIEW")
                tables[name] = Table(schema, name, is_view, _KINDS.get(kind, ""), remark or "")
        columns = [row for row in self._fetched(session.get_table_schema("%", schema)) if row[1] == schema]
        for name, group in groupby(sorted(columns, key=lambda row: (row[2], row[16])), key=lambda row: str(row[2])):
            if name in tables:
                tables[name].columns = [
                    Column(row[3], str(row[5]).lower(), row[10] != 0, place, row[11] or "")
                    for place, row in enumerate(group, 1)
                ]
        for name, definition, rows in self._from_sys(schema):
            if name in tables:
                tables[name].rows = int(rows) if rows is not None and int(rows) >= 0 else None
                tables[name].definition = _with_columns(tables[name], f"AS {definition}") if definition else ""
        return dict(sorted(tables.items()))

    def _from_sys(self, schema: str) -> list[tuple[Any, ...]]:
        """(table, a view's SQL, rows) of a database's tables; nothing where `sys` is not there or not to be read."""
        if self._has_sys is None:
            self._has_sys = "sys" in [row[0] for row in self._fetched(self.cursor.session.get_databases("sys"))]
        if not self._has_sys:
            return []
        try:
            return self._query(_SYS.format(schema=schema.replace("\\", "\\\\").replace("'", "\\'")))
        except self.errors:
            self._has_sys = False
            return []

    def _query(self, statement: str) -> list[tuple[Any, ...]]:
        self.cursor.execute(statement)
        return list(self.cursor.fetchall())

    def _fetched(self, operation: Any) -> list[tuple[Any, ...]]:
        """All rows of a metadata call."""
        rows: list[tuple[Any, ...]] = []
        try:
            columns = operation.get_result_schema()
            while page := list(operation.fetch(columns, max_rows=_PAGE)):
                rows += page
        finally:
            operation.close()
        return rows

    def _call(self, ask: Callable[[], T]) -> T:
        with _told(self.config, self.errors):
            return ask()


@contextmanager
def _told(config: Mapping[str, Any], errors: tuple[type[Exception], ...]) -> Iterator[None]:
    try:
        yield
    except errors as error:
        raise explain(error, config, engine="Hive") from None


def _open(impala: Any, config: Mapping[str, Any]) -> Any:
    """A connection to the first of the host's addresses that answers; by name where that is verified."""
    verified = config["sslmode"] == "verify-full"
    addresses = allowed_addresses_of(config)
    return first_that_answers(
        [config["host"]] if verified else addresses,
        lambda address: impala.connect(
            host=address,
            port=config["port"],
            auth_mechanism=_MECHANISMS[config["auth"]],
            user=config.get("username") or None,
            password=config.get("password") or None,
            timeout=config["timeout"],
            use_ssl=config["sslmode"] != "disable",
            verify_cert=verified,
            retries=1,
        ),
        is_silent=lambda error: "could not connect" in str(error).lower(),
    )


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _with_columns(view: Table, create: str) -> str:
    """CREATE VIEW with the columns that the server tells and the query alone: each server writes more in between."""
    found = next((one for one in _QUERY.finditer(create) if one["found"]), None)
    if found is None:
        return create
    columns = ", ".join(_quoted(column.name) for column in view.columns)
    return f"CREATE VIEW {_quoted(view.name)} ({columns}) AS {create[found.end() :].rstrip().rstrip(';')}"


_SYS = """
    SELECT t.tbl_name, t.view_expanded_text, s.num_rows
    FROM sys.tbls t JOIN sys.dbs d ON d.db_id = t.db_id LEFT JOIN sys.table_stats_view s ON s.tbl_id = t.tbl_id
    WHERE d.name = '{schema}'
"""
