"""Every mutation of the contract's page."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from catalog import models
from ingestion.models import Job
from tests.config.graphql.asking import ask, code, data

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_asset_lives_its_life(alice, users):
    create = "mutation M($input: AssetInput!) { createAsset(input: $input) { id version tags { name } metadata } }"
    given: dict[str, Any] = {
        "type": "TABLE",
        "name": "t",
        "qualifiedName": "prod.t",
        "metadata": {"a": 1, "b": 2},
        "tags": ["new"],
    }
    made = data(alice, create, input=given)["createAsset"]
    assert (made["version"], made["tags"]) == (1, [{"name": "new"}])
    update = """mutation M($id: ID!, $input: AssetInput!) { updateAsset(id: $id, input: $input) {
      version metadata description tags { name } schema { name type } } }"""
    element = {"name": "id", "type": "INT"}
    given = {"type": "TABLE", "name": "t", "qualifiedName": "prod.t", "metadata": {"a": None}, "schema": [element]}
    changed = data(alice, update, id=made["id"], input=given)["updateAsset"]
    assert changed == {
        "version": 2,
        "metadata": {"b": 2},
        "description": "",
        "tags": [{"name": "new"}],
        "schema": [element],
    }
    assert code(alice, update, id=made["id"], input={**given, "name": "n", "version": 1}) == "VERSION_CONFLICT"
    assert code(alice, create, input=given) == "ASSET_CONFLICT"
    delete = "mutation M($id: ID!) { deleteAsset(id: $id) }"
    assert data(alice, delete, id=made["id"]) == {"deleteAsset": True}
    gone = ask(alice, delete, id=made["id"])
    assert gone["data"] == {"deleteAsset": None}
    assert gone["errors"][0]["extensions"] == {"code": "ASSET_NOT_FOUND", "details": {"asset_id": made["id"]}}
    assert gone["errors"][0]["path"] == ["deleteAsset"]


def test_tags_are_made_put_on_and_taken_off(alice, users):
    made = data(alice, 'mutation { createTag(input: {name: "gold", category: "Tier"}) { id name category } }')
    tag = made["createTag"]["id"]
    put = "mutation M($a: ID!, $t: ID!) { addTagToAsset(assetId: $a, tagId: $t) }"
    off = "mutation M($a: ID!, $t: ID!) { removeTagFromAsset(assetId: $a, tagId: $t) }"
    for _ in range(2):
        assert data(alice, put, a=str(users.pk), t=tag) == {"addTagToAsset": True}
    held = 'query Q($id: ID!) { asset(id: $id) { version tags { name } } tags(filter: {category: "Tier"}) { name } }'
    found = data(alice, held, id=str(users.pk))
    assert found["asset"] == {"version": 2, "tags": [{"name": "gold"}, {"name": "PII"}]}
    assert found["tags"] == [{"name": "gold"}]
    data(alice, off, a=str(users.pk), t=tag)
    assert data(alice, held, id=str(users.pk))["asset"]["tags"] == [{"name": "PII"}]
    assert code(alice, put, a=str(users.pk), t=str(uuid4())) == "TAG_NOT_FOUND"
    assert code(alice, 'mutation { createTag(input: {name: "GOLD"}) { id } }') == "TAG_CONFLICT"


def test_relationships_are_made_and_deleted(alice, users, view):
    make = """mutation M($input: RelationshipInput!) { createRelationship(input: $input) {
      id type metadata source { name } target { name } } }"""
    ends = {"sourceAssetId": str(view.pk), "targetAssetId": str(users.pk)}
    edge = data(alice, make, input={**ends, "type": "USES", "metadata": {"m": 1}})["createRelationship"]
    assert (edge["source"], edge["target"], edge["metadata"]) == ({"name": "user view"}, {"name": "users"}, {"m": 1})
    assert code(alice, make, input={**ends, "type": "USES"}) == "RELATIONSHIP_CONFLICT"
    assert code(alice, make, input={**ends, "type": "PRODUCES", "metadata": [1]}) == "VALIDATION_ERROR"
    delete = "mutation M($id: ID!) { deleteRelationship(id: $id) }"
    assert data(alice, delete, id=edge["id"]) == {"deleteRelationship": True}
    assert code(alice, delete, id=edge["id"]) == "RELATIONSHIP_NOT_FOUND"


def test_tasks_are_made_read_and_cancelled(alice, settings, tmp_path):
    settings.IMPORT_DIR = tmp_path
    (tmp_path / "a.ndjson").write_text("{}")
    make = "mutation M($input: TaskInput!) { createTask(input: $input) { id status type priority payload } }"
    payload = {"source": "file:///a.ndjson"}
    made = data(alice, make, input={"type": "BULK_INGESTION", "payload": payload})["createTask"]
    assert (made["status"], made["priority"], made["payload"]["format"]) == ("PENDING", 5, "ndjson")
    assert data(alice, "mutation M($id: ID!) { cancelTask(id: $id) }", id=made["id"]) == {"cancelTask": True}
    read = """query Q($id: ID!) { task(id: $id) { status progress error { code } finishedAt }
      tasks(filter: {status: CANCELLED}) { id } }"""
    found = data(alice, read, id=made["id"])
    assert (found["task"]["status"], found["tasks"]) == ("CANCELLED", [{"id": made["id"]}])
    assert code(alice, make, input={"type": "BULK_INGESTION"}) == "VALIDATION_ERROR"
    assert code(alice, "mutation M($id: ID!) { cancelTask(id: $id) }", id=str(uuid4())) == "TASK_NOT_FOUND"


def test_nothing_runs_twice(alice: APIClient) -> None:
    data(alice, 'mutation { a: createTag(input: {name: "a"}) { id } b: createTag(input: {name: "b"}) { id } }')
    assert models.Tag.objects.count() == 2
    assert Job.objects.count() == 0
