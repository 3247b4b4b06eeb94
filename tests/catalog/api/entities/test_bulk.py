"""`bulk` and `deleteStale`."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from catalog.models import Asset, Relationship
from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db


def tables(count: int, prefix: str = "t", **more: Any) -> list[dict[str, Any]]:
    columns = [{"name": "a", "dataType": "INT"}]
    return [
        {"name": f"{prefix}{number}", "databaseSchema": "shop.sales.public", "columns": columns, **more}
        for number in range(count)
    ]


def test_good_rows_are_written_and_bad_ones_named(bob: APIClient, table):
    rows: list[Any] = tables(3)
    rows[1] = {**rows[1], "colour": "red"}
    rows += [
        {**rows[0], "description": "The last one counts."},
        {**rows[0], "name": "lost", "databaseSchema": "shop.sales.nowhere"},
        7,
        {"name": "users", "databaseSchema": "shop.sales.public", "columns": []},
        {**rows[0], "name": "n" * 300},
    ]
    result = made(call(bob, "put", "tables/bulk", rows))
    assert result["status"] == "partialSuccess"
    counts = [result[f"numberOfRows{what}"] for what in ("Processed", "Passed", "Failed")]
    assert counts == [8, 4, 4]
    passed = [row["request"] for row in result["successRequest"]]
    assert sorted({*passed}) == ["shop.sales.public.t0", "shop.sales.public.t2", "shop.sales.public.users"]
    twice = made(call(bob, "get", "tables/name/shop.sales.public.t0"))
    assert (twice["description"], twice["version"]) == ("The last one counts.", 0.1)
    told = [(row["status"], row["message"]) for row in result["failedRequest"]]
    assert told[0] == (400, "colour: There is no such field.")
    assert told[1][0] == 404
    assert told[2] == (400, "Each entity must be an object")
    assert told[3][1].startswith("name: ")
    assert made(call(bob, "get", "tables/name/shop.sales.public.users"))["columns"] == []
    assert Relationship.objects.filter(type="CONTAINS", source__name="public").count() == 3


def test_a_batch_costs_the_same_number_of_statements_whatever_its_size(bob: APIClient, schema, bob_member):
    more = {
        "tags": [{"tagFQN": "PII.Sensitive"}],
        "owners": [{"id": str(bob_member.user_id), "type": "user"}],
    }
    costs = []
    for count, prefix in ((2, "warm"), (5, "some"), (50, "many")):
        with CaptureQueriesContext(connection) as queries:
            made(call(bob, "put", "tables/bulk", tables(count, prefix, **more)))
        costs.append(len(queries))
    assert costs[1] == costs[2]
    again = made(call(bob, "put", "tables/bulk", tables(50, "many", **more)))
    assert again["status"] == "success"
    assert set(Asset.objects.filter(type="TABLE").values_list("version", flat=True)) == {1}


def test_the_size_of_a_batch_is_bounded(bob: APIClient, vera: APIClient, charlie: APIClient, schema):
    assert call(bob, "put", "tables/bulk", tables(1001)).status_code == 413
    assert call(bob, "put", "tables/bulk", {"name": "x"}).status_code == 400
    assert made(call(bob, "put", "tables/bulk", []))["numberOfRowsProcessed"] == 0
    assert call(vera, "put", "tables/bulk", tables(1)).status_code == 403
    outside = made(call(charlie, "put", "tables/bulk", tables(1)))
    assert (outside["status"], outside["failedRequest"][0]["status"]) == ("failure", 404)


def test_stale_ones_are_deleted_within_the_scope(bob: APIClient, table, schema):
    made(call(bob, "put", "tables/bulk", tables(3)))
    made(call(bob, "post", "databaseSchemas", {"name": "other", "database": "shop.sales"}))
    elsewhere = {"name": "kept", "databaseSchema": "shop.sales.other", "columns": []}
    made(call(bob, "post", "tables", elsewhere))
    body = {
        "scopeFqn": "shop.sales.public",
        "scopeEntityType": "databaseSchema",
        "seenFqns": ["shop.sales.public.t0", 'shop.sales."public".users'],
        "recursive": True,
    }
    result = made(call(bob, "delete", "tables/deleteStale", body))
    assert sorted(row["request"] for row in result["successRequest"]) == [
        "shop.sales.public.t1",
        "shop.sales.public.t2",
    ]
    left = Asset.objects.filter(type="TABLE", deleted_at=None).order_by("name")
    assert list(left.values_list("name", flat=True)) == ["kept", "t0", "users"]
    everywhere = {**body, "scopeFqn": "shop", "scopeEntityType": "service", "seenFqns": []}
    assert made(call(bob, "delete", "tables/deleteStale", everywhere))["numberOfRowsPassed"] == 3


def test_what_is_stale_and_not_empty_needs_recursive(bob: APIClient, table, schema):
    body = {"scopeFqn": "shop.sales", "scopeEntityType": "database", "seenFqns": [], "recursive": False}
    result = made(call(bob, "delete", "databaseSchemas/deleteStale", body))
    assert (result["status"], result["numberOfRowsFailed"]) == ("failure", 1)
    assert Asset.objects.filter(deleted_at=None).count() == 3
    result = made(call(bob, "delete", "databaseSchemas/deleteStale", {**body, "recursive": True}))
    assert (result["status"], result["numberOfRowsPassed"]) == ("success", 1)
    assert list(Asset.objects.filter(deleted_at=None).values_list("name", flat=True)) == ["sales"]


def test_a_scope_must_be_said(bob: APIClient, charlie: APIClient, vera: APIClient, table):
    good = {"scopeFqn": "shop", "scopeEntityType": "service", "seenFqns": []}
    for change in (
        {"scopeFqn": None},
        {"scopeEntityType": "chair"},
        {"seenFqns": "all"},
        {"more": 1},
        {"recursive": 1},
    ):
        assert call(bob, "delete", "tables/deleteStale", {**good, **change}).status_code == 400, change
    assert made(call(charlie, "delete", "tables/deleteStale", good))["numberOfRowsProcessed"] == 0
    assert call(vera, "delete", "tables/deleteStale", good).status_code == 403


def stale(client: APIClient, where: str, scope: str, fqn: str, *seen: str, recursive: bool = False) -> Any:
    body = {"scopeEntityType": scope, "scopeFqn": fqn, "seenFqns": list(seen), "recursive": recursive}
    return call(client, "delete", f"{where}/deleteStale", body)


def told(result: Any) -> tuple[list[str], list[str]]:
    found = made(result)
    return tuple([row["request"] for row in found[name]] for name in ("successRequest", "failedRequest"))  # type: ignore[return-value]


def test_stale_tags_of_a_classification_are_deleted(bob: APIClient, charlie: APIClient, vera: APIClient):
    made(call(bob, "post", "classifications", {"name": "PII"}))
    for name, of in (("Mail", "PII"), ("Phone", "PII"), ("Mail", "Other"), ("a.b", "PII")):
        made(call(bob, "post", "tags", {"name": name, "classification": of}))
    assert told(stale(charlie, "tags", "classification", "PII")) == ([], [])
    assert stale(vera, "tags", "classification", "PII").status_code == 403
    assert told(stale(bob, "tags", "classification", "PII", "pii.mail", 'PII."a.b"')) == (["PII.Phone"], [])
    left = made(call(bob, "get", "tags"))["data"]
    assert [tag["fullyQualifiedName"] for tag in left] == ["PII.Mail", "Other.Mail", 'PII."a.b"']
    assert call(bob, "get", "classifications/name/PII").status_code == 200
    assert made(call(bob, "get", "tags/name/PII.Phone?include=deleted"))["deleted"] is True
    assert told(stale(bob, "tags", "classification", "Nowhere")) == ([], [])


def test_stale_terms_and_domains_are_deleted_the_deepest_first(bob: APIClient):
    made(call(bob, "post", "glossaries", {"name": "Business"}))
    made(call(bob, "post", "glossaries", {"name": "Business2"}))
    made(call(bob, "post", "glossaryTerms", {"name": "Kept", "glossary": "Business2"}))
    for name, parent in (("Party", None), ("Customer", "Business.Party"), ("Old", "Business.Party"), ("Seen", None)):
        above = {"parent": parent} if parent else {}
        made(call(bob, "post", "glossaryTerms", {"name": name, "glossary": "Business", **above}))
    seen = ["Business.Party.Customer", "Business.Seen"]
    deleted, refused = told(stale(bob, "glossaryTerms", "glossary", "Business", *seen))
    assert (deleted, refused) == (["Business.Party.Old"], ["Business.Party"])
    assert told(stale(bob, "glossaryTerms", "glossaryTerm", "Business.Party")) == (["Business.Party.Customer"], [])
    assert told(stale(bob, "glossaryTerms", "glossary", "business")) == (["Business.Seen", "Business.Party"], [])
    assert [row["name"] for row in made(call(bob, "get", "glossaryTerms"))["data"]] == ["Kept"]
    made(call(bob, "post", "domains", {"name": "Finance"}))
    made(call(bob, "post", "domains", {"name": "Payments", "parent": "Finance"}))
    assert told(stale(bob, "domains", "domain", "Finance")) == (["Finance.Payments"], [])


@pytest.mark.parametrize("where", ["users", "teams", "classifications", "glossaries", "services/databaseServices"])
def test_what_lies_in_nothing_has_no_stale_ones(bob: APIClient, where: str):
    refused = stale(bob, where, "service", "shop")
    assert (refused.status_code, "scope" in refused.json()["message"]) == (400, True)


@pytest.mark.parametrize(
    ("where", "scope"),
    [("tags", "glossary"), ("glossaryTerms", "classification"), ("dashboards", "database"), ("databases", "database")],
)
def test_a_scope_is_one_that_the_entity_lies_in(bob: APIClient, where: str, scope: str):
    refused = stale(bob, where, scope, "x")
    assert (refused.status_code, "scopeEntityType" in refused.json()["message"]) == (400, True)
