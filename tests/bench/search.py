"""Search with facets for a rare, a medium and a common word, against what one writes first for the same answer."""

from __future__ import annotations

from typing import Any

from django.db import connection

from catalog.search import search
from catalog.search.gathering import CANDIDATES
from catalog.services.benchmark import COMMON, MEDIUM, RARE
from tests.bench.harness import Row, compare, statements_of
from tests.bench.world import World

_QUERY = "plainto_tsquery('simple', %(word)s)"
_FROM = "FROM catalog_searchdocument d"
_WHERE = f"WHERE d.organization_id = %(organization)s AND d.vector @@ {_QUERY}"
_MARKED = ", ".join(f"ts_headline('simple', {text}, {_QUERY})" for text in ("name", "path", "description", "columns"))
_NAIVE = (
    f"SELECT entity_id, kind, type, rank, {_MARKED} FROM"
    f" (SELECT d.*, ts_rank(d.vector, {_QUERY}) AS rank {_FROM} {_WHERE} ORDER BY rank DESC, id LIMIT 20) AS page",
    f"SELECT d.type, count(*) {_FROM} {_WHERE} GROUP BY d.type",
    f"SELECT t.value, count(*) {_FROM}, jsonb_array_elements_text(d.tags) AS t(value) {_WHERE} GROUP BY t.value",
    f"SELECT d.origin_id, count(*) {_FROM} {_WHERE} AND d.origin_id IS NOT NULL GROUP BY d.origin_id",
    f"SELECT d.owner_id, count(*) {_FROM} {_WHERE} AND d.owner_id IS NOT NULL GROUP BY d.owner_id",
)
"""The best twenty with what was found marked, and how many there are of each type, tag, source and owner."""


def rows(world: World) -> list[Row]:
    world.fill()
    return [
        _row(world, "rare", RARE, runs=200),
        _row(world, "medium", MEDIUM, runs=20),
        _row(world, "common", COMMON, runs=7),
    ]


def _row(world: World, how: str, word: str, *, runs: int) -> Row:
    parameters: dict[str, Any] = {"organization": world.organization.pk, "word": word}

    def naive() -> int:
        with connection.cursor() as cursor:
            found: list[list[Any]] = []
            for statement in _NAIVE:
                cursor.execute(statement, parameters)
                found.append(cursor.fetchall())
            return sum(count for _, count in found[1])

    def ours() -> Any:
        return search(actor=world.actor, query=word, with_facets=True)

    matches, answer = naive(), ours()
    if answer.total_is_exact and answer.total != matches:
        raise RuntimeError(f"{answer.total} found, {matches} are there")
    times = compare(naive, ours, runs=runs, warmup=2)
    bar = 0.3 if matches > 4 * CANDIDATES else 1.5  # where far more is found than is ranked; all of it, otherwise
    note = "" if answer.total_is_exact else f"ranks and counts {answer.total:,} of them, and says so"
    work = f"search with facets, a {how} word ({matches:,} matches)"
    return Row(work, "five naive statements", *times, bar, statements_of(ours), note)
