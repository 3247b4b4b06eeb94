"""JSON Patch: what it changes, what it may not, and what it is refused for."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.api.entities.views import EntityViews
from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db


def patch(client: APIClient, entity: dict[str, Any], *operations: dict[str, Any], **headers: str) -> Any:
    return call(client, "patch", f"tables/{entity['id']}", list(operations), **headers)


def put(path: str, value: Any, op: str = "add") -> dict[str, Any]:
    return {"op": op, "path": path, "value": value}


def test_a_patch_changes_what_it_names(bob: APIClient, table, bob_member):
    owner = {"id": str(bob_member.user_id), "type": "user"}
    response = patch(
        bob,
        table,
        put("/displayName", "Users"),
        put("/columns/1/description", "Another.", "replace"),
        put("/columns/0/tags/0", {"tagFQN": "PII.Key", "source": "Classification"}),
        put("/tags/0", {"tagFQN": "Tier.Tier1", "labelType": "Manual", "state": "Confirmed"}),
        put("/owners/-", owner),
        put("/extension/team", "sales"),
    )
    found = made(response)
    assert response.status_code == 200
    assert found["version"] == 0.2
    assert found["displayName"] == "Users"
    assert found["columns"][1]["description"] == "Another."
    assert found["columns"][0]["tags"][0]["tagFQN"] == "PII.Key"
    assert [tag["tagFQN"] for tag in found["tags"]] == ["Tier.Tier1"]
    assert found["owners"][0]["name"] == "bob"
    assert found["extension"] == {"team": "sales"}
    cleared = made(patch(bob, found, {"op": "remove", "path": "/displayName"}, {"op": "remove", "path": "/owners/0"}))
    assert "displayName" not in cleared
    assert cleared["owners"] == []
    assert made(patch(bob, found, {"op": "remove", "path": "/extension/team"}))["extension"] == {}


def test_both_media_types_are_taken(bob: APIClient, table):
    for kind in ("application/json-patch+json", "application/json"):
        body = f'[{{"op": "add", "path": "/description", "value": "by {kind}"}}]'
        response = bob.patch(f"/api/v1/tables/{table['id']}", body, content_type=kind)
        assert made(response)["description"] == f"by {kind}"


def test_a_patch_leaves_what_a_column_does_not_show(bob: APIClient, table):
    schema = [{"name": "id", "type": "bigint", "nullable": True, "primary_key": True, "default": "nextval('x')"}]
    bob.put(f"/v1/assets/{table['id']}", {"schema": schema}, format="json")
    made(patch(bob, table, put("/columns/0/description", "The key.")))
    found = bob.get(f"/v1/assets/{table['id']}").json()["schema"][0]
    assert (found["description"], found["default"], found["type"]) == ("The key.", "nextval('x')", "bigint")


def test_what_changes_nothing_makes_no_version(bob: APIClient, table):
    assert made(patch(bob, table, put("/description", "Who buys.", "replace")))["version"] == 0.1
    assert made(patch(bob, table, put("/description", "Who buys.", "test")))["version"] == 0.1


@pytest.mark.parametrize(
    ("operation", "status", "named"),
    [
        (put("/description", "Not so.", "test"), 409, "/description"),
        (put("/nowhere/at/all", 1), 400, "/nowhere/at/all"),
        ({"op": "remove", "path": "/columns/9"}, 400, "/columns/9"),
        ({"op": "replace", "path": "/columns/x", "value": 1}, 400, "/columns/x"),
        (put("/id", "7", "replace"), 400, "id"),
        (put("/name", "other", "replace"), 400, "name"),
        (put("/version", 9.0, "replace"), 400, "version"),
        (put("/fullyQualifiedName", "x", "replace"), 400, "fullyQualifiedName"),
        (put("/service/name", "x", "replace"), 400, "service"),
        (put("/deleted", True, "replace"), 400, "deleted"),
        (put("/colour", "red"), 400, "colour"),
        (put("/columns/0/colour", "red"), 400, "columns.0.colour"),
        (put("/columns/0/dataType", "FANCY", "replace"), 400, "columns.0.dataType"),
        (put("", [], "replace"), 400, ""),
        ({"op": "twist", "path": "/name"}, 400, "op"),
        ({"op": "add"}, 400, "path"),
        ({"op": "move", "path": "/description"}, 400, "from"),
        ("add", 400, "operation"),
        (put("description", "x"), 400, "description"),
    ],
)
def test_patches_that_cannot_be_done(bob: APIClient, table, operation: Any, status: int, named: str):
    response = call(bob, "patch", f"tables/{table['id']}", [operation])
    assert response.status_code == status, response.content
    assert response.json()["code"] == status
    assert named in response.json()["message"]
    assert made(call(bob, "get", f"tables/{table['id']}"))["version"] == 0.1


def test_patches_that_blow_up(bob: APIClient, table):
    bomb = [put("/extension/a", "x" * 10_000)]
    bomb += [{"op": "copy", "from": "/extension", "path": f"/extension/k{number}"} for number in range(40)]
    assert call(bob, "patch", f"tables/{table['id']}", bomb).status_code in {400, 413}
    nested = [{"op": "copy", "from": "/extension", "path": "/extension/k"} for _ in range(500)]
    assert call(bob, "patch", f"tables/{table['id']}", nested).status_code in {400, 413}
    many = [put("/description", "x")] * 1001
    assert call(bob, "patch", f"tables/{table['id']}", many).status_code == 413
    assert call(bob, "patch", f"tables/{table['id']}", {"op": "add"}).status_code == 400


def test_if_match_prevents_a_lost_update(bob: APIClient, table):
    change = put("/description", "First.")
    assert patch(bob, table, change, **{"If-Match": 'W/"0.1"'}).status_code == 200
    stale = patch(bob, table, put("/description", "Second."), **{"If-Match": 'W/"0.1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, 412)
    assert patch(bob, table, put("/description", "Third."), **{"If-Match": '"0.2"'}).status_code == 200
    assert patch(bob, table, put("/description", "Fourth."), **{"If-Match": "*"}).status_code == 200
    body = {"name": "users", "databaseSchema": "shop.sales.public", "columns": []}
    assert call(bob, "put", f"tables/{table['id']}", body, **{"If-Match": 'W/"0.1"'}).status_code == 412
    assert call(bob, "delete", f"tables/{table['id']}", **{"If-Match": 'W/"0.1"'}).status_code == 412
    assert made(call(bob, "get", f"tables/{table['id']}"))["description"] == "Fourth."


def test_a_replacement_overwrites_no_change_that_came_after_the_look(bob: APIClient, table, monkeypatch):
    whole = EntityViews.expected

    def expected(self, row):
        version = whole(self, row)
        monkeypatch.undo()
        assert patch(bob, table, put("/description", "Meanwhile.")).status_code == 200
        return version

    monkeypatch.setattr(EntityViews, "expected", expected)
    body = {"name": "users", "databaseSchema": "shop.sales.public", "columns": []}
    assert call(bob, "put", f"tables/{table['id']}", body, **{"If-Match": 'W/"0.1"'}).status_code == 412
    assert made(call(bob, "get", f"tables/{table['id']}"))["description"] == "Meanwhile."


def test_outsiders_and_viewers_patch_nothing(charlie: APIClient, vera: APIClient, table):
    assert patch(charlie, table, put("/description", "x")).status_code == 404
    assert patch(vera, table, put("/description", "x")).status_code == 403


def test_a_field_that_is_left_out_because_it_is_empty_can_be_replaced(bob: APIClient, table):
    assert "displayName" not in table
    replaced = made(patch(bob, table, put("/displayName", "Users", "replace"), put("/displayName", "Users", "test")))
    assert replaced["displayName"] == "Users"
    assert patch(bob, table, put("/colour", "red", "replace")).status_code == 400
    assert patch(bob, table, put("/joins", {}, "replace")).status_code == 400
