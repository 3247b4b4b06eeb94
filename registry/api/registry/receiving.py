"""Bodies of publishing: a multipart form that must be whole, or bytes as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.datastructures import MultiValueDict
from rest_framework.parsers import BaseParser, MultiPartParser

from contracts.errors import BadRequest, TooLarge

OVERHEAD = 80 * 1024 * 1024
"""Bytes of a multipart body besides its files: its fields, which may hold many dependencies, and its boundaries."""


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
        request = (parser_context or {}).get("request")
        declared = str(request.META.get("CONTENT_LENGTH", "") if request is not None else "")
        most = settings.UPLOAD_LIMIT + OVERHEAD
        if declared.isdigit() and int(declared) > most:
            raise TooLarge(f"The body is larger than {most} bytes", limit=settings.UPLOAD_LIMIT)
        watched = _Watched(stream)
        found = super().parse(watched, media_type, parser_context)  # type: ignore[arg-type]
        if not watched.tail.rstrip(b"\r\n").endswith(b"--"):
            raise BadRequest("The body ends before its last part does")
        return found


class OctetStreamParser(BaseParser):
    """The body as it is, unread."""

    media_type = "*/*"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> MultiValueDict[str, Any]:
        return MultiValueDict({"stream": [stream]})
