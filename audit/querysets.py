"""Reads of the trail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, Self
from uuid import UUID

from django.db import models

if TYPE_CHECKING:
    from audit.models import AuditEvent


_BATCH = timedelta(hours=1)
_LATEST = datetime.max.replace(tzinfo=UTC) - _BATCH


def first_id_at(moment: datetime) -> UUID:
    """The smallest UUIDv7 of a millisecond: all that is made then and later has greater or equal ids."""
    milliseconds = max(0, int(moment.timestamp() * 1000))
    return UUID(int=milliseconds << 80)


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

    def since(self, moment: datetime) -> Self:
        """The events of this moment and later, found by their ids: an id is never older than its event."""
        return self.filter(id__gte=first_id_at(moment), timestamp__gte=moment)

    def until(self, moment: datetime) -> Self:
        """The events before this moment. An id is younger than its event by no more than a batch takes to write."""
        return self.filter(id__lt=first_id_at(min(moment, _LATEST) + _BATCH), timestamp__lt=moment)

    def counted(self, entity_type: str, entity_ids: Sequence[UUID]) -> dict[UUID, int]:
        """How many times each of these things was written. One statement."""
        events = self.filter(entity_type=entity_type, entity_id__in=entity_ids).order_by()
        return dict(events.values_list("entity_id").annotate(models.Count("id")))
