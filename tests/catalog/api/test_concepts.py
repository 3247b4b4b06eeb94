"""`/v1/domains`, `/v1/glossaries`, `/v1/glossary-terms`, and how assets show and are found by them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.actor import Actor
from accounts.services import create_team
from catalog.models import Asset
from tests.catalog.conftest import make_asset

pytestmark = pytest.mark.django_db

COLUMNS = [{"name": "email", "type": "text"}]


def post(client: APIClient, path: str, body: Any) -> Any:
    return client.post(f"/v1/{path}", body, format="json")


def made(client: APIClient, path: str, **body: Any) -> dict[str, Any]:
    answer = post(client, path, body)
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


@pytest.fixture
def customer(bob: APIClient) -> dict[str, Any]:
    made(bob, "glossaries", name="Business")
    definition = "Who has bought something."
    return made(bob, "glossary-terms", name="Customer", glossary="Business", definition=definition, synonyms=["client"])


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


BODIES = {
    "domains": {"description": "Money"},
    "glossaries": {"description": "Words"},
    "glossary-terms": {"glossary": "Business", "definition": "Money"},
}


@pytest.mark.parametrize(
    ("path", "error"), [("domains", "DOMAIN"), ("glossaries", "GLOSSARY"), ("glossary-terms", "TERM")]
)
def test_concepts_are_made_listed_changed_deleted_and_restored(
    bob: APIClient, vera: APIClient, charlie: APIClient, path, error
):
    body = BODIES[path]
    if path == "glossary-terms":
        made(bob, "glossaries", name="Business")
    answer = post(bob, path, {"name": "Finance", "owner": "bob", **body})
    assert (answer.status_code, answer["ETag"]) == (201, '"1"')
    shown = answer.json()
    assert (shown["owner"]["name"], shown["owner"]["type"]) == ("Bob", "user")
    url = f"/v1/{path}/{shown['id']}"
    full = shown["fully_qualified_name"]
    assert vera.get(url).json() == vera.get(f"/v1/{path}/name/{full.upper()}").json() == shown
    assert vera.get(url, headers={"If-None-Match": '"1"'}).status_code == 304
    page = vera.get(f"/v1/{path}?search=FIN&owner=bob").json()
    assert page == {"data": [shown], "pagination": {"total": 1, "limit": 20, "offset": 0, "has_more": False}}
    assert vera.get(f"/v1/{path}?owner=vera").json()["data"] == []
    assert code(post(bob, path, {"name": "finance", **body})) == (409, f"{error}_CONFLICT")
    assert code(bob.put(url, {"name": "x", "version": 4}, format="json")) == (409, "VERSION_CONFLICT")
    changed = bob.put(url, {"display_name": "Money", "version": 1}, format="json").json()
    assert (changed["display_name"], changed["version"]) == ("Money", 2)
    for answer in (charlie.get(url), charlie.put(url, {}, format="json"), charlie.delete(url)):
        assert code(answer) == (404, f"{error}_NOT_FOUND")
    assert code(charlie.post(f"{url}/restore")) == (404, f"{error}_NOT_FOUND")
    assert charlie.get(f"/v1/{path}").json()["data"] == []
    assert code(vera.put(url, {"name": "x"}, format="json")) == (403, "FORBIDDEN")
    assert bob.delete(url).status_code == 204
    assert code(bob.get(url)) == (404, f"{error}_NOT_FOUND")
    assert bob.post(f"{url}/restore").json()["version"] == 4
    for wrong in ("nothing", str(uuid4()), "name/nothing"):
        assert code(bob.get(f"/v1/{path}/{wrong}")) == (404, f"{error}_NOT_FOUND")


def test_what_holds_others_needs_recursive(bob: APIClient):
    outer = made(bob, "domains", name="Outer")
    inner = made(bob, "domains", name="Inner", parent=outer["id"])
    assert inner["parent"] == {"id": outer["id"], "name": "Outer", "fully_qualified_name": "Outer"}
    assert bob.get("/v1/domains?parent=outer").json()["data"] == [inner]
    url = f"/v1/domains/{outer['id']}"
    answer = bob.delete(url)
    assert code(answer) == (409, "DOMAIN_CONFLICT")
    assert answer.json()["error"]["details"]["held"] == ["Outer.Inner"]
    assert bob.delete(f"{url}?recursive=yes").status_code == 400
    assert bob.delete(f"{url}?recursive=true&recursive=false").status_code == 400
    assert bob.delete(f"{url}?recursive=false").status_code == 409
    assert bob.delete(f"{url}?recursive=true").status_code == 204
    assert bob.get("/v1/domains").json()["data"] == []


def test_a_term_is_said_of_assets_and_columns(bob: APIClient, vera: APIClient, charlie: APIClient, bob_actor, customer):
    asset = make_asset(bob_actor, schema=COLUMNS)
    other = make_asset(bob_actor, "other")
    url = f"/v1/glossary-terms/{customer['id']}/assets"
    for column, status in ((None, 201), (None, 200), ("email", 201)):
        answer = bob.post(url, {"asset_id": str(asset.pk), "column": column}, format="json")
        assert (answer.status_code, answer.json()["column"]) == (status, column)
    page = vera.get(url).json()
    assert page["pagination"]["total"] == 2
    assert [(one["asset"]["name"], one["column"]) for one in page["data"]] == [("users", None), ("users", "email")]
    shown = vera.get(f"/v1/assets/{asset.pk}").json()
    said = {name: customer[name] for name in ("id", "name", "fully_qualified_name", "status")}
    assert shown["terms"] == [{**said, "column": None}, {**said, "column": "email"}]
    assert bob.put(f"/v1/assets/{asset.pk}", {"terms": shown["terms"]}, format="json").json()["version"] == 3
    for term in ("customer", "business.customer", customer["id"]):
        assert [one["name"] for one in vera.get(f"/v1/assets?term={term}").json()["data"]] == ["users"]
        assert vera.get(f"/v1/search?q=&term={term}").json()["total"] == 1
    assert vera.get("/v1/assets?term=nothing").json()["data"] == []
    assert vera.get("/v1/search?q=&term=nothing").json()["total"] == 0
    assert code(bob.post(url, {"asset_id": str(other.pk), "column": "email"}, format="json")) == (
        400,
        "VALIDATION_ERROR",
    )
    assert code(bob.post(url, {"asset_id": str(uuid4())}, format="json")) == (404, "ASSET_NOT_FOUND")
    bad: list[tuple[dict[str, Any], str]] = [({}, "asset_id"), ({"asset_id": 5}, "asset_id"), ({"x": 1}, "x")]
    for body, field in bad:
        assert field in bob.post(url, body, format="json").json()["error"]["details"]
    assert code(bob.delete(f"{url}/{other.pk}")) == (404, "TERM_NOT_FOUND")
    assert code(bob.delete(f"{url}/nothing")) == (404, "ASSET_NOT_FOUND")
    assert code(charlie.delete(f"{url}/{asset.pk}")) == (404, "TERM_NOT_FOUND")
    assert code(vera.delete(f"{url}/{asset.pk}")) == (403, "FORBIDDEN")
    assert bob.delete(f"{url}/{asset.pk}?column=email").status_code == 204
    assert [one["column"] for one in vera.get(url).json()["data"]] == [None]
    changes = vera.get(f"/v1/assets/{asset.pk}/versions/4").json()["changes"]
    assert [change["path"] for change in changes if change["path"].startswith("terms")]


def test_terms_are_listed_by_glossary_parent_and_status(bob: APIClient, customer):
    made(bob, "glossary-terms", name="Prospect", parent="Business.Customer", status="approved")
    made(bob, "glossaries", name="Other")

    def names(query: str) -> list[str]:
        return [one["name"] for one in bob.get(f"/v1/glossary-terms?{query}").json()["data"]]

    assert names("glossary=business") == ["Customer", "Prospect"]
    assert names("glossary=Other") == []
    assert names(f"parent={customer['id']}") == names("parent=business.customer") == ["Prospect"]
    assert names("status=approved") == ["Prospect"]
    assert bob.get("/v1/glossary-terms?status=good").status_code == 400
    answer = bob.get("/v1/search?kind=glossary_term&q=bought").json()
    assert [one["glossary_term"]["qualified_name"] for one in answer["results"]] == ["Business.Customer"]


def test_assets_are_found_by_domain_and_by_owning_team(bob: APIClient, alice_actor: Actor, bob_actor: Actor):
    team = create_team(actor=alice_actor, data={"name": "stewards", "display_name": "Stewards of data"})
    made(bob, "domains", name="Finance")
    inner = made(bob, "domains", name="Payments", parent="Finance")
    make_asset(bob_actor, "users", owner="stewards", domain="Payments")
    make_asset(bob_actor, "orders", owner="bob", domain={"fully_qualified_name": "Finance"})
    make_asset(bob_actor, "else")

    def names(query: str) -> list[str]:
        return [one["name"] for one in bob.get(f"/v1/assets?sort=name&{query}").json()["data"]]

    for owner in ("STEWARDS", str(team.pk)):
        assert names(f"owner={owner}") == ["users"]
        assert bob.get(f"/v1/search?q=&owner={owner}").json()["total"] == 1
    assert names("owner=stewards,me") == ["orders", "users"]
    assert names("domain=finance") == ["orders", "users"]
    assert names("domain=finance.payments") == names(f"domain={inner['id']}") == ["users"]
    assert names("domain=nowhere") == []
    assert bob.get("/v1/search?q=&domain=Finance").json()["total"] == 2
    counts = bob.get("/v1/search/facets").json()["facets"]
    assert counts["owner"] == {"Bob": 1, "Stewards of data": 1}
    assert counts["domain"] == {"Finance": 1, "Finance.Payments": 1}
    shown = bob.get(f"/v1/assets/{Asset.objects.get(name='users').pk}").json()
    assert shown["owner"] == {"id": str(team.pk), "name": "Stewards of data", "type": "team"}
    assert shown["domain"]["fully_qualified_name"] == "Finance.Payments"
    again = bob.put(f"/v1/assets/{shown['id']}", {"owner": shown["owner"], "domain": shown["domain"]}, format="json")
    assert (again.status_code, again.json()["version"]) == (200, 1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"owner": {"type": "company", "name": "x"}}, "owner.type"),
        ({"owner": {"type": "team", "name": "bob"}}, "owner"),
        ({"owner": {}}, "owner"),
        ({"owner": ["bob"]}, "owner"),
        ({"domain": "nowhere"}, "domain"),
        ({"domain": {"colour": "red"}}, "domain.colour"),
        ({"terms": "Customer"}, "terms"),
        ({"terms": ["nothing"]}, "terms.0"),
        ({"terms": [{"name": "Customer", "column": 5}]}, "terms.0.column"),
        ({"terms": [{"name": "Customer", "column": "nope"}]}, "terms.0.column"),
        ({"terms": ["x"] * 501}, "terms"),
    ],
)
@pytest.mark.usefixtures("customer")
def test_what_an_asset_names_must_be_there(bob: APIClient, bob_actor, changes, field):
    asset = make_asset(bob_actor)
    answer = bob.put(f"/v1/assets/{asset.pk}", changes, format="json")
    assert code(answer) == (400, "VALIDATION_ERROR")
    assert field in answer.json()["error"]["details"]
