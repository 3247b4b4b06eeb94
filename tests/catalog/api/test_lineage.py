"""`/v1/assets/{id}/lineage?column=`, `/impact` and `/path`."""

from __future__ import annotations

import pytest

from catalog.services import AssetDraft, RelationshipDraft, upsert_assets, upsert_relationships

pytestmark = pytest.mark.django_db


@pytest.fixture
def ids(bob_actor) -> dict[str, str]:
    drafts = [AssetDraft("TABLE", "raw", "raw"), AssetDraft("VIEW", "v", "v"), AssetDraft("DASHBOARD", "d", "d")]
    made = upsert_assets(actor=bob_actor, drafts=drafts).ids
    mapping = {"column_mapping": {"mail": ["email"]}}
    edges = [RelationshipDraft("v", "raw", "DEPENDS_ON", mapping), RelationshipDraft("d", "v", "USES")]
    upsert_relationships(actor=bob_actor, drafts=edges)
    return {name: str(key) for name, key in made.items()}


def test_a_columns_lineage_names_the_columns(vera, ids):
    body = vera.get(f"/v1/assets/{ids['v']}/lineage?column=mail").json()
    assert body["column"] == "mail"
    assert [(edge["asset"]["name"], edge["columns"]) for edge in body["upstream"]] == [("raw", {"mail": ["email"]})]
    assert body["downstream"] == []


def test_impact_counts_by_type(vera, ids):
    body = vera.get(f"/v1/assets/{ids['raw']}/impact").json()
    assert (body["total"], body["by_type"], body["truncated"]) == (2, {"VIEW": 1, "DASHBOARD": 1}, False)
    assert [(asset["name"], asset["depth"]) for asset in body["assets"]] == [("v", 1), ("d", 2)]
    only = vera.get(f"/v1/assets/{ids['raw']}/impact?type=DASHBOARD&depth=2").json()
    assert ([asset["name"] for asset in only["assets"]], only["total"]) == (["d"], 2)


def test_a_path_is_shown_edge_by_edge(vera, ids):
    body = vera.get(f"/v1/assets/{ids['raw']}/path?to={ids['d']}").json()
    assert (body["direction"], body["length"]) == ("downstream", 2)
    assert [edge["asset"]["name"] for edge in body["path"]] == ["v", "d"]


def test_bad_questions_and_strangers(vera, charlie, anonymous, ids):
    url = f"/v1/assets/{ids['raw']}"
    assert vera.get(f"{url}/path").status_code == vera.get(f"{url}/path?to=x").status_code == 400
    assert vera.get(f"{url}/impact?depth=11").status_code == vera.get(f"{url}/impact?type=SOFA").status_code == 400
    for asked in (f"path?to={ids['d']}&to={ids['v']}", "lineage?column=a&column=b"):
        assert vera.get(f"{url}/{asked}").status_code == 400
    for client, status in ((charlie, 404), (anonymous, 401)):
        assert client.get(f"{url}/impact").status_code == status
        assert client.get(f"{url}/path?to={ids['d']}").status_code == status
        assert client.get(f"{url}/lineage?column=email").status_code == status
    assert vera.get("/v1/assets/no-id/impact").status_code == 404
