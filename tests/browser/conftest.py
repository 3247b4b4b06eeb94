"""A real installation (`manage.py up`), a real browser, and sharp eyes on what the pages do behind the scenes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright

from tests.config.running import ADMIN, PASSWORD, Up, migrated, until
from tests.config.sources import collect, status_of
from tests.servers import chromium

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 60_000
"""Milliseconds after which something will never be on a page."""
expect.set_options(timeout=PATIENCE)
MANY = 1500
"""Tables of the large source: enough for its run to be watched."""
SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, country TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), total NUMERIC);
CREATE VIEW order_totals AS SELECT o.customer_id, sum(o.total) AS total FROM orders o GROUP BY o.customer_id;
CREATE VIEW revenue AS
    SELECT c.country, sum(t.total) AS revenue FROM order_totals t JOIN customers c ON c.id = t.customer_id GROUP BY 1;
"""


@dataclass
class Site:
    """The installation, and how somebody signs in to it."""

    up: Up
    people: dict[str, tuple[str, str]]

    @property
    def base(self) -> str:
        return self.up.base


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data_dir = migrated(tmp_path_factory.mktemp("browser") / "data", tmp_path_factory)
    _make_sources(data_dir / "import")
    up = Up(data_dir, **ADMIN, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    try:
        up.log_in()
        organization = up.rows("SELECT slug FROM accounts_organization")[0][0]
        for name, role in (("bob", "editor"), ("vera", "viewer")):
            person = {"email": f"{name}@example.com", "role": role, "name": name.title(), "password": PASSWORD}
            up.ask("POST", f"/api/v1/organizations/{organization}/members", 201, json=person)
        people = {name: (f"{name}@example.com", PASSWORD) for name in ("root", "bob", "vera")}
        yield Site(up, people)
        assert "Traceback" not in up.said(), up.said()
    finally:
        up.end()


@pytest.fixture(scope="session")
def shop(site: Site) -> str:
    """The shop's database, connected and in the catalog; the id of the data source."""
    body = {"name": "shop", "type": "sqlite", "config": {"database": "shop.sqlite"}}
    source = site.up.ask("POST", "/api/v1/datasources", 201, json=body)
    run = collect(site.up, source["id"], "shop, all of it")
    until(lambda: status_of(site.up, run)["status"] == "COMPLETED")
    return str(source["id"])


def _make_sources(folder: Path) -> None:
    folder.mkdir(parents=True)
    many = ";".join(f"CREATE TABLE t{number} (id INTEGER PRIMARY KEY, name TEXT)" for number in range(MANY))
    for name, script in (("shop", SHOP), ("many", f"BEGIN;{many};COMMIT")):
        with sqlite3.connect(folder / f"{name}.sqlite") as connection:
            connection.executescript(script)
        connection.close()


@pytest.fixture(scope="package")
def chrome() -> Iterator[Browser]:
    # Not for the session: Playwright keeps an event loop running, beside which no asynchronous test can run.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """What a page must not do: ask anybody else, fail, complain."""

    def __init__(self, page: Page, base: str) -> None:
        self.base = base
        self.wrongs: list[str] = []
        page.on("request", self._asked)
        page.on("response", self._answered)
        page.on("pageerror", lambda error: self.wrongs.append(f"error: {error}"))
        page.on("console", self._complained)

    def _complained(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.wrongs.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        scheme = urlsplit(request.url).scheme
        if scheme not in ("data", "blob") and not request.url.startswith(self.base):
            self.wrongs.append(f"asked elsewhere: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.wrongs.append(f"{response.status} {response.url}")


@pytest.fixture
def page(site: Site, chrome: Browser) -> Iterator[Page]:
    """A page of a fresh browser profile, on nobody's account; afterwards it must have behaved."""
    context = chrome.new_context(base_url=site.base, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    watched = Watched(opened, site.base)
    yield opened
    context.close()
    assert watched.wrongs == []


def sign_in(page: Page, site: Site, name: str = "bob") -> Page:
    login, password = site.people[name]
    page.goto("/admin/")
    page.get_by_label("E-mail address or user name").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/admin/")
    return page
