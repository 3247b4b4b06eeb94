"""A strict JSON parser: what cannot be kept or would break things later is refused here, and where it stands.

Good input is looked at as bytes, by C code, and never walked.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.parsers import BaseParser

from contracts.errors import BadRequest, TooLarge
from contracts.rendering import JSONRenderer

MAX_DEPTH = 100
"""Levels of lists and objects in each other."""
NAMED = 1024 * 1024
"""Bytes of a body up to which an error in it names the field too; in a larger one line and column must do."""

PART = 1024 * 1024
"""Bytes that are unpacked at a time."""

OF_THE_PAGE = frozenset({"csrfmiddlewaretoken"})
"""Fields that a form of the browsable API sends besides what it is about."""

_LEVELS = bytes.maketrans(b"{}", b"[]")
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))
_QUOTED = re.compile(rb'"[^"]*"')
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19
_END_OF_DIGITS = re.compile(rb"\d*")
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class JSONParser(BaseParser):
    """`application/json` whose top is an object. Raises BadRequest or TooLarge."""

    media_type = "application/json"
    renderer_class = JSONRenderer  # for the editor of the browsable pages
    top: type = dict
    top_name = "an object"

    def load(self, body: bytes) -> Any:
        return loads(body)

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        value = self.load(_unpacked(_read(stream, parser_context), parser_context))
        if not isinstance(value, self.top):
            raise BadRequest(f"The body must be {self.top_name}")
        return value


class JSONListParser(JSONParser):
    """`application/json` whose top is a list."""

    top = list
    top_name = "a list"


class JSONRowsParser(JSONParser):
    """Of a body that holds rows, each of which is checked for itself: one that cannot be stored sinks no other."""

    def load(self, body: bytes) -> Any:
        return loads_unchecked(body)


class JSONPatchParser(JSONListParser):
    """RFC 6902."""

    media_type = "application/json-patch+json"
    top_name = "a list of JSON Patch operations"


def loads(body: bytes) -> Any:
    """Strict JSON. Raises BadRequest, which names line and column (both from 1), for what is malformed,
    not UTF-8, nested deeper than MAX_DEPTH, holds NUL or an integer beyond 64 bits; the last two name the field too.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _malformed(body, error) from None
    _refuse_depth(body)
    _refuse_nul(body, value)
    _refuse_huge_integers(body)
    return value


