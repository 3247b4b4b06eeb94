"""Relational databases: databases, schemas, tables and views with columns, keys, comments and lineage.

An engine says how to connect, which schemas and tables there are, and how to read many tables at once;
what becomes an asset and what an edge is decided here, once. Two passes keep memory constant: the first
brings the assets, the second the edges between them, so that both ends are in the catalog.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from sqlglot import exp

from catalog.names import join_name
from ingestion.connectors.base import (
    Batch,
    CollectOptions,
    ConnectionResult,
    Connector,
    Observer,
    RelationshipDraft,
    TableProfile,
)
from ingestion.connectors.engines import rows_of
from ingestion.connectors.listing import Listing
from ingestion.connectors.profiles import FORMS, Profiler
from ingestion.connectors.tables import ObjectState, Part, Table, chunks, contains
from ingestion.connectors.view_sql import TableName, UnreadableView, ViewSources, parse_view, tables_of, trace

C = TypeVar("C")
"""What an engine's statements go through: SQLAlchemy's connection, or the driver's own where that is the better one."""


@dataclass(frozen=True, slots=True)
class SchemaInfo:
    """A schema of a database. `gap` says why nothing in it can be read; `identity` outlives a rename."""

    name: str
    comment: str = ""
    gap: str = ""
    identity: str = ""


