"""A multipart form that came whole, and of which nothing is dropped or replaced in silence."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from typing import IO, Any

from django.utils.http import parse_header_parameters
from rest_framework.parsers import MultiPartParser

from contracts.errors import BadRequest

_HEADER = 16 * 1024
"""Bytes of a part's header that are looked at; Django refuses one that is far shorter."""


class _Watched:
    """A stream that remembers its last bytes, and looks at the parts of the form that goes through it.

    Django passes over a part whose header is not UTF-8, and puts U+FFFD into a field's text that is not.
    """

    def __init__(self, stream: IO[bytes], boundary: str) -> None:
        self.stream = stream
        self.tail = b""
        self.parts = 0
        self.problem = ""
        self._delimiter = b"--" + boundary.encode("ascii", "replace")
        self._rest = b""
        self._step: Callable[[], bool] = self._body
        self._name = ""
        self._text: codecs.IncrementalDecoder | None = None

    def read(self, size: int = -1) -> bytes:
        chunk = self.stream.read(size)
        self.tail = (self.tail + chunk)[-256:]
        self._rest += chunk
        while self._step():
            pass
        return chunk

    def _body(self) -> bool:
        """What stands before a delimiter: the text of a field is looked at, a file is not."""
        body, found, after = self._rest.partition(self._delimiter)
        if not found:
            kept = len(self._delimiter) - 1
            body, after = self._rest[:-kept], self._rest[-kept:]
        if self._text is not None:
            try:
                self._text.decode(body, final=bool(found))
            except UnicodeDecodeError:
                self._refuse(f"The part '{self._name}' of the form is not UTF-8")
                self._text = None
        self._rest = after
        if found:
            self._step = self._head
        return bool(found)

    def _head(self) -> bool:
        header, found, after = self._rest.partition(b"\r\n\r\n")
        if self._rest.startswith(b"--") or len(header) > _HEADER:
            self._step = self._end
            return True
        if not found:
            return False
        self.parts += 1
        self._name, is_text = _about(header.decode(errors="replace"))
        self._name = self._name or str(self.parts)
        self._text = codecs.getincrementaldecoder("utf-8")() if is_text else None
        try:
            header.decode()
        except UnicodeDecodeError:
            self._refuse(f"The header of the part '{self._name}' of the form is not UTF-8")
        self._rest, self._step = after, self._body
        return True

    def _end(self) -> bool:
        self._rest = b""
        return False

    def _refuse(self, problem: str) -> None:
        self.problem = self.problem or problem


def _about(header: str) -> tuple[str, bool]:
    """The name of a part, and whether it is a field's text."""
    for line in header.split("\r\n"):
        try:
            name, parameters = parse_header_parameters(line)
        except ValueError:
            continue
        if name.startswith("content-disposition:"):
            return parameters.get("name", "").strip(), not parameters.get("filename")
    return "", False


class WholeMultiPartParser(MultiPartParser):
    """Refuses a body that ends before its last boundary, which Django takes for the whole, and parts that would be
    dropped or altered."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        request = (parser_context or {})["request"]
        boundary = parse_header_parameters(request.META.get("CONTENT_TYPE", ""))[1].get("boundary", "")
        watched = _Watched(stream, boundary)
        found = super().parse(watched, media_type, parser_context)  # type: ignore[arg-type]
        if not watched.tail.rstrip(b"\r\n").endswith(b"--"):
            raise BadRequest("The body ends before its last part does")
        if watched.problem:
            raise BadRequest(watched.problem)
        kept = sum(len(values) for part in (found.data, found.files) for _, values in part.lists())
        if kept < watched.parts:
            raise BadRequest("A part of the form has no name, or is a file whose name cannot be one")
        return found
