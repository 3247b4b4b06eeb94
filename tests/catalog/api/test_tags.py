"""`/v1/tags`."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import Tag
from tests.catalog.conftest import make_asset

pytestmark = pytest.mark.django_db

PII = {"name": "PII", "category": "Sensitive", "description": "Personally Identifiable Information"}


def post(client: APIClient, body: Any) -> Any:
    return client.post("/v1/tags", body, format="json")


def test_a_tag_is_made_listed_renamed_and_deleted(bob: APIClient, vera: APIClient, bob_actor):
    response = post(bob, PII)
    assert response.status_code == 201
    tag = response.json()
    assert {name: tag[name] for name in PII} == PII
    post(bob, {"name": "gold", "category": "Quality"})
    asset = make_asset(bob_actor, tags=["pii"])
    url = f"/v1/tags/{tag['id']}"
    assert tag.pop("asset_count") == 0
    tag["asset_count"] = 1
    assert vera.get(url).json() == tag
    page = vera.get("/v1/tags?category=Sensitive").json()
    assert page == {"data": [tag], "pagination": {"total": 1, "limit": 20, "offset": 0, "has_more": False}}
    assert [found["name"] for found in vera.get("/v1/tags").json()["data"]] == ["gold", "PII"]
    assert [found["name"] for found in vera.get("/v1/tags?search=OL").json()["data"]] == ["gold"]
    renamed = bob.put(url, {"name": "Personal", "colour": "#FF0000"}, format="json")
    assert (renamed.status_code, renamed.json()["colour"]) == (200, "#ff0000")
    assert bob.get(f"/v1/assets/{asset.pk}").json()["tags"] == ["Personal"]
    assert bob.delete(url).status_code == 204
    assert bob.get(f"/v1/assets/{asset.pk}").json()["tags"] == []
    assert bob.get(url).json()["error"]["code"] == "TAG_NOT_FOUND"


def test_a_taken_name_is_a_conflict(bob: APIClient):
    post(bob, PII)
    response = post(bob, {"name": "pii"})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "TAG_CONFLICT")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": 1}, "name"),
        ({**PII, "colour": "x"}, "colour"),
        ({"id": 1}, "id"),
    ],
)
def test_bad_tags_are_refused(bob: APIClient, body, field):
    response = post(bob, body)
    assert response.status_code == 400
    assert field in response.json()["error"]["details"]
    assert not Tag.objects.exists()


def test_a_tag_is_merged_into_another(bob: APIClient, vera: APIClient, charlie: APIClient, bob_actor, charlie_actor):
    asset = make_asset(bob_actor, tags=["pii"])
    gone, heir = bob.get("/v1/tags").json()["data"][0]["id"], post(bob, {"name": "Personal"}).json()["id"]
    theirs = post(charlie, {"name": "x"}).json()["id"]
    url = f"/v1/tags/{gone}/merge"

    def merge(client: APIClient, body: Any) -> Any:
        return client.post(url, body, format="json")

    for body, field in (({}, "into"), ({"into": "x"}, "into"), ({"into": heir, "x": 1}, "x")):
        answer = merge(bob, body)
        assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [field])
    itself = merge(bob, {"into": gone})
    assert (itself.status_code, list(itself.json()["error"]["details"])) == (400, ["into"])
    for client, into in ((bob, theirs), (charlie, theirs)):
        assert merge(client, {"into": into}).json()["error"]["code"] == "TAG_NOT_FOUND"
    assert merge(vera, {"into": heir}).status_code == 403
    merged = merge(bob, {"into": heir}).json()
    assert (merged["id"], merged["asset_count"]) == (heir, 1)
    assert bob.get(f"/v1/assets/{asset.pk}").json()["tags"] == ["Personal"]
    assert bob.get(f"/v1/tags/{gone}").status_code == 404


def test_roles_and_strangers(bob, vera, charlie, anonymous):
    url = f"/v1/tags/{post(bob, PII).json()['id']}"
    for client, reads, writes in ((vera, 200, 403), (charlie, 404, 404), (anonymous, 401, 401)):
        assert client.get(url).status_code == reads
        assert client.put(url, {"name": "x"}, format="json").status_code == writes
        assert client.delete(url).status_code == writes
    assert post(vera, {"name": "x"}).status_code == 403
    assert charlie.get("/v1/tags").json()["data"] == []
    assert Tag.objects.get().name == "PII"
