"""A multipart form that came whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import MultiPartParser

from contracts.errors import BadRequest


class _Watched:
    """A stream that remembers its last bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.tail = b""

    def read(self, size: int = -1) -> bytes:
        chunk = self.stream.read(size)
        self.tail = (self.tail + chunk)[-256:]
        return chunk


class WholeMultiPartParser(MultiPartParser):
    """Refuses a body that ends before its last boundary: Django takes what came for the whole."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        watched = _Watched(stream)
        found = super().parse(watched, media_type, parser_context)  # type: ignore[arg-type]
        if not watched.tail.rstrip(b"\r\n").endswith(b"--"):
            raise BadRequest("The body ends before its last part does")
        return found
