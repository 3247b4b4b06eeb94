"""Searches, and questions about what is inside a release."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.registry.documents import csaf, openvex, sbom
from tests.registry.releases_api.asking import DJANGO, LOG4J, add, get, post


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


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("*", ["1.0", "a-[b]^c", "a" * 100]),
        ("1*0", ["1.0"]),
        ("*.*", ["1.0"]),
        ("a**", ["a-[b]^c", "a" * 100]),
        ("*-*b?^c", ["a-[b]^c"]),
        ("*[b]*", ["a-[b]^c"]),
        ("a" * 99 + "?", ["a" * 100]),
        ("?" * 100 + "*", ["a" * 100]),
        ("*a" * 50 + "*b", []),
        ("*" * 1000 + "c", ["a-[b]^c"]),
        ("?" * 100_000, []),
        ("a" * 101, []),
    ],
)
def test_wildcards_in_versions_match_at_once_however_many_they_are(
    bob: APIClient, releases: str, pattern: str, matching: list[str]
):
    for version in ("1.0", "a-[b]^c", "a" * 100):
        post(bob, releases, {"version": version})
    body = {"query": {"version_pattern": pattern}, "sort": [{"field": "version"}]}
    assert sorted(versions(post(bob, "/api/v1/search/releases", body, 200))) == sorted(matching)


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
