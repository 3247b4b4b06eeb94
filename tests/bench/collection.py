"""Collecting a thousand tables against a public tool's collector, and how memory grows with tables.

The tool is DataHub's (PyPI `acryl-datahub[postgres,mysql]`), which reads the same database into its file sink.
BENCH_DATAHUB_PYTHON names a Python in which it is installed; without it these rows are left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pymysql

from ingestion.models import DataSource, Job, JobStatus
from ingestion.services.collections import begin_here, full_collection_of
from ingestion.services.sources import create_data_source
from ingestion.services.worker import execute
from tests.bench import collection_memory
from tests.bench.harness import Row, milliseconds
from tests.bench.sources import postgresql_source
from tests.bench.world import World
from tests.servers import URLS, missing

TABLES, COLUMNS, VIEWS = 1000, 20, 100
BAR = 0.15
DATAHUB = os.environ.get("BENCH_DATAHUB_PYTHON", "")


def rows(world: World) -> list[Row]:
    return [*_against_datahub(world), *collection_memory.rows(world)]


def _against_datahub(world: World) -> list[Row]:
    if not DATAHUB:
        print("Left out: BENCH_DATAHUB_PYTHON names no Python with acryl-datahub")
        return []
    found = []
    with postgresql_source(_script(text="varchar(200)")) as config:
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
