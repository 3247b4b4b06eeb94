"""The columns of an asset as its page shows them, and what people write about them."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.models import Asset, Relationship
from catalog.names import join_name
from catalog.records import TermLink


@dataclass(frozen=True, slots=True)
class Row:
    """One schema element. `path` leads to it through nested ones, as in `2.0`; `level` counts from 0."""

    path: str
    level: int
    name: str
    type: str
    nullable: bool | None
    description: str
    tags: list[str]
    keys: list[str]
    default: str | None
    full_name: str = ""
    terms: Sequence[TermLink] = ()

    @property
    def indent(self) -> str:
        return f"{0.75 + self.level * 1.25}rem"


def rows_of(asset: Asset, outgoing: Sequence[Relationship] = (), links: Sequence[TermLink] = ()) -> list[Row]:
    """Every column, nested ones after the one they are in, each with the terms that are said of it.

    Keys are read from the element, from the metadata, and foreign ones from the edges that leave the asset.
    """
    keys = _keys_of(asset.metadata or {})
    for edge in outgoing:
        for key in _dicts(_mapping(edge.metadata).get("foreign_keys")):
            for column in _names(key.get("columns")):
                keys.setdefault(column, []).append(f"→ {edge.target.name}")
    terms: dict[str, list[TermLink]] = {}
    for link in links:
        terms.setdefault(link.column, []).append(link)
    rows = _rows(asset.schema or [], keys, "", 0)
    return [replace(row, terms=terms.get(row.full_name, ())) for row in rows]


def told_by(metadata: Any) -> str:
    """What an edge's metadata says of columns, in a line: `customer_id → id`, or how many are mapped."""
    known = _mapping(metadata)
    pairs = [
        f"{', '.join(_names(key.get('columns')))} → {', '.join(_names(key.get('referred_columns')))}"
        for key in _dicts(known.get("foreign_keys"))
    ]
    mapped = len(_mapping(known.get("column_mapping")))
    if mapped:
        pairs.append(f"{mapped} {'column' if mapped == 1 else 'columns'} mapped")
    return "; ".join(pairs)


def describe(schema: list[dict[str, Any]], descriptions: Mapping[str, str]) -> list[dict[str, Any]]:
    """A copy of the schema with these descriptions by path; an empty one is removed."""
    changed = copy.deepcopy(schema)
    for path, description in descriptions.items():
        element = _element(changed, path)
        if element is None:
            continue
        if description:
            element["description"] = description
        else:
            element.pop("description", None)
    return changed


def _rows(
    elements: Any, keys: Mapping[str, list[str]], prefix: str, level: int, parents: tuple[str, ...] = ()
) -> Iterator[Row]:
    for index, element in enumerate(elements if isinstance(elements, list) else ()):
        if not isinstance(element, dict):
            continue
        path, name = f"{prefix}{index}", str(element.get("name", ""))
        marks = list(keys.get(name, ())) if level == 0 else []
        if element.get("primary_key") and "primary key" not in marks:
            marks.insert(0, "primary key")
        default = element.get("default")
        yield Row(
            path=path,
            level=level,
            name=name,
            type=str(element.get("type", "")),
            nullable=element.get("nullable"),
            description=str(element.get("description") or ""),
            tags=[str(tag) for tag in element.get("tags") or ()],
            keys=marks,
            default=None if default is None else str(default),
            full_name=join_name(*parents, name),
        )
        yield from _rows(element.get("children"), {}, f"{path}.", level + 1, (*parents, name))


def _keys_of(metadata: Mapping[str, Any]) -> dict[str, list[str]]:
    """Column name → the keys and indexes it is part of, as the collectors note them."""
    marks: dict[str, list[str]] = {}
    for column in _names(metadata.get("primary_key")):
        marks.setdefault(column, []).append("primary key")
    for index in _dicts(metadata.get("indexes")):
        for column in _names(index.get("columns")):
            mark = "unique" if index.get("unique") else "index"
            if mark not in marks.setdefault(column, []):
                marks[column].append(mark)
    return marks


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _names(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _element(schema: list[dict[str, Any]], path: str) -> dict[str, Any] | None:
    found: Any = {"children": schema}
    for step in path.split("."):
        children = found.get("children") if isinstance(found, dict) else None
        if not step.isdecimal() or not isinstance(children, list) or int(step) >= len(children):
            return None
        found = children[int(step)]
    return found if isinstance(found, dict) else None
