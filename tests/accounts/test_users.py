"""People: what they are called, and their passwords."""

import threading

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.actor import member_actor
from accounts.models import Membership, Role, User
from accounts.services import add_member, choose_password, log_in, reset_password, update_user
from accounts.tokens import credential_of, issue_tokens
from audit.diff import changes
from audit.models import AuditEvent
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from tests.conftest import PASSWORD, make_member

NEW = "a quite different choice"


def test_superuser_changes_what_a_person_is_called(operator, bob_member):
    update_user(actor=operator, user=bob_member.user, changes={"name": "Robert", "email": "robert@example.com"})
    event = AuditEvent.objects.get()
    assert {change.path for change in changes(event.before_state, event.after_state)} == {"email", "name"}
    assert User.objects.get(pk=bob_member.user_id).display_name == "Robert"


def test_nobody_else_does(alice_actor, charlie_actor, bob_member):
    for actor in (alice_actor, charlie_actor, member_actor(bob_member, door="test")):
        with pytest.raises(Forbidden):
            update_user(actor=actor, user=bob_member.user, changes={"is_superuser": True})


@pytest.mark.parametrize("given", [{"email": "ALICE@example.com"}, {"username": "Alice"}])
def test_taken_names_are_conflicts(operator, alice_member, bob_member, given):
    with pytest.raises(Conflict):
        update_user(actor=operator, user=bob_member.user, changes=given)
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize(
    "given", [{"password": "x"}, {"email": "nonsense"}, {"username": "x@example.com"}, {"name": "a\x00"}]
)
def test_bad_changes_are_refused(operator, bob_member, given):
    with pytest.raises(Invalid):
        update_user(actor=operator, user=bob_member.user, changes=given)


def test_last_superuser_stays(operator, alice_member):
    root = User.objects.create(username="root", email="root@example.com", is_superuser=True)
    for given in ({"is_superuser": False}, {"is_active": False}):
        with pytest.raises(Conflict, match="last superuser"):
            update_user(actor=operator, user=root, changes=given)


@pytest.mark.django_db(transaction=True)
def test_last_two_superusers_cannot_undo_each_other(operator):
    roots = [User.objects.create(username=n, email=f"{n}@example.com", is_superuser=True) for n in ("anna", "berta")]
    barrier, outcomes = threading.Barrier(2), []

    def undo(user):
        try:
            barrier.wait(60)
            update_user(actor=operator, user=user, changes={"is_superuser": False})
            outcomes.append("undone")
        except Conflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=undo, args=[user]) for user in roots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["conflict", "undone"]


def test_chosen_password_ends_what_the_old_one_opened(bob_member, bob_actor):
    token = issue_tokens(bob_member).access
    choose_password(actor=bob_actor, user=bob_member.user, password=NEW)
    with pytest.raises(Unauthenticated):
        credential_of(token, door="rest")
    with pytest.raises(Unauthenticated):
        log_in(login="bob", password=PASSWORD, address="192.0.2.1")
    assert log_in(login="bob", password=NEW, address="192.0.2.1") == bob_member
    event = AuditEvent.objects.get(action="CHANGE_PASSWORD")
    assert (event.entity_id, event.before_state, event.after_state) == (bob_member.user_id, None, None)


def test_password_is_chosen_by_nobody_else(alice_actor, operator, bob_member):
    for actor in (alice_actor, operator):
        with pytest.raises(Forbidden):
            choose_password(actor=actor, user=bob_member.user, password=NEW)


def test_weak_choice_is_refused(bob_actor, bob_member):
    with pytest.raises(Invalid):
        choose_password(actor=bob_actor, user=bob_member.user, password="password")


def test_administrator_resets_a_members_password_and_is_known_to_know_it(alice_actor, bob_member, acme):
    password = reset_password(actor=alice_actor, user=bob_member.user, organization=acme)
    assert log_in(login="bob", password=password, address="192.0.2.1") == bob_member
    user = User.objects.get(pk=bob_member.user_id)
    assert user.password_set_by == acme.pk
    assert AuditEvent.objects.filter(action="RESET_PASSWORD", organization_id=acme.pk).count() == 1
    choose_password(actor=member_actor(bob_member, door="test"), user=user, password=NEW)
    assert User.objects.get(pk=user.pk).password_set_by is None


def test_person_of_two_organizations_is_no_administrators_alone(alice_actor, bob_member, acme, other, operator):
    Membership.objects.create(user=bob_member.user, organization=other, role=Role.VIEWER)
    with pytest.raises(Forbidden):
        reset_password(actor=alice_actor, user=bob_member.user, organization=acme)
    assert reset_password(actor=operator, user=bob_member.user, organization=acme)
    assert User.objects.get(pk=bob_member.user_id).password_set_by is None


def test_superusers_password_is_out_of_an_administrators_reach(alice_actor, acme):
    root = make_member(acme, "Root", Role.VIEWER, superuser=True)
    with pytest.raises(Forbidden):
        reset_password(actor=alice_actor, user=root.user, organization=acme)


def test_outsider_and_editor_reset_nothing(charlie_actor, bob_actor, alice_member, acme, other):
    for actor, organization, error in (
        (charlie_actor, acme, NotFound),
        (charlie_actor, other, NotFound),
        (bob_actor, acme, Forbidden),
    ):
        with pytest.raises(error):
            reset_password(actor=actor, user=alice_member.user, organization=organization)
    assert log_in(login="alice", password=PASSWORD, address="192.0.2.1")


def test_who_joins_another_organization_while_a_password_is_made_keeps_their_own(
    alice_actor, bob_member, acme, other, monkeypatch
):
    def join_meanwhile(password):
        Membership.objects.create(user=bob_member.user, organization=other)
        return make_password(password)

    monkeypatch.setattr("accounts.services.users.make_hash", join_meanwhile)
    with pytest.raises(Forbidden):
        reset_password(actor=alice_actor, user=bob_member.user, organization=acme)
    assert User.objects.get(pk=bob_member.user_id).check_password(PASSWORD)


def test_a_password_that_was_chosen_since_the_person_was_read_is_seen(
    alice_actor, charlie_actor, bob_member, acme, other
):
    read_before = User.objects.get(pk=bob_member.user_id)
    reset_password(actor=alice_actor, user=bob_member.user, organization=acme)
    with pytest.raises(Conflict, match="chosen by another organization"):
        add_member(actor=charlie_actor, organization=other, user=read_before, role=Role.VIEWER)
