"""Members as `users` of the entities contract."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Membership, User

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
    assert alice.get(f"{USERS}/{found['id']}").json() == found
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
    assert alice.get(f"{USERS}?include=deleted").json()["data"] == []


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
