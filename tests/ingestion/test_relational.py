"""What every engine of tables shares: a schema is read in parts, and none is kept while the next one is read."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ingestion.connectors.base import CollectOptions
from ingestion.connectors.relational import RelationalConnector, SchemaInfo
from ingestion.connectors.tables import DEFINITION_LENGTH, Column, ObjectState, Part, Table

TABLES, AT_ONCE = 200, 10


class WeighedTable(Table):
    """A table that can be told to be gone: it has no slots."""


class Endless(RelationalConnector[None]):
    """An engine of one schema with many tables; notes how many it has given are still held."""

    type, title, dialect = "endless", "Endless", "postgres"
    config_schema = {}

    def __init__(self) -> None:
        self.given: list[weakref.ref[Table]] = []
        self.most_held = 0

    @contextmanager
    def connect(self, config) -> Iterator[None]:
        yield None

    def version(self, connection):
        return "Endless 1", "1"

    def databases(self, connection):
        return [SchemaInfo("db")]

    def schemas(self, connection, database):
        return [SchemaInfo("public")]

    def table_names(self, connection, schema):
        return [f"t{number:03d}" for number in range(TABLES)]

    def read_states(self, connection, schema, names):
        return {name: ObjectState(f"state of {name}") for name in names}

    def read_tables(self, connection, schema, names):
        self.most_held = max(self.most_held, sum(one() is not None for one in self.given))
        tables = [WeighedTable(schema, name, columns=[Column("id", "int", False, 1)]) for name in names]
        self.given += map(weakref.ref, tables)
        return tables

    read_edges = read_tables


class Quiet:
    """An observer that asks nothing."""

    def check(self):
        pass

    def phase(self, name, total=None, *, until=90):
        pass

    def advance(self, count, current=""):
        pass

    def warn(self, message, name=""):
        pass

    def gap(self, parts, message):
        pass


def test_tables_are_read_in_parts_and_none_is_kept():
    engine = Endless()
    names: list[str] = []
    states: dict[str, str] = {}
    for batch in engine.collect({}, CollectOptions("lake", batch_size=AT_ONCE), Quiet()):
        assert len(batch.assets) <= AT_ONCE
        names += [draft.name for draft in batch.assets]
        states |= batch.states
        del batch
    assert names == ["db", "public", *(f"t{number:03d}" for number in range(TABLES))]
    assert states == {f"lake.db.public.t{number:03d}": f"state of t{number:03d}" for number in range(TABLES)}
    assert (len(engine.given), engine.most_held) == (2 * TABLES, 0), "given for the assets, then for the edges"


def test_part_gives_back_names_and_states_as_they_were():
    names = ["plain", "with.dot", 'with "quote"', "naïve 表", "line\nbreak", "\ud800"]
    part = Part.of(["lake", "db"], "db", names, {"lake.db.plain": "one", 'lake.db."with.dot"': "two"})
    assert (part.names, part.count) == (names, len(names))
    assert part.states == {"lake.db.plain": "one", 'lake.db."with.dot"': "two"}


def test_part_that_waits_is_small():
    names = [f"orders_of_customer_{number:06d}" for number in range(1000)]
    part = Part.of(["lake", "db", "public"], "public", names)
    assert len(part._packed) < 8 * len(names)


@pytest.mark.parametrize(("longer", "is_kept"), [(0, True), (1, False)])
def test_sql_of_a_view_that_is_longer_than_an_asset_may_hold_is_not_kept(longer, is_kept):
    view = Table("public", "v", is_view=True, definition="x" * (DEFINITION_LENGTH + longer))
    metadata = view.draft(["pg", "db", "public"]).metadata
    assert metadata is not None
    assert metadata["definition"] == (view.definition if is_kept else None)
