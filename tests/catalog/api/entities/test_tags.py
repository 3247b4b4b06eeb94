"""Tags and classifications, and the labels that entities carry."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import Tag
from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db


@pytest.fixture
def pii(bob: APIClient) -> dict[str, Any]:
    return made(call(bob, "post", "classifications", {"name": "PII", "description": "Of persons."}))


@pytest.fixture
def sensitive(bob: APIClient, pii: dict[str, Any]) -> dict[str, Any]:
    body = {"name": "Sensitive", "classification": "PII", "description": "Handle with care."}
    return made(call(bob, "post", "tags", {**body, "style": {"color": "#FF0000"}}))


def test_a_tag_in_a_classification(bob: APIClient, sensitive, pii, acme):
    assert sensitive["fullyQualifiedName"] == "PII.Sensitive"
    assert sensitive["name"] == "Sensitive"
    assert sensitive["style"] == {"color": "#ff0000"}
    assert sensitive["classification"]["id"] == pii["id"]
    assert sensitive["href"] == f"http://testserver/api/v1/tags/{sensitive['id']}"
    found = made(call(bob, "get", "tags/name/PII.Sensitive"))
    assert found == sensitive
    # At the metastore's door it is a tag of the category.
    tag = bob.get(f"/v1/tags/{sensitive['id']}").json()
    assert (tag["name"], tag["category"]) == ("PII.Sensitive", "PII")
    assert [row["name"] for row in made(call(bob, "get", "classifications"))["data"]] == ["PII"]
    assert [row["name"] for row in made(call(bob, "get", "tags?parent=PII"))["data"]] == ["Sensitive"]


def test_tags_of_the_other_doors_have_names_here(bob: APIClient, acme, table):
    Tag.objects.create(organization=acme, name="Gold", key="gold", category="Quality")
    Tag.objects.create(organization=acme, name="loose", key="loose")
    rows = made(call(bob, "get", "tags"))["data"]
    assert [row["fullyQualifiedName"] for row in rows] == ["Quality.Gold", "loose"]
    assert rows[0]["classification"]["name"] == "Quality"
    assert "classification" not in rows[1]
    quality = made(call(bob, "get", "classifications/name/Quality"))
    assert quality["id"] == rows[0]["classification"]["id"]
    # And a label that names it by its whole name is that very tag.
    operation = {"op": "add", "path": "/tags/0", "value": {"tagFQN": "Quality.Gold"}}
    changed = made(call(bob, "patch", f"tables/{table['id']}", [operation]))
    assert changed["tags"][0]["href"] == rows[0]["href"]
    assert Tag.objects.count() == 2


def test_two_classifications_may_have_a_tag_of_one_name(bob: APIClient, sensitive):
    other = made(call(bob, "put", "tags", {"name": "Sensitive", "classification": "Other"}))
    assert other["fullyQualifiedName"] == "Other.Sensitive"
    assert made(call(bob, "get", "tags/name/PII.Sensitive"))["id"] == sensitive["id"]
    assert call(bob, "post", "tags", {"name": "Sensitive", "classification": "PII"}).status_code == 409


def test_tags_are_replaced_patched_and_deleted(bob: APIClient, sensitive, table):
    label = {"op": "add", "path": "/tags/0", "value": {"tagFQN": "PII.Sensitive"}}
    made(call(bob, "patch", f"tables/{table['id']}", [label]))
    replaced = call(bob, "put", "tags", {"name": "Sensitive", "classification": "PII", "description": "New."})
    assert (replaced.status_code, replaced.json()["description"], replaced.json()["version"]) == (200, "New.", 0.2)
    assert "style" not in replaced.json()
    operation = {"op": "replace", "path": "/description", "value": "Newer."}
    assert made(call(bob, "patch", f"tags/{sensitive['id']}", [operation]))["description"] == "Newer."
    wrong = {"op": "replace", "path": "/name", "value": "x"}
    assert call(bob, "patch", f"tags/{sensitive['id']}", [wrong]).status_code == 400
    deleted = call(bob, "delete", f"tags/{sensitive['id']}")
    assert (deleted.status_code, deleted.json()["deleted"]) == (200, True)
    assert made(call(bob, "get", f"tables/{table['id']}?fields=tags"))["tags"] == []


def test_a_classification_with_tags_is_deleted_only_with_recursive(bob: APIClient, pii, sensitive):
    assert call(bob, "delete", f"classifications/{pii['id']}").status_code == 400
    assert call(bob, "delete", f"classifications/{pii['id']}?recursive=true").status_code == 200
    assert not Tag.objects.exists()


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": ""}, "name"),
        ({"name": "x", "colour": "red"}, "colour"),
        ({"name": "x", "classification": 'P"II'}, "classification"),
        ({"name": "x", "classification": 7}, "classification"),
        ({"name": "x", "style": {"color": "reddish"}}, "style.color"),
        ({"name": "x", "style": {"font": "bold"}}, "style"),
        ({"name": "x" * 101}, "name"),
    ],
)
def test_what_is_wrong_is_named(bob: APIClient, body: dict[str, Any], named: str):
    response = call(bob, "post", "tags", body)
    assert response.status_code == 400, response.content
    assert named in response.json()["message"]


def test_outsiders_and_viewers(charlie: APIClient, vera: APIClient, sensitive, pii):
    for path in (f"tags/{sensitive['id']}", "tags/name/PII.Sensitive", f"classifications/{pii['id']}"):
        assert call(charlie, "get", path).status_code == 404, path
        assert made(call(vera, "get", path))
    assert call(charlie, "delete", f"tags/{sensitive['id']}").status_code == 404
    assert call(vera, "delete", f"tags/{sensitive['id']}").status_code == 403
    assert call(vera, "post", "tags", {"name": "x"}).status_code == 403
    assert made(call(charlie, "get", "tags"))["data"] == []


def test_a_bulk_tells_of_each_row(bob: APIClient, vera: APIClient, charlie: APIClient, sensitive):
    rows = [
        {"name": "Sensitive", "classification": "PII", "description": "Newer."},
        {"name": "None", "classification": "PII"},
        {"name": "x", "colour": "red"},
        7,
    ]
    result = made(call(bob, "put", "tags/bulk", rows))
    assert [row["request"] for row in result["successRequest"]] == ["PII.Sensitive", "PII.None"]
    assert [(row["request"], row["status"]) for row in result["failedRequest"]] == [("x", 400), (None, 400)]
    assert result["status"] == "partialSuccess"
    assert made(call(bob, "get", f"tags/{sensitive['id']}"))["description"] == "Newer."
    assert call(bob, "put", "tags/bulk", [{"name": "x"}] * 1001).status_code == 413
    refused = made(call(vera, "put", "tags/bulk", rows[:1]))
    assert (refused["status"], refused["failedRequest"][0]["status"]) == ("failure", 403)
    assert made(call(charlie, "get", "tags"))["data"] == []
