"""Publishing from the admin, done by a browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site, sign_in
from tests.registry.entries import INSULIN

pytestmark = pytest.mark.browser


def test_a_dropped_file_is_published_and_a_version_yanked(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.goto("/admin/registry/source/add/")
    dropped = page.evaluate_handle(
        "text => { const data = new DataTransfer(); data.items.add(new File([text], 'P01308.fasta')); return data; }",
        INSULIN.decode(),
    )
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": dropped})
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
