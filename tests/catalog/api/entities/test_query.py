"""`/api/v1/search/query`: words, conditions and filters, as search engines answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.api.entities import query_filters
from catalog.names import join_name, quote_part
from catalog.services import AssetDraft, upsert_assets
from tests.catalog.api.entities.conftest import COLUMNS, call, made

pytestmark = pytest.mark.django_db

PUBLIC = "shop.sales.public"
EVERY = ["top.ten", "spending", "users"]
"""By their full names: a quote stands before letters."""


@pytest.fixture
def tables(bob: APIClient, table: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A table, two views and a table of another service."""
    own = {"databaseSchema": PUBLIC, "columns": COLUMNS}
    view = {**own, "name": "spending", "tableType": "View", "schemaDefinition": "SELECT 1"}
    return {
        "users": table,
        "spending": made(call(bob, "post", "tables", view)),
        "top": made(call(bob, "post", "tables", {**own, "name": "top.ten", "tableType": "MaterializedView"})),
    }


def ask(client: APIClient, code: int = 200, **query: Any) -> Any:
    if isinstance(query.get("query_filter"), dict):
        query["query_filter"] = json.dumps({"query": query["query_filter"]})
    response = client.get("/api/v1/search/query", query)
    assert response.status_code == code, response.content
    return response.json()


def found(client: APIClient, **query: Any) -> list[str]:
    return [hit["_source"]["name"] for hit in ask(client, sort_order="asc", **query)["hits"]["hits"]]


def test_a_hit_has_the_entity(bob: APIClient, tables):
    answer = ask(bob, q=f"fullyQualifiedName:{PUBLIC}.users")
    assert answer["hits"]["total"] == {"value": 1, "relation": "eq"}
    [hit] = answer["hits"]["hits"]
    assert (hit["_index"], hit["_id"]) == ("table_search_index", tables["users"]["id"])
    source = hit["_source"]
    assert (source["entityType"], source["service"]["name"], source["tableType"]) == ("table", "shop", "Regular")
    assert [column["name"] for column in source["columns"]] == ["id", "email", "price"]
    only = ask(bob, q="name:users", include_source_fields=["name", "schemaDefinition"])["hits"]["hits"]
    assert [one["_source"] for one in only] == [{"name": "users"}]


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("", EVERY),
        ("*", EVERY),
        ("name:*", EVERY),
        ("name:USERS", ["users"]),
        ("name.keyword:users", ["users"]),
        ("name:spend*", ["spending"]),
        ('name:"top.ten"', ["top.ten"]),
        ("name:top\\.ten", ["top.ten"]),
        ("name:nobody", []),
        (f'fullyQualifiedName:"{PUBLIC}.\\"top.ten\\""', ["top.ten"]),
        ("fullyQualifiedName:shop.*", EVERY),
        ("fullyQualifiedName:*.public.users", ["users"]),
        ("service.name:shop AND tableType:View", ["spending"]),
        ("service.name.keyword:other", []),
        ("tableType:MaterializedView", ["top.ten"]),
        ("tableType:Regular", ["users"]),
        ("databaseSchema.name:public AND name:users", ["users"]),
        ("database.name:nowhere", []),
        ("entityType:table AND deleted:false AND users", ["users"]),
        ("users", ["users"]),
        ('"Who buys"', ["users"]),
        ("nothingofthekind", []),
    ],
)
def test_words_and_conditions(bob: APIClient, tables, q: str, names: list[str]):
    assert found(bob, q=q) == names


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({"match_all": {}}, EVERY),
        ({"term": {"tableType": "View"}}, ["spending"]),
        ({"term": {"tableType": {"value": "View"}}}, ["spending"]),
        ({"terms": {"name.keyword": ["users", "spending", "x"]}}, ["spending", "users"]),
        ({"exists": {"field": "schemaDefinition"}}, ["spending"]),
        ({"exists": {"field": "processedLineage"}}, []),
        ({"bool": {"must_not": {"exists": {"field": "processedLineage"}}}}, EVERY),
        ({"bool": {"must_not": [{"term": {"name": "users"}}]}}, ["top.ten", "spending"]),
        ({"bool": {"should": [{"term": {"name": "users"}}, {"prefix": {"name": "top"}}]}}, ["top.ten", "users"]),
        ({"bool": {"should": []}}, EVERY),
        ({"bool": {"filter": {"exists": {"field": "description"}}, "must": []}}, ["users"]),
        ({"wildcard": {"name": {"value": "s*ing"}}}, ["spending"]),
        ({"term": {"name": "s*"}}, []),
        ({"query_string": {"query": "name:users AND deleted:false"}}, ["users"]),
        ({"exists": {"field": "owners"}}, []),
    ],
)
def test_filters(bob: APIClient, tables, body: dict[str, Any], names: list[str]):
    assert found(bob, query_filter=body) == names


