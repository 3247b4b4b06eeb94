"""Questions to SQLite's FTS5: `catalog_search_words` for words, `catalog_search_parts` (trigrams) for parts of them."""

# The statements are put together of our own texts; what was typed is always a parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from django.db import connection

from catalog.search.gathering import (
    CANDIDATES,
    COLUMNS,
    EXACT_NAME,
    LIKENESS,
    MISSPELLED,
    NAME_BEGINS,
    PARTS,
    WORDS,
    Gathering,
    Scope,
    reason_by_words,
)
from catalog.search.parsing import PART_LENGTH, Question, Term

each_tag = ("t.value", "JOIN json_each(g.tags) AS t")
uuid_text = "{}"

_TEXT = "{name path columns description}"
_RELEVANCE = "-bm25(catalog_search_words, 0, 0, 10, 4, 2, 1)"
_FROM_WORDS = "FROM catalog_search_words w JOIN catalog_searchdocument d ON d.id = w.rowid"
_FROM_PARTS = "FROM catalog_search_parts p JOIN catalog_searchdocument d ON d.id = p.rowid"
_PART = "+p.rowid"
"""The plus sign lets SQLite look for the parts once, not once for each document that the scope allows."""
_LIMIT = f"LIMIT {CANDIDATES + 1}"
SUSPECTS = 500
"""Documents whose names are looked at closely for a misspelling."""


def by_name(question: Question, scope: Scope) -> Gathering:
    length, marks = max(map(len, question.wholes)), ", ".join(["%s"] * len(question.wholes))
    return Gathering(
        f"SELECT {COLUMNS}, CASE WHEN w.exact IN ({marks}) THEN {EXACT_NAME} ELSE {NAME_BEGINS} END AS reason,"
        f" %s / max(length(d.name), %s) AS rank {_FROM_WORDS} WHERE catalog_search_words MATCH %s {_LIMIT}",
        [
            *question.wholes,
            float(length),
            length,
            _both(_scope(scope), f"exact : {_begins(question)}"),
        ],
    )


def by_words(question: Question, scope: Scope) -> Gathering:
    asked = f"({_both(_scope(scope), _terms(question))}) NOT exact : {_begins(question)}"
    reason, typed = reason_by_words(question)
    return Gathering(
        f"SELECT {COLUMNS}, {reason} AS reason, {_RELEVANCE} / (1.0 + {_RELEVANCE}) AS rank {_FROM_WORDS}"
        f" WHERE catalog_search_words MATCH %s {_LIMIT}",
        [*typed, asked],
    )


def by_parts(question: Question, scope: Scope) -> Gathering:
    length = sum(map(len, question.parts))
    scoped, values = _scoped(_PART, scope)
    return Gathering(
        f"SELECT {COLUMNS}, {PARTS} AS reason, %s / max(length(d.folded), %s) AS rank {_FROM_PARTS}"
        " WHERE catalog_search_parts MATCH %s AND p.rowid NOT IN"
        f" (SELECT rowid FROM catalog_search_words WHERE catalog_search_words MATCH %s){scoped} {_LIMIT}",
        [float(length), length, _parts(question), _found_by_words(question), *values],
    )


def by_likeness(question: Question, scope: Scope) -> Gathering:
    """Looks at the documents that share most trigrams, here and now."""
    scoped, values = _scoped(_PART, scope)
    shared = " OR ".join(_quoted(trigram) for part in question.parts for trigram in _inner_trigrams(part))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT d.id, d.folded {_FROM_PARTS} WHERE catalog_search_parts MATCH %s{scoped}"
            f" ORDER BY bm25(catalog_search_parts) LIMIT {SUSPECTS}",
            [shared, *values],
        )
        alike = [(key, _likeness(question, folded)) for key, folded in cursor.fetchall()]
    pairs = orjson.dumps([pair for pair in alike if pair[1] >= LIKENESS]).decode()
    return Gathering(
        f"SELECT {COLUMNS}, {MISSPELLED} AS reason, json_extract(e.value, '$[1]') AS rank FROM json_each(%s) e"
        " JOIN catalog_searchdocument d ON d.id = json_extract(e.value, '$[0]')",
        [pairs],
        is_cut=len(alike) == SUSPECTS,
    )


