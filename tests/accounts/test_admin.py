"""Signing in to the admin, changing seats, and the pages of people, keys and the trail."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import ApiKey, Membership, Organization, Role, User
from accounts.services import create_api_key
from accounts.templatetags.cartulary import event_changes
from accounts.tokens import hash_key
from audit.models import AuditEvent
from catalog.services import update_asset
from tests.adminkit import form_of, make_asset, make_superuser, messages_of, page, session_of
from tests.conftest import PASSWORD, make_member


def sign_in(login: str, password: str = PASSWORD) -> Any:
    client = Client()
    response = client.post(page("login"), {"username": login, "password": password}, follow=True)
    return client, response


@pytest.fixture
def browser(alice_member: Membership) -> Client:
    """Alice's: she administers."""
    return session_of(alice_member)


# Signing in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["alice", "alice@example.com", "ALICE@Example.com"])
def test_members_sign_in_with_either_name(login: str, alice_member: Membership) -> None:
    _, response = sign_in(login)
    assert response.redirect_chain[-1][0] == page("index")
    assert AuditEvent.objects.filter(action="LOGIN", door="admin", user_id=alice_member.user_id).exists()


@pytest.mark.parametrize(
    ("login", "password"), [("alice", "wrong"), ("nobody", PASSWORD), ("\0", "x"), ("a" * 255, "x")]
)
def test_a_wrong_login_gets_one_plain_sentence(login: str, password: str, alice_member: Membership) -> None:
    client, response = sign_in(login, password)
    assert response.status_code == 200
    assert response.context["form"].errors
    assert "_auth_user_id" not in client.session


def test_who_belongs_nowhere_is_told_so(db: None) -> None:
    User.objects.create_user("lone", "lone@example.com", PASSWORD, is_staff=True)
    client, response = sign_in("lone")
    assert "You belong to no organization" in str(response.context["form"].errors)
    assert "_auth_user_id" not in client.session


def test_who_is_no_staff_stays_outside(alice_member: Membership) -> None:
    User.objects.update(is_staff=False)
    _, response = sign_in("alice")
    assert response.redirect_chain == []
    assert session_of(alice_member).get(page("index")).status_code == 302


def test_guessing_is_slowed_down(alice_member: Membership, settings: Any) -> None:
    settings.RATE_LOGIN = "3/minute"
    for _ in range(3):
        sign_in("alice", "wrong")
    _, response = sign_in("alice")
    assert "Too many failed attempts" in str(response.context["form"].errors)


def test_a_membership_that_ends_ends_the_session(browser: Client, alice_member: Membership) -> None:
    assert browser.get(page("index")).status_code == 200
    alice_member.delete()
    assert browser.get(page("index")).status_code == 302


# Seats -----------------------------------------------------------------------------------------------


def test_a_member_of_two_changes_seats(alice_member: Membership, other: Organization, alice_actor: Actor) -> None:
    Membership.objects.create(user=alice_member.user, organization=other, role=Role.VIEWER)
    make_asset(alice_actor, "orders")
    browser = session_of(alice_member)
    assert browser.get(page("catalog_asset_changelist")).context["cl"].result_count == 1
    response = browser.post(page("switch_organization"), {"organization": str(other.pk)}, follow=True)
    assert messages_of(response) == ["You now act in Other."]
    assert browser.get(page("catalog_asset_changelist")).context["cl"].result_count == 0
    assert browser.get(page("catalog_asset_add")).status_code == 403


@pytest.mark.parametrize("wanted", ["{other}", "", "x", "0" * 32])
def test_a_seat_elsewhere_is_not_for_the_taking(wanted: str, browser: Client, other: Organization) -> None:
    response = browser.post(page("switch_organization"), {"organization": wanted.format(other=other.pk)}, follow=True)
    assert messages_of(response) == ["There is no such organization."]
    assert "organization" not in browser.session


def test_a_superuser_takes_any_seat(acme: Organization, other: Organization) -> None:
    browser = session_of(make_superuser(acme))
    browser.post(page("switch_organization"), {"organization": str(other.pk)})
    browser.post(page("catalog_tag_add"), {"name": "theirs", "colour": "#112233"})
    assert AuditEvent.objects.get(entity_name="theirs").organization_id == other.pk


