"""Glossaries and terms, and how entities and columns carry them; owners that are teams; domains."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.catalog.api.entities.conftest import COLUMNS, call, made

pytestmark = pytest.mark.django_db


@pytest.fixture
def glossary(bob: APIClient) -> dict[str, Any]:
    return made(call(bob, "post", "glossaries", {"name": "Business", "description": "Our words."}))


@pytest.fixture
def term(bob: APIClient, glossary: dict[str, Any]) -> dict[str, Any]:
    body = {"name": "Customer", "glossary": "Business", "description": "Who buys.", "synonyms": ["Client"]}
    return made(call(bob, "post", "glossaryTerms", body))


def test_a_term_of_a_glossary(bob: APIClient, vera: APIClient, term, glossary):
    assert term["fullyQualifiedName"] == "Business.Customer"
    assert term["glossary"]["href"] == glossary["href"]
    assert (term["synonyms"], term["entityStatus"], term["version"]) == (["Client"], "Draft", 0.1)
    assert made(call(vera, "get", "glossaryTerms/name/Business.Customer?fields=*")) == term
    body = {"name": "Retail", "glossary": "Business", "parent": "Business.Customer"}
    narrower = made(call(bob, "put", "glossaryTerms", body))
    assert narrower["fullyQualifiedName"] == "Business.Customer.Retail"
    assert narrower["parent"]["id"] == term["id"]
    assert bob.get(f"/v1/glossary-terms/{term['id']}").json()["definition"] == "Who buys."
    rows = made(call(bob, "get", "glossaryTerms?glossary=Business"))["data"]
    assert [row["name"] for row in rows] == ["Customer", "Retail"]
    assert made(call(bob, "get", "glossaryTerms?glossary=Other"))["data"] == []


def test_terms_are_replaced_patched_deleted_and_restored(bob: APIClient, term, glossary):
    status = {"op": "replace", "path": "/entityStatus", "value": "Approved"}
    changed = made(call(bob, "patch", f"glossaryTerms/{term['id']}", [status]))
    assert (changed["entityStatus"], changed["version"]) == ("Approved", 0.2)
    stale = call(bob, "patch", f"glossaryTerms/{term['id']}", [status], **{"If-Match": 'W/"0.1"'})
    assert stale.status_code == 412
    replaced = call(bob, "put", "glossaryTerms", {"name": "Customer", "glossary": "Business"})
    assert (replaced.status_code, replaced.json()["synonyms"], replaced.json()["description"]) == (200, [], "")
    assert call(bob, "delete", f"glossaries/{glossary['id']}").status_code == 400
    assert call(bob, "delete", f"glossaries/{glossary['id']}?recursive=true").json()["deleted"] is True
    assert call(bob, "get", f"glossaryTerms/{term['id']}").status_code == 404
    assert made(call(bob, "get", "glossaryTerms?include=deleted"))["data"][0]["deleted"] is True
    assert call(bob, "put", "glossaries/restore", {"id": glossary["id"]}).json()["deleted"] is False
    assert made(call(bob, "get", f"glossaryTerms/{term['id']}"))["name"] == "Customer"
    assert call(bob, "delete", f"glossaries/{glossary['id']}?recursive=true&hardDelete=true").status_code == 200
    assert call(bob, "put", "glossaries/restore", {"id": glossary["id"]}).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"name": "x"}, 400, "glossary"),
        ({"name": "x", "glossary": "Nowhere"}, 400, "glossary"),
        ({"name": "x", "glossary": 'B"'}, 400, "glossary"),
        ({"name": "x", "glossary": 7}, 400, "glossary"),
        ({"name": "x", "glossary": "Business", "colour": 1}, 400, "colour"),
        ({"name": "x", "glossary": "Business", "entityStatus": "Fine"}, 400, "entityStatus"),
        ({"name": "x", "glossary": "Business", "owners": [{"id": "7"}]}, 400, "owners"),
        ({"name": "Customer", "glossary": "Business"}, 409, "Customer"),
    ],
)
def test_what_is_wrong_is_named(bob: APIClient, term, body: dict[str, Any], status: int, named: str):
    response = call(bob, "post", "glossaryTerms", body)
    assert response.status_code == status, response.content
    assert named in response.json()["message"]


def test_entities_and_columns_carry_terms_as_labels(bob: APIClient, term, table):
    label = {"tagFQN": "Business.Customer", "source": "Glossary", "labelType": "Manual", "state": "Confirmed"}
    operations = [
        {"op": "add", "path": "/tags/-", "value": label},
        {"op": "add", "path": "/columns/1/tags/-", "value": label},
        {"op": "add", "path": "/columns/1/tags/-", "value": {"tagFQN": "PII.Mail", "source": "Classification"}},
    ]
    changed = made(call(bob, "patch", f"tables/{table['id']}", operations))
    assert [(tag["tagFQN"], tag["source"]) for tag in changed["tags"]] == [("Business.Customer", "Glossary")]
    assert changed["tags"][0]["href"] == term["href"]
    told = {tag["tagFQN"]: tag["source"] for tag in changed["columns"][1]["tags"]}
    assert told == {"Business.Customer": "Glossary", "PII.Mail": "Classification"}
    terms = bob.get(f"/v1/assets/{table['id']}").json()["terms"]
    assert [link["column"] for link in terms] == [None, "email"]
    # Taking the entity's own leaves the column's, and the other way round.
    without = made(call(bob, "patch", f"tables/{table['id']}", [{"op": "remove", "path": "/tags/0"}]))
    assert without["tags"] == []
    assert len(without["columns"][1]["tags"]) == 2
    # A replacement says all of them.
    body = {"name": "users", "databaseSchema": "shop.sales.public", "columns": COLUMNS, "tags": [label]}
    replaced = made(call(bob, "put", "tables", body))
    assert [tag["tagFQN"] for tag in replaced["tags"]] == ["Business.Customer"]
    assert replaced["columns"][1]["tags"] == []
    unknown = call(bob, "put", "tables", {**body, "tags": [{**label, "tagFQN": "Business.Nobody"}]})
    assert (unknown.status_code, "tags" in unknown.json()["message"]) == (400, True)
    first = made(call(bob, "get", f"tables/{table['id']}/versions/0.2"))
    assert len(first["columns"][1]["tags"]) == 2


def test_teams_own_and_domains_hold(alice: APIClient, table):
    team = made(call(alice, "post", "teams", {"name": "crew", "displayName": "The crew", "teamType": "Group"}))
    alice.post("/v1/domains", {"name": "Sales"}, format="json")
    operations = [
        {"op": "add", "path": "/owners/-", "value": {"id": team["id"], "type": "team"}},
        {"op": "add", "path": "/domains", "value": ["Sales"]},
    ]
    changed = made(call(alice, "patch", f"tables/{table['id']}", operations))
    owner = changed["owners"][0]
    assert (owner["type"], owner["name"], owner["displayName"], owner["href"]) == (
        "team",
        "crew",
        "The crew",
        team["href"],
    )
    assert [domain["fullyQualifiedName"] for domain in changed["domains"]] == ["Sales"]
    # What a client read and sends back is the same again.
    again = {"op": "replace", "path": "/domains", "value": changed["domains"]}
    assert made(call(alice, "patch", f"tables/{table['id']}", [again]))["version"] == changed["version"]
    past = made(call(alice, "get", f"tables/{table['id']}/versions"))["versions"][0]
    assert (past["owners"][0]["type"], past["domains"][0]["name"]) == ("team", "Sales")
    unknown = {"op": "replace", "path": "/domains", "value": ["Nowhere"]}
    refused = call(alice, "patch", f"tables/{table['id']}", [unknown])
    assert (refused.status_code, "domains" in refused.json()["message"]) == (400, True)


def test_outsiders_and_viewers(charlie: APIClient, vera: APIClient, glossary, term):
    for path in (f"glossaries/{glossary['id']}", "glossaries/name/Business", f"glossaryTerms/{term['id']}"):
        assert call(charlie, "get", path).status_code == 404, path
        assert made(call(vera, "get", path))
    assert call(charlie, "delete", f"glossaries/{glossary['id']}?recursive=true").status_code == 404
    assert call(vera, "delete", f"glossaryTerms/{term['id']}").status_code == 403
    assert call(vera, "post", "glossaries", {"name": "x"}).status_code == 403
