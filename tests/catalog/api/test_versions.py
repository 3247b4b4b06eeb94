"""`/v1/assets/{id}/versions` and `/restore`."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.models import Asset
from catalog.services import delete_asset, update_asset
from tests.catalog.conftest import make_asset

pytestmark = pytest.mark.django_db


@pytest.fixture
def asset(bob_actor) -> Asset:
    made = make_asset(bob_actor, description="one", schema=[{"name": "id", "type": "int"}], tags=["PII"])
    update_asset(actor=bob_actor, asset=made, changes={"description": "two", "metadata": {"rows": 1}})
    update_asset(actor=bob_actor, asset=made, changes={"schema": [{"name": "id", "type": "bigint"}], "tags": []})
    return made


def test_every_version_can_be_read_back(vera: APIClient, bob_member, asset):
    page = vera.get(f"/v1/assets/{asset.pk}/versions").json()
    assert [item["version"] for item in page["data"]] == [3, 2, 1]
    assert page["data"][2]["action"] == "CREATE"
    assert page["data"][0]["user"] == {"id": str(bob_member.user_id), "name": "Bob"}
    assert page["pagination"]["total"] == 3

    def version(number: int, query: str = "") -> dict[str, Any]:
        body: dict[str, Any] = vera.get(f"/v1/assets/{asset.pk}/versions/{number}{query}").json()
        return body

    first = version(1)
    assert (first["state"]["description"], first["state"]["tags"]) == ("one", ["PII"])
    assert first["compared_to"] is None
    second = version(2)
    assert second["compared_to"] == 1
    assert sorted(second["changes"], key=lambda change: change["path"]) == [
        {"path": "description", "before": "one", "after": "two", "kind": "changed"},
        {"path": "metadata.rows", "before": None, "after": 1, "kind": "added"},
    ]
    assert {change["path"] for change in version(3)["changes"]} == {"schema[id].type", "tags"}
    whole = {change["path"] for change in version(3, "?compare_to=1")["changes"]}
    assert whole == {"description", "metadata.rows", "schema[id].type", "tags"}
    assert version(3, "?compare_to=3")["changes"] == []


def test_a_deleted_asset_keeps_its_history_and_is_restored(bob: APIClient, bob_actor, asset):
    delete_asset(actor=bob_actor, asset=asset)
    assert bob.get(f"/v1/assets/{asset.pk}").status_code == 404
    newest = bob.get(f"/v1/assets/{asset.pk}/versions/4").json()
    assert (newest["action"], newest["state"]) == ("DELETE", None)
    restored = bob.post(f"/v1/assets/{asset.pk}/restore")
    assert (restored.status_code, restored["ETag"]) == (200, '"5"')
    assert restored.json()["description"] == "two"
    assert bob.post(f"/v1/assets/{asset.pk}/restore").json()["version"] == 5
    assert bob.get(f"/v1/assets/{asset.pk}/versions/5").json()["action"] == "RESTORE"


def test_a_name_taken_meanwhile_forbids_the_restore(bob: APIClient, bob_actor, asset):
    delete_asset(actor=bob_actor, asset=asset)
    make_asset(bob_actor)
    response = bob.post(f"/v1/assets/{asset.pk}/restore")
    assert (response.status_code, response.json()["error"]["code"]) == (409, "ASSET_CONFLICT")


def test_what_is_no_version_is_not_found(bob: APIClient, asset):
    for number in ("0", "4", "99999999999999999999"):
        assert bob.get(f"/v1/assets/{asset.pk}/versions/{number}").status_code == 404, number
    assert bob.get(f"/v1/assets/{asset.pk}/versions/x").status_code == 404
    missing = bob.get(f"/v1/assets/{asset.pk}/versions/2?compare_to=9")
    assert (missing.status_code, missing.json()["error"]["message"]) == (404, "The asset has no version 9")
    assert bob.get(f"/v1/assets/{asset.pk}/versions/2?compare_to=x").status_code == 400
    assert bob.get("/v1/assets/no-id/versions").status_code == 404


def test_roles_and_strangers(vera, charlie, anonymous, bob_actor, asset):
    url = f"/v1/assets/{asset.pk}"
    for client, reads, writes in ((vera, 200, 403), (charlie, 404, 404), (anonymous, 401, 401)):
        assert client.get(f"{url}/versions").status_code == reads
        assert client.get(f"{url}/versions/1").status_code == reads
        assert client.post(f"{url}/restore").status_code == writes
