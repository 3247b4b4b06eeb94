"""Columns of an entity ↔ elements of an asset's schema.

An element's `type` is the type as its engine writes it (`character varying(20)`); an entity has a `dataType` of
a fixed list, its length, precision and scale. What cannot be told from the type is kept in `attributes`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from catalog.api.entities.types import DATA_TYPES, told_by, written
from catalog.names import quote_part
from catalog.validation import ELEMENT_NAME_LENGTH, ELEMENT_TYPE_LENGTH, SCHEMA_BYTES
from contracts.entities import names
from contracts.errors import Invalid

_CONSTRAINTS = ("NULL", "NOT_NULL", "UNIQUE", "PRIMARY_KEY")
_ATTRIBUTES = {
    "dataType": "data_type",
    "dataLength": "data_length",
    "precision": "precision",
    "scale": "scale",
    "arrayDataType": "array_data_type",
    "displayName": "display_name",
    "jsonSchema": "json_schema",
    "extension": "extension",
    "constraint": "constraint",
}
_SHOWN = {key: name for name, key in _ATTRIBUTES.items()}
_TOLD_BY_TYPE = ("dataType", "dataLength", "precision", "scale", "arrayDataType")
_TYPED_BY = ("dataType", "dataTypeDisplay", "arrayDataType", "dataLength", "precision", "scale", "constraint")
_TEXTS = {
    "name": ELEMENT_NAME_LENGTH,
    "dataType": ELEMENT_TYPE_LENGTH,
    "dataTypeDisplay": ELEMENT_TYPE_LENGTH,
    "arrayDataType": ELEMENT_TYPE_LENGTH,
    "displayName": SCHEMA_BYTES,
    "description": SCHEMA_BYTES,
    "jsonSchema": SCHEMA_BYTES,
}
"""Each with the most characters that it may have."""
_NUMBERS = names("dataLength precision scale")
_BESIDE = ("displayName", "jsonSchema", "extension")
"""What of a column is kept as it is said."""
_KNOWN = frozenset(
    {
        *_ATTRIBUTES,
        "name",
        "dataTypeDisplay",
        "description",
        "fullyQualifiedName",
        "tags",
        "ordinalPosition",
        "children",
    }
)

TagName = Callable[[Any, str], str | None]
"""The name of a label's tag, given the label and where it stands; None for what is no tag."""


class Labelling(NamedTuple):
    """How the tags of columns are shown: a tag by its name, and the terms of each column by its path."""

    tag: Callable[[str], dict[str, Any]]
    terms: Mapping[str, list[dict[str, Any]]] = MappingProxyType({})


# Out -------------------------------------------------------------------------------------------------


def columns_of(elements: Sequence[Mapping[str, Any]], path: str, labels: Labelling) -> list[dict[str, Any]]:
    """The elements as columns; `path` is the fully qualified name of what they belong to."""
    return [_column(element, path, labels, len(path) + 1) for element in elements]


def _column(element: Mapping[str, Any], path: str, labels: Labelling, outer: int) -> dict[str, Any]:
    type_ = element["type"]
    name = f"{path}.{quote_part(element['name'])}"
    column: dict[str, Any] = {
        "name": element["name"],
        **told_by(type_),
        "dataTypeDisplay": type_,
        "fullyQualifiedName": name,
    }
    if element.get("primary_key"):
        column["constraint"] = "PRIMARY_KEY"
    elif element.get("nullable") is not None:
        column["constraint"] = "NULL" if element["nullable"] else "NOT_NULL"
    if element.get("position") is not None:
        column["ordinalPosition"] = element["position"]
    if element.get("description"):
        column["description"] = element["description"]
    column["tags"] = [labels.tag(tag) for tag in element["tags"]] if element.get("tags") else []
    if labels.terms:
        column["tags"] += labels.terms.get(name[outer:], ())
    if element.get("attributes"):
        column |= _shown(element["attributes"])
    if element.get("children"):
        column["children"] = [_column(child, name, labels, outer) for child in element["children"]]
    return column


