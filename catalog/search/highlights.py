"""What was found, shown in its text: `<em>` around it, everything else escaped for HTML."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import escape

from catalog.search.parsing import Question
from catalog.search.tokens import compact, fold, spans_of

FRAGMENT = 160
"""Characters of a fragment of prose, about."""
FRAGMENTS = 3
COLUMNS_MOST = 5

Span = tuple[int, int]


class Marker:
    """Marks the words of one question in texts."""

    def __init__(self, question: Question) -> None:
        self._whole: set[str] = set()
        self._open: list[str] = []
        runs = []
        for term in question.terms:
            if all(len(word) == 2 and not word.isascii() for word in term.words) or term.words[0] > "\u2e80":
                runs.append(term.words[0] + "".join(word[-1] for word in term.words[1:]))
            elif term.is_open:
                self._open.append(term.words[0])
            else:
                self._whole.update(term.words, term.others)
        self._runs = sorted(set(runs), key=len, reverse=True)
        self._as_one = question.wholes[0] if len(question.terms) > 1 else ""
        self._parts = question.parts
        self._asked = (*self._whole, *self._open)

    def name(self, text: str) -> str | None:
        """The whole text, marked; None where nothing of it was found."""
        text = unicodedata.normalize("NFC", text)
        spans = self._spans(text) or self._inside(text)
        return _marked(text, spans) if spans else None

    def names(self, texts: Iterable[str]) -> list[str]:
        """Those in which something was found, marked, the first few of them."""
        found: list[str] = []
        for text in texts:
            marked = self.name(text)
            if marked is not None:
                found.append(marked)
                if len(found) == COLUMNS_MOST:
                    break
        return found

    def prose(self, text: str) -> list[str]:
        """Fragments around what was found, marked."""
        text = unicodedata.normalize("NFC", text)
        spans = self._spans(text)
        fragments: list[str] = []
        end = -1
        for span in spans:
            if span[1] <= end:
                continue
            if len(fragments) == FRAGMENTS:
                break
            start, end = _window(text, span)
            inside = [(a - start, min(b, end) - start) for a, b in spans if start <= a < end]
            fragment = _marked(text[start:end], inside)
            fragments.append(f"{'… ' if start else ''}{fragment}{' …' if end < len(text) else ''}")
        return fragments

    def _spans(self, text: str) -> list[Span]:
        spans: list[Span] = []
        if text.isascii() and not self._as_one and not self._is_mentioned(text.lower()):
            return spans
        for is_cjk, start, end in spans_of(text):
            if is_cjk:
                spans += self._in_run(text, start, end)
                continue
            word = fold(text[start:end])
            if word in self._whole:
                spans.append((start, end))
                continue
            beginning = next((begin for begin in self._open if word.startswith(begin)), None)
            if beginning is not None:
                spans.append((start, start + len(beginning) if len(word) == end - start else end))
        if not spans and self._as_one and compact(text).startswith(self._as_one):
            spans = [(0, len(text))]
        return spans

    def _is_mentioned(self, folded: str) -> bool:
        """A quick look that most of what is shown does not pass: splitting a text into its words takes much longer."""
        return any(word in folded for word in self._asked)

    def _in_run(self, text: str, start: int, end: int) -> list[Span]:
        for run in self._runs:
            found = [(start + m.start(), start + m.end()) for m in re.finditer(re.escape(run), text[start:end])]
            if found:
                return found
        return []

    def _inside(self, text: str) -> list[Span]:
        """Parts of words; only where folding kept every character in its place."""
        folded = fold(text)
        if len(folded) != len(text):
            return []
        spans = []
        for part in self._parts:
            at = folded.find(part)
            if at >= 0:
                spans.append((at, at + len(part)))
        return sorted(spans)


def _window(text: str, span: Span) -> Span:
    """About FRAGMENT characters around the span, from space to space."""
    start = max(0, span[0] - FRAGMENT // 3)
    end = min(len(text), start + FRAGMENT)
    if start:
        space = text.find(" ", start, span[0])
        start = space + 1 if space >= 0 else start
    if end < len(text):
        space = text.rfind(" ", span[1], end)
        end = space if space > 0 else end
    return start, max(end, min(span[1], len(text)))


def _marked(text: str, spans: list[Span]) -> str:
    pieces: list[str] = []
    last = 0
    for start, end in spans:
        if start < last:
            continue
        pieces += [escape(text[last:start]), "<em>", escape(text[start:end]), "</em>"]
        last = end
    return "".join([*pieces, escape(text[last:])])
