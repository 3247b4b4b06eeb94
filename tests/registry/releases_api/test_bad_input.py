"""What the releases contract refuses, and how it says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from registry.models import Artifact
from tests.registry.documents import openvex, sbom
from tests.registry.releases_api.asking import DEEP, LOG4J, add, get, send


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
        ({"type": "other", "format": "note", "content": {"a": 1}, "file": "a.json"}, "file"),
        ({"type": "other", "format": "note", "content": {"a": 1}, "filename": "a" * 256}, "filename"),
        ({"type": "other", "format": "note", "content": {"a": 1}, "filename": " "}, "filename"),
        ({"type": "other", "format": "note", "content": {"a": 1}, "filename": "a/.."}, "filename"),
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
        ("search/releases", {"query": {"date_range": {"start": "9999-12-31T23:59:59-12:00"}}}),
        ("search/releases", {"query": {"date_range": {"end": "0001-01-01T00:00:00+14:00"}}}),
        ("search/releases", {"query": {"colour": "red"}}),
        ("search/releases", {"query": 0}),
        ("search/releases", {"query": []}),
        ("search/releases", {"sort": 0}),
        ("search/releases", {"sort": [None]}),
        ("search/artifacts", {"include": {}}),
        ("search/releases", {"sort": [{"field": "colour"}]}),
        ("search/releases", {"sort": 5}),
        ("search/releases", {"sort": [{"field": "version", "order": []}]}),
        ("search/releases", {"sort": [{"field": "version", "order": {}}]}),
        ("search/releases", {"query": {"components": {"name": "a", "licence": "MIT", "license": "ISC"}}}),
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


@pytest.mark.parametrize("metadata", [0, "", [], False])
def test_metadata_of_a_release_that_is_empty_but_no_object_is_refused(bob: APIClient, releases: str, metadata: Any):
    response = bob.post(releases, {"version": "3.0", "metadata": metadata}, format="json")
    assert (response.status_code, list(response.json()["details"])) == (400, ["metadata"])


@pytest.mark.parametrize("version", [".", ".."])
def test_a_version_that_no_path_can_name_is_refused(bob: APIClient, releases: str, version: str):
    response = bob.post(releases, {"version": version}, format="json")
    assert (response.status_code, list(response.json()["details"])) == (400, ["version"])


@pytest.mark.parametrize("what", ["artifacts?type=sbon", "vulnerabilities?status=affected,gone"])
def test_a_list_narrowed_by_a_word_that_there_is_not_is_refused(bob: APIClient, release: str, what: str):
    response = bob.get(f"{release}/{what}")
    assert (response.status_code, len(response.json()["details"])) == (400, 1), response.content


def test_relationships_narrowed_by_a_type_that_there_is_not_are_refused(bob: APIClient, release: str):
    artifact = add(bob, f"{release}/artifacts", sbom((LOG4J, "1")))
    response = bob.get(f"/api/v2/artifacts/{artifact['id']}/relationships?type=likes")
    assert (response.status_code, list(response.json()["details"])) == (400, ["type"])


@pytest.mark.parametrize("value", [1, 1.5, True, ["a"], {"a": 1}])
@pytest.mark.parametrize("name", ["category", "lifecycle_status"])
def test_what_is_no_text_is_not_made_one(bob: APIClient, name: str, value: Any):
    response = bob.post("/api/v2/products", {"name": "Odd", "metadata": {name: value}}, format="json")
    assert (response.status_code, list(response.json()["details"])) == (400, [name]), response.content


def test_a_null_in_metadata_takes_back_what_was_said(bob: APIClient, product: dict[str, Any], project: dict[str, Any]):
    nothing = dict.fromkeys(("category", "tags", "lifecycle_status", "tier"))
    response = bob.patch(f"/api/v2/products/{product['id']}", {"metadata": nothing}, format="json")
    assert (response.status_code, response.json()["metadata"]) == (
        200,
        {"category": "", "tags": [], "lifecycle_status": "active"},
    )
    response = bob.patch(f"/api/v2/projects/{project['id']}", {"metadata": {"type": None}}, format="json")
    assert (response.status_code, response.json()["metadata"]["type"]) == (200, "application")


def test_a_form_that_says_a_thing_twice_is_refused_by_the_field(bob: APIClient):
    def file() -> SimpleUploadedFile:
        return SimpleUploadedFile("a.txt", b"one")

    whole: dict[str, Any] = {"type": "other", "format": "note"}
    for fields, name in (
        ({**whole, "file": [file(), file()]}, "file"),
        ({**whole, "file": file(), "content": "two"}, "content"),
        ({**whole, "file": file(), "type": ["other", "sbom"]}, "type"),
    ):
        response = bob.post("/api/v2/artifacts", fields, format="multipart")
        assert (response.status_code, list(response.json()["details"])) == (400, [name]), response.content
    assert not Artifact.objects.exists()


def test_a_form_that_ends_in_the_middle_is_refused(bob: APIClient):
    parts = [("type", "other"), ("format", "note"), ("content", "whole"), ("filename", "notes of the meeting.txt")]
    body = "".join(f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{said}\r\n' for name, said in parts)
    for cut in (len(body) - 10, len(body)):
        sent: Any = body[:cut].encode()
        response = bob.generic("POST", "/api/v2/artifacts", sent, content_type="multipart/form-data; boundary=B")
        assert (response.status_code, response.json()["error"]) == (400, "validation_error"), response.content
    assert not Artifact.objects.exists()
    sent = f"{body}--B--\r\n".encode()
    assert (
        bob.generic("POST", "/api/v2/artifacts", sent, content_type="multipart/form-data; boundary=B").status_code
        == 201
    )


def test_what_was_deleted_already_is_not_there(bob: APIClient, release: str):
    artifact = f"/api/v2/artifacts/{add(bob, f'{release}/artifacts', sbom((LOG4J, '1')))['id']}"
    for path in (artifact, release):
        assert bob.delete(path).status_code == 204
        assert get(bob, path, 404)["error"] == "not_found"
        assert bob.delete(path).status_code == 404
