"""Lists of specs that are too long to be held: JSON in a file, read from its beginning each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog.json_stream import Damaged, JSONStream
from contracts.errors import Invalid


class SpecFile:
    """A JSON list in a file; what is in it need not be specs. Reading it raises Invalid where it is no list."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __iter__(self) -> Iterator[Any]:
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as text:
                stream = JSONStream(text)
                if not stream.take("["):
                    raise _bad("This must be a JSON list of specs.")
                yield from stream.items()
                if stream.peek():
                    raise _bad("More follows the list.")
        except UnicodeDecodeError:
            raise _bad("The list is not text in UTF-8.") from None
        except Damaged as error:
            raise _bad(f"{error}.") from None

    def __bool__(self) -> bool:
        return any(True for _ in self)


def _bad(words: str) -> Invalid:
    return Invalid(fields={"dependencies": [words]})
