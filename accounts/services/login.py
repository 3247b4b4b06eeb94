"""Signing in with a password, at whichever door."""

from __future__ import annotations

import logging
from dataclasses import replace
from uuid import UUID

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils import timezone

from accounts.actor import ANONYMOUS, Actor, member_actor, superuser_actor
from accounts.attempts import Attempt
from accounts.models import Membership, Organization, User
from accounts.services.members import PASSWORD_LENGTH_LIMIT
from audit.services import Change, record
from contracts.errors import Forbidden, Unauthenticated

logger = logging.getLogger(__name__)

WRONG = "The login or the password is wrong"
NOBODY = UUID(int=0)
"""Stands on the trail for a user there is not."""


def log_in(
    *,
    login: str,
    password: str,
    address: str,
    organization: str | None = None,
    door: str = "rest",
    request_id: str = "",
) -> Membership:
    """The membership that somebody signs in to, for tokens to be issued on: `organization` names it by
    its slug, else it is the user's first.

    Raises RateLimited, Unauthenticated (one message, whatever was wrong), Forbidden for a user who is
    not a member of the organization named, or of none.
    """
    user = _user_with_password(login, password, address, door, request_id)
    memberships = Membership.objects.select_related("user", "organization").filter(user=user)
    if organization:
        named = Organization.objects.by_slug(organization)
        memberships = memberships.filter(organization__in=named)
    membership = memberships.first()
    if membership is None and organization:
        raise Forbidden(f"You are not a member of the organization '{organization}'", organization=organization)
    if membership is None:
        raise Forbidden("You are a member of no organization: ask an administrator to add you")
    _record_login(user, member_actor(membership, door=door, request_id=request_id), address)
    return membership


def sign_in(*, login: str, password: str, address: str, door: str, request_id: str = "") -> User:
    """The user who opens a session (the admin), member or not. Raises RateLimited, Unauthenticated."""
    user = _user_with_password(login, password, address, door, request_id)
    membership = Membership.objects.select_related("user", "organization").filter(user=user).first()
    if membership is not None:
        actor = member_actor(membership, door=door, request_id=request_id)
    else:
        actor = superuser_actor(user, None, door=door, request_id=request_id)
    _record_login(user, actor, address)
    return user


def _user_with_password(login: str, password: str, address: str, door: str, request_id: str) -> User:
    attempt = Attempt(login=login, address=address)
    attempt.begin()
    user = authenticate(username=login, password=password) if len(password) <= PASSWORD_LENGTH_LIMIT else None
    if not isinstance(user, User):
        logger.warning("failed to sign in from %s", address)
        _record_failure(login, address, door, request_id)
        raise Unauthenticated(WRONG)
    attempt.succeeded()
    return user


@transaction.atomic
def _record_login(user: User, actor: Actor, address: str) -> None:
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    record(actor, Change("LOGIN", "USER", user.pk, user.display_name, None, {"address": address}))


def _record_failure(login: str, address: str, door: str, request_id: str) -> None:
    """On the trail of the first organization of the user who was named, or on nobody's.

    A login that nobody has is on the trail too, so that it takes as long to refuse, but not by its
    name: people type passwords into the wrong field.
    """
    user = User.objects.find_by_login(login)
    membership = Membership.objects.filter(user=user).first()
    actor = replace(
        ANONYMOUS,
        organization_id=membership.organization_id if membership else None,
        door=door,
        request_id=request_id,
    )
    entity, name = (user.pk, user.display_name) if user else (NOBODY, "")
    with transaction.atomic():
        record(actor, Change("LOGIN_FAILED", "USER", entity, name, None, {"address": address}))
