"""Members as `users` of the entities contract."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import DeletedRow, Membership, User
from accounts.services import add_member, create_team, delete_team, log_in
from accounts.tokens import issue_tokens
from contracts.errors import Unauthenticated
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

USERS = "/api/v1/users"


def post(client: APIClient, body: dict[str, Any]) -> Any:
    return client.post(USERS, body, format="json")


def patch(client: APIClient, user: Any, path: str, value: Any) -> Any:
    operation = {"op": "add", "path": path, "value": value}
    return client.patch(f"{USERS}/{user}", [operation], format="json")


def test_a_user_is_made_as_on_the_page(alice: APIClient):
    response = post(alice, {"name": "user@domain.com"})
    assert response.status_code == 201
    found = response.json()
    assert found["name"] == "user@domain.com"
    assert found["href"] == f"http://testserver{USERS}/{found['id']}"
    assert int(response["Content-Length"]) == len(response.content)
    assert Membership.objects.get(user=found["id"]).role == "viewer"
    assert alice.get(f"{USERS}/{found['id']}?fields=*").json() == found
    assert alice.get(f"{USERS}/name/%22user@domain.com%22").json()["id"] == found["id"]
    assert post(alice, {"name": "user@domain.com"}).status_code == 409
    again = alice.put(USERS, {"name": "user@domain.com", "displayName": "First Last"}, format="json")
    assert (again.status_code, again.json()["displayName"]) == (200, "First Last")


def test_a_patch_as_on_the_page(alice: APIClient, bob: APIClient, bob_member, alice_member, vera: APIClient):
    renamed = patch(alice, bob_member.user_id, "/displayName", "First Last")
    assert (renamed.status_code, renamed.json()["displayName"]) == (200, "First Last")
    assert patch(bob, bob_member.user_id, "/displayName", "Robert").json()["displayName"] == "Robert"
    assert patch(bob, alice_member.user_id, "/displayName", "Eve").status_code == 403
    assert patch(vera, bob_member.user_id, "/isAdmin", True).status_code == 403
    assert patch(alice, bob_member.user_id, "/isAdmin", True).json()["isAdmin"] is True
    assert patch(alice, bob_member.user_id, "/isAdmin", False).json()["isAdmin"] is False
    for path, value in (("/name", "x"), ("/email", "x@example.com"), ("/colour", "red"), ("/isAdmin", "yes")):
        assert patch(alice, bob_member.user_id, path, value).status_code == 400, path


def test_signing_in_makes_no_version(alice: APIClient, bob_member):
    url = f"{USERS}/{bob_member.user_id}"
    patch(alice, bob_member.user_id, "/displayName", "Robert")
    before = alice.get(url)
    log_in(login="bob", password=PASSWORD, address="203.0.113.7")
    with pytest.raises(Unauthenticated):
        log_in(login="bob", password="wrong", address="203.0.113.7")
    assert alice.get(url)["ETag"] == before["ETag"]
    told = alice.get(f"{url}/versions").json()["versions"]
    assert [(one["version"], one["displayName"]) for one in told] == [(before.json()["version"], "Robert")]


def test_who_belongs_elsewhere_too_is_not_renamed_by_one_organization(
    alice: APIClient, bob_member, other, charlie_member
):
    Membership.objects.create(user=bob_member.user, organization=other)
    assert patch(alice, bob_member.user_id, "/displayName", "X").status_code == 403


def test_members_are_listed_and_removed(alice: APIClient, bob_member, vera_member):
    page = alice.get(f"{USERS}?limit=2").json()
    assert [user["name"] for user in page["data"]] == ["alice", "bob"]
    assert page["paging"]["total"] == 3
    rest = alice.get(f"{USERS}?limit=2&after={page['paging']['after']}").json()
    assert [user["name"] for user in rest["data"]] == ["vera"]
    deleted = alice.delete(f"{USERS}/{vera_member.user_id}")
    assert (deleted.status_code, deleted.json()["deleted"]) == (200, True)
    assert alice.get(f"{USERS}/name/vera").status_code == 404
    assert User.objects.filter(username="vera").exists()
    gone = alice.get(f"{USERS}?include=deleted").json()
    assert [(user["name"], user["deleted"]) for user in gone["data"]] == [("vera", True)]
    everyone = alice.get(f"{USERS}?include=all&limit=2").json()
    rest = alice.get(f"{USERS}?include=all&limit=2&after={everyone['paging']['after']}").json()
    assert [user["name"] for user in [*everyone["data"], *rest["data"]]] == ["alice", "bob", "vera"]
    assert alice.get(f"{USERS}?include=deleted&after={everyone['paging']['after']}").status_code == 400
    assert alice.get(f"{USERS}/name/vera?include=all").json() == gone["data"][0]
    assert alice.get(f"{USERS}/{vera_member.user_id}?include=deleted").json() == gone["data"][0]


def test_a_former_member_is_restored_with_role_and_teams_and_not_with_tokens(
    alice: APIClient, alice_actor, bob: APIClient, bob_member, charlie: APIClient
):
    team = create_team(actor=alice_actor, data={"name": "crew", "members": ["bob"]})
    gone = create_team(actor=alice_actor, data={"name": "gone", "members": ["bob"]})
    token = issue_tokens(bob_member).access
    before = APIClient(headers={"Authorization": f"Bearer {token}"})
    assert before.get(USERS).status_code == 200
    user = str(bob_member.user_id)
    alice.delete(f"{USERS}/{user}")
    delete_team(actor=alice_actor, team=gone)
    assert (before.get(USERS).status_code, list(team.members.all())) == (401, [])
    body = {"id": user}
    assert charlie.put(f"{USERS}/restore", body, format="json").status_code == 404
    assert charlie.get(f"{USERS}/{user}?include=all").status_code == 404
    back = alice.put(f"{USERS}/restore", body, format="json")
    assert (back.status_code, back.json()["deleted"]) == (200, False)
    restored = Membership.objects.get(user=bob_member.user)
    assert (restored.role, [one.username for one in team.members.all()]) == ("editor", ["bob"])
    assert before.get(USERS).status_code == 401
    assert APIClient(headers={"Authorization": f"Bearer {issue_tokens(restored).access}"}).get(USERS).status_code == 200
    assert alice.put(f"{USERS}/restore", body, format="json").status_code == 200
    assert alice.get(f"{USERS}?include=deleted").json()["data"] == []


def test_who_is_deleted_for_good_or_came_back_by_another_way_is_not_restored(
    alice: APIClient, alice_actor, bob_member, vera: APIClient, vera_member
):
    user = bob_member.user_id
    alice.delete(f"{USERS}/{user}")
    assert vera.put(f"{USERS}/restore", {"id": str(user)}, format="json").status_code == 403
    assert vera.delete(f"{USERS}/{user}?hardDelete=true").status_code == 403
    assert alice.delete(f"{USERS}/{user}").status_code == 404
    assert alice.delete(f"{USERS}/{user}?hardDelete=true").json()["deleted"] is True
    assert alice.put(f"{USERS}/restore", {"id": str(user)}, format="json").status_code == 404
    alice.delete(f"{USERS}/{vera_member.user_id}")
    add_member(actor=alice_actor, organization=bob_member.organization, user=vera_member.user, role="editor")
    assert DeletedRow.objects.count() == 0
    assert alice.put(f"{USERS}/restore", {"id": str(vera_member.user_id)}, format="json").json()["deleted"] is False
    assert Membership.objects.get(user=vera_member.user).role == "editor"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": "dora"}, "email"),
        ({"name": "dora", "email": "no address"}, "email"),
        ({"name": "dora@example.com", "email": "other@example.com"}, "name"),
        ({"name": "dora@example.com", "colour": "red"}, "colour"),
        ({"name": "dora@example.com", "isAdmin": "yes"}, "isAdmin"),
        ({"email": "dora@example.com"}, "name"),
        ({"name": 7}, "name"),
    ],
)
def test_what_is_wrong_is_named(alice: APIClient, body: dict[str, Any], named: str):
    response = post(alice, body)
    assert response.status_code == 400
    assert named in response.json()["message"]


def test_outsiders_editors_and_nobody(charlie: APIClient, bob: APIClient, anonymous: APIClient, bob_member):
    assert charlie.get(f"{USERS}/{bob_member.user_id}").status_code == 404
    assert charlie.get(f"{USERS}/name/bob").status_code == 404
    assert charlie.delete(f"{USERS}/{bob_member.user_id}").status_code == 404
    assert [user["name"] for user in charlie.get(USERS).json()["data"]] == ["charlie"]
    assert post(bob, {"name": "dora@example.com"}).status_code == 403
    assert anonymous.get(USERS).status_code == 401


def test_a_name_that_is_not_there_yet_is_replaced_as_the_page_has_it(alice: APIClient):
    user = alice.post(USERS, {"name": "user@domain.com"}, format="json").json()
    assert "displayName" not in user
    body = [{"op": "replace", "path": "/displayName", "value": "First Last"}]
    patched = alice.patch(f"{USERS}/{user['id']}", body, format="json")
    assert (patched.status_code, patched.json()["displayName"]) == (200, "First Last")
    for path in ("/colour", "/roles/0", "/displayName/first"):
        refused = alice.patch(f"{USERS}/{user['id']}", [{**body[0], "path": path}], format="json")
        assert refused.status_code == 400, path


@pytest.mark.parametrize("is_admin", [False, "no"])
def test_a_change_of_a_user_that_is_refused_in_part_changes_nothing(alice: APIClient, alice_member, is_admin):
    path = f"{USERS}/{alice_member.user_id}"
    body = [
        {"op": "add", "path": "/displayName", "value": "Else"},
        {"op": "replace", "path": "/isAdmin", "value": is_admin},
    ]
    assert alice.patch(path, body, format="json").status_code in {400, 409}
    assert alice.get(path).json().get("displayName") != "Else"


def test_the_teams_of_a_user_where_they_are_asked_for(vera: APIClient, alice_actor, bob_member, alice_member):
    crew = create_team(actor=alice_actor, data={"name": "crew", "members": [str(bob_member.user_id)]})
    gone = create_team(actor=alice_actor, data={"name": "gone", "members": [str(bob_member.user_id)]})
    delete_team(actor=alice_actor, team=gone)
    listed = vera.get(f"{USERS}?fields=teams").json()["data"]
    told = [{"id": str(crew.pk), "type": "team", "name": "crew", "href": f"http://testserver/api/v1/teams/{crew.pk}"}]
    assert {one["name"]: one["teams"] for one in listed if one["teams"]} == {"bob": told}
    assert "teams" not in vera.get(f"{USERS}/{bob_member.user_id}").json()
