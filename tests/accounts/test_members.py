"""Members: who adds, changes and removes them; never without an administrator."""

import json
import threading

import pytest
from django.db import connection

from accounts.actor import member_actor
from accounts.models import Membership, Role, User
from accounts.services import add_member, change_role, create_member, log_in, remove_member
from audit.diff import FieldChange, changes
from audit.models import AuditEvent
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from tests.conftest import PASSWORD, make_member


def new(actor, organization, **given):
    given = {"email": "dora@example.com", "role": "editor", **given}
    return create_member(actor=actor, organization=organization, **given)


def test_new_person_gets_an_account_and_a_password_that_works(alice_actor, acme, trail):
    made = new(alice_actor, acme, name="Dora")
    assert made.membership.role == Role.EDITOR
    assert made.membership.user.username == "dora@example.com"
    assert log_in(login="dora@example.com", password=made.password, address="192.0.2.1") == made.membership
    assert trail() == [("CREATE", "USER", "Dora"), ("CREATE", "MEMBER", "Dora"), ("LOGIN", "USER", "Dora")]


def test_no_password_is_on_the_trail_or_in_a_repr(alice_actor, acme):
    made = new(alice_actor, acme)
    kept = json.dumps(list(AuditEvent.objects.values("before_state", "after_state")))
    assert made.password not in kept + repr(made)
    assert made.membership.user.password not in kept


def test_given_password_is_not_returned(alice_actor, acme):
    made = new(alice_actor, acme, password=PASSWORD)
    assert made.password is None
    assert made.membership.user.check_password(PASSWORD)


@pytest.mark.parametrize("password", ["short", "password123", "dora@example.com", "x" * 2000, "a\x00" * 10])
def test_weak_password_is_refused_and_nobody_made(alice_actor, acme, password):
    with pytest.raises(Invalid) as refusal:
        new(alice_actor, acme, password=password)
    assert refusal.value.fields.keys() == {"password"}
    assert not User.objects.filter(email="dora@example.com").exists()


def test_person_who_has_an_account_is_added_with_it(alice_actor, acme, charlie_member):
    made = new(alice_actor, acme, email="CHARLIE@example.com", role="viewer")
    assert (made.membership.user, made.password) == (charlie_member.user, None)
    assert User.objects.count() == 2


def test_nobody_sets_the_password_of_somebody_elses_account(alice_actor, acme, charlie_member):
    with pytest.raises(Conflict):
        new(alice_actor, acme, email="charlie@example.com", password=PASSWORD + "2")
    charlie_member.user.refresh_from_db()
    assert charlie_member.user.check_password(PASSWORD)


def test_account_whose_password_another_organization_knows_is_not_trusted(
    alice_actor, acme, charlie_actor, other, operator
):
    """Else Charlie could make an account in the name of somebody at Acme, and wait for Acme to add it."""
    squatted = new(charlie_actor, other, email="ceo@example.com", password=PASSWORD).membership.user
    with pytest.raises(Conflict, match="must choose their own"):
        new(alice_actor, acme, email="ceo@example.com")
    assert not Membership.objects.filter(user=squatted, organization=acme).exists()
    squatted.set_password("their own choice of words")
    squatted.save()
    assert new(alice_actor, acme, email="ceo@example.com").membership.user == squatted


def test_operator_may_trust_it(charlie_actor, other, acme, operator):
    user = new(charlie_actor, other).membership.user
    assert add_member(actor=operator, organization=acme, user=user, role="viewer").role == "viewer"


def test_member_is_not_added_twice(alice_actor, acme, bob_member, trail):
    with pytest.raises(Conflict, match="member already"):
        new(alice_actor, acme, email="Bob@Example.com")
    with pytest.raises(Conflict, match="member already"):
        add_member(actor=alice_actor, organization=acme, user=bob_member.user, role="viewer")
    assert trail() == []


@pytest.mark.parametrize("username", ["bob", "BOB"])
def test_user_name_is_taken_whatever_the_case(alice_actor, acme, bob_member, username):
    with pytest.raises(Conflict, match="user name"):
        new(alice_actor, acme, username=username)
    assert not User.objects.filter(email="dora@example.com").exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "nonsense"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "a\x00@example.com"}, "email"),
        ({"email": "\ud800@example.com"}, "email"),
        ({"role": "owner"}, "role"),
        ({"username": "a b"}, "username"),
        ({"username": "bob@example.com"}, "username"),
        ({"name": "x" * 201}, "name"),
    ],
)
def test_bad_input_names_the_field(alice_actor, acme, given, field):
    with pytest.raises(Invalid) as refusal:
        new(alice_actor, acme, **given)
    assert field in refusal.value.fields
    assert User.objects.count() == 1


