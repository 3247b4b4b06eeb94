"""Reads of people and access: who sees which organization, its members and its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models.functions import Lower

from accounts.managers import storable
from contracts.errors import NotFound

if TYPE_CHECKING:
    from accounts.actor import Actor
    from accounts.models import ApiKey, DeletedRow, Membership, Organization, Team


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def visible_to(self, actor: Actor) -> Self:
        """The organizations the actor belongs to."""
        return self if actor.sees_all else self.filter(pk__in=actor.organizations)

    def readable_by(self, actor: Actor) -> Self:
        """Those whose registry entries the actor may read: its own and the public ones."""
        if actor.sees_all:
            return self
        return self.filter(models.Q(pk__in=actor.organizations) | models.Q(is_public=True))

    def by_slug(self, slug: str) -> Self:
        """The one with this slug, whatever the case; none where there is none."""
        if not storable(slug):
            return self.none()
        return self.alias(lower_slug=Lower("slug")).filter(lower_slug=Lower(models.Value(slug)))

    def named(self, slug: str) -> Organization:
        """The one with this slug. Raises NotFound."""
        found = self.by_slug(slug).first()
        if found is None:
            raise NotFound(f"There is no organization '{slug}'", resource="organization", organization_slug=slug)
        return found


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, actor: Actor) -> Self:
        """The members of the actor's organizations."""
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)

    def active(self) -> Self:
        """Those whose user may sign in."""
        return self.filter(user__is_active=True)


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, actor: Actor) -> Self:
        """The living teams of the actor's organizations."""
        return self.of_tenants(actor).filter(deleted_at=None)

    def of_tenants(self, actor: Actor) -> Self:
        """The same, the deleted ones included."""
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)


class DeletedRowQuerySet(models.QuerySet["DeletedRow"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def visible_to(self, actor: Actor) -> Self:
        """The keys of the actor's organizations (what may be done with them, the services decide)."""
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)
