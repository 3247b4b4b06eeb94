"""Bodies of publishing: a multipart form that must be whole, JSON with a long list in it, or bytes as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from io import BufferedReader, RawIOBase, TextIOWrapper
from typing import IO, Any

from django.conf import settings
from django.utils.datastructures import MultiValueDict
from rest_framework.parsers import BaseParser

from catalog.json_stream import Damaged, JSONStream
from contracts.errors import BadRequest, TooLarge
from contracts.parsing import PART, JSONParser, is_packed, loads, unpacked
from registry.api.whole import WholeMultiPartParser
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


class PublicationMultiPartParser(WholeMultiPartParser):
    """One that says it is too long is refused before it is read."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        most = settings.UPLOAD_LIMIT + OVERHEAD
        if declared_length((parser_context or {}).get("request")) > most:
            raise TooLarge(f"The body is larger than {most} bytes", limit=settings.UPLOAD_LIMIT)
        return super().parse(stream, media_type, parser_context)


class PublicationParser(JSONParser):
    """A JSON object whose `dependencies` are left on the disk where the body is large: they come as a SpecFile.

    The view has the handler that takes them. A gzip body counts as large: nothing tells before what is in it.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        context = parser_context or {}
        request, view = context["request"], context["view"]
        packed = is_packed(request)
        if declared_length(request) <= LARGE and not packed:
            return super().parse(stream, media_type, parser_context)
        parts = _parts(stream, request)
        whole = BufferedReader(_Joined(unpacked(parts) if packed else parts), PART)
        body = TextIOWrapper(whole, encoding="utf-8", newline="")
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
                listed = on_the_disk(stream.items(), handler)
            else:
                small[name] = stream.value()
            more = stream.take(",")
            if not more and not stream.take("}"):
                raise Damaged("The JSON is cut off or damaged")
        if stream.peek():
            raise Damaged("more follows the object")
        found = _strict(small)
        return found if listed is None else {**found, "dependencies": listed}


def on_the_disk(items: Iterable[Any], handler: ContentUploadHandler) -> SpecFile:
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


def _parts(stream: IO[bytes], request: Any) -> Iterator[bytes]:
    """The body as it comes. Raises TooLarge as soon as it shows that it is larger than BODY_LIMIT."""
    limit: int = settings.BODY_LIMIT
    refused = TooLarge(f"The body is larger than {limit} bytes", limit=limit)
    if declared_length(request) > limit:
        raise refused
    left = limit
    while part := stream.read(PART):
        left -= len(part)
        if left < 0:
            raise refused
        yield part


class _Joined(RawIOBase):
    """Bytes that come in parts, as a file."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._rest = memoryview(part)
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


class OctetStreamParser(BaseParser):
    """The body as it is, unread."""

    media_type = "*/*"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> MultiValueDict[str, Any]:
        return MultiValueDict({"stream": [stream]})
