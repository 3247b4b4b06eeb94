"""Who sees what, and who may withdraw it."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import Organization
from registry.models import Version
from tests.registry.reads.asking import API, PATHS, body

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.usefixtures("insulin", "blast")
def test_an_outsider_cannot_see_what_is_private(
    path: str, anonymous: APIClient, charlie: APIClient, vera: APIClient
) -> None:
    body(anonymous, path)
    Organization.objects.filter(slug="acme").update(is_public=False)
    body(anonymous, path, 404)
    body(charlie, path, 404)
    body(vera, path)


def test_an_outsider_finds_nothing_private(
    anonymous: APIClient, charlie: APIClient, vera: APIClient, insulin: Version
) -> None:
    Organization.objects.filter(slug="acme").update(is_public=False)
    for client in (anonymous, charlie):
        assert body(client, "/sources")["data"] == []
        assert body(client, "/sources?type=protein")["meta"]["pagination"]["total"] == 0
        assert body(client, "/sources")["meta"]["pagination"]["total"] == 0
        assert body(client, "/stats")["data"]["data_sources"] == 0
        assert body(client, "/search?q=insulin")["data"]["data_sources"] == []
    assert len(body(vera, "/sources")["data"]) == 1


def test_search_follows_the_organization(
    alice: APIClient, anonymous: APIClient, vera: APIClient, insulin: Version
) -> None:
    assert body(anonymous, "/search?q=insulin")["data"]["total"] == 1
    assert alice.patch(f"{API}/organizations/acme", {"is_public": False}, format="json").status_code == 200
    assert body(anonymous, "/search?q=insulin")["data"]["total"] == 0
    assert body(vera, "/search?q=insulin")["data"]["total"] == 1
    renamed = alice.patch(f"{API}/organizations/acme", {"is_public": True, "slug": "apex"}, format="json")
    assert renamed.status_code == 200
    (found,) = body(anonymous, "/search?q=insulin&format=fasta&organism=human")["data"]["data_sources"]
    assert found["url"] == "/sources/apex/P01308"
    assert body(anonymous, "/search?q=apex")["data"]["total"] == 1


def test_an_outsider_withdraws_nothing(
    anonymous: APIClient, charlie: APIClient, vera: APIClient, insulin: Version
) -> None:
    path = f"{API}/sources/acme/P01308/1.5"
    for client, code in ((anonymous, 401), (vera, 403), (charlie, 403)):
        assert client.post(f"{path}/yank", {"reason": "x"}, format="json").status_code == code
        assert client.delete(f"{path}/yank").status_code == code
        assert client.delete(path).status_code == code
        assert client.delete(f"{API}/sources/acme/P01308").status_code == code


def test_yanks_and_deletes_over_http(alice: APIClient, bob: APIClient, insulin: Version) -> None:
    path = f"{API}/sources/acme/P01308/1.5"
    assert bob.post(f"{path}/yank", {}, format="json").status_code == 422
    assert bob.post(f"{path}/yank", {"reason": "Wrong"}, format="json").json()["data"]["yanked"] is True
    assert bob.delete(f"{path}/yank").json()["data"]["yanked"] is False
    assert bob.delete(path).status_code == 403
    assert alice.delete(path).status_code == 204
    assert alice.get(path).status_code == 404
    assert alice.delete(f"{API}/sources/acme/P01308").status_code == 204
    assert alice.get(f"{API}/sources/acme/P01308").status_code == 404
