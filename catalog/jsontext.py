"""JSON that travels as text between the database, the trail and an answer, and is read only where it must be."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import orjson

_UNREAD: Final = object()
NESTING = 60
"""Levels of lists and objects that metadata may have."""


class JsonText:
    """A JSON value and its text, either of which is made of the other when first asked for.

    The bulk paths dump each value once for the row and for the trail, and compare what is stored without
    dumping anything. Equality is that of the values.
    """

    __slots__ = ("_text", "_value")

    def __init__(self, value: Any = _UNREAD, text: str | bytes | None = None) -> None:
        self._value = value
        self._text = text

    @property
    def value(self) -> Any:
        if self._value is _UNREAD:
            self._value = orjson.loads(self._text or b"null")
        return self._value

    def mentions(self, word: bytes) -> bool:
        """Whether the text holds these bytes, as a key or anywhere: a quick look before a long one."""
        text = self.text
        return word in (text.encode() if isinstance(text, str) else text)

    @property
    def text(self) -> str | bytes:
        if self._text is None:
            self._text = orjson.dumps(self._value, option=orjson.OPT_UTC_Z)
        return self._text

    @property
    def fragment(self) -> orjson.Fragment:
        """What orjson puts into a larger text as it is."""
        return orjson.Fragment(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonText) and (self is other or bool(self.value == other.value))

    __hash__ = None  # type: ignore[assignment]


def same_json(one: Any, other: Any) -> bool:
    """Equality as JSON has it: true is not 1, as it is for Python."""
    if one != other or isinstance(one, bool) is not isinstance(other, bool):
        return False
    if isinstance(one, dict):
        return all(same_json(item, other[key]) for key, item in one.items())
    if isinstance(one, list):
        return all(map(same_json, one, other))
    return True


def read_json(text: str | bytes) -> JsonText:
    """A value as the database keeps it."""
    return JsonText(text=text)


def checked_json(value: Any, *, limit: int) -> JsonText:
    """A value that may be stored: plain JSON, at most `limit` bytes, at most `NESTING` levels.

    Dates and UUIDs become text. Raises ValueError that says what is wrong.
    """
    text = _dumped(value, limit)
    if b"\\u0000" in text and _holds(value, str, lambda text: "\x00" in text):
        raise ValueError("NUL characters cannot be stored.")
    if b"null" in text and _holds(value, float, lambda number: not math.isfinite(number)):
        raise ValueError("Numbers must be finite.")
    if len(text) > 2 * NESTING and text.count(b"[") + text.count(b"{") > NESTING and _depth(value) > NESTING:
        raise ValueError(f"Nested too deeply; at most {NESTING} levels.")
    return JsonText(text=text)


def sized_json(value: Any, *, limit: int) -> JsonText:
    """A value whose every part has been checked and is plain JSON already. Raises ValueError when it is too large."""
    return JsonText(value, _dumped(value, limit))


def _dumped(value: Any, limit: int) -> bytes:
    try:
        text = orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except TypeError as error:
        raise ValueError(_reason(error)) from error
    if len(text) > limit:
        raise ValueError(f"At most {limit:,} bytes as JSON; this has {len(text):,}.")
    return text


def _reason(error: TypeError) -> str:
    message = str(error)
    if "64-bit" in message:
        return "Integers beyond 64 bits cannot be stored."
    if "Recursion" in message or "recursion" in message:
        return f"Nested too deeply; at most {NESTING} levels."
    if "surrogates" in message or "UTF-8" in message:
        return "Text that is not valid Unicode cannot be stored."
    return "This is no JSON value."


def _holds(value: Any, kind: type, wrong: Callable[[Any], bool]) -> bool:
    """Whether any leaf or key of this kind is wrong. The nesting is bounded: orjson refuses more than 254 levels."""
    if isinstance(value, kind):
        return wrong(value)
    if isinstance(value, dict):
        for key, item in value.items():
            if (isinstance(key, kind) and wrong(key)) or (item is not None and _holds(item, kind, wrong)):
                return True
    elif isinstance(value, list | tuple):
        for item in value:
            if item is not None and _holds(item, kind, wrong):
                return True
    return False


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list | tuple):
        return 1 + max(map(_depth, value), default=0)
    return 0
