"""What a patched entity changes of its asset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from accounts.actor import Actor
from catalog.api.entities.bodies import Reader
from catalog.api.entities.kinds import DERIVED, Kind
from catalog.jsontext import same_json
from catalog.models import Asset
from catalog.names import normal_name
from contracts.errors import Invalid
from contracts.views import uuid_of


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
        elif name not in kind.requested:
            problems[name] = ["This cannot be changed." if name in kind.shown else "There is no such field."]
    if problems:
        raise Invalid(fields=problems)
    said = {name: result.get(name) for name in changed if kind.contents is None or name != kind.contents.field}
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


def contents_by(kind: Kind, actor: Actor, document: Mapping[str, Any], result: Mapping[str, Any]) -> list[str] | None:
    """The qualified names of all that the patched entity contains; None where the patch leaves that as it is.

    Raises Invalid for what is neither a full name nor a reference to what is there.
    """
    field = kind.contents.field if kind.contents else ""
    before = orjson.loads(orjson.dumps(document.get(field)))
    if not field or same_json(before, result.get(field)):
        return None
    said = result.get(field)
    if said is not None and not isinstance(said, list):
        raise Invalid(fields={field: ["This must be a list of references."]})
    return [_contained(actor, f"{field}.{place}", one) for place, one in enumerate(said or [])]


def _contained(actor: Actor, path: str, one: Any) -> str:
    if isinstance(one, Mapping):
        key, one = uuid_of(one.get("id")), one.get("fullyQualifiedName")
        if key is not None:
            one = Asset.objects.visible_to(actor).filter(pk=key).values_list("qualified_name", flat=True).first()
    if not isinstance(one, str) or not one:
        raise Invalid(fields={path: ["This must be a full name, or a reference to what is there."]})
    return normal_name(one)


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
