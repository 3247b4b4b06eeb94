"""Versions as decimals, with what each changed."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from catalog.numbering import decimal_of, is_breaking
from tests.catalog.api.entities.conftest import COLUMNS, call, made

pytestmark = pytest.mark.django_db


def change(client: APIClient, table, path: str, value: object, op: str = "add") -> float:
    body = [{"op": op, "path": path, "value": value}]
    return float(made(call(client, "patch", f"tables/{table['id']}", body))["version"])


def test_compatible_changes_add_a_tenth_and_breaking_ones_a_whole(bob: APIClient, table):
    assert table["version"] == 0.1
    assert change(bob, table, "/description", "More.") == 0.2
    assert change(bob, table, "/columns/-", {"name": "more", "dataType": "INT"}) == 0.3
    assert change(bob, table, "/columns/3/dataTypeDisplay", "bigint", "replace") == 1.3
    assert change(bob, table, "/displayName", "Users") == 1.4
    assert change(bob, table, "/columns", COLUMNS, "replace") == 2.4
    history = made(call(bob, "get", f"tables/{table['id']}/versions"))
    assert history["entityType"] == "table"
    assert [version["version"] for version in history["versions"]] == [2.4, 1.4, 1.3, 0.3, 0.2, 0.1]
    # The trail's own door counts the same versions one by one.
    assert bob.get(f"/v1/assets/{table['id']}").json()["version"] == 6


def test_a_version_is_the_entity_as_it_was(bob: APIClient, vera: APIClient, table):
    change(bob, table, "/description", "More.")
    change(bob, table, "/tags/-", {"tagFQN": "PII.Sensitive"})
    first = made(call(vera, "get", f"tables/{table['id']}/versions/0.1"))
    assert first["description"] == "Who buys."
    assert first["tags"] == []
    assert first["updatedBy"] == "Bob"
    assert first["databaseSchema"]["name"] == "public"
    assert "changeDescription" not in first
    second = made(call(vera, "get", f"tables/{table['id']}/versions/0.2"))
    assert second["changeDescription"] == {
        "fieldsAdded": [],
        "fieldsUpdated": [{"name": "description", "oldValue": "Who buys.", "newValue": "More."}],
        "fieldsDeleted": [],
        "previousVersion": 0.1,
    }
    third = made(call(vera, "get", f"tables/{table['id']}/versions/0.3"))
    assert [field["name"] for field in third["changeDescription"]["fieldsAdded"]] == ["tags.Sensitive"]


def test_the_version_that_deleted_it_says_so(bob: APIClient, table):
    call(bob, "delete", f"tables/{table['id']}")
    newest = made(call(bob, "get", f"tables/{table['id']}/versions"))["versions"][0]
    assert (newest["version"], newest["deleted"]) == (0.2, True)
    assert made(call(bob, "get", f"tables/{table['id']}/versions/0.2"))["deleted"] is True


def test_the_newest_versions_come_first_a_part_at_a_time(bob: APIClient, table):
    for number in range(3):
        change(bob, table, "/description", f"No. {number}")
    page = made(call(bob, "get", f"tables/{table['id']}/versions?limit=2&offset=1"))["versions"]
    assert [version["version"] for version in page] == [0.3, 0.2]
    assert page[1]["changeDescription"]["previousVersion"] == 0.1


def test_versions_that_are_none(vera: APIClient, charlie: APIClient, table):
    for number in ("9.9", "0.10", "x", "1"):
        assert call(vera, "get", f"tables/{table['id']}/versions/{number}").status_code == 404
    assert call(charlie, "get", f"tables/{table['id']}/versions").status_code == 404
    assert call(charlie, "get", f"tables/{table['id']}/versions/0.1").status_code == 404


def test_tags_and_terms_have_versions_too(bob: APIClient, charlie: APIClient, vera: APIClient):
    tag = made(call(bob, "post", "tags", {"name": "x", "description": "Once."}))
    glossary = made(call(bob, "post", "glossaries", {"name": "g", "description": "Once."}))
    term = made(call(bob, "post", "glossaryTerms", {"name": "t", "glossary": "g", "description": "Once."}))
    for path, entity in (("tags", tag), ("glossaries", glossary), ("glossaryTerms", term)):
        operation = {"op": "replace", "path": "/description", "value": "Then."}
        assert made(call(bob, "patch", f"{path}/{entity['id']}", [operation]))["version"] == 0.2
        newest, oldest = made(call(vera, "get", f"{path}/{entity['id']}/versions"))["versions"]
        assert (newest["version"], newest["description"], newest["updatedBy"]) == (0.2, "Then.", "Bob")
        assert newest["changeDescription"]["fieldsUpdated"] == [
            {"name": "description", "oldValue": "Once.", "newValue": "Then."}
        ]
        assert (oldest["version"], oldest["description"]) == (0.1, "Once.")
        first = made(call(vera, "get", f"{path}/{entity['id']}/versions/0.1"))
        assert first == oldest
        for number in ("0.3", "0.10", "x", "0"):
            assert call(vera, "get", f"{path}/{entity['id']}/versions/{number}").status_code == 404
        assert call(charlie, "get", f"{path}/{entity['id']}/versions").status_code == 404
    assert call(bob, "delete", f"glossaryTerms/{term['id']}").status_code == 200
    gone = made(call(bob, "get", f"glossaryTerms/{term['id']}/versions"))["versions"][0]
    assert (gone["version"], gone["deleted"]) == (0.3, True)


@pytest.mark.django_db(False)
def test_numbers():
    assert [decimal_of(*pair) for pair in ((1, 0), (9, 0), (10, 0), (3, 1), (30, 2))] == [0.1, 0.9, 1.0, 1.2, 4.8]
    inner = [{"name": "a", "type": "struct", "children": [{"name": "b", "type": "int"}]}]
    assert is_breaking(inner, [{"name": "a", "type": "struct", "children": []}])
    assert not is_breaking(inner, [*inner, {"name": "c", "type": "int"}])
    assert is_breaking(inner, [])
