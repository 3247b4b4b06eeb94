"""What the entities contract refuses of a request, and what of other doors' writing it does not answer."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db

TABLE = {"name": "t", "databaseSchema": "shop.sales.public", "columns": []}
TOPIC = {"name": "t", "service": "bus"}
PIPELINE = {"name": "p", "service": "flow"}


@pytest.mark.parametrize("value", [0, ""])
@pytest.mark.parametrize("field", ["owners", "followers", "dataProducts"])
def test_only_what_is_empty_says_nothing(bob: APIClient, schema, field: str, value: Any):
    response = call(bob, "post", "tables", {**TABLE, field: value})
    assert response.status_code == 400
    assert field in response.json()["message"]


@pytest.mark.parametrize(
    ("collection", "body", "field"),
    [
        ("tables", {**TABLE, "aliases": ["a", None]}, "aliases"),
        ("tables", {**TABLE, "tableConstraints": [{"constraintType": "LOOSE"}]}, "tableConstraints.0.constraintType"),
        ("tables", {**TABLE, "tableConstraints": [{"constraintType": ["UNIQUE"]}]}, "constraintType"),
        ("tables", {**TABLE, "tableConstraints": [{"relationshipType": "MANY"}]}, "relationshipType"),
        ("tables", {**TABLE, "tableConstraints": [{"referredColumns": "a.b"}]}, "referredColumns"),
        ("topics", {**TOPIC, "partitions": 1.5}, "partitions"),
        ("topics", {**TOPIC, "partitions": -1}, "partitions"),
        ("topics", {**TOPIC, "cleanupPolicies": ["burn"]}, "cleanupPolicies"),
        ("topics", {**TOPIC, "cleanupPolicies": [["delete"]]}, "cleanupPolicies"),
        ("pipelines", {**PIPELINE, "tasks": ["extract"]}, "tasks"),
        ("pipelines", {**PIPELINE, "concurrency": True}, "concurrency"),
        ("containers", {"name": "c", "service": "s3", "fileFormats": [1]}, "fileFormats"),
        ("glossaries", {"name": "g", "owners": 0}, "owners"),
        ("domains", {"name": "d", "parent": {"type": "domain"}}, "parent"),
        ("tags", {"name": "a", "classification": "b", "style": 0}, "style"),
        ("tags", {"name": "a", "classification": "b", "style": {"color": 0}}, "style.color"),
        ("services/databaseServices", {"name": "s", "serviceType": "Postgres", "connection": 0}, "connection"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_by_name(bob: APIClient, schema, collection: str, body: Any, field: str):
    response = call(bob, "post", collection, body)
    assert (response.status_code, response.json()["code"]) == (400, 400), response.content
    assert field in response.json()["message"]
    assert call(bob, "put", collection, body).status_code == 400


def test_what_fields_can_hold_is_kept(bob: APIClient, schema):
    constraints = [{"constraintType": "FOREIGN_KEY", "columns": ["a"], "referredColumns": ["shop.sales.public.b.c"]}]
    table = made(call(bob, "post", "tables", {**TABLE, "aliases": ["u"], "tableConstraints": constraints}))
    assert (table["aliases"], table["tableConstraints"]) == (["u"], constraints)
    topic = made(call(bob, "post", "topics", {**TOPIC, "partitions": 3, "cleanupPolicies": ["compact", "delete"]}))
    assert (topic["partitions"], topic["cleanupPolicies"]) == (3, ["compact", "delete"])


def test_synonyms_that_are_no_list_are_refused(bob: APIClient):
    made(call(bob, "post", "glossaries", {"name": "g"}))
    for wrong in (0, "", "one"):
        body = {"name": "t", "glossary": "g", "synonyms": wrong}
        assert call(bob, "post", "glossaryTerms", body).status_code == 400


def test_what_another_door_wrote_is_answered_only_where_the_public_schema_has_it(bob: APIClient):
    pipeline = made(call(bob, "post", "pipelines", {**PIPELINE, "state": "Active"}))
    path = f"/v1/assets/{pipeline['id']}"
    bob.put(path, {"metadata": {"state": "asleep", "tasks": ["extract"], "concurrency": "two"}}, format="json")
    found = call(bob, "get", f"pipelines/{pipeline['id']}?fields=*").json()
    assert not {"state", "tasks", "concurrency"} & found.keys()


@pytest.mark.parametrize("collection", ["tables", "teams"])
def test_an_unknown_field_beside_the_star_is_refused(bob: APIClient, collection: str):
    assert call(bob, "get", f"{collection}?fields=*").status_code == 200
    response = call(bob, "get", f"{collection}?fields=*,colour")
    assert response.status_code == 400
    assert "colour" in response.json()["message"]


@pytest.mark.parametrize("given", ["0.1", "v1", '"'])
def test_an_if_match_that_cannot_be_read_changes_nothing(bob: APIClient, table, given: str):
    operation = {"op": "replace", "path": "/description", "value": "Else."}
    response = call(bob, "patch", f"tables/{table['id']}", [operation], **{"If-Match": given})
    assert response.status_code == 400
    assert "If-Match" in response.json()["message"]
    assert call(bob, "delete", f"tables/{table['id']}", **{"If-Match": given}).status_code == 400
    assert call(bob, "get", f"tables/{table['id']}").json()["description"] == table["description"]
