"""JSON read as a stream: one value in memory at a time, however long the list that it stands in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any

CHUNK = 256 * 1024
"""Characters that are read at a time."""
VALUE_LIMIT = 16 * 1024 * 1024
"""Characters of one value; a longer one is taken for damage."""

_SPACE = re.compile(r"[ \t\n\r]*")


class Damaged(ValueError):
    """What was read is not JSON; its text is a sentence without its full stop."""


class JSONStream:
    """Takes a text apart from its beginning: `take` a bracket, then its `items`, or a `value` as a whole."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._decoder = json.JSONDecoder()
        self._buffer, self._at, self._ended = "", 0, False

    def peek(self) -> str:
        """The next character that is no white space; nothing at the end."""
        while True:
            self._at = _SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if self._ended:
                return ""
            self._read()

    def take(self, character: str) -> bool:
        """Go on behind this character if it is the next one."""
        if self.peek() != character:
            return False
        self._at += 1
        return True

    def value(self) -> Any:
        """The next value, whatever it is. Raises Damaged."""
        while True:
            self.peek()
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
                if end < len(self._buffer) or self._ended:  # else a number may go on
                    self._at = end
                    return value
            except json.JSONDecodeError:
                if self._ended:
                    raise Damaged("The JSON is cut off or damaged") from None
            except RecursionError:
                raise Damaged("The JSON is nested too deep") from None
            except ValueError:  # what Python will not read as a whole number
                raise Damaged("The JSON holds a number of too many digits") from None
            if len(self._buffer) - self._at > VALUE_LIMIT:
                raise Damaged(f"A value has more than {VALUE_LIMIT:,} characters, or the JSON is damaged")
            self._read()

    def items(self) -> Iterator[Any]:
        """The elements of a list whose bracket was taken. Raises Damaged."""
        if self.take("]"):
            return
        yield self.value()
        while self.take(","):
            yield self.value()
        if not self.take("]"):
            raise Damaged("The JSON is cut off or damaged")

    def _read(self) -> None:
        rest = self._buffer[self._at :]
        more = self._text.read(max(CHUNK, len(rest)))
        self._buffer, self._at, self._ended = rest + more, 0, not more
