"""The words of a search, the part of the search engines' syntax that is heeded: `name:cust* AND service.name:"a b"`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contracts.errors import BadRequest

_TOKEN = re.compile(
    r'\s*(?:(?P<field>[A-Za-z][\w.]*):)?(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>(?:[^\s"\\():]|\\.)+))(?=\s|$)', re.S
)
_PIECE = re.compile(r"\\(.)|([*?])|(.)", re.S)
_MOST = 100


@dataclass(frozen=True, slots=True)
class Pattern:
    """A value in which `*` and `?` may stand for other characters; compared without case."""

    text: str
    """The value without what they stand for."""
    regex: re.Pattern[str]
    is_wild: bool
    longest: str
    """The longest part without them."""

    def fits(self, value: str) -> bool:
        return self.regex.fullmatch(value) is not None


class Clause(NamedTuple):
    """One condition; without a field it is words to be searched for."""

    field: str
    pattern: Pattern


def pattern_of(text: str, *, wild: bool = True) -> Pattern:
    """What the text means, with a backslash before what is meant as it stands."""
    if "\0" in text:
        raise BadRequest("NUL characters cannot be searched for")
    plain, regex, runs = "", "", [""]
    for escaped, star, other in _PIECE.findall(text):
        if star and wild:
            regex += ".*" if star == "*" else "."
            runs.append("")
        else:
            plain += escaped or star or other
            runs[-1] += escaped or star or other
            regex += re.escape(escaped or star or other)
    compiled = re.compile(regex, re.IGNORECASE | re.DOTALL)
    return Pattern(plain, compiled, len(runs) > 1, max(runs, key=len))


def clauses_of(query: str, name: str = "q") -> list[Clause]:
    """The conditions that all must hold; none for everything. Raises BadRequest for what is not understood."""
    query = query.strip()
    if query in {"", "*", "**"}:
        return []
    clauses: list[Clause] = []
    place = 0
    while place < len(query):
        match = _TOKEN.match(query, place)
        word = match.group("word") if match else None
        if match is None or (word in {"OR", "NOT", "||", "!"} or (word or "").startswith(("+", "-", "!", "["))):
            rest = query[place:].strip()[:100]
            raise BadRequest(fields={name: [f"Not understood from here: '{rest}'. Say words, field:value, AND, *."]})
        place = match.end()
        if match.group("field") is None and word in {"AND", "&&"}:
            continue
        value = match.group("phrase") if word is None else word
        clauses.append(Clause(match.group("field") or "", pattern_of(value, wild=word is not None)))
    if len(clauses) > _MOST:
        raise BadRequest(fields={name: [f"At most {_MOST} conditions; this has {len(clauses)}."]})
    return clauses


def words_of(clauses: Sequence[Clause]) -> str:
    """What is to be searched for: the clauses without a field."""
    return " ".join(clause.pattern.text for clause in clauses if not clause.field)
