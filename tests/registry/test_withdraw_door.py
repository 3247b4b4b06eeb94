"""Yanking and deleting by HTTP: of one version that is named, never of one that is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.actor import Actor
from registry.models import Version
from tests.registry.entries import put

PATH = "/api/v1/sources/acme/set"


@pytest.fixture(autouse=True)
def versions(settings: Any, tmp_path: Path, bob_actor: Actor) -> None:
    settings.DATA_DIR = tmp_path
    for number in ("1.0", "1.1"):
        put(bob_actor, f"acme:set@{number}")


@pytest.mark.parametrize("chosen", ["latest", "*", "^1.0", ">=1.0", "1.*"])
def test_what_is_chosen_is_not_withdrawn(alice: APIClient, chosen: str) -> None:
    assert alice.get(f"{PATH}/{chosen}").json()["data"]["version"] == "1.1"
    for response in (
        alice.delete(f"{PATH}/{chosen}"),
        alice.post(f"{PATH}/{chosen}/yank", {"reason": "Wrong"}, format="json"),
        alice.delete(f"{PATH}/{chosen}/yank"),
    ):
        assert (response.status_code, list(response.json()["error"]["details"])) == (400, ["version"])
    assert Version.objects.filter(deleted_at=None, yanked_at=None).count() == 2


def test_what_a_yank_does_not_know_is_refused(bob: APIClient) -> None:
    response = bob.post(f"{PATH}/1.1/yank", {"reason": "Wrong", "until": "2030"}, format="json")
    assert (response.status_code, list(response.json()["error"]["details"])) == (422, ["until"])
    assert not Version.objects.exclude(yanked_at=None).exists()
    assert bob.post(f"{PATH}/1.1/yank", {"reason": "Wrong"}, format="json").json()["data"]["yanked"] is True


@pytest.mark.parametrize(
    ("who", "yanks", "deletes"), [("alice", 200, 204), ("bob", 200, 403), ("vera", 403, 403), ("charlie", 403, 403)]
)
def test_editors_yank_and_admins_delete(request: pytest.FixtureRequest, who: str, yanks: int, deletes: int) -> None:
    client: APIClient = request.getfixturevalue(who)
    assert client.post(f"{PATH}/1.1/yank", {"reason": "Wrong"}, format="json").status_code == yanks
    assert client.delete(f"{PATH}/1.1").status_code == deletes


def test_who_does_not_sign_in_withdraws_nothing(anonymous: APIClient) -> None:
    assert anonymous.post(f"{PATH}/1.1/yank", {"reason": "Wrong"}, format="json").status_code == 401
    assert anonymous.delete(f"{PATH}/1.1").status_code == 401
