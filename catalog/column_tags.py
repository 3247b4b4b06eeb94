"""The tags of columns: words in an asset's schema that are a tag's by its name, whatever its case."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.jsontext import JsonText
from catalog.records import TagName
from catalog.validation import tag_key


def column_tag_keys(schema: JsonText) -> set[str]:
    """What the columns of a schema are tagged with, the nested ones too, as it is matched."""
    return {tag_key(name) for name in _tags_in(schema.value)} if schema.mentions(b'"tags"') else set()


def with_other_tag(schema: JsonText, key: str, becomes: TagName) -> JsonText:
    """The schema with another tag in the place of this one; the same schema where no column has it."""
    return JsonText(_replaced(schema.value, key, becomes)) if key in column_tag_keys(schema) else schema


def _tags_in(elements: list[dict[str, Any]]) -> Iterator[str]:
    for element in elements:
        yield from element.get("tags") or ()
        yield from _tags_in(element.get("children") or [])


def _replaced(elements: list[dict[str, Any]], key: str, becomes: TagName) -> list[dict[str, Any]]:
    written = []
    for element in elements:
        changes: dict[str, Any] = {}
        if any(tag_key(name) == key for name in element.get("tags") or ()):
            names = [becomes.name if tag_key(name) in {key, becomes.key} else name for name in element["tags"]]
            changes["tags"] = list(dict.fromkeys(names))
        if element.get("children"):
            changes["children"] = _replaced(element["children"], key, becomes)
        written.append({**element, **changes})
    return written
