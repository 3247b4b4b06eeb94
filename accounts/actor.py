"""The actor: who acts, in which organization, with which role, through which door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from accounts.models import Membership, Organization, Role, User
from contracts.errors import Forbidden, Unauthenticated

ActorKind = Literal["user", "api_key", "system", "anonymous"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Passed explicitly to every service and every `visible_to`.

    `sees_all` is for the superuser in the admin and for the system itself: it lifts the limits of
    organization and role. A superuser's token still acts in the one organization it names.
    """

    kind: ActorKind
    organization_id: UUID | None = None
    organization_slug: str = ""
    role: Role | None = None
    user_id: UUID | None = None
    user_name: str = ""
    api_key_id: UUID | None = None
    sees_all: bool = False
    door: str = ""
    request_id: str = ""

    @property
    def organizations(self) -> tuple[UUID, ...]:
        """The organizations whose things this actor may see, empty for the anonymous."""
        return (self.organization_id,) if self.organization_id else ()

    @property
    def tenant(self) -> UUID:
        """The organization that what this actor makes belongs to.

        Raises Unauthenticated for the anonymous, Forbidden for one who acts in no organization.
        """
        if self.organization_id is None:
            if self.kind == "anonymous":
                raise Unauthenticated()
            raise Forbidden("You act in no organization")
        return self.organization_id

    def may(self, role: Role) -> bool:
        return self.sees_all or (self.role is not None and Role(self.role).rank >= role.rank)

    def require(self, role: Role) -> None:
        """Raise Unauthenticated or Forbidden unless the actor has at least this role."""
        if self.kind == "anonymous":
            raise Unauthenticated()
        if not self.may(role):
            raise Forbidden(f"This needs the role '{role.value}'", required_role=role.value)

    def within(self, organization: Organization) -> Actor:
        """The same actor, acting in this organization (only for one who sees all)."""
        if not self.sees_all and organization.pk != self.organization_id:
            raise Forbidden("You may not act in this organization")
        return replace(self, organization_id=organization.pk, organization_slug=organization.slug)


ANONYMOUS = Actor(kind="anonymous")


def system_actor(organization: Organization, *, name: str = "Cartulary", door: str = "system") -> Actor:
    """The application itself at work in an organization: collections, schedules, commands."""
    return Actor(
        kind="system",
        organization_id=organization.pk,
        organization_slug=organization.slug,
        role=Role.ADMIN,
        user_name=name,
        door=door,
    )


def operator_actor(*, door: str = "command") -> Actor:
    """Whoever has the machine's command line: sees every organization, acts in none until `within` one."""
    return Actor(kind="system", role=Role.ADMIN, user_name="Command line", sees_all=True, door=door)


def member_actor(membership: Membership, *, door: str, request_id: str = "") -> Actor:
    """A member at work in the organization of the membership (user and organization loaded)."""
    user, organization = membership.user, membership.organization
    return Actor(
        kind="user",
        organization_id=organization.pk,
        organization_slug=organization.slug,
        role=Role.ADMIN if user.is_superuser else Role(membership.role),
        user_id=user.pk,
        user_name=user.display_name,
        door=door,
        request_id=request_id,
    )


def superuser_actor(user: User, organization: Organization | None, *, door: str, request_id: str = "") -> Actor:
    """A superuser in the admin: sees every organization, acts in the one given."""
    return Actor(
        kind="user",
        organization_id=organization.pk if organization else None,
        organization_slug=organization.slug if organization else "",
        role=Role.ADMIN,
        user_id=user.pk,
        user_name=user.display_name,
        sees_all=True,
        door=door,
        request_id=request_id,
    )