def test_ids_tags_and_upstreams(bob: APIClient, tables):
    users, spending = tables["users"], tables["spending"]
    ends = {"fromEntity": {"id": users["id"], "type": "table"}, "toEntity": {"id": spending["id"], "type": "table"}}
    assert call(bob, "put", "lineage", {"edge": ends}).status_code == 200
    wanted = {"ids": {"values": [spending["id"], users["id"], "x"]}}
    fields = ["id", "upstreamLineage.fromEntity.id"]
    hits = ask(bob, query_filter=wanted, include_source_fields=fields)["hits"]["hits"]
    told = {hit["_id"]: hit["_source"].get("upstreamLineage") for hit in hits}
    assert told[users["id"]] is None
    assert [edge["fromEntity"]["id"] for edge in told[spending["id"]]] == [users["id"]]
    label = {"op": "add", "path": "/tags/-", "value": {"tagFQN": "PII.Mail"}}
    made(call(bob, "patch", f"tables/{users['id']}", [label]))
    assert found(bob, q="tags.tagFQN:PII.Mail") == ["users"]
    assert found(bob, query_filter={"exists": {"field": "tags"}}) == ["users"]


def test_deleted_ones_are_found_where_nothing_is_said_of_them(bob: APIClient, tables):
    made(call(bob, "delete", f"tables/{tables['top']['id']}"))
    assert found(bob, deleted="false") == ["spending", "users"]
    assert found(bob, deleted="true") == ["top.ten"]
    assert found(bob) == EVERY


def test_pages_follow_each_other(bob: APIClient, tables):
    names: list[str] = []
    after: list[str] = []
    while hits := ask(bob, size=2, sort_field="fullyQualifiedName", search_after=after)["hits"]["hits"]:
        names += [hit["_source"]["name"] for hit in hits]
        after = hits[-1]["sort"]
    assert names == ["users", "spending", "top.ten"]
    assert ask(bob, size=0)["hits"]["total"]["value"] == 3
    assert len(found(bob, size=5, **{"from": 1})) == 2


def test_indexes(bob: APIClient, alice: APIClient, tables, bob_actor):
    drafts = [AssetDraft("DASHBOARD", "users", "bi.users")]
    assert not upsert_assets(actor=bob_actor, drafts=drafts).errors
    assert found(bob, q="name:users", index="dashboard_search_index") == ["users"]
    everything = ask(bob, q="name:users", index="all")["hits"]["hits"]
    assert {hit["_source"]["entityType"] for hit in everything} == {"table", "dashboard"}
    assert ask(bob, q="", index="query_search_index")["hits"]["total"]["value"] == 0
    assert found(bob, q="email.keyword:BOB@example.com", index="user_search_index") == ["bob"]
    body = {"query_string": {"query": "bo AND isBot:false", "fields": ["name", "displayName"]}}
    assert found(bob, query_filter=body, index="user_search_index") == ["bob"]
    assert found(bob, q="isBot:true", index="user_search_index") == []
    made(call(alice, "post", "teams", {"name": "crew"}))
    assert found(bob, q="name:cre*", index="team_search_index") == ["crew"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"q": "colour:red"}, "colour"),
        ({"q": "users OR orders"}, "OR"),
        ({"q": "NOT users"}, "NOT"),
        ({"q": "(users)"}, "q"),
        ({"q": 'name:"users'}, "q"),
        ({"q": "name:a\0b"}, "NUL"),
        ({"q": "name:"}, "q"),
        ({"q": "fullyQualifiedName:*.*"}, "pattern"),
        ({"query_filter": "{"}, "query_filter"),
        ({"query_filter": "[]"}, "query_filter"),
        ({"query_filter": '{"query": {"fuzzy": {"name": "x"}}}'}, "fuzzy"),
        ({"query_filter": '{"query": {"term": {"colour": "x"}}}'}, "colour"),
        ({"query_filter": '{"query": {"term": {"name": null}}}'}, "term"),
        ({"query_filter": '{"query": {"bool": {"must": [[]]}}}'}, "condition"),
        ({"query_filter": '{"query": {"bool": {"boost": 1}}}'}, "bool"),
        ({"query_filter": '{"query": {"ids": {"values": "x"}}}'}, "ids"),
        ({"query_filter": '{"query": ' + '{"bool": {"must": ' * 40 + '{"match_all": {}}' + "}}" * 40 + "}"}, "deep"),
        ({"sort_field": "colour"}, "sort_field"),
        ({"sort_order": "up"}, "sort_order"),
        ({"search_after": "x"}, "search_after"),
        ({"size": "1001"}, "size"),
        ({"from": "10000"}, "from"),
        ({"deleted": "maybe"}, "deleted"),
        ({"colour": "red"}, "colour"),
        ({"q": "colour:red", "index": "user_search_index"}, "colour"),
        ({"query_filter": '{"query": {"match_all": {}}}', "index": "user_search_index"}, "query_filter"),
    ],
)
def test_what_is_not_understood_is_told(bob: APIClient, tables, query: dict[str, str], named: str):
    assert named in ask(bob, 400, **query)["message"]


