"""Reading the fields of a request: plain checks that name the field."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from accounts.checks import check_lines
from contracts.errors import Invalid

_LISTED = 100
"""Characters of each string in a list, at most."""


def refuse_unknown(data: Mapping[str, Any], known: Set[str]) -> None:
    unknown = [str(name) for name in data if name not in known]
    if unknown:
        raise Invalid(fields={name: ["There is no such field."] for name in unknown})


def read_text(data: Mapping[str, Any], name: str, limit: int, *, required: bool = False) -> str:
    """A string field, stripped, of at most `limit` characters."""
    value = data.get(name, "")
    if not isinstance(value, str):
        raise Invalid(fields={name: ["It must be a string."]})
    value = value.strip()
    if "\x00" in value:
        raise Invalid(fields={name: ["It must not hold NUL characters."]})
    if required and not value:
        raise Invalid(fields={name: ["This field is required."]})
    if len(value) > limit:
        raise Invalid(fields={name: [f"It must have at most {limit} characters."]})
    return value


def read_name(data: Mapping[str, Any], former: str = "", *, resource: str) -> str:
    """`name`: one line, but for what was called so before."""
    name = read_text(data, "name", 200, required=True)
    check_lines({"name": name}, {"name": former}, ("name",), resource=resource)
    return name


def text_list(data: Mapping[str, Any], name: str, *, items: int = 1000) -> list[str]:
    """A list of strings, each of at most _LISTED characters, without doubles, in order."""
    value = data.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise Invalid(fields={name: ["It must be a list of strings that are not empty."]})
    if len(value) > items or any(len(one) > _LISTED or "\x00" in one for one in value):
        raise Invalid(fields={name: [f"It must hold at most {items} strings of at most {_LISTED} characters."]})
    return list(dict.fromkeys(one.strip() for one in value))
