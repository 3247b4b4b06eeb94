"""What people are called, whether they may sign in, and their passwords.

A person is no one organization's: most of this is for superusers and for the person.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password as make_hash
from django.db import transaction
from django.db.models import Q

from accounts.actor import Actor
from accounts.checks import check_lines
from accounts.models import Membership, Organization, Role, User
from accounts.services.common import check_fields, require_administration, user_state
from accounts.services.members import make_password, names_taken, require_good_password
from audit.services import Change, record
from audit.tables import refused_by
from contracts.errors import Conflict, Forbidden, Invalid, NotFound

CHANGEABLE = frozenset({"email", "username", "name", "is_active", "is_superuser"})


@transaction.atomic
def update_user(*, actor: Actor, user: User, changes: dict[str, Any]) -> User:
    """Change what `changes` names, of CHANGEABLE.

    A person's name also the person changes, and who administers the one organization the person belongs to.
    Raises Forbidden for who may not, Invalid, Conflict for a name or address that is taken and
    for the last superuser who may sign in.
    """
    if not actor.sees_all and not (changes.keys() <= {"name"} and _may_name(actor, user)):
        raise Forbidden("Only a superuser changes what a person is called and may do")
    unknown = sorted(changes.keys() - CHANGEABLE)
    if unknown:
        raise Invalid(fields={name: ["This cannot be changed."] for name in unknown})
    found = _locked(user)
    before = user_state(found)
    for field, value in changes.items():
        setattr(found, field, value)
    check_fields(found, exclude=("password",))
    check_lines({"name": found.name}, before, ("name",), resource="user")
    after = user_state(found)
    if after == before:
        return found
    if "@" in found.username and found.username.lower() != found.email.lower():
        raise Invalid(fields={"username": ["A user name with '@' must be the e-mail address."]})
    _require_a_superuser_left(found, before)
    with refused_by(names_taken(found)):
        found.save(update_fields=list(changes))
    record(actor, Change("UPDATE", "USER", found.pk, found.display_name, before, after))
    return found


def _may_name(actor: Actor, user: User) -> bool:
    if actor.user_id == user.pk:
        return True
    memberships = Membership.objects.filter(user=user).values_list("organization_id", flat=True)
    return actor.may(Role.ADMIN) and not user.is_superuser and tuple(memberships) == actor.organizations


def choose_password(*, actor: Actor, user: User, password: str) -> User:
    """Set one's own password. Its strength is checked; all tokens and other sessions end. Raises Forbidden, Invalid."""
    if actor.user_id != user.pk:
        raise Forbidden("A password is chosen by the person it is for")
    require_good_password(password, user)
    return _set_password(actor, user, password, "CHANGE_PASSWORD")


def reset_password(*, actor: Actor, user: User, organization: Organization) -> str:
    """Make a password for somebody who lost theirs; returned once. Their tokens and sessions end.

    An organization's administrator does this for a member of no other organization, a superuser for
    anyone. Raises NotFound for one who is no member, Forbidden.
    """
    require_administration(actor, organization)
    _require_own_person(actor, user, organization)  # before the work; and again when nobody can be added any more
    password = make_password()
    _set_password(actor, user, password, "RESET_PASSWORD", organization)
    return password


def _require_own_person(actor: Actor, user: User, organization: Organization) -> None:
    """Raise NotFound for one who is no member, Forbidden for one who is not this organization's alone."""
    if actor.sees_all:
        return
    memberships = set(Membership.objects.filter(user=user).values_list("organization_id", flat=True))
    if organization.pk not in memberships:
        raise NotFound(resource="user", user_id=str(user.pk))
    if user.is_superuser or len(memberships) > 1:
        raise Forbidden("This person is not your organization's alone: a superuser resets the password")


def _set_password(
    actor: Actor, user: User, password: str, action: str, organization: Organization | None = None
) -> User:
    hashed = make_hash(password)  # slow by design: before the transaction, which may hold a lock
    with transaction.atomic():
        found = _locked(user)
        if organization is not None:
            _require_own_person(actor, found, organization)
        found.password = hashed
        found.password_set_by = organization.pk if organization and not actor.sees_all else None
        found.save(update_fields=["password", "password_set_by"])
        change = Change(action, "USER", found.pk, found.display_name, None, None)
        record(actor, change, organization_id=organization.pk if organization else None)
    return found


def _locked(user: User) -> User:
    """The user as it is now, and the superusers with it, so that the last two cannot undo each other."""
    everyone = User.objects.select_for_update().filter(Q(pk=user.pk) | Q(is_superuser=True)).order_by("pk")
    found = next((one for one in everyone if one.pk == user.pk), None)
    if found is None:
        raise NotFound(resource="user", user_id=str(user.pk))
    return found


def _require_a_superuser_left(user: User, before: dict[str, Any]) -> None:
    was, stays = before["is_superuser"] and before["is_active"], user.is_superuser and user.is_active
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if was and not stays and not others.exists():
        raise Conflict("This is the last superuser who may sign in", resource="user")
