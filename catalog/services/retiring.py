"""What a whole collection no longer found at its origin."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Role
from catalog.edges import read_edges
from catalog.idset import IdSet
from catalog.models import Asset, Origin, Relationship
from catalog.records import read_by_id
from catalog.services.drafts import Retired
from catalog.services.edge_writing import EdgeWriter
from catalog.services.retry import retried
from catalog.services.selections import AT_A_TIME
from catalog.services.writing import AssetWriter

KEYS_AT_A_TIME = 5000
"""Keys of what is known, read while those that are missing are looked for."""


def retire_assets(*, actor: Actor, origin: Origin, seen: Set[UUID], grace: timedelta) -> Retired:
    """Mark the origin's living assets that are not among `seen` as stale; delete those stale for longer than `grace`.

    What goes stale was last seen at the origin's `collected_at`: the time of the collection before this
    one, which the caller has not overwritten yet. Raises Forbidden.
    """
    actor.require(Role.EDITOR)
    return _retire_assets(actor, origin, seen, grace)


def retire_relationships(*, actor: Actor, origin: Origin, seen: Set[UUID]) -> int:
    """Delete the edges that came from the origin and are not among `seen`; returns how many. Raises Forbidden."""
    actor.require(Role.EDITOR)
    return _retire_relationships(actor, origin, seen)


@retried
def _retire_assets(actor: Actor, origin: Origin, seen: Set[UUID], grace: timedelta) -> Retired:
    now, retired = timezone.now(), Retired()
    living = Asset.objects.filter(origin=origin, deleted_at=None).values_list("id", "stale_since")
    rows = living.iterator(chunk_size=KEYS_AT_A_TIME)
    missing = IdSet(key for key, stale_since in rows if key not in seen and _is_due(stale_since, now, grace))
    keys = iter(missing)
    while some := list(islice(keys, AT_A_TIME)):
        writer = AssetWriter(actor, origin.organization_id)
        writer.now = now
        for record in read_by_id(some):
            if (record.stale_since or now) + grace <= now:
                writer.change(record, "DELETE", deleted_at=now)
                retired.deleted += 1
            else:
                writer.change(record, stale_since=now, last_seen_at=origin.collected_at)
                retired.stale += 1
        writer.flush()
    return retired


def _is_due(stale_since: datetime | None, now: datetime, grace: timedelta) -> bool:
    """Whether a missing asset has to be written: it is newly missing, or has been for too long."""
    return stale_since is None or stale_since + grace <= now


@retried
def _retire_relationships(actor: Actor, origin: Origin, seen: Set[UUID]) -> int:
    rows = Relationship.objects.filter(origin=origin).values_list("id", flat=True).iterator(chunk_size=KEYS_AT_A_TIME)
    missing = IdSet(key for key in rows if key not in seen)
    keys, deleted = iter(missing), 0
    while some := list(islice(keys, AT_A_TIME)):
        writer = EdgeWriter(actor, origin.organization_id)
        for edge in read_edges(some):
            writer.delete(edge)
            deleted += 1
        writer.flush()
    return deleted
