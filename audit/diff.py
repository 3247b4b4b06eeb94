"""The difference between two states of one thing, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

DEEPEST = 40
"""Levels that are told apart; what lies deeper is compared as one value."""

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs. `before` is None where it was added, `after` where it was removed.

    `path` reads `metadata.owner`; an item of a list that goes by its name reads `schema[price].type`. A
    name that holds one of `. [ ] "` stands in double quotes, a `"` in it doubled.
    """

    path: str
    before: Any
    after: Any
    kind: Literal["added", "removed", "changed"]


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[FieldChange]:
    """What differs between two states (None: it was not there), in the order the fields stand in `after`,
    what is only in `before` last.

    Objects are told apart key by key, and lists of objects with a `name` (columns) item by item, whatever
    their order. Any other list is one value. 1 and 1.0 are the same, 1 and true are not.
    """
    return list(_differences(before or {}, after or {}, "", 0))


def _differences(before: Any, after: Any, path: str, depth: int) -> Iterator[FieldChange]:
    if before is _ABSENT:
        yield FieldChange(path, None, after, "added")
    elif after is _ABSENT:
        yield FieldChange(path, before, None, "removed")
    elif _same(before, after):
        return
    elif depth < DEEPEST and isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*after, *(key for key in before if key not in after)]:
            inner = f"{path}.{quoted(key)}" if path else quoted(key)
            yield from _differences(before.get(key, _ABSENT), after.get(key, _ABSENT), inner, depth + 1)
    elif depth < DEEPEST and (named := _by_name(before, after)):
        items = list(_items(*named, path, depth + 1))
        yield from items or [FieldChange(path, before, after, "changed")]  # the same items in another order
    else:
        yield FieldChange(path, before, after, "changed")


def _items(old: Mapping[str, Any], new: Mapping[str, Any], path: str, depth: int) -> Iterator[FieldChange]:
    for name in [*new, *(name for name in old if name not in new)]:
        inner = f"{path}[{quoted(name)}]"
        yield from _differences(old.get(name, _ABSENT), new.get(name, _ABSENT), inner, depth)


def _by_name(before: Any, after: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Both lists as {name: item}; None unless every item of both is an object with a name of its own."""
    if not isinstance(before, list) or not isinstance(after, list):
        return None
    found = []
    for items in (before, after):
        if not all(isinstance(item, Mapping) and isinstance(item.get("name"), str) for item in items):
            return None
        found.append({item["name"]: item for item in items})
        if len(found[-1]) != len(items):
            return None
    return found[0], found[1]


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return before.keys() == after.keys() and all(_same(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_same, before, after))
    return isinstance(before, bool) == isinstance(after, bool) and bool(before == after)


def quoted(name: str) -> str:
    """A name as it stands in a path."""
    if name and not any(character in name for character in '.[]"'):
        return name
    return '"' + name.replace('"', '""') + '"'
