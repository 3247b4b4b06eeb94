"""Bodies that carry an artifact: JSON whose `content` is kept byte by byte, and multipart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework.parsers import DataAndFiles

from contracts.errors import BadRequest, TooLarge
from contracts.parsing import JSONParser, loads
from registry.api.whole import WholeMultiPartParser

ENVELOPE = 1024 * 1024
"""Bytes that a body may have besides the artifact itself."""


class Raw(bytes):
    """The bytes of `content` as they stood in the body."""


class ArtifactJSONParser(JSONParser):
    """`application/json`, an object; its `content` stays the bytes it was sent as."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = _whole(stream, parser_context)
        try:
            fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            loads(body)  # says what is wrong and where
            raise BadRequest("The body must be an object") from None
        content = fields.pop("content", None)
        rest = {name: loads(bytes(raw)) for name, raw in fields.items()}
        return rest if content is None else {**rest, "content": _bytes_of(bytes(content))}


class ArtifactMultiPartParser(WholeMultiPartParser):
    """`multipart/form-data`; one that says it is too long is refused before it is read."""

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> DataAndFiles[Any, Any]:
        _refuse_length(parser_context)
        found: DataAndFiles[Any, Any] = super().parse(stream, media_type, parser_context)
        return found


def _bytes_of(raw: bytes) -> Raw | None:
    """A text is the document itself (XML, tag-value); null is none; anything else is JSON as it stands."""
    if raw.startswith(b'"'):
        text: str = loads(raw)
        return Raw(text.encode())
    return None if raw == b"null" else Raw(raw)


def _limit() -> int:
    return int(settings.ARTIFACT_LIMIT) + ENVELOPE


def _refuse_length(context: Mapping[str, Any] | None) -> None:
    request = (context or {}).get("request")
    declared = str(request.META.get("CONTENT_LENGTH", "") if request is not None else "")
    if declared.isdigit() and int(declared) > _limit():
        raise TooLarge(f"An artifact may have {settings.ARTIFACT_LIMIT} bytes", limit=settings.ARTIFACT_LIMIT)


def _whole(stream: IO[bytes], context: Mapping[str, Any] | None) -> bytes:
    _refuse_length(context)
    body = stream.read(_limit() + 1)
    if len(body) > _limit():
        raise TooLarge(f"An artifact may have {settings.ARTIFACT_LIMIT} bytes", limit=settings.ARTIFACT_LIMIT)
    return body
