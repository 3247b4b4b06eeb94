"""Teams of the entities contract."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

TEAMS = "/api/v1/teams"


@pytest.fixture
def crew(alice: APIClient, bob_member) -> dict[str, Any]:
    body = {"name": "crew", "displayName": "The crew", "teamType": "Group", "users": [str(bob_member.user_id)]}
    response = alice.post(TEAMS, body, format="json")
    assert response.status_code == 201, response.content
    made: dict[str, Any] = response.json()
    return made


def test_a_team_is_the_same_at_both_doors(alice: APIClient, crew: dict[str, Any]):
    assert crew["href"] == f"http://testserver{TEAMS}/{crew['id']}"
    assert (crew["fullyQualifiedName"], crew["teamType"], crew["version"], crew["userCount"]) == (
        "crew",
        "Group",
        0.1,
        1,
    )
    assert [user["name"] for user in crew["users"]] == ["bob"]
    assert alice.get(f"/v1/teams/{crew['id']}").json()["display_name"] == "The crew"
    assert alice.get(f"{TEAMS}/name/CREW?fields=users,userCount,owns").json() == crew
    assert "users" not in alice.get(f"{TEAMS}/{crew['id']}").json()


def test_teams_are_changed_deleted_and_restored(alice: APIClient, crew: dict[str, Any]):
    path = f"{TEAMS}/{crew['id']}"
    operation = {"op": "remove", "path": "/users/0"}
    changed = alice.patch(path, [operation], format="json")
    assert (changed.status_code, changed.json()["users"], changed.json()["version"]) == (200, [], 0.2)
    put = alice.put(TEAMS, {"name": "crew", "description": "Few."}, format="json").json()
    assert ("displayName" in put, put["description"]) == (False, "Few.")
    assert alice.delete(path).json()["deleted"] is True
    assert alice.get(path).status_code == 404
    assert [team["name"] for team in alice.get(f"{TEAMS}?include=deleted").json()["data"]] == ["crew"]
    assert alice.put(f"{TEAMS}/restore", {"id": crew["id"]}, format="json").status_code == 200
    assert alice.get(path).status_code == 200


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"name": "x", "teamType": "Department"}, "teamType"),
        ({"name": "x", "users": ["0190a000-0000-7000-8000-000000000001"]}, "users"),
        ({"name": "x", "users": [7]}, "users.0"),
        ({"name": "x", "colour": "red"}, "colour"),
        ({"name": "x", "parents": ["0190a000-0000-7000-8000-000000000001"]}, "parents"),
        ({}, "name"),
    ],
)
def test_what_is_wrong_is_named(alice: APIClient, body: dict[str, Any], named: str):
    response = alice.post(TEAMS, body, format="json")
    assert response.status_code == 400
    assert named in response.json()["message"]


def test_outsiders_and_editors(charlie: APIClient, bob: APIClient, crew: dict[str, Any]):
    assert charlie.get(f"{TEAMS}/{crew['id']}").status_code == 404
    assert charlie.delete(f"{TEAMS}/{crew['id']}").status_code == 404
    assert charlie.get(TEAMS).json()["data"] == []
    assert bob.post(TEAMS, {"name": "x"}, format="json").status_code == 403
    assert bob.get(f"{TEAMS}/{crew['id']}").status_code == 200
