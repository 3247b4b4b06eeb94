"""The first administrator: made once, found ever after."""

import threading

import pytest
from django.db import connection

from accounts.models import Membership, Organization, Role, User
from accounts.services import ensure_first_admin, log_in
from audit.models import AuditEvent
from contracts.errors import Conflict, Invalid


def test_made_password_signs_in(db):
    first = ensure_first_admin()
    assert first.password is not None
    membership = log_in(login="admin", password=first.password, address="192.0.2.1")
    assert (membership.organization.slug, membership.organization.name, membership.role) == ("main", "Main", Role.ADMIN)
    assert first.created
    assert first.user.is_superuser
    assert first.user.is_staff
    assert first.password not in repr(first)


def test_given_names_and_password_are_taken(db):
    first = ensure_first_admin(
        username="root", email="root@example.com", password="weak", organization_name="Example Ltd"
    )
    assert (first.user.username, first.user.email, first.password) == ("root", "root@example.com", None)
    assert first.organization.name == "Example Ltd"
    assert first.user.check_password("weak")


def test_user_name_may_be_the_address(db):
    first = ensure_first_admin(username="root@example.com")
    assert (first.user.username, first.user.email) == ("root@example.com", "root@example.com")


def test_repeating_changes_nothing(db):
    first = ensure_first_admin(password="one")
    events = AuditEvent.objects.count()
    second = ensure_first_admin(username="other", password="two")
    assert (second.user, second.organization, second.password, second.created) == (
        first.user,
        first.organization,
        None,
        False,
    )
    assert second.user.check_password("one")
    assert (User.objects.count(), Organization.objects.count(), AuditEvent.objects.count()) == (1, 1, events)


def test_superuser_made_by_hand_gets_an_organization(db):
    root = User.objects.create_superuser("root", "root@example.com", "x")
    first = ensure_first_admin()
    assert (first.user, first.created, first.organization.slug) == (root, False, "main")
    assert Membership.objects.get().role == Role.ADMIN


def test_name_of_somebody_who_is_no_superuser_is_not_taken_over(bob_member):
    for given in ({"username": "BOB", "email": "x@example.com"}, {"email": "bob@example.com"}):
        with pytest.raises(Conflict, match="DJANGO_SUPERUSER_USERNAME"):
            ensure_first_admin(**given)
    bob_member.user.refresh_from_db()
    assert not bob_member.user.is_superuser
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "given", [{"email": "nonsense"}, {"username": "a b"}, {"username": "a@x.com", "email": "b@x.com"}]
)
def test_bad_names_are_refused_before_anything_is_made(db, given):
    with pytest.raises(Invalid):
        ensure_first_admin(**given)
    assert not User.objects.exists()
    assert not Organization.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_processes_starting_at_once_make_one():
    barrier, made = threading.Barrier(2), []

    def start():
        try:
            barrier.wait(60)
            made.append(ensure_first_admin())
        finally:
            connection.close()

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({first.user.pk for first in made}) == len({first.organization.pk for first in made}) == 1
    assert sorted(first.created for first in made) == [False, True]
    assert sorted(first.password is None for first in made) == [False, True]
    assert (User.objects.count(), Organization.objects.count(), Membership.objects.count()) == (1, 1, 1)
