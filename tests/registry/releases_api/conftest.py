"""A product, its project and a draft release, in a storage of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.registry.releases_api.asking import post


@pytest.fixture(autouse=True)
def own_storage(tmp_path: Path, settings) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def product(bob: APIClient) -> dict[str, Any]:
    metadata = {"category": "retail", "tags": ["tag1", "tag2"], "lifecycle_status": "active", "tier": 1}
    return post(bob, "/api/v2/products", {"name": "Shop", "description": "Sells", "metadata": metadata})


@pytest.fixture
def project(bob: APIClient, product: dict[str, Any]) -> dict[str, Any]:
    metadata = {"type": "application", "status": "active", "tags": ["tag1"]}
    return post(bob, f"/api/v2/products/{product['id']}/projects", {"name": "Web", "metadata": metadata})


@pytest.fixture
def releases(project: dict[str, Any]) -> str:
    return f"/api/v1/projects/{project['id']}/releases"


@pytest.fixture
def release(bob: APIClient, releases: str) -> str:
    """The path of a draft 1.0.0."""
    post(bob, releases, {"version": "1.0.0"})
    return f"{releases}/1.0.0"
