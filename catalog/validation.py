"""What an asset, a relationship and a tag may be: the one place where their input is checked.

Every check takes a value as it came (any JSON), gives the value as it is stored, and raises ValueError with a
sentence for whoever sent it. Fast enough for 10,000 assets a call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from accounts.checks import DESCRIPTION_LENGTH, Check, Refused, clean, clean_description, text
from accounts.managers import name_key
from catalog.jsontext import JsonText, checked_json, sized_json
from catalog.models import QUALIFIED_NAME_BYTES, AssetType, RelationshipType

NAME_LENGTH = 255
QUALIFIED_NAME_LENGTH = 1000
METADATA_BYTES = 1024 * 1024
SCHEMA_BYTES = 8 * 1024 * 1024
ATTRIBUTES_BYTES = 64 * 1024
TAG_LENGTH = 100
TAGS_EACH = 100
TERMS_EACH = 500
ELEMENT_NAME_LENGTH = 1000
ELEMENT_TYPE_LENGTH = 10_000
ELEMENT_LEVELS = 15

_NAMED_KEYS = ("id", "fully_qualified_name", "name")
_ELEMENT_KEYS = frozenset(
    {"name", "type", "nullable", "position", "description", "tags", "children", "default", "primary_key", "attributes"}
)
_PLAIN_KEYS = frozenset({"name", "type", "nullable", "position"})
_FLAGS = frozenset({bool, type(None)})
_ASSET_TYPES = frozenset(AssetType.values)
_RELATIONSHIP_TYPES = frozenset(RelationshipType.values)
tag_key = name_key
"""What two spellings of one tag share."""
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")


def clean_asset(data: Mapping[str, Any], *, required: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of an asset as they are stored: `metadata` and `schema` as JsonText, `tags` as a list of names,
    `owner`, `domain` and `terms` as references, which `catalog.services.references` finds.

    Raises Invalid that names each field that is wrong, unknown, or required and missing.
    """
    return clean(data, _ASSET_CHECKS, required, resource="asset")


def clean_relationship(data: Mapping[str, Any]) -> dict[str, Any]:
    """`type` and `metadata` (as JsonText) of an edge. Raises Invalid."""
    return clean(data, _RELATIONSHIP_CHECKS, ("type",), resource="relationship")


