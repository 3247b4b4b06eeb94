"""Files of rows, near or far, read as streams: json, ndjson, csv, each also gzip."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import httpx
from django.conf import settings

from catalog.files import rows_of_text
from catalog.json_stream import CHUNK
from contracts.errors import Invalid, NotFound, Unavailable
from ingestion.guard import Blocked, Unresolvable
from ingestion.outbound import http_client
from ingestion.services.apart import apart
from ingestion.services.objects import check_object, open_object


@dataclass(slots=True)
class Opened:
    """A stream of bytes as stored. `size` is in bytes, None where it is not known."""

    stream: io.BufferedReader
    size: int | None
    position: Callable[[], int]


def check_location(source: str) -> None:
    """Raise Invalid unless a file may be read from there."""
    parts = _parts_of(source)
    if parts.scheme == "file":
        _import_path(source)
    elif parts.scheme == "s3":
        check_object(source)
    elif parts.scheme != "https" or not parts.hostname:
        reason = "It must begin with https://, s3:// or file:// (below the import folder)."
        raise Invalid(fields={"payload.source": [reason]})
    elif parts.username is not None or parts.password is not None:
        raise Invalid(fields={"payload.source": ["It must not hold a user name or a password."]})


def _parts_of(source: str) -> SplitResult:
    """Raises Invalid for what is no URL, or names a port or a host that there cannot be."""
    refusal = Invalid(fields={"payload.source": ["It must be a URL."]})
    if "\x00" in unquote(source):
        raise refusal
    try:
        parts = urlsplit(source)
        _ = parts.port, httpx.URL(source).host
    except (ValueError, httpx.InvalidURL):
        raise refusal from None
    return parts


@contextmanager
def open_location(source: str, *, check: Callable[[], None]) -> Iterator[Opened]:
    """The file's bytes as a stream. While they are awaited from elsewhere `check` is called, which may end it.

    Raises Invalid, also where the guard lets nobody go, NotFound, Unavailable.
    """
    if urlsplit(source).scheme == "file":
        path = _import_path(source)
        try:
            stream = path.open("rb")
        except OSError as error:
            raise NotFound(f"The file cannot be read: {error.strerror}", code="FILE_NOT_FOUND") from None
        with stream:
            yield Opened(stream, path.stat().st_size, stream.tell)
        return
    work = _object if urlsplit(source).scheme == "s3" else _download
    with closing(apart(lambda _: work(source), check=check)) as pieces:
        size, content = next(pieces)
        reader = _PieceReader(content, pieces)
        yield Opened(io.BufferedReader(reader, CHUNK), size, lambda: reader.count)


def _object(source: str) -> Generator[tuple[int | None, bytes]]:
    """As `_download`, of an object in S3."""
    with open_object(source) as (chunks, length):
        yield length, b""
        for chunk in chunks:
            yield length, chunk


def _download(source: str) -> Generator[tuple[int | None, bytes]]:
    """The pieces of a file as they come, which may be slowly, each with the size of the whole; the first is empty."""
    try:
        with http_client() as client, client.stream("GET", source) as response:
            if response.status_code != 200:
                how = "; redirects are not followed" if response.is_redirect else ""
                raise Unavailable(f"The server answered with {response.status_code}{how}", code="DOWNLOAD_FAILED")
            told = response.headers.get("Content-Length", "")
            size = int(told) if told.isdecimal() else None
            yield size, b""
            for chunk in response.iter_bytes():
                yield size, chunk
    except Blocked as error:
        raise Invalid(error.message, code="BLOCKED") from None
    except Unresolvable as error:
        raise Unavailable(error.message, code="DOWNLOAD_FAILED") from None
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise Unavailable(f"The download failed: {reason}", code="DOWNLOAD_FAILED") from None


def rows_of(opened: Opened, kind: str) -> Iterator[Any]:
    """The file's rows. A gzip stream is told by its first bytes. Raises Invalid where it cannot be read."""
    packed = opened.stream.peek(2)[:2] == b"\x1f\x8b"
    raw = io.BufferedReader(gzip.GzipFile(fileobj=opened.stream)) if packed else opened.stream
    text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
    try:
        yield from rows_of_text(text, kind)
    except UnicodeDecodeError:
        raise Invalid("The file is not text in UTF-8", code="BAD_FILE") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise Invalid("The gzip file is damaged or cut off", code="BAD_FILE") from None
    finally:
        text.detach()  # else it closes the stream, which is not ours


def _import_path(source: str) -> Path:
    """The file of a `file://` URL, which must be below the import folder."""
    parts = urlsplit(source)
    folder = Path(settings.IMPORT_DIR).resolve()
    try:
        path = (folder / unquote(parts.netloc + parts.path).lstrip("/")).resolve()
        whole = Path(unquote(parts.path)).resolve()
    except (OSError, RuntimeError):  # a link to itself
        raise Invalid(fields={"payload.source": ["There is no such file."]}) from None
    if whole.is_relative_to(folder) and not parts.netloc:
        path = whole
    if not path.is_relative_to(folder):
        raise Invalid(fields={"payload.source": ["A file must be below the import folder (IMPORT_DIR)."]})
    return path


class _PieceReader(io.RawIOBase):
    """A download as a file."""

    def __init__(self, first: bytes, pieces: Iterator[tuple[int | None, bytes]]) -> None:
        self._left = first
        self._pieces = pieces
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            try:
                _, self._left = next(self._pieces)
            except StopIteration:
                return 0
        part, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(part)] = part
        self.count += len(part)
        return len(part)
