"""What a patched entity changes of its asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from accounts.actor import Actor
from catalog.api.entities.bodies import Reader
from catalog.api.entities.kinds import DERIVED, Kind
from catalog.jsontext import same_json
from contracts.errors import Invalid


def changes_by(
    kind: Kind, actor: Actor, row: Any, document: Mapping[str, Any], result: Mapping[str, Any]
) -> dict[str, Any]:
    """The fields of the asset that differ between the entity as it was answered and as it was patched.

    Raises Invalid for a field that there is not, and for one that cannot be changed.
    """
    before = orjson.loads(orjson.dumps(document))
    changed = [name for name in {**before, **result} if not same_json(before.get(name), result.get(name))]
    problems: dict[str, list[str]] = {}
    for name in changed:
        if name in DERIVED:
            problems[name] = ["This cannot be changed."]
        elif kind.contents and name == kind.contents.field:
            problems[name] = ["This cannot be patched: replace the whole."]
        elif name not in kind.requested:
            problems[name] = ["This cannot be changed." if name in kind.shown else "There is no such field."]
    if problems:
        raise Invalid(fields=problems)
    said = {name: result.get(name) for name in changed}
    reader = Reader(actor, kind, [result])
    fields = reader.changes(said)
    if "tags" in fields or "schema" in fields:
        fields["terms"] = reader.terms(result)
    if "schema" in fields:
        fields["schema"] = _kept_elements(kind, row, before, result, fields["schema"])
    if "extension" in said:
        gone = before.get("extension", {}).keys() - (said["extension"] or {}).keys()
        fields["metadata"] = {**fields.get("metadata", {}), **dict.fromkeys(gone)}
    return fields


def _kept_elements(
    kind: Kind, row: Any, before: Mapping[str, Any], result: Mapping[str, Any], elements: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The elements, those of columns that are as they were unchanged: they may hold more than a column shows."""
    columns = {column["name"]: column for column in _columns(kind, before)}
    stored = {element["name"]: element for element in orjson.loads(row.schema_text)}
    kept = []
    for element, column in zip(elements, _columns(kind, result), strict=True):
        old = stored.get(element["name"])
        if old is not None and same_json(columns.get(element["name"]), column):
            kept.append(old)
        else:
            kept.append({**element, **({"default": old["default"]} if old and "default" in old else {})})
    return kept


def _columns(kind: Kind, document: Mapping[str, Any]) -> Any:
    value: Any = document
    for name in kind.columns:
        value = (value or {}).get(name)
    return value or []
