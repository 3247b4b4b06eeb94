"""One installation for every test that only looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.running import ADMIN, PASSWORD, Up, migrated


@pytest.fixture(scope="session")
def redis_url(redis_url: str) -> str:
    """A database of the server of its own: other tests look at everything that is in theirs."""
    return redis_url.rpartition("/")[0] + "/10"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`manage.py up` on nothing but a data directory; signed in as its first admin."""
    data_dir: Path = tmp_path_factory.mktemp("up") / "data"
    up = Up(data_dir, **ADMIN, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    try:
        up.log_in()
        yield up
        assert "Traceback" not in up.said(), up.said()
    finally:
        up.end()


@pytest.fixture
def data_dir(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an installation that was never started, with its tables."""
    return migrated(tmp_path / "data", tmp_path_factory)
