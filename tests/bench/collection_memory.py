"""How the memory of a collection grows with the number of tables.

The source is PostgreSQL. SQLite holds the schema of its whole file in our process, which grows with it and is not ours:
docs/performance.md has the figures.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator

from django.conf import settings

from ingestion.services.sources import create_data_source
from tests.bench.harness import Row
from tests.bench.sources import postgresql_source
from tests.bench.world import World

FEW, MANY = 10_000, 100_000
BAR = 1.5


def rows(world: World) -> list[Row]:
    """The most memory `manage.py collect` ever holds, in MiB: ten times as many tables take little more."""
    few, many = (_peak(world, count) for count in (FEW, MANY))
    work = f"memory of collecting {MANY:,} tables from PostgreSQL, at most"
    return [Row(work, f"of {FEW:,}", few, many, BAR, note="MiB, not ms")]


def _peak(world: World, count: int) -> float:
    with postgresql_source(_script(count), autocommit=True) as config, tempfile.TemporaryDirectory() as folder:
        data = {"name": f"bench {count}", "type": "postgresql", "config": config}
        source = create_data_source(actor=world.actor, data=data)
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATA_DIR": folder,
            "SECRET_KEY": settings.SECRET_KEY,
        }
        arguments = [sys.executable, "manage.py", "collect", str(source.pk), "--organization", world.organization.slug]
        process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"collecting {count:,} tables failed")
    return usage.ru_maxrss / 1024


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
