"""SQLite: a file below the import folder, or the application's own database, where that is SQLite."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from django.conf import settings
from django.db import connection as django_connection
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from catalog.names import join_name
from ingestion.connectors.base import (
    CollectOptions,
    JsonSchema,
    Observer,
    SourceError,
    TableProfile,
)
from ingestion.connectors.own import SELF, is_own, own_type, refuse_profile
from ingestion.connectors.relational import RelationalConnector, SchemaInfo
from ingestion.connectors.states import sqlite_states
from ingestion.connectors.tables import Column, ForeignKey, ObjectState, Table


class SQLiteConnector(RelationalConnector[Connection]):
    type = "sqlite"
    title = "SQLite"
    dialect = "sqlite"
    has_schemas = False
    config_schema: ClassVar[JsonSchema] = {
        "type": "object",
        "required": ["database"],
        "additionalProperties": False,
        "properties": {
            "database": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1000,
                "title": "Database file",
                "description": "A path below the import folder; `self` is the application's own database.",
            },
            "timeout": {"type": "integer", "minimum": 1, "maximum": 600, "default": 10, "title": "Timeout in seconds"},
        },
    }

    def profile(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[TableProfile]:
        refuse_profile(config)
        return super().profile(config, options, observer)

    def can_profile(self, config: Mapping[str, Any]) -> bool:
        return not is_own(config)

    @contextmanager
    def connect(self, config: Mapping[str, Any]) -> Iterator[Connection]:
        path, uri = locate(str(config["database"]))
        engine = create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(uri, uri=True, timeout=float(config.get("timeout", 10))),
            poolclass=NullPool,
        )
        try:
            with engine.connect() as connection:
                connection.execute(text("PRAGMA query_only = ON"))
                connection.execute(text("SELECT count(*) FROM sqlite_master")).scalar()
                connection.info["database"] = path.stem
                yield connection
        except DBAPIError as error:
            raise _explained(error, path) from None
        except sqlite3.Error as error:
            raise SourceError(f"The file {path.name} cannot be opened: {error}", code="CONNECTION_FAILED") from None
        finally:
            engine.dispose()

    def version(self, connection: Connection) -> tuple[str, str]:
        return f"SQLite {sqlite3.sqlite_version}", sqlite3.sqlite_version

    def databases(self, connection: Connection) -> list[SchemaInfo]:
        return [SchemaInfo(connection.info["database"])]

    def schemas(self, connection: Connection, database: str) -> list[SchemaInfo]:
        return [SchemaInfo(database)]

    def table_names(self, connection: Connection, schema: str) -> list[str]:
        return sorted(_names(connection).values())

    def read_states(self, connection: Connection, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
        return sqlite_states(connection, names)

    def read_tables(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        tables = self.read_edges(connection, schema, names)
        by_name = {table.name: table for table in tables if not table.problem}
        rows = connection.execute(_INDEXES, {"names": json.dumps(list(by_name))})
        for (table, index), parts in groupby(rows, key=lambda row: (row.parent, row.index_name)):
            columns = list(parts)
            by_name[table].indexes.append(
                {
                    "name": index,
                    "unique": bool(columns[0].is_unique),
                    "columns": [one.column_name for one in columns if one.column_name is not None],
                }
            )
        return tables

    def read_edges(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        tables = self.read_columns(connection, schema, names)
        by_name = {table.name: table for table in tables if not table.problem}
        wanted = {"names": json.dumps(list(by_name))}
        true_names = _names(connection)
        for row in connection.execute(_DEFINITIONS, wanted):
            by_name[row.name].definition = row.sql or ""
        for (table, _), parts in groupby(connection.execute(_KEYS, wanted), key=lambda row: (row.parent, row.id)):
            columns = list(parts)
            referred = true_names.get(columns[0].referred.lower(), columns[0].referred)
            by_name[table].foreign_keys.append(
                ForeignKey(
                    name="",
                    columns=[one.from_column for one in columns],
                    referred_schema="",
                    referred_table=referred,
                    referred_columns=[one.to_column for one in columns if one.to_column is not None],
                )
            )
        return tables

    def read_columns(self, connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
        true_names = _names(connection)
        wanted = [true_names[name.lower()] for name in names if name.lower() in true_names]
        try:
            return _described(connection, schema, wanted)
        except OperationalError:
            return [_described_alone(connection, schema, name) for name in wanted]

    def path_of(self, path: Sequence[str], schema: str, table: str) -> str:
        # There is one database in the file; SQL may call it `main` or nothing.
        return join_name(*path, table)


# SQLite makes no index for a join with `sqlite_master`: each of the names would be looked for in all of it.
_COLUMNS = text(
    """
    SELECT m.name AS parent, iif(m.sql LIKE 'CREATE VIRTUAL%', 'virtual', m.type) AS kind,
           c.cid, c.name, c.type, c."notnull" AS required, c.dflt_value, c.pk
    FROM (
        SELECT name, type, sql FROM sqlite_master
        WHERE type IN ('table', 'view') AND name IN (SELECT value FROM json_each(:names))
    ) m
    LEFT JOIN pragma_table_xinfo(m.name) c ON c.hidden <> 1
    ORDER BY m.name, c.cid
    """
)
_KEYS = text(
    """
    SELECT n.value AS parent, k.id, k."table" AS referred, k."from" AS from_column, k."to" AS to_column
    FROM json_each(:names) n JOIN pragma_foreign_key_list(n.value) k
    ORDER BY n.key, k.id, k.seq
    """
)
_INDEXES = text(
    """
    SELECT n.value AS parent, i.name AS index_name, i."unique" AS is_unique, c.name AS column_name
    FROM json_each(:names) n JOIN pragma_index_list(n.value) i JOIN pragma_index_info(i.name) c
    WHERE i.origin = 'c'
    ORDER BY n.key, i.name, c.seqno
    """
)
_DEFINITIONS = text(
    """
    SELECT name, sql FROM sqlite_master
    WHERE type = 'view' AND name IN (SELECT value FROM json_each(:names))
    """
)
# A virtual table's shadow tables hold its insides, not data of their own.
_TABLES = text(
    """
    SELECT name FROM pragma_table_list
    WHERE schema = 'main' AND type <> 'shadow' AND substr(name, 1, 7) <> 'sqlite_'
    """
)


def locate(database: str) -> tuple[Path, str]:
    """The file that a source names, and the URI that opens it for reading. Raises SourceError."""
    if database == SELF:
        if own_type() != "sqlite":
            raise SourceError("The application's own database is not SQLite here", code="NOT_FOUND")
        name = str(django_connection.settings_dict["NAME"])
        if name.startswith("file:"):
            return Path(name[5:].partition("?")[0]), name
        path = Path(name)
    else:
        path = _imported(database)
    uri = f"file:{quote(str(path))}?mode=ro"
    if not path.with_name(path.name + "-wal").exists() and not os.access(path.parent, os.W_OK):
        # Nobody can write beside it, so SQLite can make no lock files there either.
        uri += "&immutable=1"
    return path, uri


def _imported(database: str) -> Path:
    """The file of this name below the import folder. Raises SourceError."""
    folder = Path(settings.IMPORT_DIR).resolve()
    try:
        path = (folder / database).resolve()
        is_file = path.is_file()
    except (OSError, RuntimeError, ValueError):  # a name that is too long or holds a NUL, a link to itself
        path, is_file = folder, False
    if not path.is_relative_to(folder):
        raise SourceError("The file is not below the import folder (IMPORT_DIR)", code="BLOCKED")
    if not is_file:
        raise SourceError(f"There is no file '{database}' below the import folder (IMPORT_DIR)", code="NOT_FOUND")
    return path


def _names(connection: Connection) -> dict[str, str]:
    """The file's tables and views by their names in lower case: SQLite knows them by either."""
    if "names" not in connection.info:
        listed = connection.execute(_TABLES).scalars()
        # Most names are in lower case already: one text then, not two.
        connection.info["names"] = {name if name.islower() else name.lower(): name for name in listed}
    names: dict[str, str] = connection.info["names"]
    return names


