"""Questions to PostgreSQL: `tsquery` for words, trigrams for parts of them."""

# The statements are put together of our own texts; what was typed is always a parameter.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from audit.prepared import planned_cursor
from catalog.search.documents import EXACT, SCOPE
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
from catalog.search.parsing import Question, Term

each_tag = ("t.value", "CROSS JOIN LATERAL jsonb_array_elements_text(g.tags) AS t(value)")
uuid_text = "replace({}::text, '-', '')"

_WEIGHTS = "'{0.1, 0.3, 0.5, 1.0}'"
"""Of descriptions, columns, path and tags, name."""
_BY_LENGTH_AND_BELOW_ONE = 1 | 32
_FROM = "FROM catalog_searchdocument d"


def by_name(question: Question, scope: Scope) -> Gathering:
    exact, length = _names(question), max(map(len, question.wholes))
    return Gathering(
        f"SELECT {COLUMNS}, CASE WHEN d.vector @@ %s::tsquery THEN {EXACT_NAME} ELSE {NAME_BEGINS} END AS reason,"
        f" %s / greatest(length(d.name), %s) AS rank {_FROM}"
        f" WHERE d.vector @@ %s::tsquery LIMIT {CANDIDATES + 1}",
        [exact, float(length), length, _both(_scope(scope), _begins(question))],
    )


def by_words(question: Question, scope: Scope) -> Gathering:
    words, (reason, asked) = _terms(question), reason_by_words(question)
    return Gathering(
        f"SELECT {COLUMNS}, {reason} AS reason,"
        f" ts_rank({_WEIGHTS}, d.vector, %s::tsquery, {_BY_LENGTH_AND_BELOW_ONE}) AS rank {_FROM}"
        f" WHERE d.vector @@ %s::tsquery LIMIT {CANDIDATES + 1}",
        [*asked, words, _both(_scope(scope), words, f"!{_begins(question)}")],
    )


def by_parts(question: Question, scope: Scope) -> Gathering:
    length = sum(map(len, question.parts))
    likes = " AND ".join(["d.folded LIKE %s"] * len(question.parts))
    scoped, values = _scoped(scope)
    return Gathering(
        f"SELECT {COLUMNS}, {PARTS} AS reason, %s / greatest(length(d.folded), %s) AS rank {_FROM}"
        f" WHERE {likes} AND NOT d.vector @@ %s::tsquery{scoped} LIMIT {CANDIDATES + 1}",
        [float(length), length, *map(_like, question.parts), _found_by_words(question), *values],
    )


def by_likeness(question: Question, scope: Scope) -> Gathering:
    """Sets the threshold for the transaction that is open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(LIKENESS)])
    parts = list(question.parts)
    scoped, values = _scoped(scope)
    alike = " + ".join(["word_similarity(%s, d.folded)"] * len(parts))
    likes = " AND ".join(["%s <%% d.folded"] * len(parts))
    return Gathering(
        f"SELECT {COLUMNS}, {MISSPELLED} AS reason, ({alike}) / {len(parts)} AS rank {_FROM}"
        f" WHERE {likes}{scoped} LIMIT {CANDIDATES + 1}",
        [*parts, *parts, *values],
    )


def present(terms: Sequence[Term], scope: Scope) -> set[int]:
    with planned_cursor() as cursor:
        cursor.execute(
            "SELECT t.position - 1 FROM unnest(%s::text[]) WITH ORDINALITY AS t(asked, position)"
            f" WHERE EXISTS (SELECT 1 {_FROM} WHERE d.vector @@ t.asked::tsquery)",
            [[_both(_scope(scope), _term(term)) for term in terms]],
        )
        return {position for (position,) in cursor.fetchall()}


def everything(scope: Scope) -> Gathering:
    scoped, values = _scoped(scope)
    return Gathering(
        f"SELECT {COLUMNS}, {WORDS} AS reason, 0.0 AS rank {_FROM} WHERE true{scoped} LIMIT {CANDIDATES + 1}", values
    )


def entity_ids(question: Question, scope: Scope) -> tuple[str, list[Any]]:
    sql = f"SELECT d.entity_id {_FROM} WHERE d.vector @@ %s::tsquery"
    parameters: list[Any] = [_both(_scope(scope), _found_by_words(question))]
    if question.parts:
        scoped, values = _scoped(scope)
        sql += f" OR ({' AND '.join(['d.folded LIKE %s'] * len(question.parts))}{scoped})"
        parameters += [*map(_like, question.parts), *values]
    return sql, parameters


def _terms(question: Question) -> str:
    """All terms; or all of them written as one word, for who writes `userevents` or `user events` for `user_events`."""
    every = " & ".join(map(_term, question.terms))
    if question.as_one:
        return f"(({every}) | {_lexeme(question.as_one, is_open=True)})"
    return f"({every})"


def _found_by_words(question: Question) -> str:
    return f"({_terms(question)} | {_begins(question)})"


def _names(question: Question) -> str:
    return _any_of(_lexeme(EXACT + whole) for whole in question.wholes)


def _begins(question: Question) -> str:
    return _any_of(_lexeme(EXACT + whole, is_open=True) for whole in question.wholes)


def _term(term: Term) -> str:
    if len(term.words) == 1:
        return _any_of([_lexeme(term.words[0], is_open=term.is_open), *map(_lexeme, term.others)])
    return f"({' <-> '.join(_lexeme(word) for word in term.words)})"


def _lexeme(word: str, *, is_open: bool = False) -> str:
    """A word in a tsquery. Words are letters and digits: nothing in them needs escaping."""
    return f"'{word}':*" if is_open else f"'{word}'"


def _any_of(lexemes: Iterable[str]) -> str:
    return f"({' | '.join(lexemes)})"


def _scope(scope: Scope) -> str:
    groups = (" | ".join(f"'{SCOPE}{word}'" for word in group) for group in scope.groups)
    return " & ".join(f"({group})" for group in groups)


def _scoped(scope: Scope) -> tuple[str, list[Any]]:
    text = _scope(scope)
    return (" AND d.vector @@ %s::tsquery", [text]) if text else ("", [])


def _both(*conditions: str) -> str:
    return " & ".join(condition for condition in conditions if condition)


def _like(part: str) -> str:
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
