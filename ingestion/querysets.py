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

    def due(self) -> Self:
        """What waits and may begin now."""
        return self.filter(models.Q(run_after=None) | models.Q(run_after__lte=timezone.now()), status="PENDING")


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
