"""The releases contract, request by request as its page shows them, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from accounts.models import Membership
from registry.models import Artifact, Product, Project, Release
from tests.conftest import PASSWORD
from tests.registry.documents import csaf, openvex, sbom

LOG4J = "pkg:maven/org.apache.logging.log4j/log4j-core"
DJANGO = "pkg:pypi/django"


@pytest.fixture(autouse=True)
def own_storage(tmp_path: Path, settings) -> None:
    settings.DATA_DIR = tmp_path


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


def add(client: APIClient, path: str, document: Any, *, type: str = "sbom", code: int = 201) -> dict[str, Any]:
    return post(client, path, {"type": type, "content": document}, code)


# As the page shows --------------------------------------------------------------------------------


def test_products_in_the_pages_shape(bob: APIClient, product: dict[str, Any]):
    assert product["metadata"] == {
        "category": "retail",
        "tags": ["tag1", "tag2"],
        "lifecycle_status": "active",
        "tier": 1,
    }
    body = get(bob, "/api/v2/products?q=sho&category=retail&tags=tag1,TAG2&lifecycle_status=active")
    assert set(body) == {"items", "total", "page", "limit"}
    assert (body["items"], body["total"], body["page"], body["limit"]) == ([product], 1, 1, 20)
    for nothing in ("q=x", "category=food", "tags=tag1,tag3", "lifecycle_status=retired"):
        assert get(bob, f"/api/v2/products?{nothing}")["items"] == []


def test_products_are_changed_and_deleted(bob: APIClient, product: dict[str, Any]):
    path = f"/api/v2/products/{product['id']}"
    response = bob.patch(path, {"metadata": {"tags": ["new"], "tier": None}}, format="json")
    assert response.json()["metadata"] == {"category": "retail", "tags": ["new"], "lifecycle_status": "active"}
    assert bob.delete(path).status_code == 204
    assert bob.get(path).status_code == 404


def test_projects_in_the_pages_shape(bob: APIClient, product: dict[str, Any], project: dict[str, Any]):
    assert project["metadata"] == {"type": "application", "status": "active", "tags": ["tag1"]}
    assert project["product_id"] == product["id"]
    assert project["created_at"].endswith("Z")
    for path in (f"/api/v2/products/{product['id']}/projects", "/api/v2/projects"):
        assert get(bob, f"{path}?q=we&type=application&status=active&page=1&limit=5")["items"] == [project]
        assert get(bob, f"{path}?type=library")["items"] == []


def test_components_of_a_project(bob: APIClient, project: dict[str, Any]):
    path = f"/api/v2/projects/{project['id']}/components"
    made = post(bob, path, {"name": "api", "version": "1", "purl": "pkg:pypi/api@1", "metadata": {"type": "service"}})
    assert get(bob, f"{path}?type=service")["items"] == [made]
    assert bob.patch(f"{path}/{made['id']}", {"version": "2"}, format="json").json()["version"] == "2"
    assert bob.delete(f"{path}/{made['id']}").status_code == 204


def test_a_release_is_made_and_released_as_the_page_shows(bob: APIClient, releases: str):
    metadata = {"release_notes": "Initial release", "release_type": "major"}
    made = post(bob, releases, {"version": "1.0.0", "status": "draft", "metadata": metadata})
    assert (made["version"], made["status"], made["release_date"], made["metadata"]) == (
        "1.0.0",
        "draft",
        None,
        metadata,
    )
    change = {"status": "released", "metadata": {"approvers": ["user1", "user2"]}}
    response = bob.patch(f"{releases}/1.0.0", change, format="json")
    assert response.status_code == 200
    done = response.json()
    assert done["release_date"] is not None
    assert done["metadata"] == {**metadata, "approvers": ["user1", "user2"]}
    assert get(bob, releases.replace("/v1/", "/v2/"))["items"] == [done]


def test_an_artifact_is_added_to_a_release_as_the_page_shows(bob: APIClient, release: str):
    generator = {"generator": {"name": "tool-name", "version": "1.0.0"}}
    body = {"type": "sbom", "format": "cyclonedx", "content": sbom((LOG4J, "2.14.1")), "metadata": generator}
    made = post(bob, f"{release}/artifacts", body)
    assert (made["type"], made["format"], made["metadata"]["generator"]) == (
        "sbom",
        "cyclonedx",
        generator["generator"],
    )
    listed = get(bob, f"{release}/artifacts?type=sbom&format=cyclonedx&page=1&limit=20")
    assert [item["id"] for item in listed["items"]] == [made["id"]]
    assert get(bob, f"{release}/artifacts?type=vex")["items"] == []


def test_artifacts_are_made_related_and_associated_as_the_page_shows(bob: APIClient, release: str):
    bom = post(bob, "/api/v2/artifacts", {"type": "sbom", "format": "cyclonedx", "content": sbom((DJANGO, "5"))})
    vex = post(bob, "/api/v2/artifacts", {"type": "vex", "format": "csaf", "content": csaf(f"{LOG4J}@2.14.1")})
    relation = {"type": "references", "target_id": bom["id"], "metadata": {"reason": "vulnerability_statement"}}
    path = f"/api/v2/artifacts/{vex['id']}/relationships"
    edge = post(bob, path, relation)
    assert (edge["source_id"], edge["target_id"], edge["metadata"]) == (vex["id"], bom["id"], relation["metadata"])
    assert get(bob, path)["items"] == [edge]
    for artifact in (vex, bom):
        placed = post(bob, f"/api/v2/releases/1.0.0/artifacts/{artifact['id']}", {})
        assert {"release_version", "artifact_id", "association_type", "created_at"} <= set(placed)
        assert (placed["release_version"], placed["association_type"]) == ("1.0.0", "primary")
    assert get(bob, "/api/v2/releases/1.0.0/artifacts")["total"] == 2
    assert bob.post(f"/api/v2/releases/1.0.0/artifacts/{bom['id']}").status_code == 200
    assert bob.delete(f"/api/v2/releases/1.0.0/artifacts/{bom['id']}").status_code == 204
    assert bob.delete(f"{path}/{edge['id']}").status_code == 204
    assert get(bob, "/api/v2/releases/1.0.0/artifacts")["total"] == 1


def test_the_content_comes_back_byte_by_byte(bob: APIClient):
    content = b'{ "bomFormat" : "CycloneDX",\n\t"specVersion":"1.5","version":1.0 }'
    body = b'{"type": "sbom", "content": ' + content + b', "metadata": {"a": 1}}'
    response = send(bob, body)
    assert response.status_code == 201, response.content
    download: Any = bob.get(f"/api/v2/artifacts/{response.json()['id']}/content")
    assert b"".join(download.streaming_content) == content
    assert download["Content-Type"] == "application/vnd.cyclonedx+json"


def test_a_document_that_is_no_json_comes_as_text_or_as_a_file(bob: APIClient):
    text = '<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1"/>'
    made = add(bob, "/api/v2/artifacts", text)
    assert (made["format"], made["spec_version"]) == ("cyclonedx", "1.6")
    file = SimpleUploadedFile("bom.json", json.dumps(sbom((DJANGO, "5"))).encode())
    fields = {"type": "sbom", "file": file, "metadata": '{"a": 1}'}
    response = bob.post("/api/v2/artifacts", fields, format="multipart")
    assert response.status_code == 201, response.content
    assert (response.json()["filename"], response.json()["metadata"]["a"]) == ("bom.json", 1)


def test_a_repeat_of_the_same_bytes_is_answered_with_what_is_there(bob: APIClient, release: str):
    first = add(bob, "/api/v2/artifacts", sbom((DJANGO, "5")))
    assert add(bob, "/api/v2/artifacts", sbom((DJANGO, "5")), code=200)["id"] == first["id"]
    assert add(bob, f"{release}/artifacts", sbom((DJANGO, "5")))["id"] == first["id"]
    assert add(bob, f"{release}/artifacts", sbom((DJANGO, "5")), code=200)["id"] == first["id"]
    assert Artifact.objects.count() == 1


def test_metadata_of_an_artifact_is_patched_and_nothing_else(bob: APIClient):
    made = add(bob, "/api/v2/artifacts", sbom((DJANGO, "5")))
    path = f"/api/v2/artifacts/{made['id']}"
    assert bob.patch(path, {"metadata": {"b": 2}}, format="json").json()["metadata"]["b"] == 2
    assert bob.patch(path, {"type": "vex"}, format="json").status_code == 400
    assert bob.delete(path).status_code == 204
    assert bob.get(path).status_code == 404


# Paging, sorting, headers --------------------------------------------------------------------------


def test_pages_have_links_and_a_total(bob: APIClient, releases: str):
    for number in range(5):
        post(bob, releases, {"version": f"1.{number}"})
    response = bob.get(f"{releases}?page=2&limit=2&status=draft")
    assert [item["version"] for item in response.json()["items"]] == ["1.2", "1.1"]
    assert response["X-Total-Count"] == "5"
    for rel, page in (("first", 1), ("prev", 1), ("next", 3), ("last", 3)):
        link = next(part for part in response["Link"].split(", ") if f'rel="{rel}"' in part)
        assert f"page={page}" in link
        assert "status=draft" in link
    assert int(response["X-RateLimit-Limit"]) == 5000


def test_versions_are_sorted_as_versions(bob: APIClient, releases: str):
    for version in ("1.10", "1.9", "2.0-rc.1"):
        post(bob, releases, {"version": version})
    assert [item["version"] for item in get(bob, releases)["items"]] == ["2.0-rc.1", "1.10", "1.9"]
    assert [item["version"] for item in get(bob, f"{releases}?sort=version")["items"]] == ["1.9", "1.10", "2.0-rc.1"]
    assert get(bob, f"{releases}?sort=colour", 400)["details"]["sort"]


@pytest.mark.parametrize(
    ("path", "accept", "code"),
    [
        ("/api/v2/products", "application/json; version=2", 200),
        ("/api/v2/products", "application/json; version=v2", 200),
        ("/api/v2/products", "application/json; version=1", 400),
        ("/api/v1/search/releases", "application/json; version=1", 200),
        ("/api/v1/search/releases", "application/json; version=2.0", 400),
    ],
)
def test_accept_may_repeat_the_version_of_the_path(bob: APIClient, path: str, accept: str, code: int):
    assert bob.get(path, HTTP_ACCEPT=accept).status_code == code


def test_a_browsers_session_reads_and_writes_with_its_csrf_token(bob_member: Membership):
    browser = APIClient(enforce_csrf_checks=True)
    assert browser.login(username="bob", password=PASSWORD)
    assert browser.get("/api/v2/products").status_code == 200
    refused = browser.post("/api/v2/products", {"name": "A"}, format="json")
    assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
    token = "a" * 32
    browser.cookies["csrftoken"] = token
    made = browser.post("/api/v2/products", {"name": "A"}, format="json", headers={"X-CSRFToken": token})
    assert made.status_code == 201


# Which release? ------------------------------------------------------------------------------------


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


# Searches and questions ----------------------------------------------------------------------------


@pytest.fixture
def shipped(bob: APIClient, releases: str) -> dict[str, dict[str, Any]]:
    found = {}
    for version, log4j in (("1.0", "2.14.1"), ("1.1", "2.17.0"), ("2.0", "2.20.0")):
        post(bob, releases, {"version": version, "status": "draft" if version == "2.0" else "released"})
        licences = {"log4j-core": "Apache-2.0"}
        found[version] = add(
            bob, f"{releases}/{version}/artifacts", sbom((LOG4J, log4j), (DJANGO, "5"), licences=licences)
        )
    return found


def versions(body: dict[str, Any]) -> list[str]:
    return [item["version"] for item in body["items"]]


def test_releases_are_searched_as_the_page_shows(bob: APIClient, project: dict[str, Any], shipped):
    query = {
        "project_id": project["id"],
        "version_pattern": "1.*",
        "status": ["draft", "released"],
        "date_range": {"start": "2024-01-01", "end": "2099-12-31"},
    }
    body = {"query": query, "sort": [{"field": "release_date", "order": "desc"}], "page": 1, "limit": 20}
    found = post(bob, "/api/v1/search/releases", body, 200)
    assert versions(found) == ["1.1", "1.0"]
    assert (found["total"], found["page"], found["limit"]) == (2, 1, 20)
    assert versions(post(bob, "/api/v1/search/releases", {**body, "limit": 1, "page": 2}, 200)) == ["1.0"]
    asked = f"project_id={project['id']}&version_pattern=1.*&status=draft,released&sort=version"
    assert versions(get(bob, f"/api/v2/search/releases?{asked}")) == ["1.0", "1.1"]
    assert versions(get(bob, "/api/v2/search/releases?end=2001-01-01")) == []
    assert versions(get(bob, "/api/v2/search/releases?version_pattern=%3F.1")) == ["1.1"]
    inside = {"query": {"components": {"purl": LOG4J, "version_range": "vers:maven/<2.15"}}}
    assert versions(post(bob, "/api/v1/search/releases", inside, 200)) == ["1.0"]


def test_artifacts_are_searched_as_the_page_shows(bob: APIClient, shipped):
    vex = add(bob, "/api/v2/artifacts", openvex(f"{LOG4J}@2.14.1"), type="vex")
    body = {
        "query": {"type": ["sbom", "vex"], "format": "cyclonedx", "content": {"components": {"name": "log4j-core"}}},
        "include": ["metadata", "relationships"],
        "sort": [{"field": "created_at", "order": "desc"}],
    }
    found = post(bob, "/api/v1/search/artifacts", body, 200)
    assert [item["id"] for item in found["items"]] == [shipped[version]["id"] for version in ("2.0", "1.1", "1.0")]
    assert [edge["source_id"] for edge in found["items"][-1]["relationships"]] == [vex["id"]]
    path = "/api/v2/search/artifacts"
    assert get(bob, f"{path}?type=sbom,vex&has_relationship=vex")["items"][0]["id"] == shipped["1.0"]["id"]
    assert get(bob, f"{path}?release_version=1.1&format=cyclonedx")["items"][0]["id"] == shipped["1.1"]["id"]
    assert get(bob, f"{path}?licence=apache-2.0")["total"] == 3
    assert get(bob, f"{path}?purl={LOG4J}@2.20.0&include=releases")["items"][0]["releases"][0]["version"] == "2.0"
    for wrong in ("type=spaceship", "has_relationship=x", "colour=red", "include=x", "sort=x", "project_id=1"):
        assert bob.get(f"{path}?{wrong}").status_code == 400


def test_relationships_are_searched_as_the_page_shows(bob: APIClient, shipped):
    add(bob, "/api/v2/artifacts", openvex(f"{LOG4J}@2.14.1"), type="vex")
    path = "/api/v2/search/relationships?source_type=vex&target_type=sbom&relationship_type=references"
    assert get(bob, path)["items"][0]["target_id"] == shipped["1.0"]["id"]
    assert get(bob, path.replace("references", "describes"))["items"] == []
    body = {"query": {"source_type": "vex"}}
    assert post(bob, "/api/v1/search/relationships", body, 200)["total"] == 1


def test_components_are_searched_across_all_releases(bob: APIClient, charlie: APIClient, project, shipped):
    path = f"/api/v2/search/components?purl={LOG4J}&version_range=vers:maven/>=2.15"
    found = get(bob, path)
    assert [one["release"]["version"] for one in found["items"]] == ["2.0", "1.1"]
    assert (found["total"], found["items"][0]["project"]["id"]) == (2, project["id"])
    assert post(bob, "/api/v2/search/components", {"query": {"name": "django"}}, 200)["total"] == 3
    assert get(charlie, path)["items"] == []
    assert bob.get("/api/v2/search/components").status_code == 400


def test_what_is_inside_a_release(bob: APIClient, releases: str, shipped):
    add(bob, "/api/v2/artifacts", csaf(f"{LOG4J}@2.14.1"), type="vex")
    inside = get(bob, f"{releases}/1.0/components?q=log4j")
    assert [(one["name"], one["version"], one["licence"]) for one in inside["items"]] == [
        ("log4j-core", "2.14.1", "Apache-2.0")
    ]
    licences = get(bob, f"{releases}/1.0/licences")["items"]
    assert {one["licence"]: one["components"] for one in licences} == {"Apache-2.0": 1, "": 1}
    said = get(bob, f"{releases}/1.0/vulnerabilities?status=affected")["items"]
    assert [(one["vulnerability"], one["component"]["name"]) for one in said] == [("CVE-2021-44228", "log4j-core")]
    assert get(bob, f"{releases}/1.0/vulnerabilities?status=fixed")["items"] == []
    changes = get(bob, f"{releases}/1.1/changes")
    assert (changes["from"], changes["to"], changes["unchanged"]) == ("1.0", "1.1", 1)
    assert changes["changed"][0]["direction"] == "upgraded"
    assert get(bob, f"{releases}/2.0/changes?since=1.0")["changed"][0]["from"] == ["2.14.1"]
    assert bob.get(f"{releases}/1.0/changes").status_code == 404


# Bad input ----------------------------------------------------------------------------------------


def test_a_version_that_exists_is_a_conflict_with_details(bob: APIClient, releases: str, release: str):
    response = bob.post(releases, {"version": "1.0.0"}, format="json")
    assert response.status_code == 409
    expected = {"error": "conflict", "message": "Version already exists", "details": {"version": "1.0.0"}}
    assert response.json() == expected


def test_a_step_that_is_not_allowed_is_a_conflict(bob: APIClient, release: str):
    bob.patch(release, {"status": "archived"}, format="json")
    response = bob.patch(release, {"status": "released"}, format="json")
    assert (response.status_code, response.json()["error"]) == (409, "conflict")


def test_bad_content_is_refused_with_its_path_and_leaves_nothing(bob: APIClient, release: str):
    document = sbom((LOG4J, "1"))
    document["components"][0]["type"] = "spaceship"
    response = bob.post(f"{release}/artifacts", {"type": "sbom", "content": document}, format="json")
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")
    assert list(response.json()["details"]) == ["content.components.0.type"]
    assert not Artifact.objects.exists()


DEEP = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1}


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "library", "name": "a"}
    for _ in range(levels):
        inner = {"type": "library", "name": "a", "components": [inner]}
    return {**DEEP, "components": [inner]}


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<bom xmlns="http://cyclonedx.org/schema/bom/1.6" version="1"><components><component type="library">'
    "<name>&b;</name></component></components></bom>"
)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "type"),
        ({"type": "sbom"}, "content"),
        ({"type": "spaceship", "content": {}}, "type"),
        ({"type": "sbom", "content": {}}, "content"),
        ({"type": "sbom", "content": ""}, "content"),
        ({"type": "sbom", "content": "hello"}, "content"),
        ({"type": "sbom", "content": None}, "content"),
        ({"type": "sbom", "content": [1]}, "content"),
        ({"type": "sbom", "content": {"bomFormat": "CycloneDX"}}, "content.specVersion"),
        ({"type": "sbom", "content": {**DEEP, "specVersion": 1.6}}, "content.specVersion"),
        ({"type": "sbom", "format": "spdx", "content": DEEP}, "format"),
        ({"type": "vex", "content": DEEP}, "content.vulnerabilities"),
        ({"type": "sbom", "content": openvex("pkg:pypi/a")}, "format"),
        ({"type": "vex", "content": {"@context": "https://openvex.dev/ns", "statements": 5}}, "content"),
        ({"type": "vex", "content": {"document": {"csaf_version": "2.0"}}}, "content.document"),
        ({"type": "sbom", "content": {"spdxVersion": "SPDX-2.3", "packages": 5}}, "content"),
        ({"type": "sbom", "content": {"spdxVersion": []}}, "content.spdxVersion"),
        ({"type": "sbom", "content": nested(60)}, "content"),
        ({"type": "sbom", "content": BOMB}, "content"),
        ({"type": "sbom", "content": BOMB.partition("]>")[2].replace("&b;", "&b; ")}, "content"),
        ({"type": "sbom", "content": sbom(("pkg:npm/a", "1"), ("pkg:npm/a", "1"))}, "content.components"),
        ({"type": "sbom", "content": sbom(("pkg:npm/a", "1")), "metadata": [1]}, "metadata"),
        ({"type": "sbom", "content": sbom(("pkg:npm/a", "1")), "colour": "red"}, "colour"),
        ({"type": "other", "content": {"a": 1}}, "format"),
    ],
)
def test_what_is_no_artifact_is_refused_by_the_field(bob: APIClient, body: dict[str, Any], field: str):
    response = bob.post("/api/v2/artifacts", body, format="json")
    assert response.status_code == 400, response.content
    assert any(name.startswith(field) for name in response.json()["details"]), response.json()
    assert not Artifact.objects.exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b'{"type": "sbom", "content": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"content": "\xff"}',
    ],
)
def test_a_body_that_cannot_be_read_is_refused(bob: APIClient, raw: bytes):
    response = send(bob, raw)
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")


def test_a_large_document_is_refused_with_413_by_its_length_before_it_is_read(bob: APIClient, settings):
    settings.ARTIFACT_LIMIT = 1024
    huge = b'{"type": "sbom", "content": {"a": "' + b"x" * 2_000_000 + b'"}}'
    response = send(bob, huge)
    assert (response.status_code, response.json()["error"]) == (413, "payload_too_large")
    fields = {"type": "sbom", "file": SimpleUploadedFile("a.json", b"x" * 2000)}
    response = bob.post("/api/v2/artifacts", fields, format="multipart")
    assert (response.status_code, response.json()["error"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("search/releases", {"query": 5}),
        ("search/releases", {"query": {"status": "gone"}}),
        ("search/releases", {"query": {"date_range": "2024"}}),
        ("search/releases", {"query": {"date_range": {"start": "yesterday"}}}),
        ("search/releases", {"query": {"colour": "red"}}),
        ("search/releases", {"sort": [{"field": "colour"}]}),
        ("search/releases", {"sort": 5}),
        ("search/releases", {"limit": 101}),
        ("search/releases", {"limit": "x"}),
        ("search/releases", {"include": ["everything"]}),
        ("search/artifacts", {"query": {"content": 5}}),
        ("search/artifacts", {"query": {"content": {"components": {"name": 5}}}}),
        ("search/artifacts", {"query": {"content": {"components": {}}}}),
        ("search/artifacts", {"query": {"content": {"components": {"name": "a", "version_range": "x"}}}}),
        ("search/relationships", {"query": {"source_type": "x"}}),
        ("search/components", {"query": {"purl": "x"}}),
    ],
)
def test_a_search_that_means_nothing_is_refused(bob: APIClient, path: str, body: dict[str, Any]):
    response = bob.post(f"/api/v1/{path}", body, format="json")
    assert (response.status_code, response.json()["error"]) == (400, "validation_error"), response.content


# Who may ------------------------------------------------------------------------------------------


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
