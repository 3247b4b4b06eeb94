# ruff: noqa: UP031  format() would have every brace of GraphQL written twice
"""What a query may cost, and what it costs."""

from __future__ import annotations

import pytest
from graphql import get_introspection_query

from catalog.services import AssetDraft, RelationshipDraft, upsert_assets, upsert_relationships
from config.graphql import limits
from tests.config.graphql.asking import ask, code, data

pytestmark = pytest.mark.django_db(transaction=True)


def nested(levels: int) -> str:
    return "{ assets { data {" + " lineage { upstream { asset {" * levels + " id " + "} } }" * levels + "} } }"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (nested(6), "QUERY_TOO_DEEP"),
        (nested(4).replace("assets", "assets(pagination: {limit: 100})"), "QUERY_TOO_COSTLY"),
        ("{" + " ".join(f"a{n}: tags {{ name }}" for n in range(limits.ALIASES + 1)) + "}", "TOO_MANY_ALIASES"),
        ("{" + " tags { name }" * 1000 + "}", "BAD_REQUEST"),
        ("{ __schema " + "{ types { fields { type " * 7 + "{ name }" + "} } }" * 7 + "}", "QUERY_TOO_DEEP"),
        (
            "{ ...F0 }"
            + "".join(f"fragment F{n} on Query {{ a: tags {{ name }} ...F{n + 1} ...F{n + 1} }}" for n in range(60))
            + "fragment F60 on Query { tags { name } }",
            "TOO_MANY_ALIASES",
        ),
    ],
)
def test_too_much_is_refused_before_it_runs(alice, django_assert_max_num_queries, query, expected):
    with django_assert_max_num_queries(2):  # who asks
        assert code(alice, query) == expected


def test_limit_in_a_variable_counts(alice):
    query = "query Q($p: Pagination) " + nested(4).replace("assets", "assets(pagination: $p)")
    assert code(alice, query, p={"limit": 100}) == "QUERY_TOO_COSTLY"
    assert "errors" not in ask(alice, query, p={"limit": 1})


@pytest.mark.parametrize(
    ("declared", "given"), [("$p: Pagination = {limit: 100}", "$p"), ("$n: Int = 100", "{limit: $n}")]
)
def test_limit_that_is_a_variables_default_counts(alice, declared, given):
    query = f"query Q({declared}) " + nested(3).replace("assets", f"assets(pagination: {given})")
    assert code(alice, query) == "QUERY_TOO_COSTLY"
    assert "errors" not in ask(alice, query, p={"limit": 2}, n=2)


@pytest.mark.parametrize("limit", ["-1000000", "9" * 5000])
def test_limit_that_means_nothing_makes_nothing_cheaper(alice, limit):
    costly = nested(3).replace("assets", "assets(pagination: {limit: 100})").removesuffix("}")
    other = f"other: assets(pagination: {{limit: {limit}}}) {{ data {{ id }} }} }}"
    assert code(alice, costly + other) == "QUERY_TOO_COSTLY"


def test_introspection_of_an_editor_passes(alice):
    found = data(alice, get_introspection_query(descriptions=True))
    assert found["__schema"]["queryType"]["name"] == "Query"


def test_a_query_costs_as_many_statements_for_many_as_for_few(alice, alice_actor, django_assert_num_queries):
    def grow(first: int, last: int) -> None:
        drafts = [AssetDraft("TABLE", f"t{n}", f"db.t{n}", tags=["a", "b"]) for n in range(first, last)]
        upsert_assets(actor=alice_actor, drafts=drafts)
        edges = [RelationshipDraft(f"db.t{n}", f"db.t{n - 1}", "DEPENDS_ON") for n in range(max(first, 1), last)]
        upsert_relationships(actor=alice_actor, drafts=edges)

    query = """{ assets(pagination: {limit: 100}, filter: {sort: "name"}) { data {
      name tags { name } schema { name } createdBy { name }
      lineage(depth: 1) { upstream { asset { name tags { name } } relationship { source { name } } } } } } }"""
    grow(0, 3)
    data(alice, query)  # SQLite is asked once for each process whether it knows JSON
    # Who asks, keys, rows, total; tags, schemas, lineage (start, two ways); the next assets, their tags, the sources.
    with django_assert_num_queries(10):
        assert len(data(alice, query)["assets"]["data"]) == 3
    grow(3, 60)
    with django_assert_num_queries(10):
        found = data(alice, query)["assets"]["data"]
    assert len(found) == 60
    steps = {each["name"]: [step["asset"]["name"] for step in each["lineage"]["upstream"]] for each in found}
    assert (steps["t0"], steps["t1"], steps["t59"]) == ([], ["t0"], ["t58"])
    assert found[5]["lineage"]["upstream"][0]["relationship"]["source"]["name"] == found[5]["name"]


def test_lineage_of_many_is_that_of_each(alice, alice_actor):
    drafts = [AssetDraft("TABLE", f"t{n}", f"db.t{n}") for n in range(8)]
    upsert_assets(actor=alice_actor, drafts=drafts)
    pairs = [(0, 1), (1, 2), (2, 0), (3, 1), (4, 3), (5, 4), (6, 5), (6, 0)]  # with a cycle
    edges = [RelationshipDraft(f"db.t{a}", f"db.t{b}", "USES") for a, b in pairs]
    upsert_relationships(actor=alice_actor, drafts=edges)
    shape = "{ upstream { depth asset { name } relationship { id } } downstream { depth asset { name } } truncated }"
    together = data(alice, "{ assets { data { id lineage(depth: 3) %s } } }" % shape)["assets"]["data"]
    for asset in together:
        alone = data(alice, "query Q($id: ID!) { lineage(assetId: $id, depth: 3) %s }" % shape, id=asset["id"])
        assert asset["lineage"] == alone["lineage"]


def test_too_many_requests_are_told(settings, alice):
    settings.RATE_METASTORE = "1/minute"
    ask(alice, "{ tags { name } }")
    assert code(alice, "{ tags { name } }", 429) == "RATE_LIMIT_EXCEEDED"