class RelationalConnector(Connector, Generic[C]):
    """The base of the engines that hold tables and views."""

    dialect: ClassVar[str]
    """sqlglot's name of the engine's SQL."""
    has_schemas: ClassVar[bool] = True
    """Whether a database holds schemas. Where it does not, databases are to patterns what schemas are elsewhere."""
    names_at_once: ClassVar[int] = 10_000
    """Tables that one statement may name."""

    @abstractmethod
    def connect(self, config: Mapping[str, Any]) -> AbstractContextManager[C]:
        """A read-only connection. Driver errors inside come out as SourceError."""

    @abstractmethod
    def version(self, connection: C) -> tuple[str, str]:
        """(what the server calls itself, its version number)."""

    @abstractmethod
    def databases(self, connection: C) -> list[SchemaInfo]:
        """The databases the connection sees: one where it is bound to one."""

    @abstractmethod
    def schemas(self, connection: C, database: str) -> list[SchemaInfo]:
        """The schemas of a database; the database itself where the engine has no schemas."""

    @abstractmethod
    def table_names(self, connection: C, schema: str) -> list[str]:
        """Tables and views of a schema, in order. A SourceError of PERMISSION_DENIED makes the schema a gap."""

    @abstractmethod
    def read_tables(self, connection: C, schema: str, names: Sequence[str]) -> list[Table]:
        """These tables with columns, keys and comments, by a number of statements that does not depend on how many."""

    @abstractmethod
    def read_edges(self, connection: C, schema: str, names: Sequence[str]) -> list[Table]:
        """The same tables with what edges are made from: columns, foreign keys, definitions of views, partitions."""

    def test(self, config: Mapping[str, Any]) -> ConnectionResult:
        began = time.perf_counter()
        with self.connect(config) as connection:
            info, version = self.version(connection)
        latency = round((time.perf_counter() - began) * 1000)
        return ConnectionResult(True, "Connection successful", latency, info, version)

    def collect(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[Batch]:
        with self.connect(config) as connection:
            observer.phase("Listing tables", until=5)
            listing = Listing(self, connection, options, observer)
            yield listing.containers()
            observer.phase("Tables", listing.count, until=70)
            parts: list[Part] = []
            for path, schema, names in listing.chunks():
                observer.check()
                batch, part = listing.read(path, schema, names)
                yield batch
                del batch  # not kept while the next one is read
                if part.count:
                    parts.append(part)
                observer.advance(len(names), f"{schema}.{names[-1]}" if schema else names[-1])
            observer.phase("Keys and lineage", sum(part.count for part in parts), until=95)
            for part in parts:
                observer.check()
                edges = self._edges(connection, part.path, part.schema, part.names, observer)
                states = part.states
                if edges or states:
                    yield Batch(relationships=edges, states=states)
                del edges, states
                observer.advance(part.count)

    def read_states(self, connection: C, schema: str, names: Sequence[str]) -> dict[str, ObjectState]:
        """What tells, without reading these tables, whether they are as they were; {} where the engine cannot.

        By a number of statements that does not depend on how many.
        """
        return {}

    def ask(self, connection: Any, statement: str) -> Sequence[Sequence[Any]]:
        """The rows of a statement, as it stands. Raises SourceError."""
        return rows_of(connection, statement)

    def profile(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[TableProfile]:
        if self.dialect not in FORMS:
            yield from super().profile(config, options, observer)
        with self.connect(config) as connection:
            observer.phase("Listing tables", until=5)
            listing = Listing(self, connection, options, observer)
            observer.phase("Profiles", listing.count, until=95)
            profiler = Profiler(partial(self.ask, connection), self.dialect, options, observer)
            for path, schema, names in listing.chunks():
                for table in self.read_tables(connection, schema, names):
                    observer.check()
                    found = profiler.profile(path, table)
                    if found is not None:
                        yield found
                    observer.advance(1, join_name(*path[1:], table.name))

    def can_profile(self, config: Mapping[str, Any]) -> bool:
        return self.dialect in FORMS

    def covers(self, parts: Sequence[str], options: CollectOptions) -> bool:
        depth = 2 if self.has_schemas else 1
        if len(parts) < depth:
            return True
        schema = parts[depth - 1]
        if not options.wants_schema(schema):
            return False
        return len(parts) == depth or options.wants_table(schema, parts[depth])

    def described(self, path: Sequence[str], tables: Sequence[Table], observer: Observer) -> Batch:
        """The tables as assets in their container; what cannot be read of them is told."""
        for table in tables:
            if table.problem:
                observer.warn(f"Its columns cannot be read: {table.problem}", join_name(*path, table.name))
        return Batch(
            [table.draft(path) for table in tables],
            [contains(path, [*path, table.name]) for table in tables],
        )

    def _edges(
        self, connection: C, path: Sequence[str], schema: str, names: Sequence[str], observer: Observer
    ) -> list[RelationshipDraft]:
        tables = self.read_edges(connection, schema, names)
        edges: list[RelationshipDraft] = []
        for table in tables:
            edges += self._key_edges(path, table)
            if table.partition_of is not None:
                whole, own = self.path_of(path, *table.partition_of), join_name(*path, table.name)
                edges.append(RelationshipDraft(whole, own, "CONTAINS"))
            if table.fills is not None:
                mapping = {column.name: [column.name] for column in table.columns}
                target = self.path_of(path, *table.fills)
                source = join_name(*path, table.name)
                edges.append(RelationshipDraft(target, source, "DEPENDS_ON", {"column_mapping": mapping}))
        views = [table for table in tables if table.is_view and not table.problem]
        for view in views:
            if not view.definition:
                name = join_name(*path, view.name)
                observer.warn("The source does not show its SQL (a privilege may be missing): it has no lineage", name)
        views = [view for view in views if view.definition]
        return edges + self._lineage(connection, path, views, observer)

    def path_of(self, path: Sequence[str], schema: str, table: str) -> str:
        """The qualified name of a table that may be in another schema than the one of `path`."""
        return join_name(*path[:-1], schema or path[-1], table)

    def _key_edges(self, path: Sequence[str], table: Table) -> list[RelationshipDraft]:
        """One edge to each table that foreign keys refer to, with the columns of every key."""
        by_target: dict[str, list[dict[str, Any]]] = {}
        for key in table.foreign_keys:
            target = self.path_of(path, key.referred_schema, key.referred_table)
            by_target.setdefault(target, []).append(
                {"name": key.name, "columns": key.columns, "referred_columns": key.referred_columns}
            )
        source = join_name(*path, table.name)
        return [
            RelationshipDraft(source, target, "RELATED_TO", {"foreign_keys": keys})
            for target, keys in by_target.items()
            if target != source
        ]

    def _lineage(
        self, connection: C, path: Sequence[str], views: Sequence[Table], observer: Observer
    ) -> list[RelationshipDraft]:
        """From each view to what it reads: by its SQL, or else by what the server keeps of it."""
        found, problems = self._traced(connection, path, views)
        told = self.view_sources(connection, [view for view in views if view.name in problems]) if problems else {}
        edges = []
        for view in views:
            source = join_name(*path, view.name)
            sources = told.get(view.name) or found.get(view.name)
            if problem := problems.get(view.name):
                observer.warn(f"{problem}; {_lineage_left(view.name in told, view.name in found)}", source)
            if sources is None:
                continue
            for (schema, table), mapping in sorted(sources.columns.items()):
                metadata: dict[str, Any] = {"column_mapping": mapping} if mapping else {}
                if reads := sources.reads.get((schema, table)):
                    metadata["source_columns"] = reads
                target = self.path_of(path, schema, table)
                if target != source:
                    edges.append(RelationshipDraft(source, target, "DEPENDS_ON", metadata))
        return edges

    def view_sources(self, connection: C, views: Sequence[Table]) -> dict[str, ViewSources]:
        """What the server keeps of what these views of one schema read, by their names: for those whose SQL is not
        understood. {} where it keeps no such thing. By a number of statements that does not depend on how many."""
        return {}

    def _traced(
        self, connection: C, path: Sequence[str], views: Sequence[Table]
    ) -> tuple[dict[str, ViewSources], dict[str, str]]:
        """The sources of views by their SQL, and what was not understood of it, by the views' names."""
        parsed: dict[str, exp.Query] = {}
        problems: dict[str, str] = {}
        wanted: set[TableName] = set()
        database = path[-2] if self.has_schemas else ""
        for view in views:
            try:
                query = parse_view(view.definition, dialect=self.dialect, database=database)
            except UnreadableView as error:
                problems[view.name] = f"Its SQL cannot be read: {error}"
                continue
            parsed[view.name] = query
            wanted |= tables_of(query, default_schema=view.schema)
        columns = self._columns_of(connection, wanted)
        found: dict[str, ViewSources] = {}
        for view in views:
            if view.name not in parsed:
                continue
            found[view.name] = sources = trace(
                parsed[view.name],
                dialect=self.dialect,
                default_schema=view.schema,
                columns=columns,
                view_columns=[column.name for column in view.columns],
            )
            if sources.problem:
                problems[view.name] = f"Its columns cannot be traced: {sources.problem}"
        return found, problems

    def _columns_of(self, connection: C, wanted: set[TableName]) -> dict[TableName, list[str]]:
        """The columns of the tables that views name; what is not there is left out."""
        found: dict[TableName, list[str]] = {}
        by_schema: dict[str, list[str]] = {}
        for schema, name in wanted:
            by_schema.setdefault(schema, []).append(name)
        for schema, names in by_schema.items():
            for some in chunks(sorted(names), self.names_at_once):
                for table in self.read_columns(connection, schema, some):
                    found[table.schema, table.name] = [column.name for column in table.columns]
        return found

    def read_columns(self, connection: C, schema: str, names: Sequence[str]) -> list[Table]:
        """These tables with their columns; those that are not there are left out."""
        return self.read_edges(connection, schema, names)


def _lineage_left(is_kept: bool, has_tables: bool) -> str:
    """What lineage a view has whose SQL was not understood."""
    if is_kept:
        return "its lineage is what the server keeps of it"
    return "its lineage ends at the tables" if has_tables else "it has no lineage"