def test_changing_seats_wants_a_post(browser: Client) -> None:
    assert browser.get(page("switch_organization")).status_code == 405


def test_a_superuser_without_any_organization_is_led_to_the_first(db: None) -> None:
    user = User.objects.create_superuser("sue", "sue@example.com", PASSWORD)
    browser = Client()
    browser.force_login(user)
    assert "There is no organization yet" in browser.get(page("index")).content.decode()
    browser.post(page("accounts_organization_add"), {"name": "First", "slug": "first", "is_public": "on"})
    assert "Fill the catalog" in browser.get(page("index")).content.decode()


def test_the_quick_search_finds_ours_only(browser: Client, alice_actor: Actor, charlie_actor: Actor) -> None:
    make_asset(alice_actor, "orders")
    make_asset(charlie_actor, "orders_theirs")
    text = browser.get(page("search"), {"s": "orders", "extended": "1"}).content.decode()
    assert "shop.orders" in text
    assert "theirs" not in text
    assert "Data sources" in browser.get(page("search"), {"s": "data so"}).content.decode()
    for odd in ("'", "\0", "%", '"', "a" * 5000):
        assert browser.get(page("search"), {"s": odd}).status_code == 200


# Keys ------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_then_never(browser: Client, acme: Organization) -> None:
    response = browser.post(page("accounts_apikey_add"), {"name": "ci", "role": "viewer"})
    secret, key = response.context["secret"], ApiKey.objects.get()
    assert (key.organization_id, key.key_hash) == (acme.pk, hash_key(secret))
    assert secret in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    for url in (page("accounts_apikey_change", key.pk), page("accounts_apikey_changelist")):
        text = browser.get(url).content.decode()
        assert secret not in text
        assert key.key_hash not in text


def test_a_key_that_has_expired_already_is_refused(browser: Client) -> None:
    posted = {"name": "ci", "role": "viewer", "expires_at_0": "2020-01-01", "expires_at_1": "00:00:00"}
    response = browser.post(page("accounts_apikey_add"), posted)
    assert "must be in the future" in str(response.context["adminform"].form.errors)
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked(browser: Client, alice_actor: Actor, acme: Organization) -> None:
    keys = [
        create_api_key(actor=alice_actor, organization=acme, name=name, role="viewer").api_key
        for name in ("a", "b", "c")
    ]
    browser.post(page("accounts_apikey_revoke", keys[0].pk))
    chosen = [str(key.pk) for key in keys[1:]]
    browser.post(page("accounts_apikey_changelist"), {"action": "revoke_selected", "_selected_action": chosen})
    assert ApiKey.objects.filter(revoked_at=None).count() == 0
    assert "revoked" in browser.get(page("accounts_apikey_change", keys[0].pk)).content.decode()


def test_a_hash_cannot_be_guessed_through_a_filter(browser: Client, alice_actor: Actor, acme: Organization) -> None:
    create_api_key(actor=alice_actor, organization=acme, name="ci", role="viewer")
    response = browser.get(page("accounts_apikey_changelist"), {"key_hash__startswith": "a"})
    assert response.status_code in (302, 400)


# People ----------------------------------------------------------------------------------------------


def test_a_new_member_gets_a_password_shown_once(browser: Client, acme: Organization) -> None:
    response = browser.post(page("accounts_user_add"), {"email": "dora@example.com", "name": "Dora", "role": "editor"})
    password = response.context["secret"]
    client, _ = sign_in("dora@example.com", password)
    assert client.get(page("catalog_asset_add")).status_code == 200
    assert Membership.objects.get(user__email="dora@example.com").role == "editor"


def test_somebody_with_an_account_is_added_as_is(
    browser: Client, acme: Organization, charlie_member: Membership
) -> None:
    response = browser.post(page("accounts_user_add"), {"email": "CHARLIE@example.com", "role": "viewer"})
    assert response.status_code == 302
    assert Membership.objects.filter(user=charlie_member.user_id, organization=acme, role="viewer").exists()
    assert User.objects.get(pk=charlie_member.user_id).check_password(PASSWORD)


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        ({"email": "bob@example.com", "role": "viewer"}, "member already"),
        ({"email": "no address", "role": "viewer"}, "valid email"),
        ({"email": "x@example.com", "role": "king"}, "valid choice"),
    ],
)
def test_a_member_that_cannot_be_made_is_told(
    posted: dict[str, str], words: str, browser: Client, bob_member: Membership
) -> None:
    response = browser.post(page("accounts_user_add"), posted)
    assert words in str(response.context["adminform"].form.errors)


