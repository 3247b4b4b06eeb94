"""Who belongs to an organization, and with which role."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.actor import Actor
from accounts.checks import check_lines
from accounts.managers import storable
from accounts.models import Membership, Organization, Role, User
from accounts.services.common import check_fields, checked_role, member_state, require_administration, user_state
from accounts.services.keeping import forget, keep, state_of, take
from accounts.services.teams import join_teams, leave_teams
from audit.services import Change, record
from audit.tables import refused_by
from contracts.errors import Conflict, DomainError, Invalid, NotFound

PASSWORD_LENGTH_LIMIT = 1024
KEPT_AS = "MEMBER"
"""What a former membership is kept as, by its user."""
_UNKEPT = ("password", "last_login", "is_superuser", "is_staff", "is_active", "password_set_by")


@dataclass(frozen=True, slots=True)
class NewMember:
    """A membership just made. `password` is the one made for a new user, to be shown once; else None."""

    membership: Membership
    password: str | None

    def __repr__(self) -> str:
        return f"NewMember({self.membership!r})"


@transaction.atomic
def add_member(*, actor: Actor, organization: Organization, user: User, role: str) -> Membership:
    """Make a user that exists a member. Raises Conflict for one who is.

    Who adds a person trusts the person's password. Where another organization chose it and still may
    know it, that is a Conflict until the person has chosen one (only a superuser may overrule this).
    """
    require_administration(actor, organization)
    membership = Membership(user=user, organization=organization, role=checked_role(role))
    # Its row is held, so that nobody chooses a password while the membership is made.
    chosen_by = User.objects.select_for_update().filter(pk=user.pk).values_list("password_set_by", flat=True).first()
    if not actor.sees_all and chosen_by not in (None, organization.pk):
        raise Conflict(
            "This person's password was chosen by another organization: they must choose their own first",
            resource="member",
            email=user.email,
        )
    taken = Conflict(f"'{user.email}' is a member already", resource="member", email=user.email)
    with refused_by({"membership_once_per_organization": taken}):
        membership.save(force_insert=True)
    forget(organization.pk, KEPT_AS, user.pk)
    _record(actor, "CREATE", membership, None, member_state(membership))
    return membership


def create_member(
    *,
    actor: Actor,
    organization: Organization,
    email: str,
    role: str,
    name: str = "",
    username: str = "",
    password: str | None = None,
    check_password: bool = True,
    user_id: UUID | None = None,
) -> NewMember:
    """Make the person with this e-mail address a member, and a user (of this id) where there is none yet.

    A new user without `password` gets one made, which is returned once. `check_password=False` takes
    a weak one too (the operator's choice). Raises Invalid, Conflict: the member is there already, the
    user name is taken, or a password was given for somebody who has one.
    """
    require_administration(actor, organization)
    checked_role(role)
    email = email.strip()
    user = User.objects.find_by_email(email) if storable(email) else None
    if user is None:
        made = None if password else make_password()
        user = new_user(email=email, name=name, username=username)
        user.pk = user_id or user.pk
        if password and check_password:
            require_good_password(password, user)
        user.set_password(password or made)  # slow by design: before the transaction, which may hold a lock
        user.password_set_by = organization.pk
        with transaction.atomic():
            insert_user(actor, user, organization)
            return NewMember(add_member(actor=actor, organization=organization, user=user, role=role), made)
    if user_id not in (None, user.pk):
        raise Conflict(f"'{email}' has an account already, with another id", resource="user", email=email)
    if password:
        raise Conflict(f"'{email}' has an account and a password already", resource="user", email=email)
    return NewMember(add_member(actor=actor, organization=organization, user=user, role=role), None)


@transaction.atomic
def change_role(*, actor: Actor, membership: Membership, role: str) -> Membership:
    """Give a member another role. Raises Conflict where that would leave no administrator."""
    wanted = checked_role(role)
    membership = _locked(actor, membership)
    before = member_state(membership)
    if membership.role == wanted:
        return membership
    if wanted != Role.ADMIN:
        _require_another_admin(membership)
    membership.role = wanted
    membership.save(update_fields=["role"])
    _record(actor, "UPDATE", membership, before, member_state(membership))
    return membership


@transaction.atomic
def remove_member(*, actor: Actor, membership: Membership, hard: bool = False) -> None:
    """End a membership; its tokens and places in teams end with it. Raises Conflict for the last administrator.

    What it was is kept, unless it is ended `hard`: its role and teams come back when it is restored, its tokens do not.
    """
    membership = _locked(actor, membership)
    _require_another_admin(membership)
    user, organization = membership.user, membership.organization
    left = leave_teams(actor=actor, organization=organization, user=user)
    _record(actor, "DELETE", membership, member_state(membership), None)
    membership.delete()
    if not hard:
        state = {**state_of(user, without=_UNKEPT), "role": membership.role, "teams": left}
        keep(organization.pk, KEPT_AS, user.pk, user.username, state)


@transaction.atomic
def restore_member(*, actor: Actor, organization: Organization, user_id: UUID) -> Membership:
    """Make a member again of who was one, with the role of before and in the teams of before that are still there.

    Raises NotFound where there is no such former member, or no such user any more; else as `add_member`.
    """
    require_administration(actor, organization)
    kept = take(actor, KEPT_AS, user_id, resource="user", organization_id=organization.pk)
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise NotFound(resource="user", user_id=str(user_id))
    membership = add_member(actor=actor, organization=organization, user=user, role=kept.state["role"])
    join_teams(actor=actor, organization=organization, user=user, team_ids=kept.state["teams"])
    return membership


def make_password() -> str:
    """A password for a person to type once: 20 URL-safe characters, 120 bits."""
    return secrets.token_urlsafe(15)


def new_user(*, email: str, name: str = "", username: str = "") -> User:
    """An unsaved user, checked. The user name is the e-mail address where none is given.

    A user name with an `@` must be the user's own address, so that nobody signs in under another's.
    """
    plain = re.sub(r"[^\w.@+-]", "_", email)[:150]
    user = User(email=email, username=username or plain, name=name, is_staff=True)
    if username and "@" in username and username.lower() != email.lower():
        raise Invalid(fields={"username": ["A user name with '@' must be the e-mail address."]})
    check_fields(user, exclude=("password",))
    check_lines({"name": user.name}, {}, ("name",), resource="user")
    return user


def insert_user(actor: Actor, user: User, organization: Organization | None = None) -> None:
    """Save a new user, on the organization's trail. Who lost a race for the address or the name gets Conflict."""
    with refused_by(names_taken(user)):
        user.save(force_insert=True)
    change = Change("CREATE", "USER", user.pk, user.display_name, None, user_state(user))
    record(actor, change, organization_id=organization.pk if organization else None)


def names_taken(user: User) -> dict[str, DomainError]:
    """What to say when another user has the address or the name."""
    email_taken = Conflict(f"'{user.email}' has an account already", resource="user", email=user.email)
    name_taken = Conflict(f"The user name '{user.username}' is taken", resource="user", username=user.username)
    return {
        "user_email_unique_ignoring_case": email_taken,
        "user_username_unique_ignoring_case": name_taken,
        "accounts_user_username_key": name_taken,
    }


def require_good_password(password: str, user: User) -> None:
    """Raise Invalid for a password that is too long, too short, too common or too like the user's own names."""
    if len(password) > PASSWORD_LENGTH_LIMIT or not storable(password):
        raise Invalid(fields={"password": [f"Use at most {PASSWORD_LENGTH_LIMIT} ordinary characters."]})
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(fields={"password": error.messages}) from error


def _locked(actor: Actor, membership: Membership) -> Membership:
    """The membership as it is now, its organization locked, so that two administrators cannot remove each other."""
    organization = Organization.objects.select_for_update().filter(pk=membership.organization_id).first()
    found = Membership.objects.select_related("user", "organization").filter(pk=membership.pk).first()
    if organization is None or found is None:
        raise NotFound(resource="member", member_id=str(membership.pk))
    require_administration(actor, organization)
    return found


def _require_another_admin(membership: Membership) -> None:
    others = Membership.objects.active().filter(organization=membership.organization_id, role=Role.ADMIN)
    if membership.role == Role.ADMIN and not others.exclude(pk=membership.pk).exists():
        raise Conflict("An organization needs an administrator: this is the last one", resource="member")


def _record(
    actor: Actor, action: str, membership: Membership, before: dict[str, str] | None, after: dict[str, str] | None
) -> None:
    change = Change(action, "MEMBER", membership.pk, membership.user.display_name, before, after)
    record(actor, change, organization_id=membership.organization_id)
