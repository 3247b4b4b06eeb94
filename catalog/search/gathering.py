"""What the two engines have in common: where to look, and why something was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from catalog.search.parsing import Question, Term

CANDIDATES = 20_000
"""Documents of one reason that are ranked and counted for one question."""
LIKENESS = 0.45
"""How alike a misspelled word must be to one of a name: the share of its trigrams, from 0 to 1."""

EXACT_NAME, NAME_BEGINS, WORDS, PARTS, MISSPELLED = range(5)
"""Why a document was found, the best reason first."""

COLUMNS = "d.id, d.type, d.tags, d.origin_id, d.owner_id, d.domain_id, length(d.name) AS size"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look: groups of scope words (`documents.scope_words`), of each at least one is needed."""

    groups: tuple[tuple[str, ...], ...] = ()


@dataclass(slots=True)
class Gathering:
    """A SELECT of COLUMNS, `reason` and `rank` (0 to 1), of at most CANDIDATES + 1 rows, and its parameters."""

    sql: str
    parameters: list[Any] = field(default_factory=list)
    is_cut: bool = False
    """Whether there may be more that it did not look at."""


def reason_by_words(question: Question) -> tuple[str, list[Any]]:
    """Why what holds the words was found, as SQL with its parameters: a whole qualified name is as good as a name."""
    if len(question.terms) < 2:
        return str(WORDS), []
    return f"CASE WHEN lower(d.path) = %s THEN {EXACT_NAME} ELSE {WORDS} END", [question.text.lower()]


class Dialect(Protocol):
    """One database's way to ask."""

    each_tag: tuple[str, str]
    """An expression for one tag, and the join that gives every tag of `g`."""
    uuid_text: str
    """An expression with {} for a column of UUIDs, as text of 32 hexadecimal digits."""

    def by_name(self, question: Question, scope: Scope) -> Gathering:
        """Names that are, or begin with, what was typed."""

    def by_words(self, question: Question, scope: Scope) -> Gathering:
        """What holds all the words, the last of them as a beginning, but those `by_name` gathers."""

    def by_parts(self, question: Question, scope: Scope) -> Gathering:
        """What holds all the parts somewhere in its name, but those found by words."""

    def by_likeness(self, question: Question, scope: Scope) -> Gathering:
        """What has words in its name that resemble the parts."""

    def present(self, terms: Sequence[Term], scope: Scope) -> set[int]:
        """The positions of those terms that are to be found."""

    def everything(self, scope: Scope) -> Gathering: ...

    def entity_ids(self, question: Question, scope: Scope) -> tuple[str, list[Any]]:
        """A SELECT of the ids of all that hold the words, or the parts in their names; without a bound."""


class Row(NamedTuple):
    """One document of a page: its row id, why it was found and how well (0 to 1), how long its name is."""

    id: int
    reason: int
    rank: float
    size: int