def test_roles_change_on_the_organizations_page(browser: Client, acme: Organization, bob_member: Membership) -> None:
    url = page("accounts_organization_change", acme.pk)
    posted = form_of(browser.get(url))
    row = next(key for key, value in posted.items() if str(value) == str(bob_member.pk)).removesuffix("-id")
    browser.post(url, {**posted, f"{row}-role": "viewer"})
    bob_member.refresh_from_db()
    assert bob_member.role == "viewer"
    browser.post(url, {**posted, f"{row}-DELETE": "on"})
    assert not Membership.objects.filter(pk=bob_member.pk).exists()


def test_the_last_administrator_stays(browser: Client, acme: Organization, alice_member: Membership) -> None:
    url = page("accounts_organization_change", acme.pk)
    posted = form_of(browser.get(url))
    response = browser.post(url, {**posted, "memberships-0-role": "viewer", "name": "Renamed"})
    assert response.status_code == 200
    assert "this is the last one" in response.content.decode()
    alice_member.refresh_from_db()
    acme.refresh_from_db()
    assert (alice_member.role, acme.name) == ("admin", "Acme")


def test_an_editor_sees_people_and_changes_none(bob_member: Membership, alice_member: Membership) -> None:
    editor = session_of(bob_member)
    assert editor.get(page("accounts_user_change", alice_member.user_id)).status_code == 200
    assert editor.post(page("accounts_user_change", alice_member.user_id), {"email": "x@y.zz"}).status_code == 403
    assert editor.post(page("accounts_organization_change", bob_member.organization_id), {}).status_code == 403


def test_an_organizations_admin_changes_no_persons_name(browser: Client, bob_member: Membership) -> None:
    browser.post(
        page("accounts_user_change", bob_member.user_id),
        {
            "email": "stolen@example.com",
            "is_superuser": "on",
            "memberships-TOTAL_FORMS": "0",
            "memberships-INITIAL_FORMS": "0",
        },
    )
    bob_member.user.refresh_from_db()
    assert (bob_member.user.email, bob_member.user.is_superuser) == ("bob@example.com", False)


def test_a_superuser_changes_a_person(acme: Organization, bob_member: Membership) -> None:
    browser = session_of(make_superuser(acme))
    url = page("accounts_user_change", bob_member.user_id)
    posted = form_of(browser.get(url))
    assert "password" not in posted
    assert browser.post(url, {**posted, "name": "Robert"}).status_code == 302
    assert User.objects.get(pk=bob_member.user_id).name == "Robert"
    assert AuditEvent.objects.of_entity(bob_member.user_id)[0].action == "UPDATE"
    taken = browser.post(url, {**posted, "email": "SUE@example.com"})
    assert "already" in str(taken.context["adminform"].form.errors)


def test_the_last_superuser_stays(acme: Organization) -> None:
    sue = make_superuser(acme)
    browser, url = session_of(sue), page("accounts_user_change", sue.user_id)
    posted = {key: value for key, value in form_of(browser.get(url)).items() if key != "is_superuser"}
    assert "last superuser" in str(browser.post(url, posted).context["adminform"].form.errors)


@pytest.mark.parametrize("name", ["accounts_user_changelist", "accounts_organization_changelist"])
def test_lists_of_people_cost_the_same_queries_however_long(name: str, acme: Organization) -> None:
    browser, counts = session_of(make_superuser(acme)), []
    for total in (1, 10, 40):
        for number in range(Organization.objects.count(), total):
            organization = Organization.objects.create(slug=f"o{number}", name=f"O {number}")
            make_member(organization, f"member{number}", Role.VIEWER)
        browser.get(page(name))
        with CaptureQueriesContext(connection) as seen:
            browser.get(page(name), {"organization": "all"})
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2] <= 10


