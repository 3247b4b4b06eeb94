"""What becomes of an asset when somebody says something about it: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from catalog.jsontext import JsonText, same_json
from catalog.models import Origin
from catalog.records import AssetRecord, TagName

CURATED = ("description", "domain", "owner", "schema", "tags", "terms")
"""Fields of which a collection leaves alone what a person wrote (of `schema`: descriptions and tags of columns)."""


class Tags(Protocol):
    def key(self, name: str) -> str: ...
    def tags(self, names: list[str]) -> tuple[TagName, ...]: ...


def merged(
    record: AssetRecord, fields: Mapping[str, Any], tags: Tags, origin: Origin | None, *, by_program: bool = False
) -> dict[str, Any]:
    """The changes that these checked fields, whose references were found, make to an asset; empty when there are none.

    `metadata` merges one level deep, and null removes a key. With an `origin` it is a collection that speaks;
    a program that files what it found leaves alone what a person wrote just so.
    """
    changes: dict[str, Any] = {}
    kept = record.curated if origin or by_program else ()
    for name in ("type", "name", "qualified_name", "description"):
        if name in fields and fields[name] != getattr(record, name) and name not in kept:
            changes[name] = fields[name]
    for name in ("owner", "domain", "terms"):
        if name in fields and fields[name] != getattr(record, name) and name not in kept:
            changes[name] = fields[name]
    if "metadata" in fields:
        _merge_metadata(record, fields["metadata"], changes)
    if "schema" in fields:
        _merge_schema(record, fields["schema"], changes, keep="schema" in kept)
    if "tags" in fields and "tags" not in kept:
        names = fields["tags"]
        if len(names) != len(record.tags) or {tags.key(name) for name in names} != {tag.key for tag in record.tags}:
            changes["tags"] = tags.tags(names)
    if origin:
        _note_sighting(record, origin, changes)
    elif changes and not by_program:
        curated = {*record.curated, *curated_by(changes)}
        if len(curated) > len(record.curated):
            changes["curated"] = tuple(sorted(curated))
    return changes


def curated_by(fields: Mapping[str, Any], *, blank: bool = True) -> tuple[str, ...]:
    """Which of a person's fields a collection shall leave alone: those written; empty ones only if `blank`."""
    return tuple(
        [
            name
            for name in CURATED
            if name in fields and (blank or fields[name]) and (name != "schema" or _is_annotated(fields["schema"]))
        ]
    )


def without_nulls(metadata: JsonText) -> JsonText:
    """Metadata of a new asset: a null value says that there is no such key."""
    if not metadata.mentions(b"null") or None not in metadata.value.values():
        return metadata
    return JsonText({key: item for key, item in metadata.value.items() if item is not None})


def _merge_metadata(record: AssetRecord, patch: JsonText, changes: dict[str, Any]) -> None:
    old = record.metadata.value
    new = {key: item for key, item in {**old, **patch.value}.items() if item is not None}
    if not same_json(old, new):
        changes["metadata"] = JsonText(new)


def _merge_schema(record: AssetRecord, schema: JsonText, changes: dict[str, Any], *, keep: bool) -> None:
    if keep and not same_json(record.schema.value, schema.value):
        schema = JsonText(_annotated(schema.value, record.schema.value))
    if not same_json(record.schema.value, schema.value):
        changes["schema"] = schema


def _annotated(found: list[dict[str, Any]], known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The elements as they were found, with the descriptions and tags that they were given here."""
    by_name = {element["name"]: element for element in known}
    elements = []
    for element in found:
        before = by_name.get(element["name"])
        if before is not None:
            notes = {key: before[key] for key in ("description", "tags") if before.get(key)}
            element = {**element, **notes}  # noqa: PLW2901
            if element.get("children") and before.get("children"):
                element["children"] = _annotated(element["children"], before["children"])
        elements.append(element)
    return elements


def _is_annotated(schema: JsonText) -> bool:
    """Whether an element has a description or tags."""
    return (schema.mentions(b'"description"') or schema.mentions(b'"tags"')) and any(map(_has_notes, schema.value))


def _has_notes(element: dict[str, Any]) -> bool:
    return bool(
        element.get("description") or element.get("tags") or any(map(_has_notes, element.get("children") or ()))
    )


def _note_sighting(record: AssetRecord, origin: Origin, changes: dict[str, Any]) -> None:
    """A collection adopts an asset that no other brought, and what it sees is not stale."""
    if record.origin_id is None:
        changes["origin_id"] = origin.pk
    elif record.origin_id != origin.pk:
        return
    if record.stale_since is not None:
        changes |= {"stale_since": None, "last_seen_at": None}
