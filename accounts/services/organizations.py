"""Making and changing organizations."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction

from accounts.actor import Actor
from accounts.checks import check_lines
from accounts.models import ApiKey, Membership, Organization, Role, User
from accounts.services.common import check_fields, member_state, organization_state, require_administration
from audit.services import Change, record
from audit.tables import refused_by
from contracts.errors import Conflict, DomainError, Forbidden, Invalid, NotFound

CHANGEABLE = frozenset({"slug", "name", "description", "website", "logo_url", "is_public"})


@transaction.atomic
def create_organization(
    *,
    actor: Actor,
    slug: str,
    name: str = "",
    description: str = "",
    website: str = "",
    logo_url: str = "",
    is_public: bool = True,
    is_system: bool = False,
) -> Organization:
    """A new organization; its name is its slug where none is given.

    A superuser and the system make one for others. An administrator of one organization may found
    another and becomes its administrator; a key founds one for the person who made the key.
    Raises Invalid for a bad slug, Conflict for one that is taken (whatever the case).
    """
    actor.require(Role.ADMIN)
    founder = None if actor.sees_all or actor.kind == "system" else _founder(actor)
    if is_system and not actor.sees_all:
        raise Forbidden("Only a superuser makes an organization of the system")
    organization = Organization(
        slug=slug,
        name=name.strip() or slug,
        description=description,
        website=website,
        logo_url=logo_url,
        is_public=is_public,
        is_system=is_system,
    )
    check_fields(organization)
    check_lines({"name": organization.name}, {}, ("name",), resource="organization")
    with refused_by(_slug_taken(slug)):
        organization.save(force_insert=True)
    created = Change(
        "CREATE", "ORGANIZATION", organization.pk, organization.name, None, organization_state(organization)
    )
    record(actor, created, organization_id=organization.pk)
    if founder is not None:
        membership = Membership.objects.create(user=founder, organization=organization, role=Role.ADMIN)
        joined = Change("CREATE", "MEMBER", membership.pk, founder.display_name, None, member_state(membership))
        record(actor, joined, organization_id=organization.pk)
    return organization


@transaction.atomic
def update_organization(*, actor: Actor, organization: Organization, changes: dict[str, Any]) -> Organization:
    """Change what `changes` names, of CHANGEABLE. Raises Invalid, Conflict for a taken slug."""
    require_administration(actor, organization)
    unknown = sorted(changes.keys() - CHANGEABLE)
    if unknown:
        raise Invalid(fields={name: ["This cannot be changed."] for name in unknown})
    found = Organization.objects.select_for_update().filter(pk=organization.pk).first()
    if found is None:
        raise NotFound(resource="organization", organization_id=str(organization.pk))
    organization, before = found, organization_state(found)
    for field, value in changes.items():
        setattr(organization, field, value)
    check_fields(organization)
    check_lines({"name": organization.name}, before, ("name",), resource="organization")
    after = organization_state(organization)
    if after == before:
        return organization
    with refused_by(_slug_taken(organization.slug)):
        organization.save(update_fields=[*changes, "updated_at"])
    change = Change("UPDATE", "ORGANIZATION", organization.pk, organization.name, before, after)
    record(actor, change, organization_id=organization.pk)
    return organization


@transaction.atomic
def delete_organization(*, actor: Actor, organization: Organization) -> None:
    """Delete an organization with its members, keys and settings; its trail stays. For superusers and the system.

    Raises Conflict while it has things that must not go unseen (data sources, releases, …).
    """
    if not actor.sees_all:
        require_administration(actor, organization)
        raise Forbidden("Only a superuser deletes an organization")
    before = organization_state(organization)
    change = Change("DELETE", "ORGANIZATION", organization.pk, organization.name, before, None)
    record(actor, change, organization_id=organization.pk)
    try:
        organization.delete()
    except (models.ProtectedError, models.RestrictedError) as error:
        held = error.protected_objects if isinstance(error, models.ProtectedError) else error.restricted_objects
        kinds = sorted({str(one._meta.verbose_name_plural) for one in held})
        message = f"'{organization.slug}' still has {', '.join(kinds)}: delete these first"
        raise Conflict(message, resource="organization", held=kinds) from error


def _founder(actor: Actor) -> User:
    """The person who will administer what this actor founds."""
    if actor.user_id is not None:
        return User.objects.get(pk=actor.user_id)
    if actor.api_key_id is None:
        raise Forbidden("An organization needs a person to administer it")
    key = ApiKey.objects.select_related("created_by").filter(pk=actor.api_key_id, created_by__is_active=True).first()
    if key is None or key.created_by is None:
        raise Forbidden("An organization needs a person to administer it, and this key's maker is gone")
    return key.created_by


def _slug_taken(slug: str) -> dict[str, DomainError]:
    taken = Conflict(f"The slug '{slug}' is taken", resource="organization", slug=slug)
    return {"organization_slug_unique_ignoring_case": taken}
