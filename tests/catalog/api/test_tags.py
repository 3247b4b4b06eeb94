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


def test_roles_and_strangers(bob, vera, charlie, anonymous):
    url = f"/v1/tags/{post(bob, PII).json()['id']}"
    for client, reads, writes in ((vera, 200, 403), (charlie, 404, 404), (anonymous, 401, 401)):
        assert client.get(url).status_code == reads
        assert client.put(url, {"name": "x"}, format="json").status_code == writes
        assert client.delete(url).status_code == writes
    assert post(vera, {"name": "x"}).status_code == 403
    assert charlie.get("/v1/tags").json()["data"] == []
    assert Tag.objects.get().name == "PII"
