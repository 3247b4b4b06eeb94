"""`/v1/relationships`."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import Relationship
from tests.catalog.conftest import make_asset

pytestmark = pytest.mark.django_db


@pytest.fixture
def ends(bob_actor, charlie_actor) -> dict[str, str]:
    mine = {name: str(make_asset(bob_actor, name).pk) for name in ("a", "b", "c")}
    return {**mine, "theirs": str(make_asset(charlie_actor, "theirs").pk)}


def body(source: Any, target: Any, type_: Any = "DEPENDS_ON", **more: Any) -> dict[str, Any]:
    return {"source_asset_id": source, "target_asset_id": target, "type": type_, **more}


def post(client: APIClient, data: Any) -> Any:
    return client.post("/v1/relationships", data, format="json")


def test_a_relationship_is_made_listed_changed_and_deleted(bob: APIClient, vera: APIClient, ends):
    response = post(bob, body(ends["a"], ends["b"], metadata={"column_mapping": {"x": ["y"]}}))
    assert response.status_code == 201
    edge = response.json()
    assert edge["source_asset_id"] == ends["a"]
    assert edge["target_asset_id"] == ends["b"]
    assert edge["metadata"] == {"column_mapping": {"x": ["y"]}}
    assert edge["created_at"].endswith("Z")
    other = post(bob, body(ends["c"], ends["a"], "USES")).json()
    url = f"/v1/relationships/{edge['id']}"
    assert vera.get(url).json() == edge

    def listed(query: str) -> list[str]:
        page = vera.get(f"/v1/relationships?{query}").json()
        assert page["pagination"]["total"] == len(page["data"])
        return [found["id"] for found in page["data"]]

    assert listed("") == listed(f"asset_id={ends['a']}") == [other["id"], edge["id"]]
    assert listed(f"source_asset_id={ends['a']}") == listed("type=DEPENDS_ON") == [edge["id"]]
    assert listed(f"target_asset_id={ends['a']}") == [other["id"]]
    changed = bob.put(url, {"metadata": {"k": 1}}, format="json")
    assert (changed.status_code, changed.json()["metadata"]) == (200, {"k": 1})
    assert bob.delete(url).status_code == 204
    assert bob.get(url).status_code == 404
    assert bob.delete(url).json()["error"]["code"] == "RELATIONSHIP_NOT_FOUND"


def test_what_is_related_already_is_a_conflict(bob: APIClient, ends):
    assert post(bob, body(ends["a"], ends["b"])).status_code == 201
    response = post(bob, body(ends["a"], ends["b"]))
    assert (response.status_code, response.json()["error"]["code"]) == (409, "RELATIONSHIP_CONFLICT")


def test_bad_relationships_are_refused(bob: APIClient, ends):
    missing = "0190d2b4-1111-7000-8000-000000000000"
    for data, status, field in [
        ({}, 400, "source_asset_id"),
        (body("x", ends["b"]), 400, "source_asset_id"),
        (body(ends["a"], None), 400, "target_asset_id"),
        (body(ends["a"], ends["b"], "LIKES"), 400, "type"),
        (body(ends["a"], ends["b"], None), 400, "type"),
        (body(ends["a"], ends["b"], metadata=[]), 400, "metadata"),
        (body(ends["a"], ends["b"], metadata={"column_mapping": 5}), 400, "metadata.column_mapping"),
        (body(ends["a"], ends["b"], colour="red"), 400, "colour"),
        (body(ends["a"], missing), 404, "asset_id"),
        (body(ends["theirs"], ends["b"]), 404, "asset_id"),
    ]:
        response = post(bob, data)
        assert response.status_code == status, data
        assert field in response.json()["error"]["details"], data
    assert bob.get("/v1/relationships?asset_id=x").status_code == 400
    assert bob.get("/v1/relationships?type=LIKES").status_code == 400
    assert not Relationship.objects.exists()


def test_roles_and_strangers(bob, vera, charlie, anonymous, ends):
    url = f"/v1/relationships/{post(bob, body(ends['a'], ends['b'])).json()['id']}"
    for client, reads, writes in ((vera, 200, 403), (charlie, 404, 404), (anonymous, 401, 401)):
        assert client.get(url).status_code == reads
        assert client.delete(url).status_code == writes
        assert client.put(url, {"metadata": {}}, format="json").status_code == writes
    assert post(vera, body(ends["b"], ends["c"])).status_code == 403
    assert charlie.get("/v1/relationships").json()["data"] == []
    for wrong, fields in (
        ({"type": "USES", "metadata": {}}, {"type"}),
        ({"colour": "red"}, {"colour", "metadata"}),
        ({"metadata": []}, {"metadata"}),
        ({}, {"metadata"}),
    ):
        answer = bob.put(url, wrong, format="json")
        assert (answer.status_code, answer.json()["error"]["details"].keys()) == (400, fields)
    assert Relationship.objects.count() == 1


def test_edges_of_deleted_assets_are_not_listed(bob: APIClient, ends):
    url = f"/v1/relationships/{post(bob, body(ends['a'], ends['b'])).json()['id']}"
    bob.delete(f"/v1/assets/{ends['b']}")
    assert bob.get(url).status_code == 404
    assert bob.get("/v1/relationships").json()["data"] == []
