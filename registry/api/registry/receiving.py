"""Bodies of publishing: a multipart form that must be whole, JSON with a long list in it, or bytes as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from io import BufferedReader, RawIOBase, TextIOWrapper
from typing import IO, Any, NoReturn

from django.conf import settings
from django.utils.datastructures import MultiValueDict
from rest_framework.parsers import BaseParser, MultiPartParser

from catalog.json_stream import Damaged, JSONStream
from contracts.errors import BadRequest, TooLarge
from contracts.parsing import JSONParser, loads
from registry.receiving import ContentUploadHandler
from registry.services.spec_files import SpecFile

OVERHEAD = 80 * 1024 * 1024
"""Bytes of a multipart body besides its files: its fields, which may hold many dependencies, and its boundaries."""


LARGE = 1024 * 1024
"""Bytes of a JSON body that is not held as a whole."""


def declared_length(request: Any) -> int:
    """What the request says of its body's length; 0 where it says nothing."""
    declared = str(request.META.get("CONTENT_LENGTH", "") if request is not None else "")
    return int(declared) if declared.isdigit() else 0


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
        most = settings.UPLOAD_LIMIT + OVERHEAD
        if declared_length((parser_context or {}).get("request")) > most:
            raise TooLarge(f"The body is larger than {most} bytes", limit=settings.UPLOAD_LIMIT)
        watched = _Watched(stream)
        found = super().parse(watched, media_type, parser_context)  # type: ignore[arg-type]
        if not watched.tail.rstrip(b"\r\n").endswith(b"--"):
            raise BadRequest("The body ends before its last part does")
        return found


class PublicationParser(JSONParser):
    """A JSON object whose `dependencies` are left on the disk where the body is large: they come as a SpecFile.

    The view has the handler that takes them. A body that is gzip is unpacked in memory, whatever is in it.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        context = parser_context or {}
        request, view = context["request"], context["view"]
        if declared_length(request) <= LARGE or request.META.get("HTTP_CONTENT_ENCODING"):
            return super().parse(stream, media_type, parser_context)
        body = TextIOWrapper(BufferedReader(_Limited(stream, request)), encoding="utf-8", newline="")
        try:
            return self._read(JSONStream(body), view.handler)
        except UnicodeDecodeError:
            raise BadRequest("The body is not UTF-8") from None
        except Damaged as error:
            raise BadRequest(f"The body is not valid JSON: {error}") from None

    def _read(self, stream: JSONStream, handler: ContentUploadHandler) -> dict[str, Any]:
        if not stream.take("{"):
            raise BadRequest(f"The body must be {self.top_name}")
        small: dict[str, Any] = {}
        listed: SpecFile | None = None
        more = not stream.take("}")
        while more:
            name = stream.value()
            if not isinstance(name, str) or not stream.take(":"):
                raise Damaged("The JSON is cut off or damaged")
            if name == "dependencies" and stream.take("["):
                listed = _on_the_disk(stream.items(), handler)
            else:
                small[name] = stream.value()
            more = stream.take(",")
            if not more and not stream.take("}"):
                raise Damaged("The JSON is cut off or damaged")
        if stream.peek():
            raise Damaged("more follows the object")
        found = _strict(small)
        return found if listed is None else {**found, "dependencies": listed}


def _on_the_disk(items: Iterable[Any], handler: ContentUploadHandler) -> SpecFile:
    """A list as a file, which goes when the request ends."""
    incoming = handler.begin()
    before = "["
    for item in items:
        incoming.write(f"{before}{json.dumps(item)}".encode())
        before = ","
    incoming.write(b"]" if before == "," else b"[]")
    incoming.finish()
    return SpecFile(incoming.path)


def _strict(value: dict[str, Any]) -> dict[str, Any]:
    """What the parser of small bodies would have made of it. Where something stands is not known any more."""
    try:
        text = json.dumps(value, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise Damaged(str(error)) from None
    try:
        found: dict[str, Any] = loads(text)
    except BadRequest as error:
        raise BadRequest(error.message.partition(" at line ")[0].rstrip(",")) from None
    return found


class _Limited(RawIOBase):
    """A body that may not be larger than BODY_LIMIT. Reading it raises TooLarge as soon as that shows."""

    def __init__(self, stream: IO[bytes], request: Any) -> None:
        self._stream = stream
        self._left: int = settings.BODY_LIMIT
        if declared_length(request) > self._left:
            self._refuse()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._stream.read(len(buffer))
        self._left -= len(chunk)
        if self._left < 0:
            self._refuse()
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _refuse(self) -> NoReturn:
        raise TooLarge(f"The body is larger than {settings.BODY_LIMIT} bytes", limit=settings.BODY_LIMIT)


class OctetStreamParser(BaseParser):
    """The body as it is, unread."""

    media_type = "*/*"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> MultiValueDict[str, Any]:
        return MultiValueDict({"stream": [stream]})