def loads_unchecked(body: bytes) -> Any:
    """The same for those who check each value: NUL, half a surrogate pair, numbers that are infinite and integers
    beyond 64 bits are let in. An integer that is too long to be worth reading is another beyond 64 bits.
    """
    try:
        return loads(body)
    except BadRequest as error:
        refusal = error
    try:
        value = json.loads(body.decode(), parse_int=_bounded, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise refusal from None
    _refuse_depth(body)
    return value


def _bounded(digits: str) -> int:
    whole = _whole(digits)
    return 2**64 if isinstance(whole, _Huge) else whole


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _read(stream: IO[bytes], context: Mapping[str, Any] | None) -> bytes:
    """The whole body. Raises TooLarge, before reading where the length is said, else as soon as it shows."""
    limit: int = settings.BODY_LIMIT
    request = (context or {}).get("request")
    declared = str(request.META.get("CONTENT_LENGTH", "") if request is not None else "")
    if not (declared.isdigit() and int(declared) > limit):
        body = stream.read(limit + 1)
        if len(body) <= limit:
            return body
    raise TooLarge(f"The body is larger than {limit} bytes", limit=limit)


def _unpacked(body: bytes, context: Mapping[str, Any] | None) -> bytes:
    """The body without its `Content-Encoding`. Raises TooLarge, BadRequest, UnsupportedMediaType."""
    return b"".join(unpacked([body])) if is_packed((context or {}).get("request")) else body


def is_packed(request: Any) -> bool:
    """Whether the `Content-Encoding` of a request's body is gzip. Raises UnsupportedMediaType for another."""
    encoding = str(request.META.get("HTTP_CONTENT_ENCODING", "") if request is not None else "").strip().lower()
    if encoding in {"", "identity"}:
        return False
    if encoding not in {"gzip", "x-gzip"}:
        raise UnsupportedMediaType(encoding, detail=f"The body's encoding '{encoding}' is not gzip")
    return True


def unpacked(packed: Iterable[bytes]) -> Iterator[bytes]:
    """What is in a gzip, a part at a time. Raises BadRequest where it is damaged, TooLarge beyond BODY_LIMIT bytes."""
    limit: int = settings.BODY_LIMIT
    left = limit
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    for chunk in packed:
        rest, is_full = chunk, True
        while is_full:
            try:
                part = unpacking.decompress(rest, PART)
            except zlib.error:
                raise BadRequest("The body is not the gzip that its Content-Encoding says it is") from None
            left -= len(part)
            if left < 0:
                raise TooLarge(f"The body is larger than {limit} bytes when it is unpacked", limit=limit)
            yield part
            rest, is_full = unpacking.unconsumed_tail, len(part) == PART
        if unpacking.unused_data:
            break
    if not unpacking.eof or unpacking.unused_data:
        raise BadRequest("The body's gzip is cut off, or more follows it")


def _malformed(body: bytes, error: orjson.JSONDecodeError) -> BadRequest:
    if not body.strip():
        return BadRequest("The body is empty; JSON was expected")
    try:
        body.decode()
    except UnicodeDecodeError as unreadable:
        return _at(body, unreadable.start, "The body is not UTF-8")
    if any(word in error.msg for word in ("allocate", "ecursion", "depth limit")):
        return BadRequest(f"The body is nested deeper than {MAX_DEPTH} levels")
    return BadRequest(
        f"The body is not valid JSON: {error.msg} at line {error.lineno} column {error.colno}",
        line=error.lineno,
        column=error.colno,
    )


def _at(body: bytes, position: int, words: str, fields: Mapping[str, list[str]] | None = None) -> BadRequest:
    line = body.count(b"\n", 0, position) + 1
    column = position - body.rfind(b"\n", 0, position)
    return BadRequest(f"{words} at line {line} column {column}", fields=fields, line=line, column=column)


def _path_to(value: Any, is_wrong: Callable[[Any], bool]) -> str:
    """The field that holds the first wrong value, as `schema.0.name`; where a name is wrong, what it is in."""
    waiting = [("", value)]
    while waiting:
        path, found = waiting.pop()
        inside = list(found.items() if isinstance(found, dict) else enumerate(found if isinstance(found, list) else ()))
        if is_wrong(found) or any(is_wrong(name) for name, _ in inside):
            return path
        waiting += [(f"{path}.{name}" if path else str(name), inner) for name, inner in reversed(inside)]
    return ""


def _named(body: bytes, path: Callable[[], str], words: str) -> dict[str, list[str]]:
    where = path() if len(body) <= NAMED else ""
    return {where: [words]} if where else {}


def _refuse_nul(body: bytes, value: Any) -> None:
    found = _NUL.search(body) if b"\\u0000" in body else None
    if found:
        words = "This holds a NUL character, which cannot be stored."
        fields = _named(body, lambda: _path_to(value, lambda text: isinstance(text, str) and "\x00" in text), words)
        raise _at(body, found.end() - 6, "The body holds a NUL character, which cannot be stored,", fields)


class _Huge:
    """An integer beyond 64 bits."""


def _whole(digits: str) -> int | _Huge:
    text = digits.encode()
    return int(digits) if _fits(text, len(text) - len(text.lstrip(b"-")), len(text)) else _Huge()


def _path_to_huge(body: bytes) -> str:
    return _path_to(json.loads(body, parse_int=_whole), lambda value: isinstance(value, _Huge))


def _refuse_huge_integers(body: bytes) -> None:
    """orjson would turn them into floats: close to what was sent, but not it."""
    digits = body.translate(_DIGITS)
    at = digits.find(_LONG)
    plain, seen, in_string = b"", 0, False
    while at >= 0:
        end = _END_OF_DIGITS.match(body, at).end()  # type: ignore[union-attr]
        plain = plain or body.replace(b"\\\\", b"__").replace(b'\\"', b"__")
        in_string ^= bool(plain.count(b'"', seen, at) % 2)
        seen = at
        if not in_string and not _part_of_a_float(body, at, end) and not _fits(body, at, end):
            fields = _named(body, lambda: _path_to_huge(body), "This is an integer beyond 64 bits.")
            raise _at(body, at, "The body holds an integer beyond 64 bits", fields)
        at = digits.find(_LONG, end)


def _part_of_a_float(body: bytes, start: int, end: int) -> bool:
    before = body[max(0, start - 2) : start].rstrip(b"+-")
    return body[end : end + 1] in {b".", b"e", b"E"} or before[-1:] in {b".", b"e", b"E"}


def _fits(body: bytes, start: int, end: int) -> bool:
    """Whether the digits, with the sign before them, are a signed 64-bit integer."""
    if end - start > len(_LONG):
        return False
    number = int(body[start:end])
    return number < 2**63 or (number == 2**63 and body[start - 1 : start] == b"-")


def _refuse_depth(body: bytes) -> None:
    """Keep nothing but brackets, then take away the innermost pairs, level by level."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Two strings side by side become one, so that the slow substitution sees few.
    brackets = _QUOTED.sub(b"", body.translate(_LEVELS, _NOT_STRUCTURE).replace(b'""', b""))
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
        if not brackets:
            return
    raise BadRequest(f"The body is nested deeper than {MAX_DEPTH} levels")
