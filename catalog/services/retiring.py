"""What a whole collection no longer found at its origin."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime, timedelta
from uuid import UUID

from accounts.actor import Actor
from accounts.models import Role
from catalog.edges import read_edges_of_origin
from catalog.models import Asset, Origin
from catalog.records import read_by_id
from catalog.services.drafts import Retired
from catalog.services.edge_writing import EdgeWriter
from catalog.services.retry import retried
from catalog.services.writing import AssetWriter


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
    writer = AssetWriter(actor, origin.organization_id)
    living = Asset.objects.filter(origin=origin, deleted_at=None).values_list("id", "stale_since")
    missing = [key for key, stale_since in living if key not in seen and _is_due(stale_since, writer, grace)]
    retired = Retired()
    for record in read_by_id(missing) if missing else ():
        if (record.stale_since or writer.now) + grace <= writer.now:
            writer.change(record, "DELETE", deleted_at=writer.now)
            retired.deleted += 1
        else:
            writer.change(record, stale_since=writer.now, last_seen_at=origin.collected_at)
            retired.stale += 1
    if missing:
        writer.flush()
    return retired


def _is_due(stale_since: datetime | None, writer: AssetWriter, grace: timedelta) -> bool:
    """Whether a missing asset has to be written: it is newly missing, or has been for too long."""
    return stale_since is None or stale_since + grace <= writer.now


@retried
def _retire_relationships(actor: Actor, origin: Origin, seen: Set[UUID]) -> int:
    writer = EdgeWriter(actor, origin.organization_id)
    missing = [edge for edge in read_edges_of_origin(origin.pk) if edge.id not in seen]
    for edge in missing:
        writer.delete(edge)
    if missing:
        writer.flush()
    return len(missing)
