"""Reads of artifacts, their collections and their relationships."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from accounts.actor import Actor
from registry.querysets.releases import of_tenant

if TYPE_CHECKING:
    from registry.models import Artifact, ArtifactRelationship, Collection, Release


class ArtifactQuerySet(models.QuerySet["Artifact"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(of_tenant(actor))

    def readable_by(self, actor: Actor) -> Self:
        """The actor's own, and those of a public product's releases that are no drafts."""
        public = models.Q(
            organization__is_public=True,
            placements__collection__release__project__product__is_public=True,
            placements__collection__release__status__in=["released", "archived"],
        )
        return self.filter(of_tenant(actor) | public).distinct()

    def in_release(self, release: Release) -> Self:
        """Those of the release's current collection, first added first, each with its `association_type`."""
        return (
            self.filter(placements__collection=release.collection_id)
            .annotate(
                association_type=models.F("placements__association_type"), added_at=models.F("placements__created_at")
            )
            .order_by("placements__created_at", "id")
        )


class CollectionQuerySet(models.QuerySet["Collection"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(release__organization__in=actor.organizations)


class ArtifactRelationshipQuerySet(models.QuerySet["ArtifactRelationship"]):
    def visible_to(self, actor: Actor) -> Self:
        return self.filter(of_tenant(actor))

    def touching(self, artifact: Artifact) -> Self:
        """Both directions, newest first."""
        return self.filter(models.Q(source=artifact) | models.Q(target=artifact))
