"""The schema of documents that have none: inferred from a sample, nested, with how often each type occurs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

DEEPEST = 8
WIDEST = 500
"""Levels, and fields of one level, that are told; documents used as dictionaries have no end of them."""

NAME_LENGTH = 1000
"""Characters of a field's name that are kept."""

_NAMES = {
    "str": "string",
    "int": "integer",
    "float": "double",
    "bool": "boolean",
    "NoneType": "null",
    "bytes": "binary",
    "DatetimeMS": "datetime",  # one that Python's calendar does not reach
}


@dataclass(slots=True)
class _Field:
    types: Counter[str] = field(default_factory=Counter)
    children: dict[str, _Field] = field(default_factory=dict)


class Inferred(NamedTuple):
    """`schema` is an asset's; `types` maps the path of a field that has several to their shares of 1."""

    schema: list[dict[str, Any]]
    types: dict[str, dict[str, float]]


def infer_schema(documents: Iterable[Mapping[str, Any]]) -> Inferred:
    """Elements of a schema: name, type (the most frequent), nullable where not every document has a value, children
    of objects and of lists of objects."""
    root = _Field()
    count = 0
    for document in documents:
        count += 1
        _note(root, document, 0)
    types: dict[str, dict[str, float]] = {}
    return Inferred(_elements(root, count, "", types), types)


def _note(into: _Field, value: Mapping[Any, Any], depth: int) -> None:
    for key, one in value.items():
        name = _name_of(key)
        if name not in into.children and len(into.children) >= WIDEST:
            continue
        child = into.children.setdefault(name, _Field())
        child.types[_type_of(one)] += 1
        if depth < DEEPEST:
            for nested in one if isinstance(one, list) else [one]:
                if isinstance(nested, Mapping):
                    _note(child, nested, depth + 1)


def _name_of(key: Any) -> str:
    """The field's name as an asset can keep it: never empty, no NUL, valid Unicode, not too long."""
    name = str(key)[:NAME_LENGTH].encode(errors="replace").decode().replace("\x00", "\ufffd")
    return name or '""'


def _type_of(value: Any) -> str:
    if isinstance(value, Mapping):
        return "object"
    if isinstance(value, list):
        kinds = sorted({_type_of(one) for one in value[:20]})
        return f"array<{'|'.join(kinds)}>" if kinds else "array"
    name = type(value).__name__
    return _NAMES.get(name, name)


def _elements(parent: _Field, count: int, path: str, types: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    elements = []
    for position, (name, child) in enumerate(sorted(parent.children.items()), 1):
        told = child.types.total() - child.types["null"]
        kinds: Sequence[tuple[str, int]] = sorted(
            ((kind, number) for kind, number in child.types.items() if kind != "null"),
            key=lambda pair: (-pair[1], pair[0]),
        )
        element: dict[str, Any] = {
            "name": name,
            "type": kinds[0][0] if kinds else "null",
            "nullable": told < count,
            "position": position,
        }
        if len(kinds) > 1:
            types[path + name] = {kind: round(number / told, 2) for kind, number in kinds}
        if child.children:
            objects = sum(number for kind, number in kinds if "object" in kind)
            element["children"] = _elements(child, objects, f"{path}{name}.", types)
        elements.append(element)
    return elements
