"""`/api/v1/search/fieldQuery`: entities by name, as search engines answer."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.services import AssetDraft, upsert_assets
from tests.catalog.api.entities.conftest import call

NAMES = ["shop.sales.public.users", "shop.crm.public.Users", "other.sales.public.users", 'shop.sales.public."a.b"']


@pytest.fixture
def tables(bob_actor) -> None:
    drafts = [AssetDraft("TABLE", name.rpartition(".")[2].strip('"'), name) for name in NAMES]
    drafts[3].name = "a.b"
    drafts.append(AssetDraft("DASHBOARD", "users", "bi.users"))
    assert not upsert_assets(actor=bob_actor, drafts=drafts).errors


def ask(client: Any, value: str, code: int = 200, /, **more: Any) -> Any:
    query = {"fieldName": "fullyQualifiedName", "fieldValue": value, "index": "table_search_index", **more}
    response = client.get("/api/v1/search/fieldQuery", query)
    assert response.status_code == code, response.content
    return response.json()


def found(*args: Any, **more: Any) -> set[str]:
    return {hit["_source"]["fullyQualifiedName"] for hit in ask(*args, **more)["hits"]["hits"]}


def test_a_whole_name(bob, tables):
    answer = ask(bob, "shop.sales.public.users")
    [hit] = answer["hits"]["hits"]
    assert answer["hits"]["total"] == {"value": 1, "relation": "eq"}
    assert (hit["_index"], hit["_source"]["entityType"]) == ("table_search_index", "table")
    assert call(bob, "get", f"tables/{hit['_id']}").json()["fullyQualifiedName"] == "shop.sales.public.users"
    assert found(bob, 'shop.sales.public."a.b"') == {NAMES[3]}
    assert found(bob, "shop.sales.public.user") == set()


def test_parts_may_be_anything_and_case_does_not_matter(bob, tables):
    assert found(bob, "shop.*.public.users") == set(NAMES[:2])
    assert found(bob, "*.SALES.*.USERS") == {NAMES[0], NAMES[2]}
    assert found(bob, "*.users") == set()
    assert found(bob, "users", fieldName="name") == set(NAMES[:3])


def test_indexes(bob, tables):
    assert found(bob, "bi.users", index="dashboard_search_index") == {"bi.users"}
    assert found(bob, "bi.users") == set()
    assert found(bob, "bi.users", index="ml_model_search_index") == set()


def test_pages(bob, tables):
    pages = [found(bob, "users", fieldName="name", size=2, **{"from": start}) for start in (0, 2)]
    assert [len(page) for page in pages] == [2, 1]
    assert pages[0] | pages[1] == set(NAMES[:3])


@pytest.mark.parametrize(
    ("value", "more"),
    [('a."b', {}), ("shop.*", {}), ("x", {"fieldName": "colour"}), ("x.y", {"size": 101}), ("x.y", {"from": -1})],
)
def test_bad_questions(bob, value, more):
    assert ask(bob, value, 400, **more)["code"] == 400


def test_outsider_finds_nothing(charlie, anonymous, tables):
    assert found(charlie, "shop.sales.public.users") == set()
    ask(anonymous, "shop.sales.public.users", 401)


def test_paths_below_search_speak_their_own_contract(bob):
    assert set(bob.get("/api/v1/search/fieldQuery/nothing").json()) == {"code", "message"}