def test_outsiders_find_nothing(charlie: APIClient, tables, bob_member):
    for query in ({}, {"q": "users"}, {"q": "name:users"}, {"q": f"fullyQualifiedName:{PUBLIC}.users"}):
        assert found(charlie, **query) == [], query
    ids = {"ids": {"values": [tables["users"]["id"]]}}
    assert found(charlie, query_filter=ids) == []
    assert found(charlie, q="email:bob@example.com", index="user_search_index") == []


def test_a_page_takes_as_many_statements_whatever_is_on_it(bob: APIClient, tables, django_assert_max_num_queries):
    bodies = [{"name": f"t{number}", "databaseSchema": PUBLIC, "columns": COLUMNS} for number in range(40)]
    made(call(bob, "put", "tables/bulk", bodies))
    with django_assert_max_num_queries(14):
        assert len(ask(bob, q="service.name:shop", size=40)["hits"]["hits"]) == 40


def test_words_alone_are_counted_and_paged_beyond_what_a_filter_looks_at(bob: APIClient, tables, monkeypatch):
    monkeypatch.setattr(query_filters, "LOOKED_AT", 2)
    bodies = [{"name": f"order_{number}", "databaseSchema": PUBLIC, "columns": []} for number in range(5)]
    made(call(bob, "put", "tables/bulk", bodies))
    answer = ask(bob, q="order", size=3, **{"from": 3})["hits"]
    assert (answer["total"], len(answer["hits"])) == ({"value": 5, "relation": "eq"}, 2)
    answer = ask(bob, q="order AND tableType:Regular")["hits"]
    assert (answer["total"], len(answer["hits"])) == ({"value": 2, "relation": "gte"}, 2)
    answer = ask(bob, q="spending AND tableType:View")["hits"]
    assert answer["total"] == {"value": 1, "relation": "eq"}


def test_words_are_looked_for_once_in_all_indexes_and_the_best_comes_first(
    bob: APIClient, tables, bob_actor, django_assert_max_num_queries
):
    drafts = [AssetDraft("CHART", "spending", "bi.spending"), AssetDraft("TABLE", "a", "x.a", "of spending")]
    assert not upsert_assets(actor=bob_actor, drafts=drafts).errors
    with django_assert_max_num_queries(20):
        hits = ask(bob, q="spending", index="all")["hits"]["hits"]
    assert [hit["_source"]["name"] for hit in hits] == ["spending", "spending", "a"]
    assert {hit["_source"]["entityType"] for hit in hits[:2]} == {"table", "chart"}


def test_living_and_deleted_ones_stand_in_one_order_on_every_page(bob: APIClient, tables):
    bodies = [{"name": f"t{number}", "databaseSchema": PUBLIC, "columns": []} for number in range(6)]
    made(call(bob, "put", "tables/bulk", bodies))
    for name in ("t1", "t4"):
        key = call(bob, "get", f"tables/name/{PUBLIC}.{name}").json()["id"]
        made(call(bob, "delete", f"tables/{key}"))
    names = [f"t{number}" for number in range(6)]
    everything = [name for start in range(0, 9, 2) for name in found(bob, sort_field="name", size=2, **{"from": start})]
    assert everything == sorted([*names, "spending", "users", "top.ten"])


@pytest.mark.parametrize(
    "name", ["Sales Data", "salesData9", "客户table", "客户", "Ünïcode_x", 'a"b', "...", "___", "9"]
)
def test_a_beginning_of_full_names_finds_whatever_stands_there(bob: APIClient, bob_actor, name: str):
    drafts = [AssetDraft("TABLE", "t", join_name(name, "public", "t")), AssetDraft("TABLE", "t", "other.public.t")]
    assert not upsert_assets(actor=bob_actor, drafts=drafts).errors
    escaped = "".join(f"\\{char}" if char in '"\\ ' else char for char in quote_part(name))
    assert found(bob, q=f"fullyQualifiedName:{escaped}.*") == ["t"]
    assert found(bob, q=f"fullyQualifiedName:{escaped}.public.*") == ["t"]
    assert found(bob, q=f"fullyQualifiedName:{escaped}.private.*") == []


def test_a_place_behind_a_hit_needs_an_order_that_has_places(bob: APIClient, tables):
    after = ["a", tables["users"]["id"]]
    assert "sort_field" in ask(bob, 400, q="users", search_after=after)["message"]
    assert ask(bob, q="users", search_after=after, sort_field="name", sort_order="asc")["hits"]["hits"]
