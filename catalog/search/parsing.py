"""What somebody typed, as a question to the index. Nothing that can be typed fails."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from catalog.search.tokens import WORD_LENGTH, compact, fold, runs_of

QUESTION_LENGTH = 500
"""Characters that are read; what follows is left out."""
WORDS_MOST = 16
COMPACT_TERMS = 6
"""Up to so many words are also looked for written as one."""
PART_LENGTH = 3
"""Characters that a part of a word must have to be looked for: a trigram index knows nothing shorter."""

_PIECE = re.compile(r'"([^"]*)"|([^\s"]+)')


class Term(NamedTuple):
    """Words that must stand side by side; the last may go on when `is_open`.

    `others` will do as well as the only word does: what may have been meant by it.
    """

    words: tuple[str, ...]
    is_open: bool = False
    is_quoted: bool = False
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Every term must be found.

    `wholes` is all that was typed as one word, to compare with whole names: more than one where it is misspelled
    and this or that may have been meant. `parts` are what is looked for inside of words where words find little.
    """

    text: str
    terms: tuple[Term, ...]
    wholes: tuple[str, ...]
    parts: tuple[str, ...]

    @property
    def is_blank(self) -> bool:
        """Nothing was asked: everything matches."""
        return not self.text

    @property
    def as_one(self) -> str:
        """All that was typed as one word, where it may stand for several."""
        return self.wholes[0][:WORD_LENGTH] if 1 < len(self.terms) <= COMPACT_TERMS else ""

    @property
    def is_empty(self) -> bool:
        """Something was asked that holds no word: nothing matches."""
        return bool(self.text) and not self.terms


def parse(text: str) -> Question:
    """Words, `"phrases in quotes"`, and the last word as a beginning. Operators are words like others."""
    text = text.replace("\x00", " ")[:QUESTION_LENGTH].encode(errors="ignore").decode().strip()
    terms: list[Term] = []
    parts: list[str] = []
    for match in _PIECE.finditer(text):
        quoted, bare = match.groups()
        found = _phrase(quoted) if bare is None else _words(bare, is_last=match.end() == len(text))
        if bare is not None and len(bare) >= PART_LENGTH:
            parts.append(fold(bare))
        terms += found
    return Question(text, tuple(terms[:WORDS_MOST]), (compact(text),), tuple(parts[:WORDS_MOST]))


def _phrase(text: str) -> list[Term]:
    words = tuple(word for _, run in runs_of(text) for word in run)
    return [Term(words[:WORDS_MOST], is_quoted=True)] if words else []


def _words(piece: str, *, is_last: bool) -> list[Term]:
    terms: list[Term] = []
    for is_cjk, words in runs_of(piece):
        if is_cjk:
            # A single character is the beginning of every pair that it begins.
            terms.append(Term(tuple(words), is_open=len(words) == 1 and len(words[0]) == 1))
        else:
            terms += [Term((word,)) for word in words]
    if is_last and terms and len(terms[-1].words) == 1:
        terms[-1] = terms[-1]._replace(is_open=True)
    return terms
