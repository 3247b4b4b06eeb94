"""What a curator does all day, done by a browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.conftest import MANY, Site, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
RUN = re.compile(r"/admin/ingestion/job/[0-9a-f-]+/change/$")


def connect(page: Page, name: str) -> None:
    """Connect the SQLite file `many` as a data source of this name, the way a person does."""
    page.goto("/admin/ingestion/datasource/add/")
    page.get_by_role("link", name="SQLite").click()
    page.wait_for_url("**/add/?type=sqlite")  # a page that still loads moves the cursor to its first field
    page.locator("#id_name").fill(name)
    page.get_by_label("Database file").fill("many.sqlite")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("is connected. Test the connection")).to_be_visible()


def open_asset(page: Page, name: str, *, tab: str = "") -> None:
    page.goto(f"/admin/catalog/asset/?q={name}")
    page.get_by_role("link", name=re.compile(rf"\b{name}\b")).first.click()
    page.wait_for_url("**/change/**")
    if tab:
        page.get_by_role("tab", name=tab).click()


def type_tag(page: Page, name: str) -> None:
    page.locator(".select2-search__field").first.click()
    page.keyboard.type(name)
    expect(page.locator(".select2-results__option", has_text=name)).to_be_visible()
    page.keyboard.press("Enter")


def test_signing_in_shows_the_dashboard(page: Page, site: Site) -> None:
    sign_in(page, site)
    expect(page.get_by_role("heading", name="Runs of the last 7 days")).to_be_visible()
    expect(page.get_by_text("Editor", exact=True)).to_be_visible()


def test_a_wrong_password_is_told(page: Page, site: Site) -> None:
    page.goto("/admin/")
    page.get_by_label("E-mail address or user name").fill("bob@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("The login or the password is wrong")).to_be_visible()


def test_a_connection_is_tested_without_leaving_the_page(page: Page, site: Site, shop: str) -> None:
    sign_in(page, site)
    page.goto(f"/admin/ingestion/datasource/{shop}/change/")
    page.evaluate("""() => {
        window.stayed = true;
        for (const name of ["status", "version", "tested"])
            document.querySelector(`[data-source-${name}]`).textContent = "as it was";
    }""")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#connection-result")).to_contain_text("Connected in")
    expect(page.locator("#connection-result")).to_contain_text("SQLite 3")
    expect(page.locator("[data-source-status]")).to_have_text("Active")
    expect(page.locator("[data-source-version]")).to_contain_text("3.")
    expect(page.locator("[data-source-tested] time")).to_have_text("just now")
    assert page.evaluate("window.stayed")


def test_a_run_is_watched_to_its_end_over_the_socket(page: Page, site: Site) -> None:
    sign_in(page, site)
    connect(page, "many")
    heard: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
    page.add_init_script(
        "window.stayed = true; addEventListener('pagehide', () => { sessionStorage.left = bar() });"
        "const bar = () => document.querySelector('[data-run] [role=progressbar]')?.ariaValueNow;"
    )
    page.get_by_role("button", name="Run now").click()
    page.wait_for_url(RUN)
    expect(page.get_by_role("heading", name="Result")).to_be_visible()
    # The page loads anew once, at the end, for the result; the bar had come to 100 before that.
    assert page.evaluate("sessionStorage.left") == "100"
    assert any("task.progress" in frame and '"RUNNING"' in frame for frame in heard), heard[:5]
    expect(page.locator("[data-run-status]")).to_have_text("completed")
    expect(page.get_by_text(f"{MANY + 1:,}", exact=True)).to_be_visible()


def test_a_run_is_watched_where_no_socket_opens(page: Page, site: Site) -> None:
    def refuse(socket: WebSocketRoute) -> None:
        socket.close(code=1011)

    sign_in(page, site)
    connect(page, "many again")
    page.route_web_socket("**/v1/ws", refuse)
    with page.expect_response("**/progress/") as answered:
        page.get_by_role("button", name="Run now").click()
    assert answered.value.ok
    expect(page.locator("[data-run-status]")).to_have_text("completed")


def test_searching_opening_and_reading_an_asset(page: Page, site: Site, shop: str) -> None:
    sign_in(page, site)
    page.goto("/admin/")
    page.get_by_label("Search the catalog").fill("customer_id")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("Columns: customer_id").first).to_be_visible()
    open_asset(page, "orders", tab="Columns")
    row = page.get_by_role("row", name=re.compile("customer_id"))
    expect(row).to_contain_text("INTEGER")
    expect(row).to_contain_text("→ customers")
    page.get_by_role("tab", name="Raw metadata").click()
    expect(page.locator("#raw-json")).to_contain_text('"primary_key"')


def test_describing_an_asset_leaves_a_readable_history(page: Page, site: Site, shop: str) -> None:
    sign_in(page, site)
    for words in ("What people order", "What people order in the shop"):
        open_asset(page, "orders")
        page.get_by_label("Description", exact=True).fill(words)
        page.get_by_role("button", name="Save and continue editing").click()
        expect(page.get_by_text("was changed successfully")).to_be_visible()
    page.get_by_role("tab", name="History").click()
    latest = page.locator("#history-group li").first
    expect(latest).to_contain_text("Bob")
    expect(latest.locator("ins mark")).to_have_text(" in the shop")


def test_a_new_tag_is_typed_and_kept(page: Page, site: Site, shop: str) -> None:
    sign_in(page, site)
    open_asset(page, "customers")
    type_tag(page, "personal data")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("section .c-tag", has_text="personal data")).to_be_visible()


def test_columns_are_described_where_they_are_read(page: Page, site: Site, shop: str) -> None:
    sign_in(page, site)
    open_asset(page, "customers", tab="Columns")
    page.get_by_role("button", name="Describe columns").click()
    page.get_by_label("Description of country").fill("ISO 3166, two letters")
    page.get_by_role("button", name="Save descriptions").click()
    expect(page.get_by_role("row", name=re.compile("country"))).to_contain_text("ISO 3166, two letters")


WHERE_IS_BLUE = """() => {
    const canvas = document.querySelector('[data-lineage-canvas] canvas');
    const {width, height} = canvas;
    const data = canvas.getContext('2d').getImageData(0, 0, width, height).data;
    let count = 0, x = 0, y = 0;
    for (let at = 0; at < data.length; at += 4) {
        if (Math.abs(data[at] - 0x25) + Math.abs(data[at + 1] - 0x63) + Math.abs(data[at + 2] - 0xeb) > 30) continue;
        count += 1; x += (at / 4) % width; y += Math.floor(at / 4 / width);
    }
    const box = canvas.getBoundingClientRect();
    return {x: box.left + x / count * box.width / width, y: box.top + y / count * box.height / height};
}"""
"""The middle of the box that is drawn in the colour of what is downstream."""


def test_lineage_is_drawn_and_leads_on(page: Page, site: Site, shop: str) -> None:
    sign_in(page, site)
    open_asset(page, "order_totals", tab="Lineage")
    page.wait_for_selector("[data-lineage][data-drawn='3']")
    painted = """() => {
        const canvas = document.querySelector('[data-lineage-canvas] canvas');
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return new Set(new Uint32Array(pixels.buffer)).size;
    }"""
    assert page.evaluate(painted) > 20
    page.locator("[data-lineage-depth]").select_option("1")
    page.get_by_text("As a list").click()
    listed = page.locator("[data-lineage-list] tbody tr")
    expect(listed).to_have_count(3)
    assert [text.split("\t")[0] for text in listed.all_inner_texts()] == ["1 up", "this", "1 down"]
    place = page.evaluate(WHERE_IS_BLUE)
    page.mouse.click(place["x"], place["y"])
    page.wait_for_url("**/change/#lineage")
    expect(page.locator("#qualified-name")).to_have_text("shop.shop.revenue")


def test_an_asset_without_lineage_says_what_to_do(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.goto("/admin/catalog/asset/add/")
    page.get_by_label("Type").select_option("DASHBOARD")
    page.locator("#id_name").fill("Cockpit")
    page.get_by_label("Qualified name").fill("bi.cockpit")
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_role("tab", name="Lineage").click()
    expect(page.get_by_text("No lineage is known")).to_be_visible()
    expect(page.get_by_role("link", name="Add a relationship")).to_be_visible()


def test_ctrl_k_finds_assets_and_pages(page: Page, site: Site, shop: str) -> None:
    sign_in(page, site)
    page.goto("/admin/")
    page.keyboard.press("Control+k")
    page.get_by_placeholder("Type to search").press_sequentially("revenue")
    page.get_by_role("link", name=re.compile("shop.shop.revenue")).click()
    expect(page.locator("#qualified-name")).to_have_text("shop.shop.revenue")


def test_the_keyboard_gets_past_the_menu_and_fields_say_what_they_are_for(page: Page, site: Site, shop: str) -> None:
    sign_in(page, site)
    page.goto("/admin/catalog/asset/")
    expect(page.get_by_label("Search in this list")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="All", exact=True)).to_be_focused()


def test_a_list_is_a_table_on_a_tablet_too(page: Page, site: Site, shop: str) -> None:
    sign_in(page, site)
    page.set_viewport_size({"width": 800, "height": 900})
    page.goto("/admin/catalog/asset/?q=shop")
    expect(page.locator("#result_list thead th.column-named")).to_be_visible()
    row = page.locator("#result_list .data-row").first
    assert (row.bounding_box() or {"height": 900})["height"] < 100


def test_many_assets_are_tagged_in_one_go(page: Page, site: Site, shop: str) -> None:
    sign_in(page, site)
    page.goto("/admin/catalog/asset/?q=shop&type=VIEW")
    page.get_by_label("Select all objects on this page for an action").check()
    page.get_by_label("Select action to run").select_option(label="Tag…")
    page.get_by_role("button", name=re.compile("^Run")).click()
    type_tag(page, "derived")
    page.get_by_role("button", name="Tag", exact=True).click()
    expect(page.get_by_text("2 assets tagged.")).to_be_visible()


def test_a_viewer_reads_and_is_offered_no_change(page: Page, site: Site) -> None:
    sign_in(page, site, "vera")
    page.goto("/admin/catalog/asset/")
    page.locator("#result_list tbody th a").first.click()
    expect(page.get_by_role("tab", name="Columns")).to_be_visible()
    expect(page.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    expect(page.get_by_text("API keys")).to_have_count(0)


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/catalog/asset/",
        "/admin/catalog/tag/",
        "/admin/catalog/relationship/",
        "/admin/catalog/relationship/add/",
        "/admin/ingestion/datasource/",
        "/admin/ingestion/datasource/add/?type=postgresql",
        "/admin/ingestion/collectiontask/add/",
        "/admin/ingestion/job/",
        "/admin/audit/auditevent/",
        "/admin/accounts/organization/",
        "/admin/accounts/user/add/",
        "/admin/accounts/apikey/add/",
        "/admin/password_change/",
        "/admin/doors/",
        "/admin/registry/source/add/",
        "/admin/registry/product/",
        "/admin/registry/release/",
    ],
)
def test_no_page_is_wider_than_a_phone(path: str, site: Site, chrome: Browser) -> None:
    context = chrome.new_context(base_url=site.base, viewport={"width": 390, "height": 844})
    try:
        page = sign_in(context.new_page(), site, "root")
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    finally:
        context.close()


def test_the_theme_follows_the_reader(page: Page, site: Site) -> None:
    sign_in(page, site)
    page.emulate_media(color_scheme="dark")
    page.reload()
    expect(page.locator("html")).to_have_class(re.compile("dark"))


def test_long_names_leave_every_column_in_sight(page: Page, site: Site) -> None:
    name = "a_table_" + "with_a_long_name_" * 8
    asset = {"type": "TABLE", "name": name, "qualified_name": f"warehouse.{name}", "tags": ["long tag " * 10]}
    site.up.ask("POST", "/v1/assets", 201, json=asset)
    sign_in(page, site)
    page.set_viewport_size({"width": 1440, "height": 900})
    for path, last in (("catalog/asset", "Changed"), ("audit/auditevent", "Door")):
        page.goto(f"/admin/{path}/")
        expect(page.get_by_text(name[:40]).first).to_be_visible()
        box = page.get_by_role("columnheader", name=last).bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 1440, path