def _described(connection: Connection, schema: str, names: Sequence[str]) -> list[Table]:
    tables: list[Table] = []
    rows = connection.execute(_COLUMNS, {"names": json.dumps(list(names))})
    for name, group in groupby(rows, key=lambda row: row.parent):
        columns = list(group)
        kind = columns[0].kind
        table = Table(schema, name, is_view=kind == "view", kind="virtual table" if kind == "virtual" else "")
        found = [row for row in columns if row.name is not None]
        table.columns = [
            Column(row.name, row.type or "ANY", not row.required and not row.pk, row.cid + 1, default=row.dflt_value)
            for row in found
        ]
        table.primary_key = [row.name for row in sorted(found, key=lambda row: row.pk) if row.pk]
        tables.append(table)
    return tables


def _described_alone(connection: Connection, schema: str, name: str) -> Table:
    """One table by itself; what SQLite has against it (a view of a table that is gone) becomes its problem."""
    try:
        return _described(connection, schema, [name])[0]
    except OperationalError as error:
        kind = connection.execute(text("SELECT type FROM pragma_table_list WHERE name = :name"), {"name": name})
        return Table(schema, name, is_view=kind.scalar() == "view", problem=str(error.orig))


def _explained(error: DBAPIError, path: Path) -> SourceError:
    said = str(error.orig)
    if "not a database" in said or "malformed" in said:
        return SourceError(f"The file {path.name} is not a SQLite database, or is damaged")
    if "locked" in said or "busy" in said:
        return SourceError(f"The file {path.name} is locked by another program", code="TIMEOUT", retry=True)
    return SourceError(f"SQLite cannot read {path.name}: {said}")
