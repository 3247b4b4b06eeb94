"""What an asset, a relationship and a tag may be: the one place where their input is checked.

Every check takes a value as it came (any JSON), gives the value as it is stored, and raises ValueError with a
sentence for whoever sent it. Fast enough for 10,000 assets a call.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from catalog.jsontext import JsonText, checked_json, sized_json
from catalog.models import QUALIFIED_NAME_BYTES, AssetType, RelationshipType
from contracts.errors import Invalid

NAME_LENGTH = 255
QUALIFIED_NAME_LENGTH = 1000
DESCRIPTION_LENGTH = 100_000
METADATA_BYTES = 1024 * 1024
SCHEMA_BYTES = 8 * 1024 * 1024
TAG_LENGTH = 100
TAGS_EACH = 100
ELEMENT_NAME_LENGTH = 1000
ELEMENT_TYPE_LENGTH = 10_000
ELEMENT_LEVELS = 15

_ELEMENT_KEYS = frozenset(
    {"name", "type", "nullable", "position", "description", "tags", "children", "default", "primary_key"}
)
_PLAIN_KEYS = frozenset({"name", "type", "nullable", "position"})
_FLAGS = frozenset({bool, type(None)})
_ASSET_TYPES = frozenset(AssetType.values)
_RELATIONSHIP_TYPES = frozenset(RelationshipType.values)
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")

Check = Callable[[Any], Any]


class Refused(ValueError):
    """A value inside a structure is wrong; `path` leads to it."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        super().__init__(message)


def clean_asset(data: Mapping[str, Any], *, required: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of an asset as they are stored: `metadata` and `schema` as JsonText, `tags` as a list of names.

    Raises Invalid that names each field that is wrong, unknown, or required and missing.
    """
    return _clean(data, _ASSET_CHECKS, required, resource="asset")


def clean_relationship(data: Mapping[str, Any]) -> dict[str, Any]:
    """`type` and `metadata` (as JsonText) of an edge. Raises Invalid."""
    return _clean(data, _RELATIONSHIP_CHECKS, ("type",), resource="relationship")


def clean_tag(data: Mapping[str, Any], *, required: Iterable[str] = ()) -> dict[str, Any]:
    """The fields of a tag. Raises Invalid."""
    return _clean(data, _TAG_CHECKS, required, resource="tag")


def tag_key(name: str) -> str:
    """What two spellings of one tag share."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def text(value: Any, *, limit: int, blank: bool = True) -> str:
    """Text that every database can store, of at most `limit` characters."""
    if type(value) is not str:
        raise ValueError("This must be text.")
    if len(value) > limit:
        raise ValueError(f"At most {limit:,} characters; this has {len(value):,}.")
    if not blank and not value.strip():
        raise ValueError("This may not be blank.")
    if "\x00" in value:
        raise ValueError("NUL characters cannot be stored.")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError("Text that is not valid Unicode cannot be stored.") from error
    return value


def _clean(
    data: Mapping[str, Any], checks: Mapping[str, Check], required: Iterable[str], *, resource: str
) -> dict[str, Any]:
    try:
        cleaned = {field: checks[field](value) for field, value in data.items()}
    except (KeyError, ValueError):
        problems = _problems(data, checks)
    else:
        problems = {}
    for field in required:
        if field not in data:
            problems[field] = ["This is required."]
    if problems:
        raise Invalid(fields=problems, resource=resource)
    return cleaned


def _problems(data: Mapping[str, Any], checks: Mapping[str, Check]) -> dict[str, list[str]]:
    """What is wrong with each field, by the path that leads to it."""
    problems: dict[str, list[str]] = {}
    for field, value in data.items():
        if field not in checks:
            problems[str(field)] = ["There is no such field."]
            continue
        try:
            checks[field](value)
        except Refused as error:
            problems[f"{field}{error.path}"] = [str(error)]
        except ValueError as error:
            problems[field] = [str(error)]
    return problems


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


def _description(value: Any) -> str:
    return "" if value is None else text(value, limit=DESCRIPTION_LENGTH)


def _metadata(value: Any) -> JsonText:
    if type(value) is not dict:
        raise ValueError("This must be a JSON object.")
    return checked_json(value, limit=METADATA_BYTES)


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
    if element.get("tags") is not None:
        try:
            _tags(element["tags"])
        except Refused as error:
            raise Refused(f".tags{error.path}", str(error)) from error
        except ValueError as error:
            raise Refused(".tags", str(error)) from error


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


def _owner(value: Any) -> str | UUID | None:
    """A user's id, user name or e-mail address, to be found by the service; None for nobody."""
    if value is None or isinstance(value, UUID):
        return value
    return text(value, limit=254, blank=False)


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
    "description": _description,
    "metadata": _metadata,
    "schema": _schema,
    "tags": _tags,
    "owner": _owner,
}
_RELATIONSHIP_CHECKS: dict[str, Check] = {"type": _relationship_type, "metadata": _metadata}
_TAG_CHECKS: dict[str, Check] = {
    "name": _tag_name,
    "category": _category,
    "description": _description,
    "colour": _colour,
}
