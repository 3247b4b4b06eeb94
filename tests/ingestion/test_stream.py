"""`/v1/ingestion/stream`: events of other systems, applied once however often they are sent."""

import hashlib
import hmac
import json

import pytest
from rest_framework.test import APIClient

from accounts.models import Role
from accounts.services import create_api_key
from audit.models import AuditEvent
from catalog.models import Asset
from ingestion.models import StreamEvent
from ingestion.services import stream

URL = "/v1/ingestion/stream"
USERS = {"type": "TABLE", "name": "users", "qualified_name": "db.users", "description": "People"}


def send(client, event="asset.created", asset=None, **headers):
    headers = {"X-Event-Type": event, **headers}
    return client.post(URL, {"asset": asset or USERS}, format="json", headers=headers)


def test_event_is_accepted_and_can_be_asked_for(bob, vera):
    response = send(bob)
    assert response.status_code == 202
    body = response.json()
    assert body["status"] == "accepted"
    assert body["asset_id"] == str(Asset.objects.get(qualified_name="db.users").pk)
    assert vera.get(f"{URL}/{body['id']}").json() == body


def test_asset_is_created_changed_and_deleted(bob):
    send(bob)
    changed = send(bob, "asset.updated", {"qualified_name": "db.users", "description": "All people"})
    assert changed.status_code == 202
    assert Asset.objects.get().description == "All people"
    assert send(bob, "asset.created").status_code == 202  # there already: changed
    assert Asset.objects.get().description == "People"
    assert send(bob, "asset.deleted", {"qualified_name": "db.users"}).status_code == 202
    assert Asset.objects.get().deleted_at is not None
    assert send(bob, "asset.deleted", {"qualified_name": "db.users"}).status_code == 404


def test_same_key_again_changes_nothing(bob):
    first = send(bob, **{"Idempotency-Key": "k1"})
    events = AuditEvent.objects.count()
    again = send(bob, **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()) == (202, first.json())
    assert (AuditEvent.objects.count(), StreamEvent.objects.count()) == (events, 1)


def test_same_key_twice_at_the_same_time_is_one_event(bob, monkeypatch):
    first = send(bob, **{"Idempotency-Key": "k1"})
    events, former, looks = AuditEvent.objects.count(), stream._former, []

    def too_early(*arguments):
        looks.append(arguments)
        return None if len(looks) == 1 else former(*arguments)

    monkeypatch.setattr(stream, "_former", too_early)
    again = send(bob, **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.json(), len(looks)) == (202, first.json(), 2)
    assert (AuditEvent.objects.count(), StreamEvent.objects.count()) == (events, 1)


@pytest.mark.parametrize(("length", "status"), [(255, 202), (256, 400)])
def test_key_has_a_greatest_length(bob, length, status):
    assert send(bob, **{"Idempotency-Key": "k" * length}).status_code == status


def test_repeat_after_another_change_does_not_undo_it(bob):
    send(bob, **{"Idempotency-Key": "k1"})
    send(bob, "asset.updated", {"qualified_name": "db.users", "description": "newer"}, **{"Idempotency-Key": "k2"})
    send(bob, **{"Idempotency-Key": "k1"})
    assert Asset.objects.get().description == "newer"


def test_same_key_with_something_else_is_a_conflict(bob):
    send(bob, **{"Idempotency-Key": "k1"})
    assert send(bob, asset={**USERS, "name": "people"}, **{"Idempotency-Key": "k1"}).status_code == 409
    assert Asset.objects.get().name == "users"


def test_key_of_another_organization_is_another_key(bob, charlie):
    assert (
        send(bob, **{"Idempotency-Key": "k1"}).json()["id"] != send(charlie, **{"Idempotency-Key": "k1"}).json()["id"]
    )
    assert Asset.objects.count() == 2


def test_event_that_fails_leaves_its_key_free(bob):
    assert send(bob, asset={"type": "TABLE", "qualified_name": "db.x"}, **{"Idempotency-Key": "k"}).status_code == 400
    assert not StreamEvent.objects.exists()
    assert send(bob, **{"Idempotency-Key": "k"}).status_code == 202


@pytest.mark.parametrize(
    ("event", "body", "status"),
    [
        ("", {"asset": USERS}, 400),
        ("asset.eaten", {"asset": USERS}, 400),
        ("asset.created", {"asset": []}, 400),
        ("asset.created", {}, 400),
        ("asset.created", {"asset": {"name": "x"}}, 400),
        ("asset.created", {"asset": {"qualified_name": 7}}, 400),
        ("asset.created", {"asset": {**USERS, "colour": "red"}}, 400),
        ("asset.updated", {"asset": {"id": "nothing", "name": "x"}}, 404),
        ("asset.updated", {"asset": {"qualified_name": "db.users", "version": "one"}}, 400),
        ("asset.created", {"asset": USERS, "more": 1}, 400),
    ],
)
def test_bad_events_are_refused(bob, event, body, status):
    response = bob.post(URL, body, format="json", headers={"X-Event-Type": event})
    assert (response.status_code, "error" in response.json()) == (status, True), response.content
    assert not Asset.objects.exists()


def test_stale_version_is_a_conflict(bob):
    send(bob)
    stale = {"qualified_name": "db.users", "description": "x", "version": 7}
    assert send(bob, "asset.updated", stale).status_code == 409


@pytest.fixture
def api_key(acme, alice_actor):
    return create_api_key(actor=alice_actor, organization=acme, name="etl", role=Role.EDITOR).key


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_signed_event_is_checked_against_the_key(api_key, header):
    client, raw = APIClient(), json.dumps({"asset": USERS}).encode()
    credential = {header: api_key if header == "X-API-Key" else f"Bearer {api_key}"}
    good = "sha256=" + hmac.new(api_key.encode(), raw, hashlib.sha256).hexdigest()

    def post(signature):
        headers = {"X-Event-Type": "asset.created", "X-Signature": signature, **credential}
        return client.generic("POST", URL, raw.decode(), content_type="application/json", headers=headers).status_code

    assert post("sha256=" + "0" * 64) == 401
    assert post("nonsense é") == 401
    assert not Asset.objects.exists()
    assert post(good) == 202


def test_signature_without_an_api_key_means_nothing(bob):
    assert send(bob, **{"X-Signature": "sha256=00"}).status_code == 401


def test_viewer_and_nobody_may_not_send(vera, anonymous):
    assert send(vera).status_code == 403
    assert send(anonymous).status_code == 401


def test_outsider_touches_and_sees_nothing(bob, charlie):
    event = send(bob).json()
    assert charlie.get(f"{URL}/{event['id']}").status_code == 404
    assert charlie.get(f"{URL}/42").status_code == 404
    assert send(charlie, "asset.deleted", {"id": event["asset_id"]}).status_code == 404
    assert send(charlie, "asset.deleted", {"qualified_name": "db.users"}).status_code == 404
    assert Asset.objects.get().deleted_at is None
