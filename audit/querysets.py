"""Reads of the trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, Self
from uuid import UUID

from django.db import models

if TYPE_CHECKING:
    from audit.models import AuditEvent


class Viewer(Protocol):
    """Who reads: an `accounts.actor.Actor`, named here by what the trail needs of it."""

    @property
    def organizations(self) -> tuple[UUID, ...]: ...
    @property
    def sees_all(self) -> bool: ...


class AuditEventQuerySet(models.QuerySet["AuditEvent"]):
    def visible_to(self, actor: Viewer) -> Self:
        """The events of the organizations this actor belongs to."""
        return self if actor.sees_all else self.filter(organization_id__in=actor.organizations)

    def of_entity(self, entity_id: UUID) -> Self:
        """One thing's history, newest first."""
        return self.filter(entity_id=entity_id).order_by("-id")

    def of_entities(self, entity_ids: Sequence[UUID]) -> Self:
        return self.filter(entity_id__in=entity_ids).order_by("-id")
