"""`make bench`: the tables of the README's section on speed, as ratios against hand-written SQL.

Runs on the PostgreSQL server of BENCH_DATABASE_URL (by default a local one), in a database of its own
that is made anew each time. `python -m tests.bench reads batch` runs only the parts named.
"""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg

SERVER = os.environ.get("BENCH_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
DATABASE = "cartulary_bench"


def make_database() -> str:
    """An empty database of the bench's own; returns its URL."""
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    return urlunsplit(urlsplit(SERVER)._replace(path=f"/{DATABASE}"))


def main(names: list[str]) -> int:
    os.environ["DATABASE_URL"] = make_database()
    for rate in ("RATE_METASTORE", "RATE_COLLECTION", "RATE_ENTITIES"):
        os.environ.setdefault(rate, "1000000/second")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

    import django

    django.setup()
    from tests.bench.suite import run

    return run(names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
