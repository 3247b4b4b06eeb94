"""Reading as anybody: the paths and the answers."""

from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

API = "/api/v1"


def body(client: APIClient, path: str, status: int = 200) -> Any:
    response = client.get(f"{API}{path}")
    assert response.status_code == status, response.content
    return response.json()


PATHS = [
    "/organizations/acme",
    "/sources/acme/P01308",
    "/sources/acme/P01308/1.5",
    "/sources/acme/P01308/1.5/dependencies",
    "/sources/acme/P01308/1.5/dependents",
    "/tools/acme/blast",
    "/tools/acme/blast/2.14.0",
]
