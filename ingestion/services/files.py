"""Files of rows, near or far, read as streams: json, ndjson, csv, each also gzip."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import httpx
from django.conf import settings

from contracts.errors import DomainError, Invalid, NotFound, Unavailable
from ingestion.outbound import http_client
from ingestion.services.objects import check_object, open_object

FORMATS = ("json", "ndjson", "csv")
CHUNK = 256 * 1024
ROW_LIMIT = 16 * 1024 * 1024
"""Bytes (characters of JSON) of one row; a longer one is taken for a file of another kind."""


@dataclass(slots=True)
class Opened:
    """A stream of bytes as stored. `size` is in bytes, None where it is not known."""

    stream: io.BufferedReader
    size: int | None
    position: Callable[[], int]


def check_location(source: str) -> None:
    """Raise Invalid unless a file may be read from there."""
    try:
        parts = urlsplit(source)
    except ValueError:
        raise Invalid(fields={"payload.source": ["It must be a URL."]}) from None
    if parts.scheme == "file":
        _import_path(source)
    elif parts.scheme == "s3":
        check_object(source)
    elif parts.scheme != "https" or not parts.hostname:
        reason = "It must begin with https://, s3:// or file:// (below the import folder)."
        raise Invalid(fields={"payload.source": [reason]})
    elif parts.username is not None or parts.password is not None:
        raise Invalid(fields={"payload.source": ["It must not hold a user name or a password."]})


@contextmanager
def open_location(source: str) -> Iterator[Opened]:
    """The file's bytes as a stream. Raises Invalid, NotFound, Unavailable, and the guard's errors."""
    if urlsplit(source).scheme == "file":
        path = _import_path(source)
        try:
            stream = path.open("rb")
        except OSError as error:
            raise NotFound(f"The file cannot be read: {error.strerror}", code="FILE_NOT_FOUND") from None
        with stream:
            yield Opened(stream, path.stat().st_size, stream.tell)
        return
    if urlsplit(source).scheme == "s3":
        with open_object(source) as (chunks, length):
            stored = _ChunkReader(chunks)
            yield Opened(io.BufferedReader(stored, CHUNK), length, lambda: stored.count)
        return
    try:
        with http_client() as client, client.stream("GET", source) as response:
            if response.status_code != 200:
                raise Unavailable(f"The server answered with {response.status_code}", code="DOWNLOAD_FAILED")
            size = response.headers.get("Content-Length", "")
            reader = _ChunkReader(response.iter_bytes(CHUNK))
            yield Opened(io.BufferedReader(reader, CHUNK), int(size) if size.isdigit() else None, lambda: reader.count)
    except httpx.HTTPError as error:
        raise Unavailable(f"The download failed: {error.__class__.__name__}", code="DOWNLOAD_FAILED") from None


def rows_of(opened: Opened, kind: str) -> Iterator[Any]:
    """The file's rows. A gzip stream is told by its first bytes. Raises Invalid where it cannot be read."""
    packed = opened.stream.peek(2)[:2] == b"\x1f\x8b"
    raw = io.BufferedReader(gzip.GzipFile(fileobj=opened.stream)) if packed else opened.stream
    text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
    readers = {"json": _json_rows, "ndjson": _ndjson_rows, "csv": _csv_rows}
    try:
        yield from readers[kind](text)
    except UnicodeDecodeError:
        raise Invalid("The file is not text in UTF-8", code="BAD_FILE") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise Invalid("The gzip file is damaged or cut off", code="BAD_FILE") from None
    finally:
        text.detach()  # else it closes the stream, which is not ours


def _json_rows(text: IO[str]) -> Iterator[Any]:
    """The elements of a JSON list, or of the list `assets` that an object begins with; one at a time."""
    decoder, buffer, ended = json.JSONDecoder(), text.read(CHUNK).lstrip(), False
    if buffer.startswith("{"):
        key, colon, rest = buffer[1:].lstrip().partition(":")
        if key.strip() != '"assets"' or not colon:
            raise _bad("The file must be a JSON list, or an object that begins with the list `assets`")
        buffer = rest.lstrip()
    if not buffer.startswith("["):
        raise _bad("The file must be a JSON list, or an object that begins with the list `assets`")
    buffer = buffer[1:]
    while True:
        buffer = buffer.lstrip().removeprefix(",").lstrip()
        if buffer.startswith("]"):
            return
        try:
            value, end = decoder.raw_decode(buffer)
            if end == len(buffer) and not ended:
                raise json.JSONDecodeError("more to come", buffer, end)  # a number may go on in the next chunk
        except (json.JSONDecodeError, RecursionError) as error:
            more = "" if isinstance(error, RecursionError) else text.read(max(CHUNK, len(buffer)))
            if not more and (ended or not buffer or isinstance(error, RecursionError)):
                raise _bad("The JSON is cut off or damaged") from None
            if len(buffer) > ROW_LIMIT:
                raise _bad(
                    f"A row of the file has more than {ROW_LIMIT:,} characters, or the JSON is damaged"
                ) from None
            ended = not more
            buffer += more
            continue
        yield value
        buffer = buffer[end:]


def _ndjson_rows(text: IO[str]) -> Iterator[Any]:
    number = 0
    while line := text.readline(ROW_LIMIT):
        number += 1
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            raise _bad(f"Line {number} is not JSON") from None


_JSON_COLUMNS = ("metadata", "schema")


def _csv_rows(text: IO[str]) -> Iterator[dict[str, Any]]:
    """Rows by the names in the first line. `metadata` and `schema` hold JSON, `tags` names with `;` between."""
    try:
        for row in csv.DictReader(text, strict=True):
            if None in row:
                raise _bad("A line of the CSV has more fields than its first line")
            filled = {name: value for name, value in row.items() if value not in ("", None)}
            for name in _JSON_COLUMNS:
                if name in filled:
                    filled[name] = json.loads(filled[name])
            if "tags" in filled:
                filled["tags"] = [tag.strip() for tag in filled["tags"].split(";") if tag.strip()]
            yield filled
    except csv.Error as error:
        raise _bad(f"The CSV cannot be read: {error}") from None
    except (ValueError, RecursionError):
        raise _bad("`metadata` and `schema` must hold JSON") from None


def _bad(message: str) -> DomainError:
    return Invalid(message, code="BAD_FILE")


def _import_path(source: str) -> Path:
    """The file of a `file://` URL, which must be below the import folder."""
    parts = urlsplit(source)
    folder = Path(settings.IMPORT_DIR).resolve()
    path = (folder / unquote(parts.netloc + parts.path).lstrip("/")).resolve()
    whole = Path(unquote(parts.path)).resolve()
    if whole.is_relative_to(folder) and not parts.netloc:
        path = whole
    if not path.is_relative_to(folder):
        raise Invalid(fields={"payload.source": ["A file must be below the import folder (IMPORT_DIR)."]})
    return path


class _ChunkReader(io.RawIOBase):
    """A download as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            try:
                self._left = next(self._chunks)
            except StopIteration:
                return 0
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        self.count += len(part)
        return len(part)
