"""The first administrator, so that a new installation can be signed in to."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from accounts.actor import Actor, operator_actor
from accounts.models import Membership, Organization, Role, User
from accounts.services.common import member_state
from accounts.services.members import insert_user, make_password, new_user
from accounts.services.organizations import create_organization
from audit.services import Change, record
from contracts.errors import Conflict

FIRST_SLUG = "main"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """The superuser and the organization there are now. `password` is the one made, to be printed once;
    None where it was given, or where the user was there before."""

    user: User
    organization: Organization
    password: str | None
    created: bool

    def __repr__(self) -> str:
        return f"FirstAdmin({self.user}, {self.organization}, created={self.created})"


def ensure_first_admin(
    *, username: str = "", email: str = "", password: str = "", organization_name: str = ""
) -> FirstAdmin:
    """Make the first superuser and the organization `main`, where there are none; harmless to repeat.

    A superuser who is there is left as is, password included, and is only made a member of the first
    organization where he is of none. Two processes may call this at once: one makes, the other finds.
    Raises Conflict when the name or the address belongs to somebody who is no superuser.
    """
    actor = operator_actor(door="up")
    user = User.objects.filter(is_superuser=True, is_active=True).order_by("date_joined").first()
    made: str | None = None
    created = False
    if user is None:
        made = None if password else make_password()
        email = email or (username if "@" in username else "admin@localhost")
        user, created = _superuser(actor, username or "admin", email, password or made or "")
    with transaction.atomic():
        organization = _first_organization(actor, user, organization_name)
    return FirstAdmin(user, organization, made if created else None, created)


def _superuser(actor: Actor, username: str, email: str, password: str) -> tuple[User, bool]:
    user = new_user(email=email, username=username)
    user.is_superuser = True
    user.set_password(password)
    try:
        with transaction.atomic():
            insert_user(actor, user)
    except Conflict:
        found = User.objects.find_by_login(username) or User.objects.find_by_email(email)
        if found is None or not found.is_superuser:
            raise Conflict(
                f"'{username}' or '{email}' is taken by a user who is no superuser: "
                "set DJANGO_SUPERUSER_USERNAME and DJANGO_SUPERUSER_EMAIL to others",
                resource="user",
            ) from None
        return found, False
    return user, True


def _first_organization(actor: Actor, user: User, name: str) -> Organization:
    """The user's first organization; else the installation's first, or a new one, with the user as its admin."""
    membership = Membership.objects.select_related("organization").filter(user=user).first()
    if membership is not None:
        return membership.organization
    organization = Organization.objects.order_by("created_at").first()
    if organization is None:
        try:
            organization = create_organization(actor=actor, slug=FIRST_SLUG, name=name or "Main")
        except Conflict:
            organization = Organization.objects.by_slug(FIRST_SLUG).get()
    membership, created = Membership.objects.get_or_create(
        user=user, organization=organization, defaults={"role": Role.ADMIN}
    )
    if created:
        change = Change("CREATE", "MEMBER", membership.pk, user.display_name, None, member_state(membership))
        record(actor, change, organization_id=organization.pk)
    return organization
