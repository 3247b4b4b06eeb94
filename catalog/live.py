"""What the sockets hear of the catalog."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson

from accounts.live import publish
from catalog.records import AssetRecord

ONE_BY_ONE = 200
"""Up to so many changes of one transaction are told asset by asset; more only as lists of ids."""
IDS_EACH = 1000

Verb = Literal["CREATE", "UPDATE", "DELETE"]


class AssetEvent(NamedTuple):
    event: Verb
    asset: AssetRecord


def announce(organization_id: UUID, events: Sequence[AssetEvent]) -> None:
    """Tell who follows an asset (`asset.updates:<id>`) and who follows them all (`asset.updates`).

    The second hear `{"type": "assets.changed", "event", "ids", "told_singly"}`, also for a batch so large that
    the first are not told one by one (`told_singly` is false): who follows single assets then looks for theirs
    among the ids, as the socket does.
    """
    told_singly = len(events) <= ONE_BY_ONE
    if told_singly:
        for event in events:
            publish(organization_id, f"asset.updates:{event.asset.id}", asset_updated(event))
    for verb in ("CREATE", "UPDATE", "DELETE"):
        ids = [str(event.asset.id) for event in events if event.event == verb]
        for start in range(0, len(ids), IDS_EACH):
            message = {"type": "assets.changed", "event": verb, "ids": ids[start : start + IDS_EACH]}
            publish(organization_id, "asset.updates", message | {"told_singly": told_singly})
    _announce_by_type(organization_id, events)


def _announce_by_type(organization_id: UUID, events: Sequence[AssetEvent]) -> None:
    """The same lists for who follows one type (`asset.updates/TABLE`)."""
    together: dict[tuple[str, str], list[str]] = defaultdict(list)
    for event in events:
        together[event.asset.type, event.event].append(str(event.asset.id))
    for (kind, verb), ids in together.items():
        for start in range(0, len(ids), IDS_EACH):
            part = ids[start : start + IDS_EACH]
            message = {"type": "assets.changed", "event": verb, "asset_type": kind, "ids": part, "told_singly": True}
            publish(organization_id, f"asset.updates/{kind}", message)


def asset_updated(event: AssetEvent) -> dict[str, Any]:
    """The metastore contract's message for one asset."""
    return {
        "type": "asset.updated",
        "asset_id": str(event.asset.id),
        "event": event.event,
        "data": _data(event.asset),
    }


def _data(record: AssetRecord) -> dict[str, Any]:
    """The asset as a list shows it, in plain JSON values."""
    data = {
        "id": record.id,
        "type": record.type,
        "name": record.name,
        "qualified_name": record.qualified_name,
        "description": record.description,
        "metadata": record.metadata.fragment,
        "tags": [tag.name for tag in record.tags],
        "version": record.version,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }
    plain: dict[str, Any] = orjson.loads(orjson.dumps(data, option=orjson.OPT_UTC_Z))
    return plain
