"""Requests of the releases contract, and what they send."""

from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core"

DJANGO = "pkg:pypi/django"


def post(client: APIClient, path: str, body: Any, code: int = 201) -> dict[str, Any]:
    response = client.post(path, body, format="json")
    assert response.status_code == code, response.content
    return response.json() if response.content else {}


def send(client: APIClient, body: bytes) -> Any:
    """Bytes as they are, to /artifacts."""
    as_text: Any = body
    return client.generic("POST", "/api/v2/artifacts", as_text, content_type="application/json")


def get(client: APIClient, path: str, code: int = 200) -> dict[str, Any]:
    response = client.get(path)
    assert response.status_code == code, response.content
    found: dict[str, Any] = response.json()
    return found


def add(client: APIClient, path: str, document: Any, *, type: str = "sbom", code: int = 201) -> dict[str, Any]:
    return post(client, path, {"type": type, "content": document}, code)


DEEP = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}
