"""Which containers and tables a collection is about, and reading the tables a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from catalog.names import join_name
from ingestion.connectors.base import AssetDraft, Batch, CollectOptions, Observer, SourceError
from ingestion.connectors.tables import Part, chunks, contains

if TYPE_CHECKING:
    from ingestion.connectors.relational import RelationalConnector, SchemaInfo

C = TypeVar("C")


class Listing(Generic[C]):
    """Which tables a collection is about: their names only, by schema."""

    def __init__(
        self, connector: RelationalConnector[C], connection: C, options: CollectOptions, observer: Observer
    ) -> None:
        self.connector, self.connection = connector, connection
        self.options, self.observer = options, observer
        self.batch = Batch()
        self.parts: list[Part] = []
        for database in connector.databases(connection):
            self._read_database(database)
        self.count = sum(part.count for part in self.parts)

    def containers(self) -> Batch:
        """The databases and schemas."""
        return self.batch

    def chunks(self) -> Iterator[tuple[list[str], str, list[str]]]:
        """(path of the container, schema, at most a batch of table names) until all were given."""
        for part in self.parts:
            yield part.path, part.schema, part.names

    def read(self, path: list[str], schema: str, names: Sequence[str]) -> tuple[Batch, Part]:
        """The tables as assets, without those that are known to be as they were; and what is left for the edges."""
        # Read before the tables: what changes in between is then read once more, not missed.
        states = self.connector.read_states(self.connection, schema, names)
        whole = {join_name(*path, name): state for name, state in states.items()}
        known = self.options.known
        unchanged = known.unchanged({name: one.state for name, one in whole.items()}) if known and whole else set()
        left = [name for name in names if join_name(*path, name) not in unchanged]
        tables = self.connector.read_tables(self.connection, schema, left) if left else []
        batch = self.connector.described(path, tables, self.observer)
        batch.unchanged = sorted(unchanged)
        changed = {name: one for name, one in whole.items() if name not in unchanged}
        batch.identities = {name: one.identity for name, one in changed.items() if one.identity}
        return batch, Part.of(path, schema, left, {name: one.state for name, one in changed.items()})

    def _read_database(self, database: SchemaInfo) -> None:
        if not self.connector.has_schemas and not self.options.wants_schema(database.name):
            return
        path = [self.options.root, database.name]
        self._identify(path, database)
        self.batch.assets.append(
            AssetDraft("DATABASE", database.name, join_name(*path), database.comment, {"engine": self.connector.title})
        )
        for schema in self.connector.schemas(self.connection, database.name):
            self.observer.check()
            if self.options.wants_schema(schema.name):
                self._read_schema(path, schema)

    def _read_schema(self, database: list[str], schema: SchemaInfo) -> None:
        path = database
        if self.connector.has_schemas:
            path = [*database, schema.name]
            metadata = {"database": database[1]}
            self._identify(path, schema)
            self.batch.assets.append(AssetDraft("SCHEMA", schema.name, join_name(*path), schema.comment, metadata))
            self.batch.relationships.append(contains(database, path))
        if schema.gap:
            self.observer.gap(path[1:], schema.gap)
            return
        try:
            names = self.connector.table_names(self.connection, schema.name)
        except SourceError as error:
            if error.code != "PERMISSION_DENIED":
                raise
            self.observer.gap(path[1:], error.message)
            return
        wanted = (one for one in names if self.options.wants_table(schema.name, one))
        for some in chunks(wanted, min(self.options.batch_size, self.connector.names_at_once)):
            self.parts.append(Part.of(path, schema.name, some))

    def _identify(self, path: Sequence[str], found: SchemaInfo) -> None:
        if found.identity:
            self.batch.identities[join_name(*path)] = found.identity
