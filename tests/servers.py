"""The servers that some tests need, and the one policy about them.

A test marked `postgresql`, `mariadb`, `redis`, `rabbitmq` or `browser` is skipped, with what it
needs, where that does not answer. Where CI is set nothing may be skipped: the test fails instead.
A test marked `only_on("postgresql")` or `only_on("sqlite")` is about that database as our own, and
is left out of the run on the other. Whatever touches our own database at all gets the mark `database` by itself: the
rest need not be run again on another.

    python -m tests.servers postgresql     exit status 0 where it answers
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from functools import cache
from urllib.parse import urlsplit

import pytest

URLS = {
    "postgresql": os.environ.get("TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mariadb": os.environ.get("TEST_MARIADB_URL", "mysql://root@127.0.0.1:3306/"),
    "redis": os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9"),
    "rabbitmq": os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}
NAMES = {"postgresql": "PostgreSQL", "mariadb": "MariaDB", "redis": "Redis", "rabbitmq": "RabbitMQ"}
_ACCESS = {"db", "transactional_db", "django_db_setup"}
"""Fixtures of pytest-django that let a test at the database."""
IN_CI = bool(os.environ.get("CI"))


def chromium() -> str | None:
    """The path of a chromium to drive; None where there is none."""
    return os.environ.get("TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@cache
def missing(kind: str) -> str | None:
    """What a test of this kind lacks here, in words; None where nothing."""
    if kind == "browser":
        return None if chromium() else "needs chromium (TEST_CHROMIUM names another path)"
    url = urlsplit(URLS[kind])
    try:
        with socket.create_connection((url.hostname or "", url.port or 0), timeout=10):
            return None
    except OSError as error:
        where = f"{url.hostname}:{url.port}"
        reason = error.strerror or error.__class__.__name__
        return f"needs {NAMES[kind]} at {where} (TEST_{kind.upper()}_URL names another): {reason}"


def pytest_runtest_setup(item: pytest.Item) -> None:
    for kind in (*URLS, "browser"):
        lacking = missing(kind) if item.get_closest_marker(kind) else None
        if lacking and IN_CI:
            pytest.fail(lacking, pytrace=False)
        elif lacking:
            pytest.skip(lacking)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Where CI is set a skipped test is a failed one, whoever skipped it."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("django_db") or _ACCESS & set(getattr(item, "fixturenames", ())):
            item.add_marker("database")
    vendor = "postgresql" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite"
    elsewhere = [i for i in items if (mark := i.get_closest_marker("only_on")) and vendor not in mark.args]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [i for i in items if i not in set(elsewhere)]


@pytest.fixture(scope="session")
def postgresql_url() -> str:
    """A PostgreSQL server, as a superuser; the path names its maintenance database."""
    return URLS["postgresql"]


@pytest.fixture(scope="session")
def mariadb_url() -> str:
    """A MariaDB server, as one who may make databases."""
    return URLS["mariadb"]


@pytest.fixture(scope="session")
def redis_url() -> str:
    return URLS["redis"]


@pytest.fixture(scope="session")
def rabbitmq_url() -> str:
    return URLS["rabbitmq"]


if __name__ == "__main__":
    sys.exit(missing(sys.argv[1]))
