"""Who a request is from: one query, and 401 for whatever is not right."""

import time
from uuid import uuid4

import jwt
import pytest
from django.conf import settings
from rest_framework_simplejwt.tokens import AccessToken

from accounts.actor import Actor
from accounts.authentication import session_actor
from accounts.models import Membership, Organization, Role, User
from accounts.services import create_api_key, log_in
from accounts.tokens import KEY_PREFIX, credential_of, issue_tokens
from contracts.errors import Forbidden, Unauthenticated
from tests.conftest import PASSWORD

WHERE = "/v1/audits"


def status_with(client, **headers):
    client.credentials(**headers)
    return client.get(WHERE).status_code


def claims_of(membership, **changed):
    token = AccessToken(issue_tokens(membership).access)  # type: ignore[arg-type]
    return {**token.payload, **changed}


def signed(claims, key=None, algorithm="HS256"):
    return jwt.encode(claims, settings.SECRET_KEY if key is None else key, algorithm=algorithm)


def test_one_query_for_a_token_and_for_a_key(alice_member, alice_actor, acme, django_assert_num_queries):
    key = create_api_key(actor=alice_actor, organization=acme, name="loader", role="viewer").key
    credential_of(key, door="rest")
    for bearer in (issue_tokens(alice_member).access, key):
        with django_assert_num_queries(1):
            actor = credential_of(bearer, door="rest", request_id="r1").actor
        assert (actor.organizations, actor.door, actor.request_id) == ((acme.pk,), "rest", "r1")


def test_key_is_good_in_its_header_and_as_bearer(anonymous, alice_actor, acme):
    key = create_api_key(actor=alice_actor, organization=acme, name="loader", role="viewer").key
    assert status_with(anonymous, HTTP_X_API_KEY=key) == 200
    assert status_with(anonymous, HTTP_AUTHORIZATION=f"Bearer {key}") == 200
    assert status_with(anonymous, HTTP_AUTHORIZATION=f"bearer  {key} ") == 200


def test_refresh_token_opens_nothing(anonymous, alice_member):
    assert status_with(anonymous, HTTP_AUTHORIZATION=f"Bearer {issue_tokens(alice_member).refresh}") == 401


def test_access_token_refreshes_nothing(anonymous, alice_member):
    given = {"refresh_token": issue_tokens(alice_member).access}
    assert anonymous.post("/v1/auth/refresh", given, format="json").status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"exp": 1},
        {"user_id": "not a uuid"},
        {"user_id": 7},
        {"user_id": None},
        {"user_id": "0190f3a1-0000-7000-8000-000000000001"},
        {"org": "x\x00"},
        {"org": ["a"]},
        {"org": "0190f3a1-0000-7000-8000-000000000001"},
        {"member": "0190f3a1-0000-7000-8000-000000000001"},
        {"stamp": None},
        {"stamp": "é"},
        {"token_type": "sliding"},
    ],
    ids=str,
)
def test_token_that_says_something_else_is_refused(anonymous, alice_member, changed):
    token = signed(claims_of(alice_member, **changed))
    assert status_with(anonymous, HTTP_AUTHORIZATION=f"Bearer {token}") == 401


@pytest.mark.parametrize("missing", ["user_id", "org", "member", "stamp", "exp", "jti", "token_type"])
def test_token_that_lacks_something_is_refused(anonymous, alice_member, missing):
    claims = claims_of(alice_member)
    del claims[missing]
    assert status_with(anonymous, HTTP_AUTHORIZATION=f"Bearer {signed(claims)}") == 401


def test_token_signed_by_somebody_else_is_refused(anonymous, alice_member):
    claims = claims_of(alice_member)
    forged = [signed(claims, key="another key that is long enough for it"), signed(claims, key="", algorithm="none")]
    for token in forged:
        assert status_with(anonymous, HTTP_AUTHORIZATION=f"Bearer {token}") == 401
    assert status_with(anonymous, HTTP_AUTHORIZATION=f"Bearer {signed(claims)}") == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_AUTHORIZATION": "Bearer"},
        {"HTTP_AUTHORIZATION": "Bearer "},
        {"HTTP_AUTHORIZATION": "Bearer a\x00b"},
        {"HTTP_AUTHORIZATION": "Bearer ü"},
        {"HTTP_AUTHORIZATION": f"Bearer {KEY_PREFIX}"},
        {"HTTP_AUTHORIZATION": f"Bearer {KEY_PREFIX}\x00\ud800"},
        {"HTTP_AUTHORIZATION": "Bearer " + "x" * 100_000},
        {"HTTP_AUTHORIZATION": "Basic YWxpY2U6eA=="},
        {"HTTP_X_API_KEY": "x"},
        {"HTTP_X_API_KEY": "\x00"},
        {"HTTP_X_API_KEY": f"{KEY_PREFIX}x"},
    ],
    ids=lambda headers: repr(headers)[:50],
)
def test_nonsense_is_401_and_names_a_way_in(anonymous, headers):
    anonymous.credentials(**headers)
    response = anonymous.get(WHERE)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")


