"""Who publishes where. The registry's requests name the organization, so a token of one that its user is a member of
opens the user's others too; a key is of one organization alone."""

from __future__ import annotations

from accounts.actor import Actor, member_actor
from accounts.models import Membership, Organization, Role
from contracts.errors import Forbidden, Invalid, NotFound
from registry.models import Entry


def publisher(actor: Actor, slug: str) -> tuple[Actor, Organization]:
    """The organization of this name, and the actor at work there, who may publish.

    Raises Unauthenticated, Invalid, NotFound and Forbidden.
    """
    actor.require(Role.VIEWER)
    if not slug:
        raise Invalid(fields={"organization": ["This is required."]})
    found = Organization.objects.all().by_slug(slug).first()
    acting = _acting_in(actor, found) if found else None
    if found is None or (acting is None and not Organization.objects.readable_by(actor).filter(pk=found.pk).exists()):
        raise NotFound(f"Organization '{slug}' not found", resource="organization", organization=slug)
    if acting is None:
        raise Forbidden(f"You may not publish in '{found.slug}'", organization=found.slug)
    acting.require(Role.EDITOR)
    return acting, found


def require_own(actor: Actor, entry: Entry, role: Role) -> Actor:
    """The actor at work in the entry's organization, who must have this role there.

    Raises Unauthenticated, Forbidden, and NotFound for what the actor may not even see.
    """
    actor.require(Role.VIEWER)
    acting = _acting_in(actor, entry.organization)
    if acting is None:
        spec = f"'{entry.organization.slug}:{entry.slug}'"
        if not entry.organization.is_public:
            raise NotFound(f"{spec} not found")
        raise Forbidden(f"{spec} belongs to another organization")
    acting.require(role)
    return acting


def require_in(actor: Actor, organization: Organization, role: Role) -> None:
    """Raise Unauthenticated or Forbidden unless the actor has this role in the organization."""
    actor.require(Role.VIEWER)
    acting = _acting_in(actor, organization)
    if acting is None:
        raise Forbidden(f"You are not a member of '{organization.slug}'")
    acting.require(role)


def _acting_in(actor: Actor, organization: Organization) -> Actor | None:
    if actor.sees_all or organization.pk in actor.organizations:
        return actor
    if actor.kind != "user":
        return None
    memberships = Membership.objects.select_related("user", "organization")
    found = memberships.filter(user=actor.user_id, organization=organization).first()
    return member_actor(found, door=actor.door, request_id=actor.request_id) if found else None
