"""The parts of the bench, in the order they are printed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from django.core.management import call_command

from tests.bench import batch, collection, doors, entities, lineage, reads, registry, releases, running, search
from tests.bench.harness import Row, table
from tests.bench.world import World

PARTS: dict[str, Callable[[World], list[Row]]] = {
    "batch": batch.rows,
    "collection": collection.rows,
    "reads": reads.rows,
    "search": search.rows,
    "lineage": lineage.rows,
    "registry": registry.rows,
    "releases": releases.rows,
    "entities": entities.rows,
    "doors": doors.rows,
    "running": running.rows,
}


def run(names: list[str]) -> int:
    """Run the parts named (all, where none is) and print their table; 1 when a bar is missed."""
    unknown = set(names) - set(PARTS)
    if unknown:
        print(f"No such part: {', '.join(sorted(unknown))}. There are: {', '.join(PARTS)}.")
        return 2
    call_command("migrate", verbosity=0)
    world = World()
    rows: list[Row] = []
    for name, part in PARTS.items():
        if not names or name in names:
            began = time.monotonic()
            found = part(world)
            print(f"{name}: {time.monotonic() - began:.0f} s\n{table(found)}\n", file=sys.stderr, flush=True)
            rows += found
    print(table(rows))
    return 0 if all(row.holds for row in rows) else 1
