"""Members and API keys over the registry contract: right shapes, and a door for each role."""

from uuid import uuid4

import pytest

from accounts.models import ApiKey, Membership
from accounts.services import create_api_key
from tests.conftest import PASSWORD

MEMBERS = "/api/v1/organizations/acme/members"
KEYS = "/api/v1/organizations/acme/api-keys"


def test_members_are_listed_in_the_contracts_envelope(vera, vera_member, alice_member):
    response = vera.get("/api/v1/organizations/ACME/members?limit=1")
    body = response.json()
    assert response.status_code == 200
    assert body["meta"]["pagination"] == {
        "page": 1,
        "per_page": 1,
        "total": 2,
        "pages": 2,
        "has_next": True,
        "has_prev": False,
    }
    assert body["data"] == [
        {
            "id": str(vera_member.pk),
            "user": {
                "id": str(vera_member.user_id),
                "email": "vera@example.com",
                "username": "vera",
                "name": "Vera",
            },
            "role": "viewer",
            "created_at": body["data"][0]["created_at"],
        }
    ]


def test_list_costs_the_same_for_one_member_and_for_many(alice, bob_member, vera_member, django_assert_num_queries):
    with django_assert_num_queries(4):  # who asks, the organization, the count, the page
        assert len(alice.get(MEMBERS).json()["data"]) == 3


def test_new_member_signs_in_with_the_password_shown_once(alice, anonymous):
    response = alice.post(MEMBERS, {"email": "dora@example.com", "role": "editor", "name": "Dora"}, format="json")
    made = response.json()["data"]
    assert (response.status_code, response["Cache-Control"]) == (201, "no-store")
    given = {"username": "dora@example.com", "password": made["password"]}
    assert anonymous.post("/api/v1/login", given, format="json").status_code == 200
    again = alice.get(f"{MEMBERS}/{made['id']}").json()["data"]
    assert again == {key: value for key, value in made.items() if key != "password"}
    assert made["password"] not in str(alice.get("/v1/audits").json())


def test_given_password_is_not_sent_back(alice):
    body = alice.post(MEMBERS, {"email": "dora@example.com", "password": PASSWORD}, format="json").json()
    assert "password" not in body["data"]
    assert body["data"]["role"] == "viewer"


def test_role_is_changed_and_member_removed(alice, bob, bob_member):
    where = f"{MEMBERS}/{bob_member.pk}"
    assert alice.patch(where, {"role": "viewer"}, format="json").json()["data"]["role"] == "viewer"
    assert alice.delete(where).status_code == 204
    assert alice.get(where).status_code == 404
    assert bob.get("/v1/audits").status_code == 401


def test_taken_and_last_are_conflicts(alice, alice_member, bob_member):
    taken = alice.post(MEMBERS, {"email": "bob@example.com", "role": "viewer"}, format="json")
    last = alice.delete(f"{MEMBERS}/{alice_member.pk}")
    assert [(r.status_code, r.json()["error"]["code"]) for r in (taken, last)] == [(409, "CONFLICT")] * 2


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"email": "nonsense"},
        {"email": "x@example.com", "role": "owner"},
        {"email": "x@example.com", "superuser": True},
        {"email": "x@example.com", "password": "short"},
        {"email": "x@example.com", "name": ["a"]},
    ],
)
def test_bad_member_is_422_and_names_the_field(alice, given):
    response = alice.post(MEMBERS, given, format="json")
    body = response.json()
    assert (response.status_code, body["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert body["error"]["details"]
    assert Membership.objects.count() == 1


def test_key_is_shown_once_and_works_until_revoked(alice, anonymous):
    response = alice.post(KEYS, {"name": "loader", "role": "viewer"}, format="json")
    made = response.json()["data"]
    assert (response.status_code, response["Cache-Control"]) == (201, "no-store")
    anonymous.credentials(HTTP_X_API_KEY=made["key"])
    assert anonymous.get(MEMBERS).status_code == 200
    assert made["key"] not in alice.get(KEYS).content.decode() + alice.get("/v1/audits").content.decode()
    where = f"{KEYS}/{made['id']}"
    assert alice.delete(where).status_code == 204
    assert anonymous.get(MEMBERS).status_code == 401
    assert alice.get(where).json()["data"]["revoked_at"] is not None


def test_key_with_the_role_manages_and_one_without_does_not(anonymous, alice_actor, acme):
    for role, status in (("admin", 201), ("editor", 403)):
        key = create_api_key(actor=alice_actor, organization=acme, name=role, role=role).key
        anonymous.credentials(HTTP_X_API_KEY=key)
        given = {"email": f"{role}@example.com", "role": "viewer"}
        assert anonymous.post(MEMBERS, given, format="json").status_code == status


@pytest.mark.parametrize(
    "given",
    [{}, {"name": ""}, {"name": "x", "role": "root"}, {"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, {"nam": 1}],
)
def test_bad_key_is_422(alice, given):
    assert alice.post(KEYS, given, format="json").status_code == 422
    assert not ApiKey.objects.exists()


def test_ids_that_are_none_are_404(alice):
    for where in (MEMBERS, KEYS):
        for pk in ("nonsense", "1", str(uuid4()), "%00", "😀"):
            assert alice.get(f"{where}/{pk}").status_code == 404


def test_odd_slugs_are_404(alice):
    for slug in ("nowhere", "%00", "😀", "a" * 3000, "%25"):
        assert alice.get(f"/api/v1/organizations/{slug}/members").status_code == 404


@pytest.fixture
def routes(bob_member, alice_actor, acme):
    key = create_api_key(actor=alice_actor, organization=acme, name="loader", role="viewer").api_key
    member, one_key = f"{MEMBERS}/{bob_member.pk}", f"{KEYS}/{key.pk}"
    return [
        ("get", MEMBERS, {}),
        ("get", member, {}),
        ("post", MEMBERS, {"email": "x@example.com", "role": "viewer"}),
        ("patch", member, {"role": "admin"}),
        ("delete", member, {}),
        ("get", KEYS, {}),
        ("get", one_key, {}),
        ("post", KEYS, {"name": "x", "role": "viewer"}),
        ("delete", one_key, {}),
    ]


def answers(client, routes):
    return [getattr(client, method)(path, given, format="json").status_code for method, path, given in routes]


def test_who_may_do_what(routes, vera, bob, charlie, anonymous):
    may_read_members = [200, 200, 403, 403, 403, 403, 403, 403, 403]
    assert answers(vera, routes) == may_read_members
    assert answers(bob, routes) == may_read_members
    assert answers(charlie, routes) == [404] * 9
    assert answers(anonymous, routes) == [401] * 9
    assert ApiKey.objects.get().revoked_at is None
    assert Membership.objects.filter(organization__slug="acme").count() == 3


def test_administrator_of_one_finds_no_member_of_another_below_their_own(charlie, bob_member, charlie_member):
    assert charlie.get(f"/api/v1/organizations/other/members/{bob_member.pk}").status_code == 404
    assert charlie.delete(f"/api/v1/organizations/other/members/{bob_member.pk}").status_code == 404
