"""What people are called and whether they may sign in: for superusers, since a person is no one organization's."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.models import User
from accounts.services.common import check_fields, user_state
from audit.services import Change, record
from audit.tables import refused_by
from contracts.errors import Conflict, Forbidden, Invalid, NotFound

CHANGEABLE = frozenset({"email", "username", "name", "is_active", "is_superuser"})


@transaction.atomic
def update_user(*, actor: Actor, user: User, changes: dict[str, Any]) -> User:
    """Change what `changes` names, of CHANGEABLE.

    Raises Forbidden for who is no superuser, Invalid, Conflict for a name or address that is taken and
    for the last superuser who may sign in.
    """
    if not actor.sees_all:
        raise Forbidden("Only a superuser changes what a person is called and may do")
    unknown = sorted(changes.keys() - CHANGEABLE)
    if unknown:
        raise Invalid(fields={name: ["This cannot be changed."] for name in unknown})
    found = User.objects.select_for_update().filter(pk=user.pk).first()
    if found is None:
        raise NotFound(resource="user", user_id=str(user.pk))
    before = user_state(found)
    for field, value in changes.items():
        setattr(found, field, value)
    check_fields(found, exclude=("password",))
    after = user_state(found)
    if after == before:
        return found
    if "@" in found.username and found.username.lower() != found.email.lower():
        raise Invalid(fields={"username": ["A user name with '@' must be the e-mail address."]})
    _require_a_superuser_left(found, before)
    _save(found, list(changes))
    record(actor, Change("UPDATE", "USER", found.pk, found.display_name, before, after))
    return found


def _require_a_superuser_left(user: User, before: dict[str, Any]) -> None:
    was, stays = before["is_superuser"] and before["is_active"], user.is_superuser and user.is_active
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if was and not stays and not others.exists():
        raise Conflict("This is the last superuser who may sign in", resource="user")


def _save(user: User, fields: list[str]) -> None:
    email_taken = Conflict(f"'{user.email}' has an account already", resource="user", email=user.email)
    name_taken = Conflict(f"The user name '{user.username}' is taken", resource="user", username=user.username)
    refusals = {
        "user_email_unique_ignoring_case": email_taken,
        "user_username_unique_ignoring_case": name_taken,
        "accounts_user_username_key": name_taken,
    }
    with refused_by(refusals):
        user.save(update_fields=fields)