def test_odd_address_still_makes_a_user_name(alice_actor, acme):
    assert new(alice_actor, acme, email="o'neil!x@example.com").membership.user.username == "o_neil_x@example.com"


def test_role_is_changed(alice_actor, bob_member, trail):
    assert change_role(actor=alice_actor, membership=bob_member, role="admin").role == "admin"
    event = AuditEvent.objects.get()
    assert changes(event.before_state, event.after_state) == [FieldChange("role", "editor", "admin", "changed")]
    change_role(actor=alice_actor, membership=bob_member, role="admin")
    assert len(trail()) == 1


def test_removed_member_is_on_the_trail(alice_actor, bob_member, trail):
    remove_member(actor=alice_actor, membership=bob_member)
    assert trail() == [("DELETE", "MEMBER", "Bob")]
    assert User.objects.filter(username="bob").exists()


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_last_administrator_stays(alice_actor, alice_member, bob_member, role):
    with pytest.raises(Conflict, match="administrator"):
        change_role(actor=alice_actor, membership=alice_member, role=role)
    with pytest.raises(Conflict, match="administrator"):
        remove_member(actor=alice_actor, membership=alice_member)
    assert Membership.objects.get(pk=alice_member.pk).role == Role.ADMIN


def test_administrator_who_cannot_sign_in_does_not_count(alice_actor, alice_member, acme):
    second = make_member(acme, "Anna", Role.ADMIN)
    User.objects.filter(pk=second.user_id).update(is_active=False)
    with pytest.raises(Conflict):
        remove_member(actor=alice_actor, membership=alice_member)


def test_one_of_two_administrators_may_go(alice_actor, alice_member, acme):
    make_member(acme, "Anna", Role.ADMIN)
    remove_member(actor=alice_actor, membership=alice_member)
    assert not Membership.objects.filter(pk=alice_member.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_remove_each_other(acme):
    anna, berta = make_member(acme, "Anna", Role.ADMIN), make_member(acme, "Berta", Role.ADMIN)
    barrier, outcomes = threading.Barrier(2), []

    def remove(actor, membership):
        try:
            barrier.wait(60)
            remove_member(actor=actor, membership=membership)
            outcomes.append("removed")
        except Conflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    pairs = [(member_actor(anna, door="test"), berta), (member_actor(berta, door="test"), anna)]
    threads = [threading.Thread(target=remove, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["conflict", "removed"]
    assert acme.memberships.count() == 1


def test_removed_twice_is_not_found(alice_actor, bob_member):
    remove_member(actor=alice_actor, membership=Membership.objects.get(pk=bob_member.pk))
    with pytest.raises(NotFound):
        remove_member(actor=alice_actor, membership=bob_member)


def test_editor_manages_nobody(bob_actor, alice_member, acme):
    for refused in (
        lambda: new(bob_actor, acme),
        lambda: change_role(actor=bob_actor, membership=alice_member, role="viewer"),
        lambda: remove_member(actor=bob_actor, membership=alice_member),
    ):
        with pytest.raises(Forbidden):
            refused()


def test_outsider_finds_nobody(charlie_actor, alice_member, bob_member, acme):
    for refused in (
        lambda: new(charlie_actor, acme),
        lambda: add_member(actor=charlie_actor, organization=acme, user=bob_member.user, role="viewer"),
        lambda: change_role(actor=charlie_actor, membership=bob_member, role="viewer"),
        lambda: remove_member(actor=charlie_actor, membership=bob_member),
    ):
        with pytest.raises(NotFound):
            refused()
    assert acme.memberships.count() == 2


def test_sign_in_with_a_user_name_that_is_anothers_address_finds_the_owner_of_the_address(alice_member, bob_member):
    User.objects.filter(pk=bob_member.user_id).update(username="alice@example.com")
    User.objects.filter(pk=bob_member.user_id).update(password="!")
    assert User.objects.find_by_login("ALICE@example.com") == alice_member.user
    with pytest.raises(Unauthenticated):
        log_in(login="bob@example.com", password=PASSWORD, address="192.0.2.1")
