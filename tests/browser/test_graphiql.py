"""The editor at /graphql, used by a browser: it asks, it documents, it listens."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, sign_in
from tests.config.running import until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RESULT = ".result-window"


def make_asset(site: Site) -> str:
    body = {"type": "TABLE", "name": "t", "qualified_name": f"graphiql.{uuid4().hex}"}
    return str(site.up.ask("POST", "/v1/assets", 201, json=body)["id"])


def write(page: Page, query: str) -> None:
    editor = page.locator(".graphiql-query-editor .CodeMirror")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(query)
    # The editor reads what is typed a moment later, and keeps it; only then does it know which operation is meant.
    until(lambda: page.evaluate("localStorage.getItem('graphiql:query')") == query)


def hears(page: Page, site: Site, key: str) -> None:
    """A subscription is not acknowledged: the asset is changed until the page tells of it."""
    write(page, f'subscription S {{ assetUpdated(assetId: "{key}") {{ description }} }}')
    page.get_by_role("button", name="Execute query").click()

    def told() -> bool:
        site.up.ask("PUT", f"/v1/assets/{key}", json={"description": uuid4().hex})
        page.wait_for_timeout(200)
        return '"description": "' in page.locator(RESULT).inner_text()

    until(told)
    expect(page.locator(RESULT)).to_contain_text("assetUpdated")


def test_a_signed_in_reader_asks_reads_the_docs_and_listens(page: Page, site: Site) -> None:
    key = make_asset(site)
    sign_in(page, site)
    page.goto("/graphql")
    page.get_by_role("button", name="Execute query").click()
    expect(page.locator(RESULT)).to_contain_text('"qualifiedName"')
    page.get_by_role("button", name="Show Documentation Explorer").click()
    page.get_by_role("link", name="LineageGraph", exact=True).click()
    expect(page.locator(".graphiql-plugin")).to_contain_text("upstream")
    hears(page, site, key)


def test_a_token_typed_into_the_headers_does_as_well(site: Site, chrome: Browser) -> None:
    key = make_asset(site)
    context = chrome.new_context(base_url=site.base)  # unwatched: it is refused until the token is there
    page = context.new_page()
    page.goto("/graphql")
    page.get_by_role("button", name="Headers").click()
    page.locator(".graphiql-editor-tool .CodeMirror >> visible=true").click()
    headers = json.dumps({"Authorization": f"Bearer {site.up.token}"})
    page.keyboard.insert_text(headers)
    editors = "[...document.querySelectorAll('.graphiql-editor-tool .CodeMirror')]"
    until(lambda: headers in page.evaluate(f"{editors}.map(each => each.CodeMirror.getValue())"))
    page.evaluate("new Promise(done => setTimeout(done, 700))")  # as above, but not kept: by the page's own clock
    write(page, f'{{ asset(id: "{key}") {{ name }} }}')
    page.get_by_role("button", name="Execute query").click()
    expect(page.locator(RESULT)).to_contain_text('"name": "t"')
    hears(page, site, key)
    context.close()
