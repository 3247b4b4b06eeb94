"""Lists: pages by cursor, what narrows them, and what they cost."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from catalog.services import AssetDraft, upsert_assets
from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db


@pytest.fixture
def many(bob: APIClient, schema) -> list[str]:
    """Twelve tables and then three views, with tags, in the schema."""
    rows = [
        {
            "name": f"t{number:02}",
            "databaseSchema": "shop.sales.public",
            "columns": [{"name": "a", "dataType": "INT", "tags": [{"tagFQN": f"C.T{number}"}]}],
            "tableType": "View" if number >= 12 else "Regular",
            "tags": [{"tagFQN": f"A.T{number}"}],
        }
        for number in range(15)
    ]
    assert made(call(bob, "put", "tables/bulk", rows))["numberOfRowsPassed"] == 15
    return [str(row["name"]) for row in rows]


def names(body: dict[str, Any]) -> list[str]:
    return [row["name"] for row in body["data"]]


def test_every_one_once_forwards_and_backwards(vera: APIClient, many: list[str]):
    seen, pages, paging = [], [], {"after": ""}
    while paging["after"] is not None:
        page = made(call(vera, "get", f"tables?limit=4&after={paging['after']}"))
        paging = page["paging"]
        pages.append(names(page))
        seen += names(page)
    assert seen == many
    assert paging["total"] == 15
    back = made(call(vera, "get", f"tables?limit=4&before={paging['before']}"))
    assert names(back) == pages[-2]
    back = made(call(vera, "get", f"tables?limit=4&before={back['paging']['before']}"))
    assert names(back) == pages[-3]


def test_a_walk_is_stable_while_rows_come_go_and_change(bob: APIClient, many: list[str]):
    first = made(call(bob, "get", "tables?limit=5"))
    body = {"name": "zz", "databaseSchema": "shop.sales.public", "columns": []}
    made(call(bob, "put", "tables", body))
    made(call(bob, "patch", f"tables/{first['data'][0]['id']}", [{"op": "add", "path": "/description", "value": "x"}]))
    assert call(bob, "delete", f"tables/{first['data'][4]['id']}").status_code == 200
    rest = made(call(bob, "get", f"tables?limit=100&after={first['paging']['after']}"))
    assert names(rest) == [*many[5:12], "zz", *many[12:]]


def test_deleted_ones_are_listed_where_they_are_asked_for(bob: APIClient, many: list[str]):
    gone = made(call(bob, "get", "tables/name/shop.sales.public.t13"))
    assert call(bob, "delete", f"tables/{gone['id']}").status_code == 200
    assert "t13" not in names(made(call(bob, "get", "tables?limit=100")))
    deleted = made(call(bob, "get", "tables?include=deleted&fields=tags"))
    assert names(deleted) == ["t13"]
    assert deleted["data"][0]["deleted"] is True
    assert deleted["data"][0]["databaseSchema"]["name"] == "public"
    everything = made(call(bob, "get", "tables?include=all&limit=100"))
    assert sorted(names(everything)) == many
    assert everything["paging"]["total"] == 15
    assert call(bob, "get", "tables?include=some").status_code == 400


def test_lists_are_narrowed_by_what_contains(bob: APIClient, many: list[str], shop):
    made(call(bob, "post", "databaseSchemas", {"name": "empty", "database": "shop.sales"}))
    for scope in ("databaseSchema=shop.sales.public", "database=shop.sales", "service=shop"):
        page = made(call(bob, "get", f"tables?limit=100&{scope}"))
        assert names(page) == many, scope
        assert page["paging"]["total"] == 15
    for scope in ("databaseSchema=shop.sales.empty", "database=shop.x", "service=x", "databaseSchema=none"):
        assert names(made(call(bob, "get", f"tables?{scope}"))) == [], scope
    assert names(made(call(bob, "get", "databaseSchemas?service=shop"))) == ["public", "empty"]
    assert names(made(call(bob, "get", "databases?service=shop"))) == ["sales"]
    assert call(bob, "get", "tables?database=%22x").status_code == 400


@pytest.mark.parametrize("cursor", ["nonsense", "WyJ4Il0.abc", "%00", "a.b.c"])
def test_forged_and_broken_cursors_are_refused(vera: APIClient, many: list[str], cursor: str):
    assert call(vera, "get", f"tables?after={cursor}").status_code == 400


def test_cursors_of_other_lists_are_refused(vera: APIClient, charlie: APIClient, many: list[str]):
    after = made(call(vera, "get", "tables?limit=2"))["paging"]["after"]
    assert call(vera, "get", f"tables?after={after}").status_code == 200
    for path in (f"tables?after={after[:-2]}", f"databases?after={after}", f"tables?include=all&after={after}"):
        assert call(vera, "get", path).status_code == 400, path
    assert call(charlie, "get", f"tables?after={after}").status_code == 400
    assert call(vera, "get", "tables?limit=0").status_code == 400
    assert call(vera, "get", "tables?limit=1001").status_code == 400


def statements(client: APIClient, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        made(call(client, "get", path))
    return len(queries)


def test_a_page_costs_the_same_number_of_statements_whatever_it_holds(vera: APIClient, many: list[str]):
    path = "tables?fields=*&databaseSchema=shop.sales.public"
    few, more = statements(vera, f"{path}&limit=1"), statements(vera, f"{path}&limit=11")
    assert few == more
    assert statements(vera, "tables?fields=*&limit=11") <= 10


def test_assets_of_no_service_have_one_by_name(vera: APIClient, alice_actor):
    drafts = [AssetDraft("DATABASE", "x", "legacy.x"), AssetDraft("DASHBOARD", "Sales", "Sales")]
    upsert_assets(actor=alice_actor, drafts=drafts)
    database = made(call(vera, "get", "databases"))["data"][0]
    assert (database["service"]["name"], database["service"]["type"]) == ("legacy", "databaseService")
    assert made(call(vera, "get", "dashboards"))["data"][0]["service"]["type"] == "dashboardService"
    again = made(call(vera, "get", "databases/name/legacy.x"))
    assert again["service"] == database["service"]
