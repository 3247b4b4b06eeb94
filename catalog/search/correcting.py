"""A question whose words are nowhere, as it may have been meant: misspelled words in the spelling of the index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, product

from catalog.search.gathering import Dialect, Scope
from catalog.search.parsing import Question, Term
from catalog.search.spelling import edits_allowed, nearest

WHOLES_MOST = 8
"""Whole names that are looked for, put together of what the words may have meant."""


def corrected(dialect: Dialect, question: Question, scope: Scope) -> Question | None:
    """The question with each word that is not to be found in this scope replaced by the nearest ones that are.

    None where there is none near to one of them, or no word is misspelled. Two statements at most.
    """
    misspellable = {term.words[0] for term in question.terms if _may_be_misspelled(term)}
    if not question.parts or not misspellable:
        return None
    near = nearest(misspellable)
    suspects = [Term((word,)) for word in dict.fromkeys(other for found in near.values() for _, other in found)]
    if not suspects:
        return None
    asked = [*question.terms, *suspects]
    there = {asked[position] for position in dialect.present(asked, scope)}
    terms: list[Term] = []
    for term in question.terms:
        if term in there:
            terms.append(term)
            continue
        found = near.get(term.words[0], ()) if _may_be_misspelled(term) else ()
        meant = _nearest_of([(distance, word) for distance, word in found if Term((word,)) in there])
        if not meant:
            return None
        terms.append(Term(meant[:1], others=meant[1:]))
    if terms == list(question.terms):
        return None
    return replace(question, terms=tuple(terms), wholes=_wholes(question, terms), parts=())


def _may_be_misspelled(term: Term) -> bool:
    """Not so a phrase in quotes: who quotes means it."""
    return not term.is_quoted and edits_allowed(term.words[0]) > 0


def _nearest_of(found: Sequence[tuple[int, str]]) -> tuple[str, ...]:
    least = min((distance for distance, _ in found), default=0)
    return tuple(word for distance, word in found if distance == least)


def _wholes(question: Question, terms: Sequence[Term]) -> tuple[str, ...]:
    """All words as one, in each way that they may have been meant; as typed where a run is not its words in a row."""
    if "".join(word for term in question.terms for word in term.words) != question.wholes[0]:
        return question.wholes
    ways = product(*(("".join(term.words), *term.others) for term in terms))
    return tuple(map("".join, islice(ways, WHOLES_MOST)))
