"""Domains: named below each other, of a type, at this door and at the metastore's."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db

WHERE = {"name": "Payments", "parent": "Finance", "domainType": "Source-aligned", "description": "Money."}


@pytest.fixture
def wide(bob: APIClient) -> dict[str, Any]:
    return made(call(bob, "post", "domains", {"name": "Finance"}))


@pytest.fixture
def domain(bob: APIClient, wide) -> dict[str, Any]:
    return made(call(bob, "post", "domains", WHERE))


def test_a_domain_lies_in_another_and_has_a_type(bob: APIClient, vera: APIClient, wide, domain):
    assert (wide["domainType"], domain["domainType"]) == ("Aggregate", "Source-aligned")
    assert (domain["fullyQualifiedName"], domain["version"]) == ("Finance.Payments", 0.1)
    assert domain["parent"]["href"] == wide["href"]
    assert "deleted" not in domain
    assert made(vera.get(domain["href"] + "?fields=*")) == domain
    found = made(call(vera, "get", "domains/name/Finance?fields=children,childrenCount"))
    assert [child["id"] for child in found["children"]] == [domain["id"]]
    assert found["childrenCount"] == 1
    assert "children" not in made(call(vera, "get", "domains/name/Finance"))
    assert [row["name"] for row in made(call(vera, "get", "domains"))["data"]] == ["Finance", "Payments"]
    shown = bob.get(f"/v1/domains/{domain['id']}").json()
    assert (shown["type"], shown["parent"]["id"]) == ("source_aligned", wide["id"])


def test_the_metastore_says_and_asks_for_the_type(bob: APIClient, domain):
    made = bob.post("/v1/domains", {"name": "Reports", "type": "consumer_aligned"}, format="json")
    assert call(bob, "get", f"domains/{made.json()['id']}").json()["domainType"] == "Consumer-aligned"
    assert [row["name"] for row in bob.get("/v1/domains?type=consumer_aligned").json()["data"]] == ["Reports"]
    assert bob.get("/v1/domains?type=odd").status_code == 400
    assert bob.post("/v1/domains", {"name": "Odd", "type": "Aggregate"}, format="json").status_code == 400
    changed = bob.put(f"/v1/domains/{domain['id']}", {"type": "aggregate"}, format="json")
    assert changed.json()["type"] == "aggregate"


def test_an_asset_refers_to_a_domain_that_is_there(bob: APIClient, domain, table):
    operation = {"op": "add", "path": "/domains", "value": ["Finance.Payments"]}
    changed = made(call(bob, "patch", f"tables/{table['id']}", [operation]))
    assert made(bob.get(changed["domains"][0]["href"]))["id"] == domain["id"]


def test_domains_are_replaced_patched_and_moved(bob: APIClient, domain, wide):
    operations = [{"op": "replace", "path": "/domainType", "value": "Consumer-aligned"}]
    changed = made(call(bob, "patch", f"domains/{domain['id']}", operations))
    assert (changed["domainType"], changed["version"]) == ("Consumer-aligned", 0.2)
    stale = call(bob, "patch", f"domains/{domain['id']}", operations, **{"If-Match": 'W/"0.1"'})
    assert stale.status_code == 412
    versions = made(call(bob, "get", f"domains/{domain['id']}/versions"))["versions"]
    assert [version["domainType"] for version in versions] == ["Consumer-aligned", "Source-aligned"]
    assert versions[0]["changeDescription"]["fieldsUpdated"][0]["name"] == "domainType"
    replaced = call(bob, "put", "domains", {"name": "Payments", "parent": "Finance"})
    assert (replaced.status_code, replaced.json()["id"]) == (200, domain["id"])
    assert (replaced.json()["domainType"], replaced.json()["description"]) == ("Aggregate", "")
    other = made(call(bob, "put", "domains", {"name": "Money", "domainType": "Aggregate"}))
    reference = {"id": other["id"], "type": "domain"}
    moved = made(call(bob, "patch", f"domains/{domain['id']}", [{"op": "add", "path": "/parent", "value": reference}]))
    assert moved["fullyQualifiedName"] == "Money.Payments"
    assert made(call(bob, "patch", f"domains/{domain['id']}", [{"op": "remove", "path": "/parent"}]))["name"]
    assert call(bob, "get", "domains/name/Payments").status_code == 200
    inside = call(bob, "patch", f"domains/{wide['id']}", [{"op": "add", "path": "/parent", "value": "Finance"}])
    assert (inside.status_code, "parent" in inside.json()["message"]) == (400, True)


def test_what_is_not_empty_is_deleted_with_what_lies_in_it_and_restored(bob: APIClient, domain, wide):
    assert call(bob, "delete", f"domains/{wide['id']}").status_code == 400
    assert call(bob, "delete", f"domains/{wide['id']}?recursive=true").json()["deleted"] is True
    assert call(bob, "get", f"domains/{domain['id']}").status_code == 404
    deleted = made(call(bob, "get", "domains?include=deleted"))["data"]
    assert [(row["name"], row["deleted"]) for row in deleted] == [("Finance", True), ("Payments", True)]
    assert call(bob, "put", "domains/restore", {"id": wide["id"]}).json()["id"] == wide["id"]
    assert call(bob, "get", f"domains/{domain['id']}").status_code == 200
    result = made(call(bob, "put", "domains/bulk", [WHERE, {**WHERE, "domainType": 7}, {"name": "New"}]))
    assert (result["numberOfRowsPassed"], result["failedRequest"][0]["status"]) == (2, 400)


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"name": "x", "parent": "Nowhere"}, 400, "parent"),
        ({"name": "x", "parent": 'B"'}, 400, "parent"),
        ({"name": "x", "parent": 7}, 400, "parent"),
        ({"name": "x", "domainType": "Odd"}, 400, "domainType"),
        ({"name": "x", "domainType": ["Aggregate"]}, 400, "domainType"),
        ({"name": "x", "type": "aggregate"}, 400, "type"),
        ({"name": "x" * 101}, 400, "name"),
        ({"name": "Payments", "parent": "Finance"}, 409, "Payments"),
    ],
)
def test_what_is_wrong_is_named(bob: APIClient, domain, body: dict[str, Any], status: int, named: str):
    response = call(bob, "post", "domains", body)
    assert response.status_code == status, response.content
    assert named in response.json()["message"]


def test_outsiders_and_viewers(charlie: APIClient, vera: APIClient, domain):
    for path in (f"domains/{domain['id']}", "domains/name/Finance.Payments", f"domains/{domain['id']}/versions"):
        assert call(charlie, "get", path).status_code == 404, path
        assert made(call(vera, "get", path))
    assert made(call(charlie, "get", "domains?include=all"))["data"] == []
    assert call(charlie, "delete", f"domains/{domain['id']}").status_code == 404
    assert call(charlie, "post", "domains", {"name": "x", "parent": "Finance"}).status_code == 400
    assert call(vera, "delete", f"domains/{domain['id']}").status_code == 403
    assert call(vera, "post", "domains", {"name": "x"}).status_code == 403


def test_a_page_takes_as_many_statements_whatever_is_on_it(bob: APIClient, domain, django_assert_max_num_queries):
    for number in range(12):
        call(bob, "post", "domains", {"name": f"d{number}", "parent": "Finance"})
    with django_assert_max_num_queries(6):
        assert len(made(call(bob, "get", "domains?fields=*&limit=50"))["data"]) == 14
