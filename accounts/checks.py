"""How input is checked, whatever the door: a table of checks by field, and one way to tell what is wrong.

Every check takes a value as it came (any JSON), gives the value as it is stored, and raises ValueError with a
sentence for whoever sent it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from contracts.errors import Invalid

Check = Callable[[Any], Any]

NAME_LENGTH = 100
DISPLAY_NAME_LENGTH = 200
DESCRIPTION_LENGTH = 100_000

_NOT_A_LINE = "A name may not hold line breaks or other control characters."
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Refused(ValueError):
    """A value inside a structure is wrong; `path` leads to it."""

    def __init__(self, path: str, message: str) -> None:
        self.path = path
        super().__init__(message)


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


def check_lines(given: Mapping[str, Any], former: Mapping[str, Any], names: Iterable[str], *, resource: str) -> None:
    """Raise Invalid for each of these names (checked texts and lists of them) that holds a line break or another
    control character. What was called so before may go on being called so: a database may have named it.
    """
    problems: dict[str, list[str]] = {}
    for field in names:
        value, was = given.get(field), former.get(field)
        if isinstance(value, str):
            if value != was and not _is_line(value):
                problems[field] = [_NOT_A_LINE]
        elif value:
            odd = (place for place, one in enumerate(value) if not _is_line(one) and one not in (was or ()))
            problems |= {f"{field}.{place}": [_NOT_A_LINE] for place in odd}
    if problems:
        raise Invalid(fields=problems, resource=resource)


def as_line(value: str) -> str:
    """A name from elsewhere as one that people may give: spaces stand for line breaks and control characters."""
    return _CONTROL.sub(" ", value)


def _is_line(value: str) -> bool:
    return value.isprintable() or not _CONTROL.search(value)  # the first is quick, and true of nearly all


def clean_name(value: Any) -> str:
    """A name that people give: without the space around it, and not blank."""
    return text(value.strip() if type(value) is str else value, limit=NAME_LENGTH, blank=False)


def clean_display_name(value: Any) -> str:
    return "" if value is None else text(value, limit=DISPLAY_NAME_LENGTH)


def clean_description(value: Any) -> str:
    return "" if value is None else text(value, limit=DESCRIPTION_LENGTH)


def clean(
    data: Mapping[str, Any], checks: Mapping[str, Check], required: Iterable[str], *, resource: str
) -> dict[str, Any]:
    """The fields as they are stored. Raises Invalid that names each that is wrong, unknown, or missing."""
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
