"""Every state an asset ever had, read back from the trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.actor import Actor
from audit.diff import FieldChange, changes
from audit.models import AuditEvent
from audit.querysets import AuditEventQuerySet
from catalog.models import Asset
from contracts.errors import NotFound

DERIVED = ("version", "breaks", "updated_at", "curated")
"""Fields of a state that follow every change and tell nothing about it."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an asset. `state` is None for the version that deleted it."""

    number: int
    action: str
    user_id: UUID | None
    user_name: str
    timestamp: datetime
    state: dict[str, Any] | None


def versions_of(actor: Actor, asset_id: UUID) -> AuditEventQuerySet:
    """The events that made an asset's versions, newest first; a deleted asset has its history still.

    Raises NotFound for an asset that is not of the actor's organization.
    """
    if not Asset.objects.of_tenants(actor).filter(pk=asset_id).exists():
        raise NotFound(resource="asset", asset_id=str(asset_id))
    events = AuditEvent.objects.visible_to(actor).of_entity(asset_id)
    return events.filter(entity_type="ASSET", entity_version__isnull=False)


def version(actor: Actor, asset_id: UUID, number: int) -> Version:
    """One version of an asset. Raises NotFound, also where the asset has no such version."""
    event = versions_of(actor, asset_id).filter(entity_version=number).first()
    if event is None:
        words = f"The asset has no version {number}"
        raise NotFound(words, resource="version", version=number, asset_id=str(asset_id))
    return version_from(event)


def version_from(event: AuditEvent) -> Version:
    state: Any = event.after_state
    return Version(
        number=event.entity_version or 0,
        action=event.action,
        user_id=event.user_id,
        user_name=event.user_name,
        timestamp=event.timestamp,
        state=state,
    )


def differences(before: Version | None, after: Version) -> list[FieldChange]:
    """What differs between two versions, field by field; None is the time before there was the asset."""
    return changes(_told(before.state if before else None), _told(after.state))


def _told(state: dict[str, Any] | None) -> dict[str, Any] | None:
    return state and {field: value for field, value in state.items() if field not in DERIVED}
