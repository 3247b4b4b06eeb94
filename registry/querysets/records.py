"""Reads of the registry's counters and uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Organization
from registry.querysets.entries import readable_organizations

if TYPE_CHECKING:
    from registry.models import Statistics, Upload


class StatisticsQuerySet(models.QuerySet["Statistics"]):
    def visible_to(self, actor: Actor) -> Self:
        if actor.sees_all:
            return self
        return self.filter(organization__in=readable_organizations(actor).values("pk"))

    def in_organization(self, slug: str) -> Self:
        return self.filter(organization__in=Organization.objects.by_slug(slug).order_by().values("pk"))

    def totals(self) -> dict[str, int]:
        """The sum of each counter."""
        names = ("sources", "tools", "versions", "downloads", "size")
        found = self.aggregate(**{name: models.Sum(name) for name in names})
        return {name: found[name] or 0 for name in names}


class UploadQuerySet(models.QuerySet["Upload"]):
    def visible_to(self, actor: Actor) -> Self:
        """Those of the actor's organizations, and those the user began in another, that have not expired."""
        current = self.filter(expires_at__gt=timezone.now())
        if actor.sees_all:
            return current
        own = models.Q(created_by=actor.user_id) if actor.kind == "user" else models.Q()
        return current.filter(models.Q(organization__in=actor.organizations) | own)