def _shown(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What of an element's attributes, which any door may have written, is what a column's public type holds."""
    told = ((_SHOWN[key], value) for key, value in attributes.items() if key in _SHOWN and value is not None)
    return {name: value for name, value in told if not _what_is_wrong(name, value)}


_OF_FIELDS = ("name", "displayName", "dataTypeDisplay", "description", "fullyQualifiedName", "tags")


def as_field(column: Mapping[str, Any], types: Collection[str]) -> dict[str, Any]:
    """A column as a field of a topic or a search index, which say less of it, and have types of their own."""
    shown = {name: column[name] for name in _OF_FIELDS if name in column}
    written_so, told = column["dataTypeDisplay"].upper(), column["dataType"]
    shown["dataType"] = written_so if written_so in types else told if told in types else "UNKNOWN"
    if column.get("children"):
        shown["children"] = [as_field(child, types) for child in column["children"]]
    return shown


# In --------------------------------------------------------------------------------------------------


def elements_of(
    columns: Any, path: str, tag_name: TagName, types: Collection[str] = DATA_TYPES
) -> list[dict[str, Any]]:
    """The columns as elements; `path` is where they stand in the request, for what is said of errors.

    `types` are those that a column may be of. `tag_name` gives the name of a label's tag. Raises Invalid.
    """
    if not isinstance(columns, list):
        raise Invalid(fields={path: ["This must be a list."]})
    elements = [_element(column, f"{path}.{index}", tag_name, types) for index, column in enumerate(columns)]
    seen: set[str] = set()
    for index, element in enumerate(elements):
        if element["name"] in seen:
            raise Invalid(fields={f"{path}.{index}.name": [f"There are two columns named '{element['name']}'."]})
        seen.add(element["name"])
    return elements


def _element(column: Any, path: str, tag_name: TagName, types: Collection[str]) -> dict[str, Any]:
    if not isinstance(column, dict):
        raise Invalid(fields={path: ["This must be an object."]})
    _check(column, path, types)
    get = column.get
    element: dict[str, Any] = {"name": column["name"]}
    typed = _typed(tuple(map(get, _TYPED_BY)))
    element |= typed.said
    if (position := get("ordinalPosition")) is not None:
        element["position"] = position
    if description := get("description"):
        element["description"] = description
    if labels := get("tags"):
        element["tags"] = [name for label in labels if (name := tag_name(label, f"{path}.tags"))]
    if children := get("children"):
        element["children"] = elements_of(children, f"{path}.children", tag_name, types)
    rest = {_ATTRIBUTES[name]: column[name] for name in _BESIDE if get(name) is not None}
    if rest or typed.attributes:
        element["attributes"] = {**typed.attributes, **rest}
    return element


class _Typed(NamedTuple):
    """What the type and the constraint of a column say: in an element's fields, and what these cannot hold."""

    said: Mapping[str, Any]
    attributes: Mapping[str, Any]


@lru_cache(maxsize=1024)
def _typed(values: tuple[Any, ...]) -> _Typed:
    """What the fields of `_TYPED_BY` say. Remembered, since many columns are of few types; not to be changed."""
    column = dict(zip(_TYPED_BY, values, strict=True))
    constraint = column["constraint"]
    said: dict[str, Any] = {"type": written(column)}
    if constraint == "PRIMARY_KEY":
        said |= {"nullable": False, "primary_key": True}
    elif constraint in {"NULL", "NOT_NULL"}:
        said["nullable"] = constraint == "NULL"
    told = told_by(said["type"])
    attributes = {
        _ATTRIBUTES[name]: column[name]
        for name in _TOLD_BY_TYPE
        if column[name] is not None and told.get(name) != column[name]
    }
    if constraint == "UNIQUE":
        attributes["constraint"] = constraint
    return _Typed(said, attributes)


def _check(column: Mapping[str, Any], path: str, types: Collection[str]) -> None:
    for name, value in column.items():
        if value is not None and (wrong := _what_is_wrong(name, value)):
            raise Invalid(fields={f"{path}.{name}": [wrong]})
    for name in ("name", "dataType"):
        if not column.get(name):
            raise Invalid(fields={f"{path}.{name}": ["This is required, as text."]})
    if column["dataType"] not in types:
        raise Invalid(fields={f"{path}.dataType": [f"There is no data type '{column['dataType'][:100]}'."]})


def _what_is_wrong(name: str, value: Any) -> str:
    """With this field of a column; empty where nothing is."""
    if name in _TEXTS:
        if type(value) is not str:
            return "This must be text."
        return "" if len(value) <= _TEXTS[name] else f"At most {_TEXTS[name]:,} characters."
    if name in _NUMBERS:
        is_fit = type(value) is int and -1_000_000_000 <= value < 2**31
        return "" if is_fit else "This must be a whole number."
    if name == "constraint":
        return "" if value in _CONSTRAINTS else f"This must be one of {', '.join(_CONSTRAINTS)}."
    if name == "tags":
        return "" if type(value) is list else "This must be a list."
    return "" if name in _KNOWN else "There is no such field."
