"""How the memory of a collection grows with the number of tables, from PostgreSQL and from SQLite.

SQLite holds the schema of its whole file in our process: half a KiB of each table there is not ours.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from ingestion.models import DataSource
from ingestion.services.collections import full_collection_of, update_task
from ingestion.services.sources import create_data_source
from tests.bench.harness import Row
from tests.bench.memory import peak_of
from tests.bench.sources import postgresql_source
from tests.bench.world import World

FEW, MANY = 10_000, 100_000
BAR = 1.5

Source = Callable[[int, Path], AbstractContextManager[dict[str, object]]]
"""Makes a source of so many tables, a file of it in this folder, and gives its config."""


def rows(world: World) -> list[Row]:
    """The most memory `manage.py collect` ever holds, in MiB: ten times as many tables take little more."""
    return [
        _row(world, "postgresql", "PostgreSQL", _postgresql),
        _row(world, "sqlite", "SQLite", _sqlite),
        _row_of_loss(world),
    ]


def _row(world: World, kind: str, title: str, source: Source) -> Row:
    few, many = (_peak(world, kind, source, count) for count in (FEW, MANY))
    work = f"memory of collecting {MANY:,} tables from {title}, at most"
    return Row(work, f"of {FEW:,}", few, many, BAR, note="MiB, not ms")


def _row_of_loss(world: World) -> Row:
    few, many = (_peak(world, "sqlite", _sqlite, count, then=_lose_half) for count in (FEW, MANY))
    return Row(
        f"memory of a run that misses half of {MANY:,}, at most", f"of {FEW:,}", few, many, BAR, note="MiB, not ms"
    )


def _peak(world: World, kind: str, source: Source, count: int, then: Callable[[Path], None] | None = None) -> float:
    """Of a first collection; or of the second, after `then` has changed the source in its folder."""
    with tempfile.TemporaryDirectory() as folder, source(count, Path(folder)) as config:
        data = {"name": f"bench {kind} {count} {then is not None}", "type": kind, "config": config}
        collected = create_data_source(actor=world.actor, data=data)
        task = full_collection_of(actor=world.actor, source=collected)
        update_task(actor=world.actor, task=task, changes={"config": {"max_loss": 1}})
        peak = _collect(world, collected, folder)
        if then is not None:
            then(Path(folder))
            peak = _collect(world, collected, folder)
    return peak


def _collect(world: World, source: DataSource, folder: str) -> float:
    words = ("collect", str(source.pk), "--organization", world.organization.slug)
    return peak_of(*words, folder=Path(folder))


def _lose_half(folder: Path) -> None:
    connection = sqlite3.connect(folder / "source.db", isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("DELETE FROM sqlite_master WHERE rowid % 2 = 0")
    connection.close()


def _postgresql(count: int, folder: Path) -> AbstractContextManager[dict[str, object]]:
    return postgresql_source(_script(count), autocommit=True)


@contextmanager
def _sqlite(count: int, folder: Path) -> Iterator[dict[str, object]]:
    """A file with so many tables, written straight into its schema: `CREATE TABLE` takes minutes."""
    connection = sqlite3.connect(folder / "source.db", isolation_level=None)
    connection.execute("CREATE TABLE first (id INTEGER PRIMARY KEY)")
    (root,) = connection.execute("SELECT rootpage FROM sqlite_master").fetchone()
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("BEGIN")
    columns = "id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount NUMERIC, at TEXT, note TEXT"
    names = (f"table_{number:06d}" for number in range(1, count))
    connection.executemany(
        "INSERT INTO sqlite_master (type, name, tbl_name, rootpage, sql) VALUES ('table', ?1, ?1, ?2, ?3)",
        ((name, root, f"CREATE TABLE {name} ({columns})") for name in names),
    )
    connection.execute("COMMIT")
    connection.close()
    yield {"database": "source.db"}


def _script(count: int) -> Iterator[str]:
    """So many tables by one statement, which commits now and then: all locks at once are more than a server has."""
    columns = "id int NOT NULL, amount bigint NOT NULL, price real, at timestamp, sold date"
    yield f"""
        DO $$ BEGIN
            FOR number IN 1..{count} LOOP
                EXECUTE format('CREATE TABLE table_%s ({columns})', lpad(number::text, 6, '0'));
                IF number % 1000 = 0 THEN COMMIT; END IF;
            END LOOP;
        END $$
    """
