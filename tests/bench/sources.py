"""Databases to collect from, thrown away afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg

from tests.servers import URLS


@contextmanager
def postgresql_source(script: Iterable[str], *, autocommit: bool = False) -> Iterator[dict[str, object]]:
    """The config of a PostgreSQL database made by these statements, in one transaction unless `autocommit`."""
    server, name = URLS["postgresql"], f"cartulary_bench_source_{uuid4().hex[:8]}"
    url = urlsplit(server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        with psycopg.connect(url._replace(path=f"/{name}").geturl(), autocommit=autocommit) as connection:
            for statement in script:
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
