"""Content on the disk of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from contracts.errors import Unavailable


class LocalFiles:
    """Content below a folder, on the same file system as what comes in, so that a rename puts it in place."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, source: Path, path: str) -> None:
        place = self.root / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            source.chmod(0o444)
            os.replace(source, place)
            _sync(place.parent)
        except OSError as error:
            raise Unavailable("The storage cannot take the file now") from error

    def exists(self, path: str) -> bool:
        return (self.root / path).is_file()

    def size(self, path: str) -> int:
        return (self.root / path).stat().st_size

    def open(self, path: str, start: int = 0) -> IO[bytes]:
        file = (self.root / path).open("rb", buffering=0)
        if start:
            file.seek(start)
        return file

    def delete(self, path: str) -> None:
        (self.root / path).unlink(missing_ok=True)

    def walk(self) -> Iterator[tuple[str, float]]:
        for place in self.root.glob("??/??/*"):
            path = place.relative_to(self.root).as_posix()
            put_at = self.put_at(path)
            if put_at is not None:
                yield path, put_at

    def put_at(self, path: str) -> float | None:
        try:
            return (self.root / path).stat().st_mtime
        except FileNotFoundError:
            return None

    def answers(self) -> bool:
        place = self.root if self.root.is_dir() else self.root.parent
        return os.access(place, os.W_OK | os.X_OK)

    def link(self, path: str, *, filename: str, content_type: str, seconds: int) -> str | None:
        return None


def _sync(folder: Path) -> None:
    """A rename lasts once its folder is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
