"""Reads of the catalog: visibility, and the named filters every door shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar
from uuid import UUID

from django.db import models

from accounts.actor import Actor

if TYPE_CHECKING:
    from catalog.models import Asset, Concept, Origin, Relationship, SearchDocument, Tag

E = TypeVar("E", bound="Concept")


class AssetQuerySet(models.QuerySet["Asset"]):
    def visible_to(self, actor: Actor) -> Self:
        """The living assets of the actor's organizations."""
        return self.of_tenants(actor).filter(deleted_at=None)

    def of_tenants(self, actor: Actor) -> Self:
        """The same, the deleted ones included."""
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)

    def for_display(self) -> Self:
        """With what every door shows beside the asset's own columns: owner, domain, origin, tags. Two statements."""
        return self.select_related("owner", "owner_team", "domain", "created_by", "origin").prefetch_related("tags")


class OriginQuerySet(models.QuerySet["Origin"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)


class TagQuerySet(models.QuerySet["Tag"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)


class ConceptQuerySet(models.QuerySet[E]):
    """Of domains, glossaries and terms."""

    def visible_to(self, actor: Actor) -> Self:
        """The living ones of the actor's organizations."""
        return self.of_tenants(actor).filter(deleted_at=None)

    def of_tenants(self, actor: Actor) -> Self:
        """The same, the deleted ones included."""
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)

    def for_display(self) -> Self:
        """With the owner and what it lies in. One statement."""
        joined = ["owner", "owner_team"]
        joined += [field.name for field in self.model._meta.fields if field.name in {"parent", "glossary"}]
        return self.select_related(*joined)


class RelationshipQuerySet(models.QuerySet["Relationship"]):
    def visible_to(self, actor: Actor) -> Self:
        """The edges of the actor's organizations whose two ends are alive."""
        living = self.filter(source__deleted_at=None, target__deleted_at=None)
        return living if actor.sees_all else living.filter(organization__in=actor.organizations)

    def between(self, upstream_id: UUID, downstream_id: UUID) -> Self:
        """The edges that put the one asset upstream of the other, whatever their types, the oldest first."""
        return self.filter(upstream_id=upstream_id, downstream_id=downstream_id).order_by("created_at", "id")


class SearchDocumentQuerySet(models.QuerySet["SearchDocument"]):
    def visible_to(self, actor: Actor) -> Self:
        """What the actor may find: its organizations' things, and what is public."""
        if actor.sees_all:
            return self
        return self.filter(models.Q(organization__in=actor.organizations) | models.Q(is_public=True))
