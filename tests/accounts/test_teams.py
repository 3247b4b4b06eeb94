"""Teams: their services and `/v1/teams`."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from accounts.actor import Actor
from accounts.models import Team
from accounts.services import create_team, delete_team, remove_member, restore_team, update_team
from audit.models import AuditEvent
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, Stale

pytestmark = pytest.mark.django_db


def members(team: Team) -> list[str]:
    return sorted(team.members.values_list("username", flat=True))


def actions(team: Team) -> list[str]:
    return list(AuditEvent.objects.filter(entity_id=team.pk).order_by("id").values_list("action", flat=True))


def test_a_team_is_made_changed_deleted_and_brought_back(alice_actor: Actor, bob_member, vera_member):
    team = create_team(actor=alice_actor, data={"name": "Data", "members": ["BOB", "bob@example.com"]})
    assert members(team) == ["bob"]
    changed = update_team(
        actor=alice_actor, team=team, changes={"display_name": "Data people", "members": [str(vera_member.user_id)]}
    )
    assert (members(team), changed.shown_name, changed.version) == (["vera"], "Data people", 2)
    event = AuditEvent.objects.filter(entity_id=team.pk).latest("id")
    assert event.entity_type == "TEAM"
    assert [one["name"] for one in (event.before_state or {})["members"]] == ["Bob"]
    delete_team(actor=alice_actor, team=team)
    assert not Team.objects.visible_to(alice_actor).exists()
    assert members(restore_team(actor=alice_actor, team=team)) == ["vera"]
    assert actions(team) == ["CREATE", "UPDATE", "DELETE", "RESTORE"]


def test_what_changes_nothing_is_not_written(alice_actor: Actor, bob_member):
    team = create_team(actor=alice_actor, data={"name": "Data", "members": ["bob"]})
    assert update_team(actor=alice_actor, team=team, changes={"name": "Data", "members": ["bob"]}).version == 1
    assert actions(team) == ["CREATE"]


def test_members_are_taken_as_they_are_shown(alice_actor: Actor, alice: APIClient, bob_member, vera_member):
    team = create_team(actor=alice_actor, data={"name": "Data", "members": ["bob", "vera"]})
    shown = alice.get(f"/v1/teams/{team.pk}").json()["members"]
    assert [set(one) for one in shown] == [{"id", "name"}, {"id", "name"}]
    assert alice.put(f"/v1/teams/{team.pk}", {"members": shown}, format="json").json()["version"] == 1
    assert alice.put(f"/v1/teams/{team.pk}", {"members": shown[1:]}, format="json").json()["members"] == shown[1:]
    refused = alice.put(f"/v1/teams/{team.pk}", {"members": [{"name": "vera"}]}, format="json")
    assert (refused.status_code, list(refused.json()["error"]["details"])) == (400, ["members.0"])


def test_names_are_taken_whatever_their_case_until_deleted(alice_actor: Actor, charlie_actor: Actor):
    first = create_team(actor=alice_actor, data={"name": "Größe"})
    create_team(actor=charlie_actor, data={"name": "Größe"})
    with pytest.raises(Conflict):
        create_team(actor=alice_actor, data={"name": "GRÖSSE"})
    delete_team(actor=alice_actor, team=first)
    create_team(actor=alice_actor, data={"name": "grösse"})
    with pytest.raises(Conflict):
        restore_team(actor=alice_actor, team=first)


def test_who_leaves_the_organization_leaves_its_teams(alice_actor: Actor, bob_member):
    team = create_team(actor=alice_actor, data={"name": "Data", "members": ["bob"]})
    remove_member(actor=alice_actor, membership=bob_member)
    assert members(team) == []
    assert actions(team) == ["CREATE", "UPDATE"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "name"),
        ({"name": " "}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"name": "a", "members": "bob"}, "members"),
        ({"name": "a", "members": [3]}, "members.0"),
        ({"name": "a", "members": ["nobody"]}, "members.0"),
        ({"name": "a", "members": ["charlie"]}, "members.0"),
        ({"name": "a", "size": 1}, "size"),
    ],
)
@pytest.mark.usefixtures("charlie_member")
def test_bad_teams_are_refused(alice_actor: Actor, data, field):
    with pytest.raises(Invalid) as caught:
        create_team(actor=alice_actor, data=data)
    assert field in caught.value.fields
    assert not Team.objects.exists()


def test_strangers_editors_and_the_late_change_no_team(alice_actor: Actor, bob_actor: Actor, charlie_actor: Actor):
    team = create_team(actor=alice_actor, data={"name": "Data"})
    for actor, refusal in ((bob_actor, Forbidden), (charlie_actor, NotFound)):
        with pytest.raises(refusal):
            update_team(actor=actor, team=team, changes={"name": "x"})
        with pytest.raises(refusal):
            delete_team(actor=actor, team=team)
        with pytest.raises(refusal):
            restore_team(actor=actor, team=team)
    with pytest.raises(Stale):
        update_team(actor=alice_actor, team=team, changes={"name": "x"}, expected_version=7)


# /v1/teams ---------------------------------------------------------------------------------------


def post(client: APIClient, body: Any) -> Any:
    return client.post("/v1/teams", body, format="json")


@pytest.mark.usefixtures("bob_member")
def test_teams_over_rest(alice: APIClient, vera: APIClient, charlie: APIClient):
    answer = post(alice, {"name": "data", "display_name": "Data people", "members": ["bob"]})
    assert (answer.status_code, answer["ETag"]) == (201, '"1"')
    team = answer.json()
    assert [one["name"] for one in team["members"]] == ["Bob"]
    url = f"/v1/teams/{team['id']}"
    assert vera.get(url).json() == vera.get("/v1/teams/name/DATA").json() == team
    page = vera.get("/v1/teams?search=PEOPLE&member=bob").json()
    assert (page["data"], page["pagination"]["total"]) == ([team], 1)
    assert vera.get("/v1/teams?member=vera").json()["data"] == []
    assert post(alice, {"name": "DATA"}).json()["error"]["code"] == "TEAM_CONFLICT"
    stale = alice.put(url, {"name": "x"}, format="json", headers={"If-Match": '"9"'})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "VERSION_CONFLICT")
    changed = alice.put(url, {"members": [], "version": 1}, format="json").json()
    assert (changed["members"], changed["version"]) == ([], 2)
    for answer in (charlie.get(url), charlie.put(url, {}, format="json"), charlie.delete(url)):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "TEAM_NOT_FOUND")
    assert charlie.post(f"{url}/restore").status_code == 404
    assert charlie.get("/v1/teams").json()["data"] == []
    assert vera.delete(url).status_code == 403
    assert alice.delete(url).status_code == 204
    assert alice.get(url).status_code == 404
    assert alice.post(f"{url}/restore").json()["version"] == 4


def test_ids_that_are_none(alice: APIClient):
    for path in ("/v1/teams/nothing", f"/v1/teams/{uuid4()}", "/v1/teams/name/nothing"):
        answer = alice.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "TEAM_NOT_FOUND")
    assert alice.post("/v1/teams/x/restore").status_code == 404
