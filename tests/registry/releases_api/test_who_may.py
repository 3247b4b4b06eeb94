"""Who may read and write releases: outsiders find nothing, viewers write nothing."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from registry.models import Product, Project, Release
from tests.registry.documents import openvex, sbom
from tests.registry.releases_api.asking import DEEP, LOG4J, add, get, post

READS = ("artifacts", "collections", "collections/1", "components", "licences", "vulnerabilities", "changes")


def every_door(
    product: Any, project: Any, artifact: Any, relationship: Any, version: Any
) -> list[tuple[str, str, Any]]:
    release = f"/api/v2/projects/{project}/releases/1.0.0"
    return [
        ("get", f"/api/v2/products/{product}", None),
        ("patch", f"/api/v2/products/{product}", {"name": "Mine"}),
        ("delete", f"/api/v2/products/{product}", None),
        ("get", f"/api/v2/products/{product}/projects", None),
        ("post", f"/api/v2/products/{product}/projects", {"name": "Mine"}),
        ("get", f"/api/v2/projects/{project}", None),
        ("patch", f"/api/v2/projects/{project}", {"name": "Mine"}),
        ("delete", f"/api/v2/projects/{project}", None),
        ("get", f"/api/v2/projects/{project}/components", None),
        ("post", f"/api/v2/projects/{project}/components", {"name": "Mine"}),
        ("get", f"/api/v1/projects/{project}/releases", None),
        ("post", f"/api/v1/projects/{project}/releases", {"version": "9"}),
        ("get", release, None),
        ("patch", release, {"status": "archived"}),
        ("delete", release, None),
        *(("get", f"{release}/{what}", None) for what in READS),
        ("post", f"{release}/artifacts", {"type": "sbom", "content": DEEP}),
        ("post", f"{release}/artifacts/{artifact}", {}),
        ("delete", f"{release}/artifacts/{artifact}", None),
        ("get", f"/api/v2/artifacts/{artifact}", None),
        ("get", f"/api/v2/artifacts/{artifact}/content", None),
        ("patch", f"/api/v2/artifacts/{artifact}", {"metadata": {}}),
        ("delete", f"/api/v2/artifacts/{artifact}", None),
        ("get", f"/api/v2/artifacts/{artifact}/relationships", None),
        ("post", f"/api/v2/artifacts/{artifact}/relationships", {"type": "references", "target_id": str(artifact)}),
        ("get", f"/api/v2/artifacts/{artifact}/relationships/{relationship}", None),
        ("delete", f"/api/v2/artifacts/{artifact}/relationships/{relationship}", None),
        ("get", "/api/v2/releases/1.0.0/artifacts", None),
        ("post", f"/api/v2/releases/1.0.0/artifacts/{artifact}", {}),
        ("delete", f"/api/v2/releases/1.0.0/artifacts/{artifact}", None),
        ("get", f"/api/v2/versions/{version}", None),
        ("get", f"/api/v2/versions/{version}/components", None),
    ]  # fmt: skip


def test_the_outsider_finds_nothing_behind_any_door(bob: APIClient, charlie: APIClient, release: str):
    made = add(bob, f"{release}/artifacts", sbom((LOG4J, "2.14.1")))
    add(bob, f"{release}/artifacts", openvex(LOG4J), type="vex")
    edge = get(bob, f"/api/v2/artifacts/{made['id']}/relationships")["items"][0]
    version = get(bob, "/api/v2/versions")["items"][0]["id"]
    product, project = Product.objects.get().pk, Project.objects.get().pk
    for method, path, body in every_door(product, project, made["id"], edge["id"], version):
        response = (
            getattr(charlie, method)(path, body, format="json") if body is not None else getattr(charlie, method)(path)
        )
        assert response.status_code == 404, (method, path, response.content)
        assert response.json()["error"] == "not_found"
        assert response.json()["resource_type"]
    for path in (
        "products",
        "projects",
        "artifacts",
        "versions",
        "search/releases",
        "search/artifacts",
        "search/relationships",
    ):
        assert get(charlie, f"/api/v2/{path}")["total"] == 0, path
    assert Release.objects.get().status == "draft"


def test_viewers_read_and_do_not_write(vera: APIClient, bob: APIClient, project: dict[str, Any], release: str):
    assert get(vera, release)["version"] == "1.0.0"
    artifact = {"type": "sbom", "content": DEEP}
    made = post(bob, f"{release}/artifacts", artifact)
    for method, path, body in (
        ("post", "/api/v2/products", {"name": "Mine"}),
        ("patch", f"/api/v2/projects/{project['id']}", {"name": "Mine"}),
        ("patch", release, {"status": "released"}),
        ("post", "/api/v2/artifacts", artifact),
        ("post", f"{release}/artifacts", artifact),
        ("delete", f"/api/v2/artifacts/{made['id']}", None),
        ("delete", f"/api/v2/releases/1.0.0/artifacts/{made['id']}", None),
    ):
        response = getattr(vera, method)(path, body, format="json")
        assert (response.status_code, response.json()["error"]) == (403, "forbidden"), path


def test_nobody_is_asked_to_sign_in(anonymous: APIClient):
    for path in ("/api/v2/products", f"/api/v1/projects/{uuid4()}/releases", "/api/v1/search/releases"):
        response = anonymous.get(path)
        assert (response.status_code, response.json()["error"]) == (401, "unauthorized")


@pytest.mark.parametrize("value", ["x", "1", "00000000-0000-0000-0000-000000000000", "%00", "a%20b"])
def test_an_id_that_is_none_is_not_found(bob: APIClient, value: str):
    for path in (f"products/{value}", f"projects/{value}", f"artifacts/{value}", f"versions/{value}"):
        assert bob.get(f"/api/v2/{path}").status_code == 404
