"""Pages, their headers and their order; which version is asked for; a browser's session."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import Membership
from tests.conftest import PASSWORD
from tests.registry.releases_api.asking import get, post


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
