"""Sources to collect: SQLite files below the import folder, PostgreSQL databases that are thrown away."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pymysql
import pytest

from accounts.actor import Actor
from ingestion.connectors.base import Batch
from ingestion.connectors.relational import RelationalConnector
from ingestion.models import DataSource, Job
from ingestion.services.collections import create_task, execute_task, full_collection_of
from ingestion.services.sources import create_data_source
from ingestion.services.worker import work_next

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT DEFAULT 'none');
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers(id), total NUMERIC);
CREATE INDEX orders_by_customer ON orders (customer_id);
CREATE VIEW spending AS
    SELECT c.name AS customer, sum(o.total) AS spent FROM customers c JOIN orders o ON o.customer_id = c.id
    GROUP BY c.name;
"""


@pytest.fixture
def import_dir(tmp_path: Path, settings: Any) -> Path:
    folder = tmp_path / "import"
    folder.mkdir()
    settings.IMPORT_DIR = folder
    return folder


@pytest.fixture
def shop(import_dir: Path) -> Path:
    """A SQLite file with two tables and a view."""
    path = import_dir / "shop.db"
    run_sql(path, SHOP)
    return path


def only_job() -> Any:
    """The one job there is."""
    return Job.objects.get()


def run_sql(path: Path, script: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()


@pytest.fixture
def shop_source(shop: Path, bob_actor: Actor) -> DataSource:
    return create_data_source(
        actor=bob_actor, data={"name": "shop", "type": "sqlite", "config": {"database": "shop.db"}}
    )


@pytest.fixture
def collect(bob_actor: Actor) -> Callable[..., Any]:
    """Collect a source as a worker would: a job in the queue, then the next one taken from it."""

    def run(source: DataSource, config: Mapping[str, Any] | None = None) -> Any:
        task = full_collection_of(actor=bob_actor, source=source)
        if config is not None:
            task.config = dict(config)
            task.save()
        job = execute_task(actor=bob_actor, task=task)
        done = work_next()
        assert done is not None
        assert done.pk == job.pk
        job.refresh_from_db()
        return job

    return run


@pytest.fixture
def profile(bob_actor: Actor, collect: Callable[..., Any]) -> Callable[..., Any]:
    """Collect a source, then profile it; the finished job."""

    def run(source: DataSource, config: Mapping[str, Any] | None = None) -> Any:
        collect(source)
        number = source.tasks.count()
        body = {"name": f"profile {number}", "datasource_id": str(source.pk), "type": "data_profile"}
        task = create_task(actor=bob_actor, data={**body, "config": config or {}})
        job = execute_task(actor=bob_actor, task=task)
        work_next()
        job.refresh_from_db()
        return job

    return run


@pytest.fixture
def incremental(bob_actor: Actor, monkeypatch: pytest.MonkeyPatch) -> Callable[[DataSource], tuple[list[str], Any]]:
    """Collect only what changed, and tell which tables and views were read for it."""

    def run(data_source: DataSource) -> tuple[list[str], Any]:
        task = data_source.tasks.filter(type="incremental_collection").first() or create_task(
            actor=bob_actor,
            data={
                "name": "incremental",
                "datasource_id": str(data_source.pk),
                "type": "incremental_collection",
            },
        )
        read: list[str] = []
        described = RelationalConnector.described

        def spy(self: Any, path: Any, tables: Any, observer: Any) -> Batch:
            read.extend(table.name for table in tables)
            return described(self, path, tables, observer)

        monkeypatch.setattr(RelationalConnector, "described", spy)
        job = execute_task(actor=bob_actor, task=task)
        work_next()
        monkeypatch.setattr(RelationalConnector, "described", described)
        job.refresh_from_db()
        assert job.status == "COMPLETED", job.error
        return sorted(read), job

    return run


@pytest.fixture
def new_database(postgresql_url: str) -> Iterator[Callable[..., dict[str, Any]]]:
    """Make a PostgreSQL database, run a script in it, and give the config of a source that names it."""
    made: list[str] = []
    url = urlsplit(postgresql_url)

    def make(script: str = "") -> dict[str, Any]:
        name = f"cartulary_source_{uuid4().hex[:12]}"
        with psycopg.connect(postgresql_url, autocommit=True) as server:
            server.execute(f'CREATE DATABASE "{name}"')
        made.append(name)
        with psycopg.connect(url._replace(path=f"/{name}").geturl(), autocommit=True) as database:
            if script:
                database.execute(script)
        return {
            "host": url.hostname or "127.0.0.1",
            "port": url.port or 5432,
            "database": name,
            "username": url.username or "postgres",
            **({"password": url.password} if url.password else {}),
        }

    yield make
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        for name in made:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def new_mariadb(mariadb_url: str) -> Iterator[Callable[..., dict[str, Any]]]:
    """Make a MariaDB database, run statements in it, and give the config of a source that names it."""
    url, made = urlsplit(mariadb_url), []
    server = pymysql.connect(
        host=url.hostname or "127.0.0.1",
        port=url.port or 3306,
        user=url.username or "root",
        password=url.password or "",
        charset="utf8mb4",
        autocommit=True,
    )

    def make(*statements: str) -> dict[str, Any]:
        name = f"cartulary_source_{uuid4().hex[:12]}"
        cursor = server.cursor()
        cursor.execute(f"CREATE DATABASE `{name}`")
        made.append(name)
        cursor.execute(f"USE `{name}`")
        for statement in statements:
            cursor.execute(statement)
        return {
            "host": url.hostname or "127.0.0.1",
            "port": url.port or 3306,
            "database": name,
            "username": url.username or "root",
            **({"password": url.password} if url.password else {}),
        }

    yield make
    for name in made:
        server.cursor().execute(f"DROP DATABASE IF EXISTS `{name}`")
    server.close()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where somebody accepts and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
