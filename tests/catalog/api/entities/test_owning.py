"""`owns` of users and teams: what is theirs, let go and taken on by a patch."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.services import create_team
from audit.models import AuditEvent
from catalog.models import Asset
from catalog.services import create_asset
from contracts.entity_views import RowEntities
from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db


@pytest.fixture
def owned(bob: APIClient, bob_member, table) -> list[dict[str, Any]]:
    """A table, a glossary, a term and a domain of Bob's."""
    owners = [{"id": str(bob_member.user_id), "type": "user"}]
    made(call(bob, "patch", f"tables/{table['id']}", [{"op": "add", "path": "/owners", "value": owners}]))
    glossary = made(call(bob, "post", "glossaries", {"name": "Business", "description": "x", "owners": owners}))
    term = {"name": "Customer", "glossary": "Business", "description": "x", "owners": owners}
    domain = {"name": "Sales", "domainType": "Aggregate", "description": "x", "owners": owners}
    return [table, made(call(bob, "post", "domains", domain)), glossary, made(call(bob, "post", "glossaryTerms", term))]


def owns(client: APIClient, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made(call(client, "get", f"{path}?fields=owns"))["owns"]
    return found


def removed(place: int) -> list[dict[str, Any]]:
    return [{"op": "remove", "path": f"/owns/{place}"}]


def test_what_is_theirs_is_answered_where_it_is_asked_for(bob: APIClient, vera: APIClient, bob_member, owned):
    path = f"users/{bob_member.user_id}"
    assert "owns" not in made(call(vera, "get", path))
    found = owns(vera, path)
    assert [one["id"] for one in found] == [one["id"] for one in owned]
    assert [one["type"] for one in found] == ["table", "domain", "glossary", "glossaryTerm"]
    assert found[0]["fullyQualifiedName"] == "shop.sales.public.users"
    for one in found:
        assert bob.get(one["href"].removeprefix("http://testserver")).json()["id"] == one["id"]
    listed = made(call(vera, "get", "users?fields=owns&limit=50"))["data"]
    assert {one["name"]: len(one["owns"]) for one in listed}["bob"] == 4
    assert sum(len(one["owns"]) for one in listed) == 4
    made(call(bob, "delete", f"tables/{owned[0]['id']}"))
    assert len(owns(vera, path)) == 3, "what is deleted is nobody's to look after"


def test_a_patch_lets_go_of_one_as_on_the_page(alice: APIClient, bob_member, owned, table):
    path = f"users/{bob_member.user_id}"
    rename = {"op": "add", "path": "/displayName", "value": "First Last"}
    answer = made(call(alice, "patch", path, [rename, *removed(0)]))
    assert answer["displayName"] == "First Last"
    assert [one["type"] for one in answer["owns"]] == ["domain", "glossary", "glossaryTerm"]
    assert made(call(alice, "get", f"tables/{table['id']}?fields=owners"))["owners"] == []
    event = AuditEvent.objects.filter(entity_type="ASSET", entity_id=table["id"]).latest("id")
    assert event.before_state is not None
    assert event.after_state is not None
    assert (event.action, event.before_state["owner"]["id"]) == ("UPDATE", str(bob_member.user_id))
    assert event.after_state["owner"] is None
    assert made(call(alice, "patch", path, [{"op": "remove", "path": "/owns"}]))["owns"] == []
    for kind, one in zip(("domains", "glossaries", "glossaryTerms"), owned[1:], strict=True):
        assert made(call(alice, "get", f"{kind}/{one['id']}?fields=owners"))["owners"] == []


def test_a_patch_takes_on_what_was_another_s(bob: APIClient, alice_actor, bob_member, owned):
    team = create_team(actor=alice_actor, data={"name": "crew"})
    references = [{"id": one["id"], "type": "table"} for one in owned]
    adding = [{"op": "add", "path": "/owns", "value": references}]
    assert len(made(call(bob, "patch", f"teams/{team.pk}", adding))["owns"]) == 4
    assert owns(bob, f"users/{bob_member.user_id}") == []
    assert len(owns(bob, f"teams/{team.pk}")) == 4
    back = [{"op": "add", "path": "/owns/-", "value": references[0]}]
    assert [one["type"] for one in made(call(bob, "patch", f"users/{bob_member.user_id}", back))["owns"]] == ["table"]
    assert len(owns(bob, f"teams/{team.pk}")) == 3


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("mine", "owns: This must be a list"),
        (["mine"], "owns.0.id: This must be the id"),
        ([{"id": 7}], "owns.0.id: This must be the id"),
        ([{"id": str(uuid4())}], "owns.0.id: There is no such entity"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_changed(alice: APIClient, bob_member, owned, value: Any, named: str):
    operations = [
        {"op": "add", "path": "/displayName", "value": "Nobody"},
        {"op": "add", "path": "/owns", "value": value},
    ]
    refused = call(alice, "patch", f"users/{bob_member.user_id}", operations)
    assert (refused.status_code, named in refused.json()["message"]) == (400, True), refused.content
    user = made(call(alice, "get", f"users/{bob_member.user_id}?fields=owns"))
    assert ("displayName" in user and user["displayName"] == "Nobody", len(user["owns"])) == (False, 4)


def test_outsiders_and_viewers(vera: APIClient, charlie: APIClient, bob_member, owned):
    path = f"users/{bob_member.user_id}"
    assert call(vera, "patch", path, removed(0)).status_code == 403
    assert call(charlie, "patch", path, removed(0)).status_code == 404


def test_what_is_another_organization_s_is_not_there(alice: APIClient, charlie_actor, bob_member):
    theirs = create_asset(actor=charlie_actor, data={"type": "TABLE", "name": "t", "qualified_name": "theirs.t"})
    taking = [{"op": "add", "path": "/owns", "value": [{"id": str(theirs.pk)}]}]
    assert call(alice, "patch", f"users/{bob_member.user_id}", taking).status_code == 400
    assert Asset.objects.get(pk=theirs.pk).owner is None


def test_only_a_patch_speaks_of_it(alice: APIClient, bob_member, owned):
    body = {"name": "bob", "email": bob_member.user.email, "owns": [{"id": owned[0]["id"]}]}
    assert "owns: There is no such field" in call(alice, "put", "users", body).json()["message"]
    call(alice, "put", "users", {"name": "bob", "email": bob_member.user.email})
    assert len(owns(alice, f"users/{bob_member.user_id}")) == 4, "replacing a user says nothing of what is theirs"


def test_what_changed_hands_meanwhile_is_not_taken_away(alice: APIClient, bob_member, alice_member, table, monkeypatch):
    asset = Asset.objects.filter(pk=table["id"])
    asset.update(owner=bob_member.user)
    applied = RowEntities._changed

    def after_another(self, row, said):
        asset.update(owner=alice_member.user)
        return applied(self, row, said)

    monkeypatch.setattr(RowEntities, "_changed", after_another)
    made(call(alice, "patch", f"users/{bob_member.user_id}", removed(0)))
    assert asset.get().owner_id == alice_member.user_id


def test_owners_cost_no_more_statements_for_more(vera: APIClient, owned, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        made(call(vera, "get", "users?fields=*&limit=100"))
