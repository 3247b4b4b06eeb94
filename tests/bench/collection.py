"""Collecting a thousand tables against a public tool's collector, and how memory grows with tables.

The tool is DataHub's (PyPI `acryl-datahub[postgres,mysql]`), which reads the same database into its file sink.
BENCH_DATAHUB_PYTHON names a Python in which it is installed; without it these rows are left out.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pymysql
from django.conf import settings

from ingestion.models import DataSource, Job, JobStatus
from ingestion.services.collections import begin_here, full_collection_of
from ingestion.services.sources import create_data_source
from ingestion.services.worker import execute
from tests.bench.harness import Row, milliseconds
from tests.bench.world import World
from tests.servers import URLS, missing

TABLES, COLUMNS, VIEWS = 1000, 20, 100
BAR = 0.15
FEW, MANY = 10_000, 100_000
DATAHUB = os.environ.get("BENCH_DATAHUB_PYTHON", "")


def rows(world: World) -> list[Row]:
    return [*_against_datahub(world), *_memory(world)]


def _against_datahub(world: World) -> list[Row]:
    if not DATAHUB:
        print("Left out: BENCH_DATAHUB_PYTHON names no Python with acryl-datahub")
        return []
    found = []
    with _postgresql() as config:
        found += _engine(world, "postgresql", config)
    if missing("mariadb") is None:
        with _mariadb() as config:
            found += _engine(world, "mysql", config)
    return found


def _engine(world: World, kind: str, config: dict[str, object]) -> list[Row]:
    """New, then the same again and nothing changed, each against the tool's one way of doing it."""
    theirs = milliseconds(lambda: _datahub(kind, config))
    source = create_data_source(actor=world.actor, data={"name": f"bench {kind}", "type": kind, "config": config})
    new = milliseconds(lambda: _collect(world, source))
    again = milliseconds(lambda: _collect(world, source))
    work = f"collecting {TABLES:,} tables of {COLUMNS} columns, {VIEWS} views from {kind}"
    floor = "acryl-datahub, to a file"
    return [Row(work, floor, theirs, new, BAR), Row(f"{work}, again", floor, theirs, again, BAR)]


def _collect(world: World, source: DataSource) -> Job:
    job = begin_here(actor=world.actor, task=full_collection_of(actor=world.actor, source=source))
    execute(job)
    job.refresh_from_db()
    if job.status != JobStatus.COMPLETED:
        raise RuntimeError(f"the bench's own collection ended as {job.status}: {job.error}")
    return job


def _datahub(kind: str, config: dict[str, object]) -> None:
    """Their collector in a process of its own, as it is run; with the lineage of views, without profiles."""
    with tempfile.TemporaryDirectory() as folder:
        recipe = {
            "source": {
                "type": "postgres" if kind == "postgresql" else "mysql",
                "config": {
                    "host_port": f"{config['host']}:{config['port']}",
                    "database": config["database"],
                    "username": config["username"],
                    "password": config.get("password", ""),
                },
            },
            "sink": {"type": "file", "config": {"filename": f"{folder}/out.json"}},
        }
        path = Path(folder, "recipe.json")
        path.write_text(json.dumps(recipe))
        environment = {**os.environ, "DATAHUB_TELEMETRY_ENABLED": "false", "HOME": folder}
        ended = subprocess.run(
            [DATAHUB, "-m", "datahub", "ingest", "-c", str(path)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if ended.returncode != 0 or Path(folder, "out.json").stat().st_size < TABLES * 100:
            raise RuntimeError(f"acryl-datahub did not collect: {ended.stdout[-2000:]}{ended.stderr[-2000:]}")


def _script(*, text: str) -> Iterator[str]:
    columns = ", ".join(f"column_{number} {text}" for number in range(2, COLUMNS + 1))
    for number in range(TABLES):
        yield f"CREATE TABLE table_{number:04d} (column_1 int PRIMARY KEY, {columns})"
    for number in range(VIEWS):
        one, other = f"table_{number:04d}", f"table_{number + 1:04d}"
        yield (
            f"CREATE VIEW view_{number:03d} AS SELECT a.column_1, a.column_2, b.column_3 AS other"
            f" FROM {one} a JOIN {other} b ON b.column_1 = a.column_1"
        )


@contextmanager
def _postgresql() -> Iterator[dict[str, object]]:
    server, name = URLS["postgresql"], f"cartulary_bench_source_{uuid4().hex[:8]}"
    url = urlsplit(server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        with psycopg.connect(url._replace(path=f"/{name}").geturl()) as connection:
            for statement in _script(text="varchar(200)"):
                connection.execute(statement)
        yield {
            "host": url.hostname or "127.0.0.1",
            "port": url.port or 5432,
            "database": name,
            "username": url.username or "postgres",
            **({"password": url.password} if url.password else {}),
        }
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def _mariadb() -> Iterator[dict[str, object]]:
    url, name = urlsplit(URLS["mariadb"]), f"cartulary_bench_source_{uuid4().hex[:8]}"
    config: dict[str, object] = {
        "host": url.hostname or "127.0.0.1",
        "port": url.port or 3306,
        "username": url.username or "root",
        **({"password": url.password} if url.password else {}),
    }
    connection = pymysql.connect(
        host=url.hostname or "127.0.0.1",
        port=url.port or 3306,
        user=url.username or "root",
        password=url.password or "",
        autocommit=True,
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}`")
            cursor.execute(f"USE `{name}`")
            for statement in _script(text="varchar(200)"):
                cursor.execute(statement)
        yield {**config, "database": name}
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
        connection.close()


# Memory ---------------------------------------------------------------------------------------------


def _memory(world: World) -> list[Row]:
    """The most memory `manage.py collect` ever holds, in MiB: ten times as many tables take little more."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (_peak(world, Path(folder), count) for count in (FEW, MANY))
    work = f"memory of collecting {MANY:,} tables from SQLite, at most"
    return [Row(work, f"of {FEW:,}", few, many, 1.5, note="MiB, not ms")]


def _peak(world: World, folder: Path, count: int) -> float:
    _sqlite(folder / f"{count}.db", count)
    config = {"database": f"{count}.db"}
    source = create_data_source(actor=world.actor, data={"name": f"bench {count}", "type": "sqlite", "config": config})
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATA_DIR": str(folder),
        "IMPORT_DIR": str(folder),
        "SECRET_KEY": settings.SECRET_KEY,
    }
    arguments = [sys.executable, "manage.py", "collect", str(source.pk), "--organization", world.organization.slug]
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"collecting {count:,} tables failed")
    return usage.ru_maxrss / 1024


def _sqlite(path: Path, count: int) -> None:
    """A file with so many tables, written straight into its schema: `CREATE TABLE` takes minutes."""
    connection = sqlite3.connect(path, isolation_level=None)
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
