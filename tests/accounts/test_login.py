"""Signing in with a password: right shapes at three contracts, one answer to all that is wrong, a limit to guessing."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import attempts
from accounts.attempts import Attempt, network_of
from accounts.models import Membership, Role, User
from accounts.services import log_in
from accounts.services.login import NOBODY, WRONG
from audit.models import AuditEvent
from contracts.errors import Forbidden, RateLimited, Unauthenticated
from tests.conftest import PASSWORD

ADDRESS = "192.0.2.1"


class Door(NamedTuple):
    path: str
    field: str
    token_of: Callable[[dict[str, Any]], str]


DOORS = [
    Door("/v1/auth/login", "email", lambda body: body["access_token"]),
    Door("/api/v1/login", "username", lambda body: body["access_token"]),
    Door("/api/v1/auth/token", "username", lambda body: body["data"]["token"]),
]
every_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)


def sign_in(login="alice", password=PASSWORD, **given):
    return log_in(login=login, password=password, **{"address": ADDRESS, **given})


# The contracts' shapes -----------------------------------------------------------------------------


def test_metastore_login_answers_as_its_page(anonymous, alice_member):
    given = {"email": "alice@example.com", "password": PASSWORD}
    response = anonymous.post("/v1/auth/login", given, format="json")
    body = response.json()
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert body.pop("access_token") != body.pop("refresh_token")
    assert body == {
        "expires_in": 3600,
        "user": {
            "id": str(alice_member.user_id),
            "email": "alice@example.com",
            "name": "Alice",
            "roles": ["admin"],
        },
    }


def test_collection_login_answers_as_its_page(anonymous, alice_member):
    body = anonymous.post("/api/v1/login", {"username": "alice", "password": PASSWORD}, format="json").json()
    assert body.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)


def test_registry_token_answers_as_its_page(anonymous, alice_member):
    began = time.time()
    body = anonymous.post("/api/v1/auth/token", {"username": "alice", "password": PASSWORD}, format="json").json()
    assert body.keys() == {"success", "data"}
    assert body["data"].keys() == {"token", "expires_at"}
    expires = time.mktime(time.strptime(body["data"]["expires_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert began + 3599 <= expires <= time.time() + 3601


def test_refresh_gives_a_new_access_token(anonymous, alice_member):
    given = {"username": "alice", "password": PASSWORD}
    refresh = anonymous.post("/api/v1/login", given, format="json").json()["refresh_token"]
    metastore = anonymous.post("/v1/auth/refresh", {"refresh_token": refresh}, format="json")
    collection = anonymous.post("/api/v1/refresh", {"refresh_token": refresh}, format="json")
    assert metastore.json().keys() == {"access_token", "expires_in"}
    assert collection.json().keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    for response in (metastore, collection):
        anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['access_token']}")
        assert anonymous.get("/v1/audits").status_code == 200


@every_door
@pytest.mark.parametrize("login", ["alice", "ALICE@Example.com"])
def test_token_of_every_contract_is_good_at_every_door(anonymous, alice_member, door, login):
    token = door.token_of(anonymous.post(door.path, {door.field: login, "password": PASSWORD}, format="json").json())
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert anonymous.get("/v1/audits").status_code == 200
    assert anonymous.get("/api/v1/organizations/acme/members").status_code == 200


@every_door
def test_stale_token_in_the_header_does_not_stand_in_the_way(anonymous, alice_member, door):
    anonymous.credentials(HTTP_AUTHORIZATION="Bearer stale")
    assert anonymous.post(door.path, {door.field: "alice", "password": PASSWORD}, format="json").status_code == 200


@every_door
def test_signed_in_browser_needs_no_csrf_token_to_log_in(client, alice_member, door):
    client.force_login(alice_member.user)
    client.handler.enforce_csrf_checks = True
    body = {door.field: "alice", "password": PASSWORD}
    assert client.post(door.path, body, content_type="application/json").status_code == 200


def words_of(body):
    return body["error"]["message"] if "error" in body else body["message"]


@every_door
def test_whatever_is_wrong_the_answer_is_one(anonymous, alice_member, door):
    User.objects.create(username="gone", email="gone@example.com", is_active=False)
    User.objects.create(username="nobody", email="nobody@example.com")
    answers = set()
    for login, password in [("alice", "wrong"), ("unknown", PASSWORD), ("gone", PASSWORD), ("nobody", "!")]:
        response = anonymous.post(door.path, {door.field: login, "password": password}, format="json")
        answers.add((response.status_code, words_of(response.json()), response["WWW-Authenticate"]))
    assert answers == {(401, WRONG, "Bearer")}


@every_door
@pytest.mark.parametrize(
    "change",
    [
        {"password": None},
        {"password": "x" * 1025},
        {"password": "a\x00b"},
        {"password": ["a"]},
        {"login": "a\x00b"},
        {"login": "x" * 255},
        {"login": {"a": 1}},
        {"organization": "x" * 101},
    ],
)
def test_input_that_cannot_be_read_is_named(anonymous, db, door, change):
    given = {"login": "alice", "password": PASSWORD, **change}
    given[door.field] = given.pop("login")
    response = anonymous.post(door.path, given, format="json")
    assert response.status_code in {400, 422}
    assert any(words in response.content.decode() for words in (door.field, *change, "NUL"))


def test_login_that_names_nobody_says_which_field_is_missing(anonymous, db):
    body = anonymous.post("/v1/auth/login", {"password": "x"}, format="json").json()
    assert body["error"]["details"] == {"email": ["This field is required."]}
    body = anonymous.post("/api/v1/login", {"password": "x"}, format="json").json()
    assert body["details"] == "username: This field is required."


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "\x00", "x" * 5000])
@pytest.mark.parametrize("path", ["/v1/auth/refresh", "/api/v1/refresh"])
def test_refresh_with_nonsense_is_refused(anonymous, db, path, token):
    assert anonymous.post(path, {"refresh_token": token}, format="json").status_code in {400, 401}


# The organization ----------------------------------------------------------------------------------


def test_first_organization_unless_one_is_named(alice_member, other):
    second = Membership.objects.create(user=alice_member.user, organization=other, role=Role.VIEWER)
    assert sign_in() == alice_member
    assert sign_in(organization="OTHER") == second


def test_organization_one_is_no_member_of_is_refused_whether_it_is_there_or_not(alice_member, other):
    for slug in ("other", "nowhere"):
        with pytest.raises(Forbidden, match=f"not a member of the organization '{slug}'"):
            sign_in(organization=slug)


def test_user_without_membership_is_told_why(alice_member, anonymous):
    alice_member.delete()
    with pytest.raises(Forbidden, match="ask an administrator"):
        sign_in()
    given = {"email": "alice", "password": PASSWORD}
    response = anonymous.post("/v1/auth/login", given, format="json")
    assert (response.status_code, response.json()["error"]["code"]) == (403, "FORBIDDEN")


# The trail -----------------------------------------------------------------------------------------


def test_login_is_on_the_trail_of_its_organization(alice_member):
    sign_in()
    event = AuditEvent.objects.get()
    assert (event.action, event.organization_id, event.user_id, event.door) == (
        "LOGIN",
        alice_member.organization_id,
        alice_member.user_id,
        "rest",
    )
    assert event.after_state == {"address": ADDRESS}
    assert User.objects.get(pk=alice_member.user_id).last_login is not None


def test_failed_login_of_a_member_is_on_the_trail_and_names_no_author(alice_member):
    with pytest.raises(Unauthenticated):
        sign_in(password="wrong")
    event = AuditEvent.objects.get()
    assert (event.action, event.organization_id, event.entity_id) == (
        "LOGIN_FAILED",
        alice_member.organization_id,
        alice_member.user_id,
    )
    assert (event.user_id, event.actor_kind) == (None, "anonymous")
    assert "wrong" not in str(event.after_state)


def test_what_nobody_is_called_is_kept_nowhere(alice, caplog):
    with pytest.raises(Unauthenticated):
        sign_in(login="my secret typed into the wrong field")
    (event,) = AuditEvent.objects.values()
    assert (event["action"], event["organization_id"], event["entity_id"]) == ("LOGIN_FAILED", None, NOBODY)
    assert "secret" not in f"{caplog.text} {event}"
    assert alice.get("/v1/audits").json()["data"] == []


# Guessing ------------------------------------------------------------------------------------------


def fail(times, **given):
    for _ in range(times):
        with pytest.raises(Unauthenticated):
            sign_in(password="wrong", **given)


@pytest.fixture
def three_a_minute(settings):
    settings.RATE_LOGIN = "3/minute"


def test_guessing_at_one_login_ends_whatever_the_addresses(alice_member, three_a_minute):
    for host in range(3):
        fail(1, address=f"192.0.2.{host}")
    with pytest.raises(RateLimited) as refusal:
        sign_in(address="198.51.100.7")
    assert 0 < refusal.value.retry_after <= 60


def test_guessing_from_one_address_ends_whatever_the_logins(alice_member, three_a_minute):
    for name in range(3):
        fail(1, login=f"user{name}")
    with pytest.raises(RateLimited):
        sign_in()
    assert sign_in(address="198.51.100.7") == alice_member


def test_signing_in_well_is_never_limited(alice_member, three_a_minute):
    fail(2)
    for _ in range(5):
        sign_in()
    fail(1)
    with pytest.raises(RateLimited):
        sign_in()


def test_right_password_does_not_clear_an_address_for_guessing_at_others(alice_member, three_a_minute):
    fail(2, login="bob")
    sign_in()
    fail(1, login="bob")
    with pytest.raises(RateLimited):
        sign_in(login="carol")


def test_limit_is_answered_in_the_contracts_shape(anonymous, alice_member, three_a_minute):
    given = {"username": "alice", "password": "wrong"}
    responses = [anonymous.post("/api/v1/login", given, format="json") for _ in range(4)]
    assert [response.status_code for response in responses] == [401, 401, 401, 429]
    assert responses[-1].json()["code"] == "RATE_LIMITED"
    assert 0 < int(responses[-1]["Retry-After"]) <= 60


def test_redis_that_does_not_answer_leaves_each_process_counting(alice_member, three_a_minute, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    fail(3)
    with pytest.raises(RateLimited):
        sign_in()


@pytest.mark.redis
def test_redis_counts_for_all_processes(alice_member, three_a_minute, settings, redis_url):
    settings.REDIS_URL = redis_url
    counts = attempts.limiter(redis_url).storage
    counts.reset()
    fail(3)
    attempts.limiter.cache_clear()  # as another process would begin
    with pytest.raises(RateLimited):
        sign_in()
    counts.reset()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("unknown", "unknown"),
    ],
)
def test_holder_of_many_ipv6_addresses_counts_as_one(address, network):
    assert network_of(address) == network


def test_odd_logins_are_counted_too(settings):
    settings.RATE_LOGIN = "1/minute"
    Attempt(login="\ud800\x00", address=ADDRESS).begin()
    with pytest.raises(RateLimited):
        Attempt(login="\ud800\x00", address="198.51.100.7").begin()


def test_unknown_login_takes_as_long_as_a_known_one(alice_member, settings):
    """Both hash once, with the hasher in force, and ask and write the same."""
    settings.PASSWORD_HASHERS = ["tests.accounts.test_login.CountingHasher"]
    alice_member.user.set_password(PASSWORD)
    alice_member.user.save()
    counts = []
    for login in ("alice", "unknown"):
        CountingHasher.calls = 0
        with CaptureQueriesContext(connection) as queries, pytest.raises(Unauthenticated):
            sign_in(login=login, password="wrong")
        counts.append((CountingHasher.calls, len(queries)))
    assert counts[0] == counts[1]
    assert counts[0][0] == 1


class CountingHasher(MD5PasswordHasher):
    calls = 0

    def encode(self, password, salt):
        CountingHasher.calls += 1
        return super().encode(password, salt)
