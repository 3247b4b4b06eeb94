"""Text into words, the same for both engines: what is indexed and what is asked for are split alike.

Words end at anything that is no letter and no digit, at a change of case (`camelCase`, `HTTPServer`) and
between letters and digits. They are lower-cased and lose their accents. A run of Chinese, Japanese or
Korean characters has no spaces to split at: it becomes overlapping pairs, so that any two
neighbouring characters are found by the index; the run's last character stands alone after them, so that
a single one is found as the beginning of a pair wherever it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

WORD_LENGTH = 40
"""Characters of a word that count; what follows is cut, in the index and in queries alike."""

COMPACT_LENGTH = 400
"""Characters of a whole name that count when one is searched for exactly."""

_CJK = (
    "\u1100-\u11ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3100-\u318f\u31a0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff"
)
_RUN = re.compile(f"[{_CJK}]+|[^\\W_{_CJK}]+")
_CJK_START = re.compile(f"[{_CJK}]")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_ACCENTS = re.compile("[\u0300-\u036f]")


def fold(text: str) -> str:
    """Lower case without accents: `Ärzte` and `arzte` are one word."""
    return text.lower() if text.isascii() else plain(text).casefold()


def plain(text: str) -> str:
    """Without accents and compatibility forms (`ﬁ`, full-width letters), the case kept."""
    if text.isascii():
        return text
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", bare)


@lru_cache(maxsize=16384)
def words_of_name(name: str) -> tuple[str, ...]:
    """The words of one name, in order. Cached: a catalog says `id` and `created_at` many times."""
    return words_of_path(name)


def words_of_path(path: str) -> tuple[str, ...]:
    """The words of a qualified name, in order. Not cached: there is one of each, and the next drives it out."""
    return tuple(words_of_text(path))


def words_of_text(text: str) -> list[str]:
    """The words of prose, in order."""
    if text.isascii():  # all that is no letter and no digit ends a word, and so needs no look of its own
        return [part.lower()[:WORD_LENGTH] for part in _PART.findall(text)]
    return list(_words(text))


def compact(name: str) -> str:
    """The name as one word: `user_events`, `UserEvents` and `user events` are all `userevents`."""
    return "".join(_RUN.findall(fold(name)))[:COMPACT_LENGTH]


def runs_of(text: str) -> Iterator[tuple[bool, list[str]]]:
    """The words of a question, run by run, and whether the run is Chinese, Japanese or Korean.

    The words of such a run are neighbours in whatever holds it.
    """
    for run in _RUN.findall(plain(text)):
        if _CJK_START.match(run):
            yield True, _pairs(run) or [run]
        else:
            yield False, [part.casefold()[:WORD_LENGTH] for part in _parts(run)]


def spans_of(text: str) -> Iterator[tuple[bool, int, int]]:
    """Where the words of a text are, as it stands: whether it is a run of Chinese, Japanese or Korean, start, end."""
    for match in _RUN.finditer(text):
        start = match.start()
        if _CJK_START.match(match.group()):
            yield True, start, match.end()
            continue
        for part in _parts(match.group()):
            yield False, start, start + len(part)
            start += len(part)


def _words(text: str) -> Iterator[str]:
    for run in _RUN.findall(plain(text)):
        if _CJK_START.match(run):
            yield from _pairs(run)
            yield run[-1]
        else:
            for part in _parts(run):
                yield part.casefold()[:WORD_LENGTH]


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _parts(run: str) -> list[str]:
    if run.isascii():
        return _PART.findall(run)
    return _parts_beyond_ascii(run)


def _parts_beyond_ascii(run: str) -> list[str]:
    """As `_PART` does, by Unicode's own notion of case and digits."""
    parts: list[str] = []
    start = 0
    for i in range(1, len(run)):
        before, here = run[i - 1], run[i]
        next_is_small = i + 1 < len(run) and run[i + 1].islower()
        rises = here.isupper() and (before.islower() or (before.isupper() and next_is_small))
        if rises or before.isdigit() != here.isdigit():
            parts.append(run[start:i])
            start = i
    parts.append(run[start:])
    return parts
