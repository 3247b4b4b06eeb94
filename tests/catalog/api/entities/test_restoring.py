"""Deleted tags, classifications, terms, domains and teams: listed, and restored with what let them go."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import DeletedRow
from catalog.models import AssetTag, LostLink, Tag
from catalog.services import create_tag, merge_tags
from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db


def carried(client: APIClient, table: dict[str, Any]) -> list[str]:
    tags = made(call(client, "get", f"tables/{table['id']}?fields=tags"))["tags"]
    return [tag["tagFQN"] for tag in tags]


def patch(client: APIClient, table: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    return made(call(client, "patch", f"tables/{table['id']}", [{"op": "add", "path": path, "value": value}]))


@pytest.fixture
def mail(bob: APIClient) -> dict[str, Any]:
    made(call(bob, "post", "classifications", {"name": "PII", "description": "Personal."}))
    body = {"name": "Mail", "classification": "PII", "description": "Addresses.", "style": {"color": "#ff0000"}}
    return made(call(bob, "post", "tags", body))


@pytest.fixture
def tagged(bob: APIClient, mail, table) -> dict[str, Any]:
    return patch(bob, table, "/tags/-", {"tagFQN": "PII.Mail", "source": "Classification"})


def test_a_deleted_tag_is_shown_and_restored_on_the_assets_that_let_it_go(bob: APIClient, mail, tagged):
    other = made(call(bob, "post", "tables", {"name": "other", "databaseSchema": "shop.sales.public", "columns": []}))
    patch(bob, other, "/tags/-", {"tagFQN": "PII.Mail"})
    call(bob, "delete", f"tables/{other['id']}")
    assert made(call(bob, "delete", f"tags/{mail['id']}"))["deleted"] is True
    assert carried(bob, tagged) == []
    assert call(bob, "get", f"tags/{mail['id']}").status_code == 404
    for path in (f"tags/{mail['id']}?include=all", "tags/name/PII.Mail?include=deleted"):
        shown = made(call(bob, "get", path))
        assert (shown["deleted"], shown["description"], shown["style"]) == (True, "Addresses.", {"color": "#ff0000"})
    assert made(call(bob, "get", "tags?include=non-deleted"))["data"] == []
    for query in ("include=deleted", "include=all", "include=all&parent=PII"):
        assert [row["id"] for row in made(call(bob, "get", f"tags?{query}"))["data"]] == [mail["id"]], query
    versions = made(call(bob, "get", f"tags/{mail['id']}/versions"))["versions"]
    assert [version["deleted"] for version in versions] == [True, False]
    back = made(call(bob, "put", "tags/restore", {"id": mail["id"]}))
    assert back == {**mail, "version": 0.3, "updatedAt": back["updatedAt"]}
    assert carried(bob, tagged) == ["PII.Mail"]
    assert bob.get(f"/v1/assets/{tagged['id']}").json()["version"] == tagged["version"] * 10 + 2
    found = bob.get(f"/v1/search?q=users&tags={mail['id']}").json()["results"]
    assert [row["asset"]["id"] for row in found] == [tagged["id"]]
    made(call(bob, "put", "tables/restore", {"id": other["id"]}))
    assert carried(bob, other) == ["PII.Mail"]
    assert (DeletedRow.objects.count(), LostLink.objects.count()) == (0, 0)
    assert made(call(bob, "put", "tags/restore", {"id": mail["id"]})) == back


def test_the_metastore_restores_a_tag(bob: APIClient, vera: APIClient, charlie: APIClient, mail, tagged):
    made_at = bob.get(f"/v1/tags/{mail['id']}").json()["created_at"]
    assert bob.delete(f"/v1/tags/{mail['id']}").status_code == 204
    url = f"/v1/tags/{mail['id']}/restore"
    assert (charlie.post(url).status_code, vera.post(url).status_code) == (404, 403)
    restored = bob.post(url).json()
    assert (restored["asset_count"], restored["created_at"][:23]) == (1, made_at[:23])
    assert bob.post("/v1/tags/x/restore").status_code == 404


def test_a_classification_comes_back_with_the_tags_deleted_with_it(bob: APIClient, mail, tagged):
    early = made(call(bob, "post", "tags", {"name": "Early", "classification": "PII"}))
    made(call(bob, "delete", f"tags/{early['id']}"))
    found = made(call(bob, "get", "classifications/name/PII"))
    assert call(bob, "delete", f"classifications/{found['id']}").status_code == 400
    assert made(call(bob, "delete", f"classifications/{found['id']}?recursive=true"))["deleted"] is True
    assert made(call(bob, "get", "classifications?include=deleted"))["data"][0]["description"] == "Personal."
    assert call(bob, "get", "classifications/name/PII").status_code == 404
    assert made(call(bob, "get", "classifications/name/PII?include=all"))["id"] == found["id"]
    assert made(call(bob, "put", "classifications/restore", {"id": found["id"]}))["deleted"] is False
    assert carried(bob, tagged) == ["PII.Mail"]
    assert [row["name"] for row in made(call(bob, "get", "tags"))["data"]] == ["Mail"]
    assert [row["name"] for row in made(call(bob, "get", "tags?include=deleted"))["data"]] == ["Early"]


def test_a_classification_without_a_tag_of_its_name(bob: APIClient, bob_actor):
    for name in ("one", "two"):
        create_tag(actor=bob_actor, data={"name": name, "category": "plain"})
    found = made(call(bob, "get", "classifications/name/plain"))
    made(call(bob, "delete", f"classifications/{found['id']}?recursive=true"))
    assert len(made(call(bob, "get", "tags?include=deleted"))["data"]) == 2
    assert [row["name"] for row in made(call(bob, "get", "classifications?include=deleted"))["data"]] == ["plain"]
    back = made(call(bob, "put", "classifications/restore", {"id": found["id"]}))
    assert (back["id"], back["name"], Tag.objects.count()) == (found["id"], "plain", 2)


def test_a_name_that_is_taken_meanwhile_is_a_conflict(bob: APIClient, mail, tagged):
    made(call(bob, "delete", f"tags/{mail['id']}"))
    again = made(call(bob, "post", "tags", {"name": "mail", "classification": "PII"}))
    refused = call(bob, "put", "tags/restore", {"id": mail["id"]})
    assert (refused.status_code, "mail" in refused.json()["message"]) == (409, True)
    made(call(bob, "delete", f"tags/{again['id']}"))
    assert made(call(bob, "get", "tags/name/PII.mail?include=deleted"))["id"] == again["id"]
    made(call(bob, "put", "tags/restore", {"id": mail["id"]}))
    assert carried(bob, tagged) == ["PII.Mail"]


def test_what_is_deleted_hard_or_merged_is_not_restored(bob: APIClient, bob_actor, mail, tagged):
    made(call(bob, "delete", f"tags/{mail['id']}"))
    assert call(bob, "delete", f"tags/{mail['id']}").status_code == 404
    assert made(call(bob, "delete", f"tags/{mail['id']}?hardDelete=true"))["deleted"] is True
    other = create_tag(actor=bob_actor, data={"name": "other"})
    heir = create_tag(actor=bob_actor, data={"name": "heir"})
    merge_tags(actor=bob_actor, tag=other, into=heir)
    made(call(bob, "delete", f"tags/{heir.pk}?hardDelete=true"))
    for key in (mail["id"], other.pk, heir.pk):
        assert call(bob, "put", "tags/restore", {"id": str(key)}).status_code == 404
    assert (DeletedRow.objects.count(), LostLink.objects.count(), AssetTag.objects.count()) == (0, 0, 0)


def test_terms_and_domains_come_back_to_their_assets(bob: APIClient, table):
    made(call(bob, "post", "glossaries", {"name": "Business"}))
    term = made(call(bob, "post", "glossaryTerms", {"name": "Customer", "glossary": "Business"}))
    finance = made(call(bob, "post", "domains", {"name": "Finance"}))
    label = {"tagFQN": "Business.Customer", "source": "Glossary"}
    patch(bob, table, "/tags/-", label)
    patch(bob, table, "/columns/1/tags/-", label)
    patch(bob, table, "/domains", ["Finance"])
    made(call(bob, "delete", f"glossaryTerms/{term['id']}"))
    made(call(bob, "delete", f"domains/{finance['id']}"))
    let_go = made(call(bob, "get", f"tables/{table['id']}?fields=*"))
    assert (let_go["tags"], let_go["domains"], let_go["columns"][1]["tags"]) == ([], [], [])
    made(call(bob, "put", "glossaryTerms/restore", {"id": term["id"]}))
    made(call(bob, "put", "domains/restore", {"id": finance["id"]}))
    back = made(call(bob, "get", f"tables/{table['id']}?fields=*"))
    assert [tag["tagFQN"] for tag in [*back["tags"], *back["columns"][1]["tags"]]] == ["Business.Customer"] * 2
    assert [domain["id"] for domain in back["domains"]] == [finance["id"]]
    # What lies in another domain by then stays there.
    made(call(bob, "delete", f"domains/{finance['id']}"))
    made(call(bob, "post", "domains", {"name": "Sales"}))
    patch(bob, table, "/domains", ["Sales"])
    made(call(bob, "put", "domains/restore", {"id": finance["id"]}))
    assert made(call(bob, "get", f"tables/{table['id']}?fields=domains"))["domains"][0]["name"] == "Sales"
    assert LostLink.objects.count() == 0


def test_a_team_owns_again_what_has_no_other_owner(alice: APIClient, alice_member, table):
    team = made(call(alice, "post", "teams", {"name": "crew"}))
    owner = [{"id": team["id"], "type": "team"}]
    other = made(call(alice, "post", "tables", {"name": "o", "databaseSchema": "shop.sales.public", "columns": []}))
    for one in (table, other):
        patch(alice, one, "/owners", owner)
    glossary = made(call(alice, "post", "glossaries", {"name": "Business", "owners": owner}))
    made(call(alice, "delete", f"teams/{team['id']}"))
    assert made(call(alice, "get", "glossaries/name/Business?fields=owners"))["owners"] == []
    patch(alice, other, "/owners", [{"id": str(alice_member.user_id), "type": "user"}])
    made(call(alice, "put", "teams/restore", {"id": team["id"]}))
    owners = {
        path: made(call(alice, "get", f"{path}?fields=owners"))["owners"][0]["name"]
        for path in (f"tables/{table['id']}", f"tables/{other['id']}", f"glossaries/{glossary['id']}")
    }
    assert list(owners.values()) == ["crew", "alice", "crew"]


@pytest.mark.parametrize(
    "where", ["tags", "classifications", "glossaries", "glossaryTerms", "domains", "teams", "users"]
)
def test_what_may_not_be_restored(bob: APIClient, charlie: APIClient, where: str):
    for body, status in (
        ({"id": "01930000-0000-7000-8000-000000000000"}, 404),
        ({"id": "x"}, 400),
        ({"id": 7}, 400),
        ({}, 400),
        ({"id": "01930000-0000-7000-8000-000000000000", "name": "x"}, 400),
    ):
        assert call(bob, "put", f"{where}/restore", body).status_code == status, body
    assert call(bob, "get", f"{where}?include=odd").status_code == 400
    assert call(bob, "get", f"{where}/name/x?include=odd").status_code == 400


def test_another_organization_restores_nothing_of_ours(bob: APIClient, vera: APIClient, charlie: APIClient, mail):
    made(call(bob, "delete", f"tags/{mail['id']}"))
    assert call(charlie, "put", "tags/restore", {"id": mail["id"]}).status_code == 404
    assert call(charlie, "get", f"tags/{mail['id']}?include=all").status_code == 404
    assert made(call(charlie, "get", "tags?include=all"))["data"] == []
    assert call(charlie, "delete", f"tags/{mail['id']}?hardDelete=true").status_code == 404
    assert call(vera, "put", "tags/restore", {"id": mail["id"]}).status_code == 403
    assert call(vera, "delete", f"tags/{mail['id']}?hardDelete=true").status_code == 403


def test_a_page_of_deleted_ones_takes_as_many_statements(bob: APIClient, bob_actor, django_assert_max_num_queries):
    for number in range(12):
        tag = create_tag(actor=bob_actor, data={"name": f"t{number}", "category": f"c{number % 3}"})
        if number % 2:
            made(call(bob, "delete", f"tags/{tag.pk}"))
    with django_assert_max_num_queries(8):
        assert len(made(call(bob, "get", "tags?include=all&limit=50"))["data"]) == 12
