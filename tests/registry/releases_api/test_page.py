"""The releases contract, request by request as its page shows them."""

from __future__ import annotations

import json
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from registry.models import Artifact
from tests.registry.documents import csaf, sbom
from tests.registry.releases_api.asking import DJANGO, LOG4J, add, get, post, send


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


def test_who_holds_the_bytes_of_an_artifact_is_not_sent_them_again(bob: APIClient):
    path = f"/api/v2/artifacts/{add(bob, '/api/v2/artifacts', sbom((LOG4J, '1')))['id']}/content"
    first = bob.get(path)
    assert (first.status_code, first["ETag"]) == (200, f'"{first["X-Checksum-SHA256"]}"')
    again = bob.get(path, HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert bob.get(path, HTTP_IF_NONE_MATCH='"other"').status_code == 200


def test_an_artifact_is_named_without_folders_and_what_cannot_be_seen(bob: APIClient):
    for place, (sent, kept) in enumerate(
        {"../../a.json": "a.json", "c:\\x\\y.json": "y.json", "a\r\nX-Evil: 1": "aX-Evil: 1", "": ""}.items()
    ):
        body = {"type": "other", "format": "note", "content": {"place": place}, "filename": sent}
        assert post(bob, "/api/v2/artifacts", body)["filename"] == kept
