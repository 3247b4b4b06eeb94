"""Organizations as the contract's page shows them, and the statistics of all."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import Organization
from registry.models import File, Version
from tests.registry.reads.asking import API, body

pytestmark = pytest.mark.django_db


def test_lists_organizations(anonymous: APIClient, insulin: Version, other: Organization) -> None:
    answer = body(anonymous, "/organizations?page=1&limit=20")
    assert answer["success"] is True
    first = answer["data"][0]
    assert list(first) == [
        "id",
        "slug",
        "name",
        "website",
        "description",
        "logo_url",
        "is_system",
        "entry_count",
        "created_at",
    ]
    assert (first["slug"], first["entry_count"]) == ("acme", 1)
    assert answer["meta"]["pagination"] == {
        "page": 1,
        "per_page": 20,
        "total": 2,
        "pages": 1,
        "has_next": False,
        "has_prev": False,
    }


def test_gets_an_organization(anonymous: APIClient, insulin: Version, blast: Version) -> None:
    data = body(anonymous, "/organizations/ACME")["data"]
    assert data["statistics"] == {"data_sources": 1, "tools": 1, "total_versions": 3, "total_downloads": 0}


def test_an_organization_that_is_not_there(anonymous: APIClient, acme: Organization) -> None:
    answer = body(anonymous, "/organizations/nowhere", 404)
    assert answer["success"] is False
    assert answer["error"]["code"] == "NOT_FOUND"
    assert "nowhere" in answer["error"]["message"]


def test_creates_and_changes_an_organization(alice: APIClient, bob: APIClient, anonymous: APIClient) -> None:
    assert anonymous.post(f"{API}/organizations", {"slug": "lab"}, format="json").status_code == 401
    assert bob.post(f"{API}/organizations", {"slug": "lab"}, format="json").status_code == 403
    made = alice.post(f"{API}/organizations", {"slug": "lab", "name": "Lab"}, format="json")
    assert made.status_code == 201
    assert made.json()["data"]["statistics"]["data_sources"] == 0
    assert alice.post(f"{API}/organizations", {"slug": "LAB"}, format="json").status_code == 409
    refused = alice.post(f"{API}/organizations", {"slug": "../x"}, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert (
        alice.patch(f"{API}/organizations/acme", {"name": "Acme 2"}, format="json").json()["data"]["name"] == "Acme 2"
    )


def test_statistics(anonymous: APIClient, insulin: Version, blast: Version, other: Organization) -> None:
    File.objects.filter(version=insulin, format="fasta").update(downloads=7)
    data = body(anonymous, "/stats")["data"]
    assert data["organizations"] == 2
    assert (data["data_sources"], data["tools"], data["total_versions"]) == (1, 1, 3)
    assert data["total_size_bytes"] == sum(File.objects.values_list("size", flat=True))
    assert data["top_downloads"] == [{"source": "acme:P01308-fasta@1.5", "downloads": 7}]
