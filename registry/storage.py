"""Bytes by content: what is stored is named by its SHA-256, once, and never changes.

Below `DATA_DIR/files`, or in an S3 bucket where `STORAGE_URL` names one. Bytes are hashed while they
are written to a file that nobody else sees; `keep` puts it in its place in one step, so that content
is there whole or not at all. Memory stays constant, whatever the size.

    with receive() as incoming:
        incoming.write(chunk)
        stored = incoming.keep()          # without this, nothing stays behind
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Protocol
from uuid import uuid4

from django.conf import settings
from django.utils.module_loading import import_string

from contracts.errors import TooLarge, Unavailable
from registry.storage_local import LocalFiles

CHUNK = 1024 * 1024
"""Bytes that are read at a time."""
ABANDONED = 24 * 3600
"""Seconds after which an incoming file that nobody finished may be swept."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """Content in its place. `sha256` is hexadecimal, `size` in bytes, `path` its name within the storage."""

    sha256: str
    size: int
    path: str


class Backend(Protocol):
    """Where content is kept: `registry.storage_local` or `registry.storage_s3`."""

    def put(self, source: Path, path: str) -> None:
        """Move a finished file to its place, at once; harmless where the content is there already."""

    def exists(self, path: str) -> bool: ...

    def size(self, path: str) -> int: ...

    def open(self, path: str, start: int = 0) -> IO[bytes]:
        """The content from byte `start` on. Raises FileNotFoundError."""

    def delete(self, path: str) -> None: ...

    def walk(self) -> Iterator[tuple[str, float]]:
        """Every path there is, and when it was last put (epoch seconds)."""

    def put_at(self, path: str) -> float | None:
        """When it was last put (epoch seconds); None where it is not there."""

    def answers(self) -> bool:
        """Whether content can be put and read now."""

    def link(self, path: str, *, filename: str, content_type: str, seconds: int) -> str | None:
        """An address that a client may download from for a while; None where we serve it ourselves."""


class Incoming:
    """A file on its way in. Write to it, then `keep` or `discard` it."""

    def __init__(self, limit: int | None = None) -> None:
        folder = incoming_folder()
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{uuid4().hex}.part"
        self.limit = limit
        self.size = 0
        self._hash = hashlib.sha256()
        self._file: BinaryIO = self.path.open("xb")

    @property
    def sha256(self) -> str:
        """Of what was written so far, hexadecimal."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Raises TooLarge when the file grows over its limit, Unavailable when the disk is full."""
        self.size += len(chunk)
        if self.limit is not None and self.size > self.limit:
            raise TooLarge(f"The file is larger than {self.limit} bytes", limit=self.limit)
        self._hash.update(chunk)
        try:
            self._file.write(chunk)
        except OSError as error:
            raise Unavailable("The storage cannot take the file now") from error

    def finish(self) -> None:
        """Everything is written and on the disk; it can be read at `path`, and still be discarded.

        Raises Unavailable when the disk is full.
        """
        if self._file.closed:
            return
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        except OSError as error:
            raise Unavailable("The storage cannot take the file now") from error

    def keep(self) -> StoredFile:
        """Put the file in its place. Raises Unavailable when the storage does not take it."""
        self.finish()
        stored = StoredFile(self.sha256, self.size, path_of(self.sha256))
        backend().put(self.path, stored.path)
        return stored

    def discard(self) -> None:
        """Leave nothing behind; harmless after `keep`."""
        with suppress(OSError):  # on a full disk: it writes what is left before it closes
            self._file.close()
        self.path.unlink(missing_ok=True)


@contextmanager
def receive(limit: int | None = None) -> Iterator[Incoming]:
    """A file on its way in that is discarded at the end unless it was kept."""
    incoming = Incoming(limit)
    try:
        yield incoming
    finally:
        incoming.discard()


def store(stream: IO[bytes] | Iterable[bytes], *, limit: int | None = None) -> StoredFile:
    """Store the bytes of a file or of chunks. Raises TooLarge over `limit` bytes, Unavailable."""
    with receive(limit) as incoming:
        for chunk in chunks_of(stream):
            incoming.write(chunk)
        return incoming.keep()


def chunks_of(stream: IO[bytes] | Iterable[bytes]) -> Iterator[bytes]:
    read = getattr(stream, "read", None)
    if read is None:
        yield from stream
        return
    while chunk := read(CHUNK):
        yield chunk


def open(sha256: str, start: int = 0) -> IO[bytes]:
    """The content from byte `start` on, to be closed by the caller. Raises FileNotFoundError."""
    return backend().open(path_of(sha256), start)


def exists(sha256: str) -> bool:
    return backend().exists(path_of(sha256))


def path_of(sha256: str) -> str:
    """`ab/cd/abcd…`: 65,536 folders, so that none grows too large."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def incoming_folder() -> Path:
    """On the disk of this machine, also where the storage is elsewhere."""
    return Path(settings.DATA_DIR) / "files" / "incoming"


def sweep_incoming(older_than: float = ABANDONED) -> int:
    """Remove what processes that died left half-way, older than so many seconds; returns how many."""
    limit, removed = time.time() - older_than, 0
    folder = incoming_folder()
    for path in folder.glob("*.part") if folder.is_dir() else ():
        if path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


class Bounded:
    """At most `length` bytes of an open file; calls `done` once the last of them was taken and more was asked for."""

    def __init__(self, file: IO[bytes], length: int, done: Callable[[], None] | None = None) -> None:
        self.file = file
        self.left = length
        self.done = done

    def read(self, size: int = -1) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        chunk = self.file.read(wanted) if wanted else b""
        self.left -= len(chunk)
        if not chunk and not self.left and self.done is not None:
            done, self.done = self.done, None
            done()
        return chunk

    def close(self) -> None:
        self.file.close()


_backends: dict[tuple[str, str], Backend] = {}


def backend() -> Backend:
    """The storage that the settings name."""
    key = (str(settings.STORAGE_URL), str(settings.DATA_DIR))
    if key not in _backends:
        _backends[key] = _make_backend()
    return _backends[key]


def _make_backend() -> Backend:
    if not settings.STORAGE_URL:
        return LocalFiles(Path(settings.DATA_DIR) / "files")
    s3: type[Backend] = import_string("registry.storage_s3.S3Files")  # boto3 is large, and most do without
    return s3(settings.STORAGE_URL)  # type: ignore[call-arg]
