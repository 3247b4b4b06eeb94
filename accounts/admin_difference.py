"""The difference between two states of the trail, in words for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import orjson

from audit.diff import changes, quoted

NOISE = frozenset({"id", "version", "updated_at", "created_at", "created_by", "curated", "breaks"})
"""Fields that change with every change, or that the program keeps for itself."""

LONG = 60
"""A text of more characters than this is compared word by word."""
MOST_WORDS = 2000
_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text, and whether the other text lacks it."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: what it was (None: empty, or not there) and what it is."""

    path: str
    before: str | None
    after: str | None

    @property
    def is_long(self) -> bool:
        return max(len(self.before or ""), len(self.after or "")) > LONG

    @property
    def before_parts(self) -> list[Part]:
        return _parts(self.before, self.after)

    @property
    def after_parts(self) -> list[Part]:
        return _parts(self.after, self.before)


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[FieldChange]:
    """The fields that differ, in the order of the newer state; what was and stays empty is left out."""
    return [
        FieldChange(path, was, became)
        for path, old, new in _changes(before, after)
        if (was := in_words(old)) != (became := in_words(new))
    ]


def changed_fields(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
    """The names of the top-level fields that differ, for a line in a list; none for a creation or a deletion."""
    if not before or not after:
        return []
    keys = [*after, *(key for key in before if key not in after)]
    return [key.replace("_", " ") for key in keys if key not in NOISE and before.get(key) != after.get(key)]


def _changes(before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """(path, old, new); a list of columns that came or went as a whole is told column by column, and a term that was
    said, as any other thing that goes by id and name, stands in what changed, not in the path to it."""
    for change in changes(before, after):
        if change.path in NOISE:
            continue
        found = change.after if change.before is None else change.before
        if change.kind == "changed":
            yield change.path, change.before, change.after
        elif _is_named_list(found):
            for item in found:
                path = change.path if _is_reference(item) else f"{change.path}[{item['name']}]"
                yield (path, item, None) if change.kind == "removed" else (path, None, item)
        elif _is_reference(found):
            yield change.path.removesuffix(f"[{quoted(str(found['name']))}]"), change.before, change.after
        else:
            yield change.path, change.before, change.after


def _parts(text: str | None, other: str | None) -> list[Part]:
    """The text, with what the other lacks marked; as a whole where there is nothing to compare it with."""
    words, others = _WORDS.findall(text or ""), _WORDS.findall(other or "")
    if not words or not others or len(words) + len(others) > MOST_WORDS:
        return [Part(text or "", False)]
    steps = SequenceMatcher(None, words, others, autojunk=False).get_opcodes()
    return [Part("".join(words[i:j]), tag != "equal") for tag, i, j, _, _ in steps if j > i]


def _is_named_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) and "name" in one for one in value)


def _is_reference(value: Any) -> bool:
    return isinstance(value, Mapping) and {"id", "name"} <= value.keys()


def in_words(value: Any) -> str | None:
    """A plain JSON value as a person reads it; None for what is empty."""
    if value is None or value in ("", [], {}):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _named(value) if _is_reference(value) else _pairs(value) or "present"
    if isinstance(value, list):
        return _listed(value)
    return str(value)


def _listed(values: list[Any]) -> str:
    if _is_named_list(values):
        return ", ".join(_named(item) for item in values)
    if all(isinstance(item, str | int | float) for item in values):
        return ", ".join(str(item) for item in values)
    return orjson.dumps(values).decode()


def _named(item: Mapping[str, Any]) -> str:
    """What goes by its name: `city (type: text)`. Of another thing, which has a page of its own, no id and no type."""
    rest = {key: inner for key, inner in item.items() if not (_is_reference(item) and key in {"id", "type"})}
    told = _pairs(rest)
    return f"{item['name']} ({told})" if told else str(item["name"])


def _pairs(value: Mapping[str, Any]) -> str:
    """`type: text, tags: PII, address: (city: Bern)`; the name stands elsewhere."""
    told = []
    for key, inner in value.items():
        text = in_words(inner)
        if text and key != "name":
            told.append(f"{key}: ({text})" if isinstance(inner, Mapping) else f"{key}: {text}")
    return ", ".join(told)
