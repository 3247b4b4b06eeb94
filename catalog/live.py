"""What the sockets hear of the catalog."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
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


class Announcement:
    """What is to be told of a transaction's changes once they are committed.

    A transaction may change very many assets, a thousand at a time: of so many only the ids are kept until then.
    """

    __slots__ = ("_ids", "_organization_id", "_singly")

    def __init__(self, organization_id: UUID, events: Sequence[AssetEvent]) -> None:
        self._organization_id = organization_id
        self._singly = events if len(events) <= ONE_BY_ONE else None
        together: dict[tuple[Verb, str], list[bytes]] = defaultdict(list)
        for event in events:
            together[event.event, event.asset.type].append(event.asset.id.bytes)
        self._ids = {key: b"".join(ids) for key, ids in together.items()}

    def tell(self) -> None:
        """Tell who follows an asset (`asset.updates:<id>`) and who follows them all (`asset.updates`).

        The second hear `{"type": "assets.changed", "event", "ids", "told_singly"}`, also for a batch so large that
        the first are not told one by one (`told_singly` is false): who follows single assets then looks for theirs
        among the ids, as the socket does. Who follows one type hears the same lists of it (`asset.updates/TABLE`).
        """
        for event in self._singly or ():
            publish(self._organization_id, f"asset.updates:{event.asset.id}", asset_updated(event))
        told_singly = self._singly is not None
        texts = {key: _texts(packed) for key, packed in self._ids.items()}
        for verb in ("CREATE", "UPDATE", "DELETE"):
            together = [one for (of_verb, _), ids in texts.items() if of_verb == verb for one in ids]
            for part in _parts(together):
                message = {"type": "assets.changed", "event": verb, "ids": part, "told_singly": told_singly}
                publish(self._organization_id, "asset.updates", message)
        for (verb, kind), ids in texts.items():
            for part in _parts(ids):
                message = {"type": "assets.changed", "event": verb, "asset_type": kind, "ids": part}
                publish(self._organization_id, f"asset.updates/{kind}", message | {"told_singly": True})


def _texts(packed: bytes) -> list[str]:
    """Ids of 16 bytes each as text. A UUID of each, made to be written only, takes four times as long."""
    line = packed.hex()
    return [
        f"{line[at : at + 8]}-{line[at + 8 : at + 12]}-{line[at + 12 : at + 16]}-{line[at + 16 : at + 20]}"
        f"-{line[at + 20 : at + 32]}"
        for at in range(0, len(line), 32)
    ]


def _parts(ids: list[str]) -> Iterator[list[str]]:
    """So many at a time as one message has."""
    for start in range(0, len(ids), IDS_EACH):
        yield ids[start : start + IDS_EACH]


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
