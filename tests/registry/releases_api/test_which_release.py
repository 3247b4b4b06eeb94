"""Which release is meant, what it was released with, and the versions across projects."""

from __future__ import annotations

from typing import Any

from rest_framework.test import APIClient

from tests.registry.documents import openvex, sbom
from tests.registry.releases_api.asking import DJANGO, LOG4J, add, get, post


def test_a_version_of_several_projects_is_a_conflict_that_lists_them(
    bob: APIClient, product: dict[str, Any], project: dict[str, Any], release: str
):
    other = post(bob, f"/api/v2/products/{product['id']}/projects", {"name": "Api"})
    post(bob, f"/api/v2/projects/{other['id']}/releases", {"version": "1.0.0"})
    body = get(bob, "/api/v2/releases/1.0.0/artifacts", 409)
    assert body["error"] == "conflict"
    assert {one["project"] for one in body["details"]["candidates"]} == {"Web", "Api"}
    assert get(bob, f"/api/v2/releases/1.0.0/artifacts?project_id={project['id']}")["items"] == []
    assert get(bob, "/api/v2/releases/9.9/artifacts", 404)["resource_type"] == "release"


def test_collections_keep_what_a_release_was_first_released_with(bob: APIClient, release: str):
    first = add(bob, f"{release}/artifacts", sbom((LOG4J, "2.14.1")))
    bob.patch(release, {"status": "released"}, format="json")
    add(bob, f"{release}/artifacts", openvex(LOG4J), type="vex")
    history = get(bob, f"{release}/collections")["items"]
    assert [(one["version"], one["reason"], one["artifact_count"]) for one in history] == [
        (2, "VEX_UPDATED", 2),
        (1, "INITIAL_RELEASE", 1),
    ]  # fmt: skip
    assert [one["id"] for one in get(bob, f"{release}/collections/1")["artifacts"]] == [first["id"]]
    assert get(bob, f"{release}/collections/3", 404)["resource_type"] == "collection"
    assert get(bob, release)["collection"] == 2


def test_versions_list_the_components_and_the_artifacts_they_came_with(
    bob: APIClient, product: dict[str, Any], release: str
):
    made = add(bob, f"{release}/artifacts", sbom((LOG4J, "2.14.1"), (DJANGO, "5.0")))
    body = get(bob, f"/api/v2/versions?product_id={product['id']}&version=1.*")
    version = body["items"][0]
    assert (version["product_name"], version["version"], version["component_count"]) == ("Shop", "1.0.0", 2)
    assert [artifact["id"] for artifact in version["artifacts"]] == [made["id"]]
    assert [(one["name"], one["version"], one["artifact_id"]) for one in version["components"]] == [
        ("log4j-core", "2.14.1", made["id"]),
        ("django", "5.0", made["id"]),
    ]
    assert get(bob, f"/api/v2/versions/{version['id']}") == version
    assert get(bob, f"/api/v2/versions/{version['id']}/components")["total"] == 2


def test_versions_that_share_an_artifact_all_list_its_components(
    bob: APIClient, product: dict[str, Any], releases: str
):
    second = post(bob, f"/api/v2/products/{product['id']}/projects", {"name": "Api"})["id"]
    artifact = add(bob, "/api/v2/artifacts", sbom((LOG4J, "2.17.0")))["id"]
    for path in (releases, f"/api/v1/projects/{second}/releases"):
        for version in ("1.0", "2.0"):
            post(bob, path, {"version": version})
            post(bob, f"{path}/{version}/artifacts/{artifact}", {})
    found = get(bob, f"/api/v2/versions?product_id={product['id']}")["items"]
    assert [(one["version"], len(one["artifacts"]), len(one["components"])) for one in found] == [
        ("2.0", 2, 1),
        ("1.0", 2, 1),
    ]
    assert [one["component_count"] for one in found] == [1, 1]
