"""The statements that answer a question, on either database.

A statement gathers at most CANDIDATES documents for each reason, orders these and counts them by facet, so that
what a common word costs does not grow with the catalog. A name that is, or begins with, what was asked for
is gathered apart and never missed.
"""

# The statements are put together of our own texts; what was typed is always a parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction

from audit.prepared import planned_cursor
from catalog.search import postgresql, sqlite
from catalog.search.correcting import corrected
from catalog.search.gathering import CANDIDATES, EXACT_NAME, NAME_BEGINS, Dialect, Gathering, Row, Scope
from catalog.search.parsing import Question
from catalog.tables import is_postgresql

FEW = 20
"""Where whole words and beginnings find less, parts of words are looked for too."""


class Answer(NamedTuple):
    """A page of what was found, how much there is, and its facets where asked for.

    `total` is exact up to CANDIDATES. Facets count by `type`, `tag`, `origin`, `owner` and `domain` (ids as hex).
    `meant` is the question in the spelling of the index, where it was found by that only.
    """

    page: list[Row]
    total: int
    is_exact: bool
    facets: dict[str, dict[str, int]]
    meant: Question | None = None


def answer(question: Question, scope: Scope, *, limit: int, offset: int, with_facets: bool) -> Answer:
    """Whole words and beginnings; where these find few, parts of words too; where there is nothing, misspellings.

    One statement mostly, two for a rare word, five for one that is near to another, eight for one that is nowhere.
    """
    dialect = _dialect()

    def run(*gatherings: Gathering) -> Answer:
        return _run(dialect, gatherings, limit, offset, with_facets=with_facets)

    if question.is_blank:
        return run(dialect.everything(scope))
    if question.is_empty:
        return Answer([], 0, True, {})
    words = dialect.by_name(question, scope), dialect.by_words(question, scope)
    found = run(*words)
    if found.total >= FEW or not question.parts:
        return found
    rest = limit - len(found.page), max(0, offset - found.total)
    found = _both(found, _run(dialect, [dialect.by_parts(question, scope)], *rest, with_facets=with_facets))
    if found.total:
        return found
    meant = corrected(dialect, question, scope)
    if meant is not None:
        found = run(dialect.by_name(meant, scope), dialect.by_words(meant, scope))
        if found.total:
            return found._replace(meant=meant)
    with transaction.atomic():
        return run(dialect.by_likeness(question, scope))


def _both(first: Answer, then: Answer) -> Answer:
    """Two answers with nothing in common as one; what the first found is better than all that the second did."""
    facets = {facet: dict(counts) for facet, counts in first.facets.items()}
    for facet, counts in then.facets.items():
        together = facets.setdefault(facet, {})
        for key, number in counts.items():
            together[key] = together.get(key, 0) + number
    total, is_exact = first.total + then.total, first.is_exact and then.is_exact
    return Answer(first.page + then.page, total, is_exact, facets)


def entity_ids(question: Question, scope: Scope) -> tuple[str, list[Any]]:
    """A subquery of the ids of all that hold the question's words, or its parts in their names."""
    return _dialect().entity_ids(question, scope)


def _dialect() -> Dialect:
    return postgresql if is_postgresql() else sqlite


def _run(dialect: Dialect, gatherings: Sequence[Gathering], limit: int, offset: int, *, with_facets: bool) -> Answer:
    union = " UNION ALL ".join(f"SELECT * FROM ({gathering.sql}) AS part" for gathering in gatherings)
    selects = [
        "SELECT 'hit', NULL, id, reason, rank, size FROM"
        " (SELECT * FROM gathered ORDER BY reason, rank DESC, size, id LIMIT %s OFFSET %s) AS page",
        "SELECT 'total', NULL, count(*), reason, 0.0, 0 FROM gathered GROUP BY reason",
    ]
    if with_facets:
        selects += _facets(dialect)
    parameters = [value for gathering in gatherings for value in gathering.parameters]
    with planned_cursor() as cursor:
        cursor.execute(
            f"WITH gathered AS MATERIALIZED ({union}) {' UNION ALL '.join(selects)}",
            [*parameters, limit, offset],
        )
        found = _read(cursor.fetchall())
    return found._replace(is_exact=found.is_exact and not any(gathering.is_cut for gathering in gatherings))


def _facets(dialect: Dialect) -> list[str]:
    tag, join = dialect.each_tag
    selects = [
        "SELECT 'type', type, count(*), 0, 0.0, 0 FROM gathered GROUP BY type",
        f"SELECT 'tag', {tag}, count(*), 0, 0.0, 0 FROM gathered g {join} GROUP BY {tag}",
    ]
    for facet in ("origin", "owner", "domain"):
        column = f"{facet}_id"
        text = dialect.uuid_text.format(column)
        selects.append(
            f"SELECT '{facet}', {text}, count(*), 0, 0.0, 0 FROM gathered WHERE {column} IS NOT NULL GROUP BY {column}"
        )
    return selects


def _read(rows: Sequence[Sequence[Any]]) -> Answer:
    page: list[Row] = []
    facets: dict[str, dict[str, int]] = {}
    gathered: dict[int, int] = {}
    for what, key, number, reason, rank, size in rows:
        if what == "hit":
            page.append(Row(number, reason, float(rank), size))
        elif what == "total":
            by = NAME_BEGINS if reason == EXACT_NAME else reason
            gathered[by] = gathered.get(by, 0) + number
        else:
            facets.setdefault(what, {})[key] = number
    page.sort(key=lambda row: (row.reason, -row.rank, row.size, row.id))
    total = sum(min(number, CANDIDATES) for number in gathered.values())
    return Answer(page, total, max(gathered.values(), default=0) <= CANDIDATES, facets)