def present(terms: Sequence[Term], scope: Scope) -> set[int]:
    asked = [_both(_scope(scope), f"{_TEXT} : ({_term(term)})") for term in terms]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key FROM json_each(%s) AS t WHERE EXISTS"
            " (SELECT 1 FROM catalog_search_words WHERE catalog_search_words MATCH t.value)",
            [orjson.dumps(asked).decode()],
        )
        return {position for (position,) in cursor.fetchall()}


def everything(scope: Scope) -> Gathering:
    scoped, values = _scoped("d.id", scope)
    return Gathering(
        f"SELECT {COLUMNS}, {WORDS} AS reason, 0.0 AS rank FROM catalog_searchdocument d WHERE true{scoped} {_LIMIT}",
        values,
    )


def entity_ids(question: Question, scope: Scope) -> tuple[str, list[Any]]:
    sql = f"SELECT d.entity_id {_FROM_WORDS} WHERE catalog_search_words MATCH %s"
    parameters: list[Any] = [_both(_scope(scope), _found_by_words(question))]
    if question.parts:
        scoped, values = _scoped(_PART, scope)
        sql += f" UNION SELECT d.entity_id {_FROM_PARTS} WHERE catalog_search_parts MATCH %s{scoped}"
        parameters += [_parts(question), *values]
    return sql, parameters


def _terms(question: Question) -> str:
    """As in `postgresql`: all terms, or all of them written as one word."""
    every = f"{_TEXT} : ({' AND '.join(map(_term, question.terms))})"
    if question.as_one:
        return f"({every} OR {_TEXT} : {_quoted(question.as_one)} *)"
    return f"({every})"


def _found_by_words(question: Question) -> str:
    return f"({_terms(question)} OR exact : {_begins(question)})"


def _term(term: Term) -> str:
    words = _quoted(" ".join(term.words)) + (" *" if term.is_open else "")
    return f"({' OR '.join([words, *map(_quoted, term.others)])})"


def _begins(question: Question) -> str:
    return f"({' OR '.join(f'{_quoted(whole)} *' for whole in question.wholes)})"


def _parts(question: Question) -> str:
    return " AND ".join(map(_quoted, question.parts))


def _scope(scope: Scope) -> str:
    groups = (" OR ".join(map(_quoted, group)) for group in scope.groups)
    return " AND ".join(f"scope : ({group})" for group in groups)


def _scoped(column: str, scope: Scope) -> tuple[str, list[Any]]:
    text = _scope(scope)
    if not text:
        return "", []
    return f" AND {column} IN (SELECT rowid FROM catalog_search_words WHERE catalog_search_words MATCH %s)", [text]


def _both(*conditions: str) -> str:
    return " AND ".join(condition for condition in conditions if condition)


def _quoted(text: str) -> str:
    """A string of FTS5's query language."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _inner_trigrams(part: str) -> list[str]:
    return sorted({part[i : i + PART_LENGTH] for i in range(len(part) - PART_LENGTH + 1)})


def _trigrams(word: str) -> set[str]:
    """As pg_trgm has them: a word has two spaces before and one behind."""
    padded = f"  {word} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def _likeness(question: Question, folded: str) -> float:
    """The mean over the parts of the best share of trigrams that a word of the name has in common with it."""
    words = [_trigrams(word) for word in "".join(c if c.isalnum() else " " for c in folded).split()]
    shares = []
    for part in question.parts:
        asked = _trigrams(part)
        shares.append(max((len(asked & word) / len(asked) for word in words), default=0.0))
    return sum(shares) / len(shares) if min(shares) >= LIKENESS else 0.0
