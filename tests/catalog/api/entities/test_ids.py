"""`PUT /{collection}/{id}` with an id of the client's own choice, on the collections that are no assets."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db

BODIES: dict[str, dict[str, Any]] = {
    "users": {"email": "dora@example.com"},
    "teams": {},
    "classifications": {},
    "tags": {"classification": "PII"},
    "glossaries": {},
    "glossaryTerms": {"glossary": "Business"},
    "domains": {"domainType": "Aggregate"},
    "services/databaseServices": {"serviceType": "Postgres"},
}
EACH = pytest.mark.parametrize("where", list(BODIES))


@pytest.fixture(autouse=True)
def business(bob: APIClient) -> None:
    made(call(bob, "post", "glossaries", {"name": "Business"}))


@EACH
def test_an_id_that_is_nobodys_is_taken(alice: APIClient, charlie: APIClient, vera: APIClient, where: str):
    key, body = str(uuid4()), {"name": "dora", **BODIES[where]}
    assert call(vera, "put", f"{where}/{key}", body).status_code == 403
    response = call(alice, "put", f"{where}/{key}", body)
    assert (response.status_code, response.json()["id"], response.json()["version"]) == (201, key, 0.1)
    assert made(call(alice, "get", f"{where}/{key}"))["name"] == "dora"
    assert call(alice, "put", f"{where}/{key}", body).status_code == 200
    # Neither the name nor the id can be had twice, by another organization neither.
    assert call(alice, "put", f"{where}/{uuid4()}", body).status_code == 409
    assert call(charlie, "put", f"{where}/{key}", {**body, "name": "other"}).status_code == 404
    assert call(alice, "put", f"{where}/x", body).status_code == 404


@EACH
def test_a_deleted_ones_id_is_not_free(alice: APIClient, where: str):
    key, body = str(uuid4()), {"name": "dora", **BODIES[where]}
    made(call(alice, "put", f"{where}/{key}", body))
    made(call(alice, "delete", f"{where}/{key}"))
    assert call(alice, "put", f"{where}/{key}", body).status_code == 404
    assert made(call(alice, "put", f"{where}/restore", {"id": key}))["id"] == key


def test_who_has_an_account_keeps_its_id(alice: APIClient, charlie_member):
    body = {"name": "charlie", "email": "charlie@example.com"}
    refused = call(alice, "put", f"users/{uuid4()}", body)
    assert (refused.status_code, "another id" in refused.json()["message"]) == (409, True)
    assert User.objects.filter(email="charlie@example.com").count() == 1


@pytest.mark.parametrize("where", [*BODIES, "tables", "dashboards", "tables/bulk", "tags/restore", "lineage"])
def test_options_says_what_there_is(alice: APIClient, where: str):
    response = call(alice, "options", where)
    assert (response.status_code, "PUT" in response["Allow"]) == (200, True)
