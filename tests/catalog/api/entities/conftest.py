"""A service with a database, a schema and a table, made at the entities' own door."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Organization
from catalog.models import Origin

API = "/api/v1"


def call(client: APIClient, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """A request with a JSON body."""
    return getattr(client, method)(f"{API}/{path}", body, format="json", headers=headers)


def made(response: Any) -> dict[str, Any]:
    assert response.status_code in {200, 201}, response.content
    found: dict[str, Any] = response.json()
    return found


COLUMNS = [
    {"name": "id", "dataType": "BIGINT", "constraint": "PRIMARY_KEY", "ordinalPosition": 1},
    {"name": "email", "dataType": "VARCHAR", "dataLength": 200, "description": "Where to write to."},
    {"name": "price", "dataType": "NUMERIC", "precision": 10, "scale": 2, "constraint": "NOT_NULL"},
]


@pytest.fixture
def shop(acme: Organization) -> Origin:
    return Origin.objects.create(organization=acme, name="shop", type="postgresql")


@pytest.fixture
def database(bob: APIClient, shop: Origin) -> dict[str, Any]:
    return made(call(bob, "post", "databases", {"name": "sales", "service": "shop"}))


@pytest.fixture
def schema(bob: APIClient, database: dict[str, Any]) -> dict[str, Any]:
    return made(call(bob, "post", "databaseSchemas", {"name": "public", "database": "shop.sales"}))


@pytest.fixture
def table(bob: APIClient, schema: dict[str, Any]) -> dict[str, Any]:
    body = {"name": "users", "databaseSchema": "shop.sales.public", "columns": COLUMNS, "description": "Who buys."}
    return made(call(bob, "post", "tables", body))