def test_user_who_may_not_sign_in_any_more_is_refused(alice, alice_member):
    User.objects.filter(pk=alice_member.user_id).update(is_active=False)
    assert alice.get(WHERE).status_code == 401


def test_tokens_end_with_the_password(alice_member, anonymous):
    tokens = issue_tokens(alice_member)
    alice_member.user.set_password("another choice of words")
    alice_member.user.save()
    with pytest.raises(Unauthenticated, match="password was changed"):
        credential_of(tokens.access, door="rest")
    given = {"refresh_token": tokens.refresh}
    assert anonymous.post("/v1/auth/refresh", given, format="json").status_code == 401


def test_token_acts_in_one_organization_only(alice_member, other, anonymous):
    Membership.objects.create(user=alice_member.user, organization=other, role=Role.ADMIN)
    token = issue_tokens(log_in(login="alice", password=PASSWORD, organization="other", address="192.0.2.1")).access
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert anonymous.get("/api/v1/organizations/other/members").status_code == 200
    assert anonymous.get("/api/v1/organizations/acme/members").status_code == 404


def test_expired_token_is_refused(alice_member):
    for seconds, good in ((600, True), (-5, False)):
        token = signed(claims_of(alice_member, exp=int(time.time()) + seconds))
        if good:
            assert credential_of(token, door="rest")
            continue
        with pytest.raises(Unauthenticated):
            credential_of(token, door="rest")


# Sessions ------------------------------------------------------------------------------------------


class FakeRequest:
    def __init__(self, chosen=None):
        self.session = {"organization": str(chosen)} if chosen else {}


def seat(user, chosen=None) -> Actor:
    return session_actor(FakeRequest(chosen), user, door="browser")


@pytest.fixture
def root(db):
    return User.objects.create(username="root", email="root@example.com", is_superuser=True)


def test_session_reads_and_writes_need_the_csrf_token(client, alice_member):
    client.force_login(alice_member.user)
    client.handler.enforce_csrf_checks = True
    members = "/api/v1/organizations/acme/members"
    assert client.get(members).status_code == 200
    assert client.post(members, {"email": "x@example.com"}, content_type="application/json").status_code == 403


def test_session_acts_in_the_organization_it_chose(alice_member, acme, other):
    Membership.objects.create(user=alice_member.user, organization=other, role=Role.VIEWER)
    assert (seat(alice_member.user).organization_id, seat(alice_member.user).role) == (acme.pk, Role.ADMIN)
    chosen = seat(alice_member.user, other.pk)
    assert (chosen.organization_id, chosen.role, chosen.door) == (other.pk, Role.VIEWER, "browser")


def test_member_cannot_choose_somebody_elses_organization(alice_member, acme, other):
    assert seat(alice_member.user, other.pk).organization_id == acme.pk


def test_superuser_without_membership_acts_in_any_and_sees_only_it(root, acme, other):
    assert (seat(root).organization_id, seat(root).role) == (acme.pk, Role.ADMIN)
    chosen = seat(root, other.pk)
    assert (chosen.organizations, chosen.role, chosen.sees_all) == ((other.pk,), Role.ADMIN, False)
    assert seat(root, uuid4()).organization_id == acme.pk


def test_superuser_where_nothing_is_yet_is_known_and_told(root):
    assert not Organization.objects.exists()
    with pytest.raises(Forbidden):
        _ = seat(root).tenant


def test_somebody_without_membership_sees_nothing_and_may_do_nothing(client, acme, db):
    user = User.objects.create(username="lone", email="lone@example.com")
    assert seat(user).organizations == ()
    client.force_login(user)
    assert client.get(WHERE).json()["data"] == []
    assert client.get("/api/v1/organizations/acme/members").status_code == 404
    with pytest.raises(Forbidden):
        seat(user).require(Role.VIEWER)
