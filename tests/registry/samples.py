"""Source distributions of the packages we read documents with: their own test documents, fetched once and kept."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import pytest


def source_of(package: str) -> Path:
    """The unpacked source distribution of the version that is installed. Skips where it cannot be had."""
    release = version_of(package)
    cache = Path(tempfile.gettempdir()) / f"cartulary-samples-{os.getuid()}" / f"{package}-{release}"
    if not cache.is_dir():
        _fetch(package, release, cache)
    return next(cache.iterdir())


def unpack(archive: tarfile.TarFile, folder: Path, within: str = "") -> None:
    """Put the members whose names hold `within` into the folder; where Python can, nothing beyond it."""
    members = [member for member in archive.getmembers() if within in member.name]
    safely: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # not before Python 3.11.4
    archive.extractall(folder, members=members, **safely)  # noqa: S202  archives of packages that are installed


def _fetch(package: str, release: str, cache: Path) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        wanted = ["--quiet", "--no-deps", "--no-binary", ":all:", "-d", folder, f"{package}=={release}"]
        fetched = subprocess.run(
            [sys.executable, "-m", "pip", "download", *wanted], capture_output=True, check=False, timeout=300
        )
        archives = list(Path(folder).glob("*.tar.gz"))
        if not archives:
            reason = f"the source of {package} {release} cannot be had: {fetched.stderr.decode()[-200:]}"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        unpacked = Path(tempfile.mkdtemp(dir=cache.parent))
        with tarfile.open(archives[0]) as archive:
            unpack(archive, unpacked)
        with suppress(OSError):  # another worker was faster
            unpacked.rename(cache)