def test_a_lost_password_is_reset_and_shown_once(browser: Client, bob_member: Membership) -> None:
    response = browser.post(page("accounts_user_reset_password", bob_member.user_id))
    client, _ = sign_in("bob", response.context["secret"])
    assert client.get(page("index")).status_code == 200
    assert "_auth_user_id" not in sign_in("bob")[0].session


def test_a_member_of_two_is_not_reset_by_one(browser: Client, bob_member: Membership, other: Organization) -> None:
    Membership.objects.create(user=bob_member.user, organization=other, role=Role.VIEWER)
    response = browser.post(page("accounts_user_reset_password", bob_member.user_id), follow=True)
    assert any("not your organization's alone" in told for told in messages_of(response))
    assert sign_in("bob")[0].session["_auth_user_id"]


def test_ones_own_password_is_changed_on_the_trail(browser: Client, alice_member: Membership) -> None:
    chosen = "a much better one, 2026"
    posted = {"old_password": PASSWORD, "new_password1": chosen, "new_password2": chosen}
    weak = browser.post(page("password_change"), {**posted, "new_password1": "1234", "new_password2": "1234"})
    assert weak.context["form"].errors
    response = browser.post(page("password_change"), posted)
    assert response["Location"] == page("password_change_done")
    assert browser.get(page("index")).status_code == 200
    assert "_auth_user_id" in sign_in("alice", chosen)[0].session
    assert AuditEvent.objects.of_entity(alice_member.user_id).filter(action="CHANGE_PASSWORD").exists()


# The trail -------------------------------------------------------------------------------------------


def test_an_event_is_read_field_by_field(browser: Client, alice_actor: Actor) -> None:
    asset = make_asset(alice_actor, "orders", description="Old words", tags=["a"])
    update_asset(actor=alice_actor, asset=asset, changes={"description": "New words", "tags": ["a", "b"]})
    event = AuditEvent.objects.of_entity(asset.pk)[0]
    text = browser.get(page("audit_auditevent_change", event.pk)).content.decode()
    assert "<mark>Old</mark> words" in text
    assert "<mark>New</mark> words" in text
    assert page("catalog_asset_change", asset.pk) in text
    made = AuditEvent.objects.of_entity(asset.pk)[1]
    assert {change.path for change in event_changes(made)} == {"type", "name", "qualified_name", "description", "tags"}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"entity_type": "TAG"}, {"a"}),
        ({"action": "UPDATE"}, {"shop.orders"}),
        ({"user": "ali"}, {"shop.orders", "a"}),
        ({"user": "bob"}, set()),
        ({"since": "1"}, {"shop.orders", "a"}),
        ({"q": "shop."}, {"shop.orders"}),
        ({"entity": "{asset}"}, {"shop.orders"}),
        ({"entity": "nonsense"}, set()),
    ],
)
def test_the_trail_narrows_down(query: dict[str, str], found: set[str], browser: Client, alice_actor: Actor) -> None:
    asset = make_asset(alice_actor, "orders", tags=["a"])
    update_asset(actor=alice_actor, asset=asset, changes={"description": "x"})
    asked = {key: value.format(asset=asset.pk) for key, value in query.items()}
    listed = browser.get(page("audit_auditevent_changelist"), asked).context["cl"].result_list
    assert {event.entity_name for event in listed} == found


def test_the_trail_costs_the_same_queries_however_long(browser: Client, alice_actor: Actor) -> None:
    counts = []
    for total in (1, 10, 100):
        for number in range(AuditEvent.objects.count(), total):
            make_asset(alice_actor, f"table_{number}")
        browser.get(page("audit_auditevent_changelist"))
        with CaptureQueriesContext(connection) as seen:
            browser.get(page("audit_auditevent_changelist"))
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2] <= 6


def test_nobody_writes_on_the_trail(acme: Organization, alice_actor: Actor) -> None:
    make_asset(alice_actor, "orders")
    event, browser = AuditEvent.objects.first(), session_of(make_superuser(acme))
    assert event is not None
    assert browser.post(page("audit_auditevent_change", event.pk), {"user_name": "x"}).status_code == 403
    assert browser.post(page("audit_auditevent_delete", event.pk), {"post": "yes"}).status_code == 403
    assert browser.get(page("audit_auditevent_add")).status_code == 403