def clean_tag(data: Mapping[str, Any], *, required: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of a tag. Raises Invalid."""
    return clean(data, _TAG_CHECKS, required, resource="tag")


def _asset_type(value: Any) -> str:
    if not isinstance(value, str) or value not in _ASSET_TYPES:
        raise ValueError(f"This must be one of {', '.join(AssetType.values)}.")
    return str(value)


def _relationship_type(value: Any) -> str:
    if not isinstance(value, str) or value not in _RELATIONSHIP_TYPES:
        raise ValueError(f"This must be one of {', '.join(RelationshipType.values)}.")
    return str(value)


def _name(value: Any) -> str:
    return text(value, limit=NAME_LENGTH, blank=False)


def _qualified_name(value: Any) -> str:
    name = text(value, limit=QUALIFIED_NAME_LENGTH, blank=False)
    if not name.isascii() and len(name.encode()) > QUALIFIED_NAME_BYTES:
        raise ValueError(f"At most {QUALIFIED_NAME_BYTES:,} bytes in UTF-8; this has {len(name.encode()):,}.")
    return name


def _metadata(value: Any) -> JsonText:
    if type(value) is not dict:
        raise ValueError("This must be a JSON object.")
    return checked_json(value, limit=METADATA_BYTES)


def _edge_metadata(value: Any) -> JsonText:
    mapping = value.get("column_mapping") if type(value) is dict else None
    if mapping is not None and type(mapping) is not dict:
        raise Refused(
            ".column_mapping", "This must be an object: of each column that is made, the columns it is made from."
        )
    return _metadata(value)


def _schema(value: Any) -> JsonText:
    _elements(value, "", 1)
    return sized_json(value, limit=SCHEMA_BYTES)


def _elements(value: Any, path: str, level: int) -> None:
    if type(value) is not list:
        raise Refused(path, "This must be a list of elements.")
    if level > ELEMENT_LEVELS:
        raise Refused(path, f"Nested too deeply; at most {ELEMENT_LEVELS} levels.")
    for index, element in enumerate(value):
        if _is_plain(element):
            continue
        if type(element) is not dict:
            raise Refused(f"{path}.{index}", "This must be an object.")
        try:
            _element(element)
        except Refused as error:
            raise Refused(f"{path}.{index}{error.path}", str(error)) from error
        if element.get("children") is not None:
            _elements(element["children"], f"{path}.{index}.children", level + 1)


def _is_plain(element: Any) -> bool:
    """Whether nothing can be wrong with the element: a quick look, which most of the many pass."""
    if type(element) is not dict or not element.keys() <= _PLAIN_KEYS:
        return False
    name, type_, position = element.get("name"), element.get("type"), element.get("position")
    return (
        type(name) is str
        and 0 < len(name) <= ELEMENT_NAME_LENGTH
        and name.isprintable()
        and type(type_) is str
        and 0 < len(type_) <= ELEMENT_TYPE_LENGTH
        and type_.isprintable()
        and (position is None or (type(position) is int and 0 <= position < 2**31))
        and type(element.get("nullable")) in _FLAGS
    )


def _element(element: dict[Any, Any]) -> None:
    if not element.keys() <= _ELEMENT_KEYS:
        raise Refused(f".{next(key for key in element if key not in _ELEMENT_KEYS)}", "There is no such field.")
    _element_text(element, "name", ELEMENT_NAME_LENGTH, required=True)
    _element_text(element, "type", ELEMENT_TYPE_LENGTH, required=True)
    if len(element) == 2:
        return
    for key in ("nullable", "primary_key"):
        flag = element.get(key)
        if flag is not None and type(flag) is not bool:
            raise Refused(f".{key}", "This must be true or false.")
    position = element.get("position")
    if position is not None and (type(position) is not int or not 0 <= position < 2**31):
        raise Refused(".position", "This must be a whole number, 0 or more.")
    for key in ("description", "default"):
        if element.get(key) is not None:
            _element_text(element, key, DESCRIPTION_LENGTH)
    if element.get("attributes") is not None:
        try:
            _attributes(element["attributes"])
        except ValueError as error:
            raise Refused(".attributes", str(error)) from error
    if element.get("tags") is not None:
        try:
            _tags(element["tags"])
        except Refused as error:
            raise Refused(f".tags{error.path}", str(error)) from error
        except ValueError as error:
            raise Refused(".tags", str(error)) from error


def _attributes(value: Any) -> None:
    if type(value) is not dict:
        raise ValueError("This must be a JSON object.")
    checked_json(value, limit=ATTRIBUTES_BYTES)


def _element_text(element: dict[Any, Any], key: str, limit: int, *, required: bool = False) -> None:
    value = element.get(key)
    if required and value is None:
        raise Refused(f".{key}", "This is required.")
    try:
        text(value, limit=limit, blank=not required or value != "")
    except ValueError as error:
        raise Refused(f".{key}", str(error)) from error


def _tag_name(value: Any) -> str:
    return text(value.strip() if type(value) is str else value, limit=TAG_LENGTH, blank=False)


def _tags(value: Any) -> list[str]:
    """Names of tags, each once whatever its case; the first spelling stays."""
    if not isinstance(value, list | tuple):
        raise ValueError("This must be a list of names.")
    if len(value) > TAGS_EACH:
        raise ValueError(f"At most {TAGS_EACH} tags; this has {len(value):,}.")
    names: dict[str, str] = {}
    for index, item in enumerate(value):
        try:
            name = _tag_name(item)
        except ValueError as error:
            raise Refused(f".{index}", str(error)) from error
        names.setdefault(tag_key(name), name)
    return list(names.values())


class Reference(NamedTuple):
    """A thing as somebody names it: by its id or a name; `type` is set where it is said to be a user or a team."""

    value: str
    type: str = ""


class TermReference(NamedTuple):
    """A term, by its id or a name, and the column that it is said of; empty for the asset itself."""

    value: str
    column: str = ""


def _reference(value: Any, *also: str) -> str:
    """An id or a name, as text or as the object that an answer shows."""
    if isinstance(value, Mapping):
        unknown = [key for key in value if key not in {*_NAMED_KEYS, *also}]
        if unknown:
            raise Refused(f".{unknown[0]}", "There is no such field.")
        value = next((value[key] for key in _NAMED_KEYS if value.get(key) is not None), None)
        if value is None:
            raise ValueError("This must have an id or a name.")
    return text(str(value) if isinstance(value, UUID) else value, limit=QUALIFIED_NAME_LENGTH, blank=False)


def clean_owner(value: Any) -> Reference | None:
    """A member (id, user name, e-mail address) or a team (id, name), to be found by the service; None for nobody."""
    if value is None:
        return None
    type_ = value.get("type") if isinstance(value, Mapping) else None
    if type_ not in (None, "user", "team"):
        raise Refused(".type", "This must be user or team.")
    return Reference(_reference(value, "type"), type_ or "")


def clean_reference(value: Any) -> Reference | None:
    """A domain, a term or a glossary by its id or a name; None for none."""
    return None if value is None else Reference(_reference(value))


def _terms(value: Any) -> list[TermReference]:
    if not isinstance(value, list | tuple):
        raise ValueError("This must be a list of terms.")
    if len(value) > TERMS_EACH:
        raise ValueError(f"At most {TERMS_EACH} terms; this has {len(value):,}.")
    return [_term(item, f".{index}") for index, item in enumerate(value)]


def _term(item: Any, path: str) -> TermReference:
    try:
        column = item.get("column") if isinstance(item, Mapping) else None
        if column is not None:
            column = _column(column)
        return TermReference(_reference(item, "column", "status"), column or "")
    except Refused as error:
        raise Refused(f"{path}{error.path}", str(error)) from error
    except ValueError as error:
        raise Refused(path, str(error)) from error


def _column(value: Any) -> str:
    try:
        return _qualified_name(value)
    except ValueError as error:
        raise Refused(".column", str(error)) from error


def _colour(value: Any) -> str:
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or not _COLOUR.fullmatch(value):
        raise ValueError("This must be a colour such as #1f77b4.")
    return value.lower()


def _category(value: Any) -> str:
    return "" if value is None else text(value, limit=TAG_LENGTH)


_ASSET_CHECKS: dict[str, Check] = {
    "type": _asset_type,
    "name": _name,
    "qualified_name": _qualified_name,
    "description": clean_description,
    "metadata": _metadata,
    "schema": _schema,
    "tags": _tags,
    "owner": clean_owner,
    "domain": clean_reference,
    "terms": _terms,
}
_RELATIONSHIP_CHECKS: dict[str, Check] = {"type": _relationship_type, "metadata": _edge_metadata}
_TAG_CHECKS: dict[str, Check] = {
    "name": _tag_name,
    "category": _category,
    "description": clean_description,
    "colour": _colour,
}
