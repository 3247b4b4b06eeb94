"""`make bench`: the tables of the README's section on speed, as ratios against hand-written SQL.

Runs on the PostgreSQL server of BENCH_DATABASE_URL (by default a local one), in a database of its own that is made
anew and dropped again; with BENCH_KEEP=1 it stays, and is taken as it is the next time. BENCH_SCALE is the share of
a million assets, 500,000 sources, … that is made: 0.1 where nothing is said, 1 for the whole.
`python -m tests.bench reads batch` runs only the parts named.
"""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg

SERVER = os.environ.get("BENCH_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
DATABASE = os.environ.get("BENCH_DATABASE", "cartulary_bench")
KEEP = os.environ.get("BENCH_KEEP") == "1"


def make_database() -> None:
    """An empty database of the bench's own, or the one that was kept."""
    with psycopg.connect(SERVER, autocommit=True) as connection:
        if KEEP and connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            return
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")


def drop_database() -> None:
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


def main(names: list[str]) -> int:
    make_database()
    try:
        return measure(names)
    finally:
        if not KEEP:
            drop_database()


def measure(names: list[str]) -> int:
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(SERVER)._replace(path=f"/{DATABASE}"))
    for rate in ("RATE_METASTORE", "RATE_COLLECTION", "RATE_ENTITIES"):
        os.environ.setdefault(rate, "1000000/second")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

    import django

    django.setup()
    from tests.bench.suite import run

    return run(names)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
