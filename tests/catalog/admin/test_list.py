"""The curator's list of assets: searched, narrowed down, and quick however long."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import admin_lists
from accounts.actor import Actor
from accounts.models import Organization
from catalog.models import Asset, Tag
from catalog.services import delete_asset, update_asset
from tests.adminkit import make_asset, make_superuser, page, session_of
from tests.catalog.admin.pages import ASSETS, queries_of


def test_a_list_costs_the_same_queries_however_long(browser: Client, alice_actor: Actor) -> None:
    counts = []
    for total in (1, 10, 100):
        for number in range(Asset.objects.count(), total):
            make_asset(alice_actor, f"table_{number}", tags=["a", f"tag {number % 5}"], owner="bob")
        counts.append(queries_of(browser, page(ASSETS)))
    assert counts[0] == counts[1] == counts[2] <= 17


def test_the_list_searches_columns_and_says_why(browser: Client, orders: Asset, alice_actor: Actor) -> None:
    make_asset(alice_actor, "customers")
    response = browser.get(page(ASSETS), {"q": "email"})
    assert [row.pk for row in response.context["cl"].result_list] == [orders.pk]
    assert "Columns: <em>email</em>" in response.content.decode()


def test_the_best_hit_comes_first(browser: Client, alice_actor: Actor) -> None:
    exact = make_asset(alice_actor, "orders")
    make_asset(alice_actor, "orders_archive", description="orders orders orders")
    response = browser.get(page(ASSETS), {"q": "orders"})
    assert response.context["cl"].result_list[0].pk == exact.pk


def test_a_list_counts_rows_and_nothing_that_hangs_on_them(browser: Client, orders: Asset) -> None:
    with CaptureQueriesContext(connection) as seen:
        browser.get(page("catalog_tag_changelist"))
    (counted,) = [query["sql"] for query in seen if query["sql"].startswith("SELECT COUNT(*) FROM")]
    assert "catalog_assettag" not in counted


def test_a_list_that_is_not_counted_to_its_end_says_so(browser: Client, alice_actor: Actor, monkeypatch: Any) -> None:
    monkeypatch.setattr(admin_lists, "COUNTED_ROWS", 2)
    for name in ("one", "two", "three"):
        make_asset(alice_actor, name)
    assert "more than 2 assets; filter or search to narrow down" in " ".join(browser.get(page(ASSETS)).text.split())


def test_a_name_that_is_html_is_shown_as_text(browser: Client, alice_actor: Actor) -> None:
    make_asset(alice_actor, "<script>alert(1)</script>")
    for query in ({}, {"q": "script"}):
        text = browser.get(page(ASSETS), query).content.decode()
        assert "<script>alert(1)" not in text
        assert "&lt;" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"type": "VIEW"}, {"report"}),
        ({"described": "no"}, {"orders", "report"}),
        ({"described": "yes"}, {"customers"}),
        ({"owner": "me"}, {"customers"}),
        ({"owner": "none"}, {"orders", "report"}),
        ({"origin": "none"}, {"orders", "report", "customers"}),
        ({"state": "deleted"}, {"gone"}),
        ({"state": "all"}, {"orders", "report", "customers", "gone"}),
        ({"state": "deleted", "q": "gon"}, {"gone"}),
        ({}, {"orders", "report", "customers"}),
    ],
)
def test_the_list_narrows_down(
    query: dict[str, str], found: set[str], browser: Client, orders: Asset, alice_actor: Actor
) -> None:
    make_asset(alice_actor, "customers", description="Who buys", owner="bob")
    update_asset(actor=alice_actor, asset=make_asset(alice_actor, "report"), changes={"type": "VIEW"})
    delete_asset(actor=alice_actor, asset=make_asset(alice_actor, "gone"))
    assert {row.name for row in browser.get(page(ASSETS), query).context["cl"].result_list} == found


def test_the_list_narrows_down_by_tag(browser: Client, orders: Asset, alice_actor: Actor) -> None:
    make_asset(alice_actor, "customers")
    tag = Tag.objects.get(name="sales")
    shown = browser.get(page(ASSETS), {"tags": str(tag.pk)}).context["cl"].result_list
    assert [row.pk for row in shown] == [orders.pk]


def test_a_superuser_lists_one_organization_or_all(acme: Organization, orders: Asset, charlie_actor: Actor) -> None:
    foreign, browser = make_asset(charlie_actor, "secret"), session_of(make_superuser(acme))

    def listed(query: dict[str, str]) -> set[str]:
        return {row.name for row in browser.get(page(ASSETS), query).context["cl"].result_list}

    assert listed({}) == {"orders"}
    assert listed({"organization": "all"}) == {"orders", "secret"}
    assert listed({"organization": str(foreign.organization_id)}) == {"secret"}
    assert listed({"organization": "all", "q": "secret"}) == {"secret"}
    assert listed({"q": "secret"}) == set()
