"""Publishing from the admin, done by a browser."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.conftest import Site, sign_in
from tests.registry.documents import sbom
from tests.registry.entries import INSULIN

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


DROPPED = """files => {
    const data = new DataTransfer();
    for (const [name, text] of Object.entries(files)) data.items.add(new File([text], name));
    return data;
}"""


def drop(page: Page, files: dict[str, str]) -> None:
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": page.evaluate_handle(DROPPED, files)})


def test_a_dropped_file_is_published_and_a_version_yanked(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.goto("/admin/registry/source/add/")
    drop(page, {"P01308.fasta": INSULIN.decode()})
    expect(page.locator("[data-files]")).to_contain_text("P01308.fasta, 182 bytes")
    page.get_by_label("Name in specs").fill("P01308")
    page.get_by_label("Version", exact=True).fill("1.0")
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/change/")
    expect(page.get_by_text("Published P01308 1.0.")).to_be_visible()
    expect(page.locator("#id_name")).to_have_value("Insulin [Homo sapiens]")
    page.get_by_text("Yank", exact=True).first.click()
    page.get_by_label("Why 1.0 is yanked").fill("Wrong chain")
    page.get_by_role("button", name="Yank").click()
    expect(page.get_by_text("Version 1.0 is yanked")).to_be_visible()
    expect(page.get_by_text("Wrong chain")).to_be_visible()


def test_the_longest_version_leaves_every_column_in_sight(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.goto("/admin/registry/source/add/")
    drop(page, {"set.txt": "one"})
    page.get_by_label("Name in specs").fill("long-version")
    page.get_by_label("Version", exact=True).fill("1" * 100)
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/change/")
    expect(page.get_by_text("Yank", exact=True).first).to_be_in_viewport()
    assert page.eval_on_selector(".c-scroll", "table => table.scrollWidth <= table.clientWidth")


def test_dropped_documents_join_a_release_that_is_then_released(site: Site, chrome: Browser) -> None:
    """One of the two is refused, which is told and keeps the other. Unwatched: refusing it is what is asked for."""
    product = site.up.ask("POST", "/api/v2/products", 201, json={"name": "Dropped"})
    project = site.up.ask("POST", f"/api/v2/products/{product['id']}/projects", 201, json={"name": "API"})
    release = site.up.ask("POST", f"/api/v2/projects/{project['id']}/releases", 201, json={"version": "1.0"})
    context = chrome.new_context(base_url=site.base)
    page = sign_in(context.new_page(), site)
    page.goto(f"/admin/registry/release/{release['id']}/change/")
    page.get_by_role("tab", name="Artifacts").click()
    drop(page, {"bom.json": json.dumps(sbom(("pkg:pypi/django", "5"))), "a.pdf": "no SBOM"})
    told = page.locator("[data-results]")
    expect(told).to_contain_text("bom.json: kept as SBOM with 1 component.")
    expect(told).to_contain_text("a.pdf: content: ")
    page.get_by_role("button", name="Show what was kept").click()
    expect(page.get_by_role("rowheader", name="bom.json")).to_be_visible()
    for tab, told_there in (
        ("Licences", "none is named"),
        ("Difference", "No earlier"),
        ("Vulnerabilities", "Nothing is"),
    ):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_text(told_there)).to_be_visible()
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        """No at first, then yes."""
        asked.append(dialog.message)
        dialog.accept() if len(asked) > 1 else dialog.dismiss()

    page.on("dialog", answer)
    page.get_by_role("button", name="Release", exact=True).click()
    assert asked[0].startswith("Release it?")
    page.get_by_role("button", name="Release", exact=True).click()
    expect(page.get_by_role("button", name="Release", exact=True)).to_have_count(0)
    assert site.up.ask("GET", f"/api/v2/projects/{project['id']}/releases/1.0")["status"] == "released"
    context.close()
