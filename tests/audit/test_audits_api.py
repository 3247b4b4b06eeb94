"""`GET /v1/audits`: the tenant's trail, narrowed and paged, however long it is."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.actor import Actor
from audit.api import metastore
from audit.models import AuditEvent
from audit.services import Change, record, record_many

AUDITS = "/v1/audits"


def write(actor, *names, action="UPDATE", entity_type="ASSET", entity_id=None):
    with transaction.atomic():
        record_many(
            actor,
            [
                Change(action, entity_type, entity_id or uuid7(), name, {"name": "old"}, {"name": name}, 2)
                for name in names
            ],
        )


def names(response):
    assert response.status_code == 200, response.content
    return [event["entity_name"] for event in response.json()["data"]]


def test_shape_is_the_pages_with_more(alice, alice_actor, alice_member):
    write(alice_actor, "orders")
    (event,) = alice.get(AUDITS).json()["data"]
    kept = AuditEvent.objects.get()
    assert event == {
        "id": str(kept.pk),
        "entity_type": "ASSET",
        "entity_id": str(kept.entity_id),
        "entity_name": "orders",
        "entity_version": 2,
        "action": "UPDATE",
        "user": {"id": str(alice_member.user_id), "name": "Alice"},
        "actor_kind": "user",
        "door": "test",
        "request_id": "",
        "before_state": {"name": "old"},
        "after_state": {"name": "orders"},
        "timestamp": kept.timestamp.isoformat().replace("+00:00", "Z"),
    }


def test_one_event_tells_what_differs(alice, charlie, alice_actor):
    write(alice_actor, "orders")
    where = f"{AUDITS}/{AuditEvent.objects.get().pk}"
    assert alice.get(where).json()["changes"] == [
        {"path": "name", "before": "old", "after": "orders", "kind": "changed"}
    ]
    assert charlie.get(where).status_code == 404
    for nonsense in ("x", str(uuid4()), "%00"):
        assert alice.get(f"{AUDITS}/{nonsense}").status_code == 404


def test_only_members_of_the_tenant_see_its_trail(vera, charlie, anonymous, vera_actor, charlie_actor):
    write(vera_actor, "ours")
    write(charlie_actor, "theirs")
    assert names(vera.get(AUDITS)) == ["ours"]
    assert names(charlie.get(AUDITS)) == ["theirs"]
    assert anonymous.get(AUDITS).status_code == 401
    entity = AuditEvent.objects.get(entity_name="ours").entity_id
    assert names(charlie.get(f"{AUDITS}?entity_id={entity}")) == []


def test_trail_without_organization_is_nobodys(alice, operator):
    write(operator, "system")
    assert names(alice.get(AUDITS)) == []


def test_key_reads_and_is_named(alice, alice_actor, acme):
    write(Actor(kind="api_key", organization_id=acme.pk, user_name="loader", api_key_id=uuid7()), "orders")
    assert alice.get(AUDITS).json()["data"][0]["user"] == {"id": None, "name": "loader"}


def test_filters_narrow(alice, alice_actor, bob_actor):
    entity = uuid7()
    write(alice_actor, "a", action="CREATE", entity_id=entity)
    write(alice_actor, "b", entity_type="TAG")
    write(bob_actor, "c", entity_id=entity)
    assert names(alice.get(AUDITS)) == ["c", "b", "a"]
    assert names(alice.get(f"{AUDITS}?entity_type=ASSET&entity_id={entity}&limit=50")) == ["c", "a"]
    assert names(alice.get(f"{AUDITS}?entity_type=tag")) == ["b"]
    assert names(alice.get(f"{AUDITS}?action=create")) == ["a"]
    assert names(alice.get(f"{AUDITS}?action=update,create&entity_type=ASSET")) == ["c", "a"]
    assert names(alice.get(f"{AUDITS}?entity_type=tag&entity_type=TEAM")) == ["b"]
    assert names(alice.get(f"{AUDITS}?user={bob_actor.user_id}")) == ["c"]
    assert names(alice.get(f"{AUDITS}?user={bob_actor.user_id}&entity_type=TAG")) == []


def test_request_finds_all_that_it_did(alice, alice_member):
    response = alice.post("/api/v1/organizations/acme/members", {"email": "d@example.com"}, format="json")
    assert response.status_code == 201
    request_id = AuditEvent.objects.filter(entity_type="MEMBER").values_list("request_id", flat=True)[0]
    assert request_id
    found = alice.get(f"{AUDITS}?request_id={request_id}").json()["data"]
    assert [event["entity_type"] for event in found] == ["MEMBER", "USER"]


@pytest.mark.parametrize(("after", "before"), [("created_after", "created_before"), ("since", "until")])
def test_times_bound_the_list(alice, alice_actor, after, before):
    for name in ("first", "second", "third"):
        write(alice_actor, name)
    second = alice.get(AUDITS).json()["data"][1]["timestamp"]
    assert names(alice.get(f"{AUDITS}?{after}={second}")) == ["third", "second"]
    assert names(alice.get(f"{AUDITS}?{before}={second}")) == ["first"]
    ahead = (timezone.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert names(alice.get(f"{AUDITS}?{after}={ahead}")) == []


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1969-12-31T00:00:00Z"])
@pytest.mark.parametrize("name", ["created_after", "created_before"])
def test_ends_of_time_are_times(alice, alice_actor, moment, name):
    write(alice_actor, "orders")
    future = moment.startswith("9999")
    expected = ["orders"] if future == (name == "created_before") else []
    assert names(alice.get(f"{AUDITS}?{name}={moment}")) == expected


@pytest.mark.parametrize(
    "query",
    [
        "entity_id=x",
        "user=1",
        "created_after=yesterday",
        "until=2024-13-01",
        "limit=0",
        "limit=101",
        "limit=x",
        "offset=-1",
        "offset=10001",
        "cursor=x",
        "entity_type=%00",
        "entity_type=SHOE",
        "action=EXPLODE",
        "action=UPDATE,EXPLODE",
        "request_id=%00",
    ],
)
def test_what_cannot_be_read_is_400_in_the_contracts_shape(alice, query):
    response = alice.get(f"{AUDITS}?{query}")
    assert response.status_code == 400
    assert response.json()["error"].keys() == {"code", "message", "details"}
    assert list(response.json()["error"]["details"]) == [query.partition("=")[0]]


def test_cursor_leads_through_all_whatever_comes_meanwhile(alice, alice_actor):
    write(alice_actor, *"abcde")
    seen, query = [], "limit=2"
    for _ in range(3):
        body = alice.get(f"{AUDITS}?{query}").json()
        seen += [event["entity_name"] for event in body["data"]]
        query = f"limit=2&cursor={body['pagination']['next_cursor']}"
        write(alice_actor, "later")
    assert seen == list("edcba")
    assert body["pagination"]["has_more"] is False
    assert body["pagination"]["next_cursor"] is None


def test_offset_pages_as_the_page_says(alice, alice_actor):
    write(alice_actor, *"abcde")
    response = alice.get(f"{AUDITS}?limit=2&offset=2")
    assert names(response) == ["c", "b"]
    assert response.json()["pagination"] == {
        "total": 5,
        "total_is_exact": True,
        "limit": 2,
        "offset": 2,
        "has_more": True,
        "next_cursor": response.json()["data"][-1]["id"],
    }
    assert names(alice.get(f"{AUDITS}?offset=5")) == []
    assert len(names(alice.get(AUDITS))) == 5


def test_count_ends_where_it_would_grow_dear_and_says_so(alice, alice_actor, monkeypatch):
    monkeypatch.setattr(metastore, "COUNTED", 3)
    write(alice_actor, *"abcde")
    pagination = alice.get(f"{AUDITS}?limit=1").json()["pagination"]
    assert (pagination["total"], pagination["total_is_exact"], pagination["has_more"]) == (3, False, True)


def test_list_costs_three_queries(alice, alice_actor, django_assert_num_queries):
    write(alice_actor, *"abcde")
    with django_assert_num_queries(3):  # who asks, the bounded count, the page
        alice.get(AUDITS)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_changed_over_the_api(alice, alice_actor, method):
    write(alice_actor, "orders")
    for where in (AUDITS, f"{AUDITS}/{AuditEvent.objects.get().pk}"):
        assert getattr(alice, method)(where, {}, format="json").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_event_outside_a_transaction_is_a_bug(operator):
    with pytest.raises(RuntimeError, match="outside a transaction"):
        record(operator, Change("UPDATE", "ASSET", uuid7(), "x", None, {}))
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_event_goes_with_the_change_that_is_rolled_back(operator):
    with transaction.atomic():
        record(operator, Change("UPDATE", "ASSET", uuid7(), "x", None, {}))
        transaction.set_rollback(True)
    assert not AuditEvent.objects.exists()
