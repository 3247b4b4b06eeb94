"""How the memory of a publication grows with the number of its dependencies."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from uuid import uuid4

from registry.models import Version
from tests.bench.harness import Row
from tests.bench.memory import peak_of
from tests.bench.world import World

FEW = 50_000
BAR = 1.2


def rows(world: World, count: int) -> list[Row]:
    """The most memory `manage.py publish` ever holds, in MiB: all the dependencies there are take little more."""
    few, many = (_peak(world, number) for number in (FEW, count))
    work = f"memory of publishing {count:,} dependencies, at most"
    return [Row(work, f"of {FEW:,}", few, many, BAR, note="MiB, not ms")]


def _peak(world: World, count: int) -> float:
    slug = world.organization.slug
    versions = Version.objects.filter(entry__organization=world.organization, dependency_count=0).order_by("pk")
    named = versions.values_list("entry__slug", "version")[:count]
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "dependencies.json"
        listed.write_text(json.dumps([f"{slug}:{name}-fasta@{version}" for name, version in named]))
        spec = f"{slug}:all-{uuid4().hex[:8]}@1.0"
        return peak_of("publish", spec, "--dependencies-from", str(listed), folder=Path(folder))
