"""What the services of people and access share: who may administer, what the trail keeps, how input is checked."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from accounts.actor import Actor
from accounts.managers import storable
from accounts.models import ApiKey, Membership, Organization, Role, User
from contracts.errors import Invalid, NotFound


def require_administration(actor: Actor, organization: Organization) -> None:
    """Raise unless the actor administers this organization. Another tenant's is NotFound."""
    if not actor.sees_all and organization.pk not in actor.organizations:
        raise NotFound(resource="organization", organization_id=organization.slug)
    actor.require(Role.ADMIN)


def checked_role(role: str) -> Role:
    try:
        return Role(role)
    except ValueError:
        names = ", ".join(Role.values)
        raise Invalid(fields={"role": [f"'{role}' is not a role; there are {names}."]}) from None


def check_fields(instance: models.Model, *, exclude: tuple[str, ...] = ()) -> None:
    """Raise Invalid where a field's value cannot be kept. What is taken, the constraints decide."""
    for field in instance._meta.concrete_fields:
        value = getattr(instance, field.attname)
        if isinstance(value, str) and not storable(value):
            raise Invalid(fields={field.name: ["This holds a character that cannot be kept."]})
    try:
        instance.clean_fields(exclude=exclude)
    except ValidationError as error:
        raise Invalid(fields=error.message_dict) from error


def organization_state(organization: Organization) -> dict[str, Any]:
    return {
        "slug": organization.slug,
        "name": organization.name,
        "description": organization.description,
        "website": organization.website,
        "logo_url": organization.logo_url,
        "is_system": organization.is_system,
        "is_public": organization.is_public,
    }


def user_state(user: User) -> dict[str, Any]:
    """A user without the password, in any form."""
    return {
        "email": user.email,
        "username": user.username,
        "name": user.name,
        "is_active": user.is_active,
        "is_superuser": user.is_superuser,
    }


def member_state(membership: Membership) -> dict[str, Any]:
    user = membership.user
    return {"user_id": str(user.pk), "email": user.email, "name": user.display_name, "role": str(membership.role)}


def api_key_state(key: ApiKey) -> dict[str, Any]:
    """A key without the key: its first characters tell it from others and open nothing."""
    return {
        "name": key.name,
        "role": str(key.role),
        "prefix": key.prefix,
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }
