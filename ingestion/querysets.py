"""Reads of the ingestion app: visibility, and the named filters every door shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db import models
from django.utils import timezone

from accounts.actor import Actor

if TYPE_CHECKING:
    from ingestion.models import CollectionTask, DataSource, Job, Profile, StreamEvent, Template, Webhook


class DataSourceQuerySet(models.QuerySet["DataSource"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)


class TemplateQuerySet(models.QuerySet["Template"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)


class CollectionTaskQuerySet(models.QuerySet["CollectionTask"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)

    def ours(self) -> Self:
        """What our own workers carry out."""
        return self.filter(external_id=None)

    def due(self) -> Self:
        """What waits for a worker and may begin now."""
        may_begin = models.Q(run_after=None) | models.Q(run_after__lte=timezone.now())
        return self.ours().filter(may_begin, status="PENDING")


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)


class ProfileQuerySet(models.QuerySet["Profile"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)

    def series_of(self, asset_id: UUID) -> Self:
        """One table's profiles, newest first."""
        return self.filter(asset=asset_id).order_by("-taken_at", "-id")


class StreamEventQuerySet(models.QuerySet["StreamEvent"]):
    def visible_to(self, actor: Actor) -> Self:
        return self if actor.sees_all else self.filter(organization__in=actor.organizations)
