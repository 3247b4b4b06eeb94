"""Source distributions of the packages we read documents with: their own test documents, fetched once and kept."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import pytest


def source_of(package: str, *options: str, within: str = "") -> Path:
    """The unpacked source distribution of the version that is installed. Skips where it cannot be had.

    `options` are pip's; `within` leaves out the members whose names do not hold it.
    """
    release = version_of(package)
    cache = Path(tempfile.gettempdir()) / f"cartulary-samples-{os.getuid()}" / f"{package}-{release}"
    cache.parent.mkdir(parents=True, exist_ok=True)
    with (cache.parent / f"{package}.lock").open("w") as lock:  # one worker fetches it, the others wait
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not cache.is_dir():
            _fetch(package, release, cache, options, within)
    return next(cache.iterdir())


def unpack(archive: tarfile.TarFile, folder: Path, within: str = "") -> None:
    """Put the members whose names hold `within` into the folder; where Python can, nothing beyond it."""
    members = [member for member in archive.getmembers() if within in member.name]
    safely: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # not before Python 3.11.4
    archive.extractall(folder, members=members, **safely)  # noqa: S202  archives of packages that are installed


def _fetch(package: str, release: str, cache: Path, options: Sequence[str], within: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        wanted = ["--quiet", "--no-deps", "--no-binary", ":all:", *options, "-d", folder, f"{package}=={release}"]
        command = [sys.executable, "-m", "pip", "download", *wanted]
        fetched = subprocess.run(command, capture_output=True, check=False, timeout=1800)
        archives = list(Path(folder).glob("*.tar.gz"))
        if not archives:
            reason = f"the source of {package} {release} cannot be had: {fetched.stderr.decode()[-200:]}"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        unpacked = Path(tempfile.mkdtemp(dir=cache.parent))
        with tarfile.open(archives[0]) as archive:
            unpack(archive, unpacked, within)
        unpacked.rename(cache)
