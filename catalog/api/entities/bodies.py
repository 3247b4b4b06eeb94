"""Requests as filings: what a client says of an entity, as fields of an asset.

Everything a request may say is kept; what it says and we do not know is refused by name. Null is as if it were
not said, since the public clients send a null for every field they leave open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.actor import Actor
from catalog.api.entities.columns import elements_of
from catalog.api.entities.kinds import Kept, Kind
from catalog.api.entities.labels import Names, terms_in
from catalog.api.entities.shapes import TABLE_TYPES, fits, is_chosen
from catalog.api.entities.types import DATA_TYPES
from catalog.names import join_name, quote_part, split_name
from catalog.services import Filing
from contracts.entity_views import is_empty, owner_of
from contracts.errors import Invalid

_EMPTY_LISTS = frozenset({"dataProducts", "followers"})
"""Fields of the public requests of which we keep nothing: empty, they say nothing."""
_OF_CONSTRAINTS = {
    "constraintType": ("UNIQUE", "PRIMARY_KEY", "FOREIGN_KEY", "SORT_KEY", "DIST_KEY", "CLUSTER_KEY"),
    "relationshipType": ("ONE_TO_ONE", "ONE_TO_MANY", "MANY_TO_ONE", "MANY_TO_MANY"),
}
_LISTS_OF_CONSTRAINTS = ("columns", "referredColumns")
_WORDS = {
    "text": "This must be text.",
    "number": "This must be a number.",
    "whole": "This must be a whole number, 0 or more.",
    "flag": "This must be true or false.",
    "object": "This must be an object.",
    "list": "This must be a list.",
    "texts": "This must be a list of texts.",
    "objects": "This must be a list of objects.",
}


class Reader:
    """Reads the requests of one call; the tags they name are looked up once for all."""

    def __init__(self, actor: Actor, kind: Kind, bodies: Sequence[Any]) -> None:
        self.actor, self.kind = actor, kind
        self.names = Names(actor, bodies)
        self._emptied = self.changes(dict.fromkeys(kind.requested))
        """The fields of an asset of which nothing is said."""

    def filing(self, body: Any) -> Filing:
        """A request to create or replace. Raises Invalid."""
        said = self._said(body)
        kind = self.kind
        for name in kind.required:
            if name not in said:
                raise Invalid(fields={name: ["This is required."]})
        container = self._container(said)
        name = said["name"]
        if not isinstance(name, str) or not name.strip():
            raise Invalid(fields={"name": ["This must be text, and not blank."]})
        changes = self.changes(said)
        fields = {
            "type": kind.types[0],
            "name": name,
            "qualified_name": f"{container}.{quote_part(name)}",
            **self._emptied,
            **changes,
            "terms": self.terms(said),
        }
        if "metadata" in changes and "metadata" in self._emptied:
            fields["metadata"] = self._emptied["metadata"] | changes["metadata"]
        has_parent = kind.parent is not None and kind.parent.field in said
        types = kind.parent.types if kind.parent else ()
        # Databases belong to a data source; dashboards and pipelines to services that are a name only.
        origin = split_name(container)[0] if kind.entity == "database" else ""
        filing = Filing(fields, container if has_parent else "", types, kind.types, origin)
        if kind.contents:
            filing.contents, filing.content_types = _full_names(said, kind.contents.field), kind.contents.types
        return filing

    def _said(self, body: Any) -> dict[str, Any]:
        if not isinstance(body, Mapping):
            raise Invalid("Each entity must be an object")
        said = {name: value for name, value in body.items() if value is not None}
        unknown = [name for name in body if name not in self.kind.requested]
        if wrong := [name for name in unknown if name not in _EMPTY_LISTS or not is_empty(body[name])]:
            raise Invalid(fields={name: ["There is no such field."] for name in wrong})
        for name in unknown:
            said.pop(name, None)
        return said

    def _container(self, said: Mapping[str, Any]) -> str:
        """The fully qualified name that the entity's own begins with: its parent's, or its service's."""
        field = self.kind.parent.field if self.kind.parent and self.kind.parent.field in said else "service"
        value = said.get(field)
        if isinstance(value, Mapping):  # a reference, as containers have it
            value = value.get("fullyQualifiedName")
        if not isinstance(value, str) or not value:
            raise Invalid(fields={field: ["This must be a fully qualified name."]})
        try:
            return join_name(*split_name(value))
        except ValueError:
            raise Invalid(fields={field: [f"'{value}' is no fully qualified name: look at its quotes."]}) from None

    def changes(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of an asset that these of the entity make; a null empties a field. Raises Invalid."""
        fields: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        for name, value in said.items():
            if name == "description":
                fields["description"] = _text(name, value)
            elif name == "tags":
                fields["tags"] = self._tags(value)
            elif name == "owners":
                fields["owner"] = owner_of({"owners": value})
            elif name == "domains":
                fields["domain"] = _domain(value)
            elif name == "tableType":
                type_, metadata["kind"] = _table_type(value)
                fields["type"] = type_
            elif name == "tableConstraints":
                metadata |= _constraints(value)
            elif name in self.kind.kept:
                metadata[self.kind.kept[name].key] = self._kept(name, self.kind.kept[name], value)
        if self.kind.columns and self.kind.columns[0] in said:
            self._read_columns(said[self.kind.columns[0]], fields, metadata)
        if "extension" in said:
            metadata |= self._extension(said["extension"])
        if metadata:
            fields["metadata"] = metadata
        return fields

    def terms(self, said: Mapping[str, Any]) -> list[dict[str, str]]:
        """The glossary terms that the labels of an entity, read before, and of its columns name."""
        if not self.names.has_terms:
            return []
        columns: Any = said
        for name in self.kind.columns:
            columns = (columns or {}).get(name)
        return terms_in(said.get("tags"), columns if self.kind.columns else None)

    def _kept(self, name: str, kept: Kept, value: Any) -> Any:
        if value is None:
            return None
        if not fits(value, kept.shape):
            raise Invalid(fields={name: [_WORDS[kept.shape]]})
        if not is_chosen(kept, value):
            raise Invalid(fields={name: [f"This must be one of {', '.join(kept.choices)}."]})
        return value

    def _read_columns(self, value: Any, fields: dict[str, Any], metadata: dict[str, Any]) -> None:
        outer, *inner = self.kind.columns
        path = ".".join(self.kind.columns)
        if inner:
            value = value or {}
            if not isinstance(value, Mapping):
                raise Invalid(fields={outer: [_WORDS["object"]]})
            rest = {name: item for name, item in value.items() if name != inner[0] and item is not None}
            metadata[self.kind.kept[outer].key] = rest or None
            value = value.get(inner[0])
        fields["schema"] = elements_of(
            [] if value is None else value, path, self.names.of, self.kind.field_types or DATA_TYPES
        )

    def _extension(self, value: Any) -> dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise Invalid(fields={"extension": [_WORDS["object"]]})
        taken = {kept.key: name for name, kept in self.kind.kept.items()}
        for key in value:
            if key in taken:
                raise Invalid(fields={f"extension.{key}": [f"Say this in the field '{taken[key]}'."]})
        return dict(value)

    def _tags(self, value: Any) -> list[str]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise Invalid(fields={"tags": [_WORDS["list"]]})
        return [name for index, label in enumerate(value) if (name := self.names.of(label, f"tags.{index}"))]


def _full_names(said: Mapping[str, Any], field: str) -> list[str]:
    value = said.get(field, [])
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise Invalid(fields={field: ["This must be a list of fully qualified names."]})
    try:
        return [join_name(*split_name(name)) for name in value]
    except ValueError:
        raise Invalid(fields={field: ["One is no fully qualified name: look at its quotes."]}) from None


def _domain(value: Any) -> Any:
    """The one domain that an asset lies in, by its full name, or by a reference to it."""
    if value is None or value == []:
        return None
    if not isinstance(value, list):
        raise Invalid(fields={"domains": [_WORDS["list"]]})
    if len(value) > 1:
        raise Invalid(fields={"domains": ["An asset lies in one domain; this names more."]})
    one = value[0]
    if isinstance(one, Mapping):
        one = one.get("id") or one.get("fullyQualifiedName")
    if not isinstance(one, str) or not one:
        raise Invalid(fields={"domains.0": ["This must be a domain's full name, or a reference to it."]})
    return one


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid(fields={name: [_WORDS["text"]]})
    return value


def _table_type(value: Any) -> tuple[str, str | None]:
    if value is None:
        return "TABLE", None
    if not isinstance(value, str) or value not in TABLE_TYPES:
        raise Invalid(fields={"tableType": [f"This must be one of {', '.join(TABLE_TYPES)}."]})
    type_, kind = TABLE_TYPES[value]
    return type_, kind or None


def _constraints(value: Any) -> dict[str, Any]:
    if value is None:
        return {"primary_key": None, "constraints": None}
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise Invalid(fields={"tableConstraints": ["This must be a list of objects."]})
    key, rest = None, []
    for index, one in enumerate(value):
        said = {name: item for name, item in one.items() if item not in (None, [])}
        if unknown := said.keys() - {*_OF_CONSTRAINTS, *_LISTS_OF_CONSTRAINTS}:
            raise Invalid(fields={f"tableConstraints.{index}.{min(unknown)}": ["There is no such field."]})
        for name, choices in _OF_CONSTRAINTS.items():
            if name in said and said[name] not in choices:
                raise Invalid(fields={f"tableConstraints.{index}.{name}": [f"Choose from {', '.join(choices)}."]})
        for name in _LISTS_OF_CONSTRAINTS:
            listed = said.get(name, [])
            if not isinstance(listed, list) or not all(isinstance(column, str) for column in listed):
                raise Invalid(fields={f"tableConstraints.{index}.{name}": ["This must be a list of names."]})
        columns = said.get("columns", [])
        if said.get("constraintType") == "PRIMARY_KEY" and key is None and columns:
            key = columns
        else:
            rest.append(said)
    return {"primary_key": key, "constraints": rest or None}
