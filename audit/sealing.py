"""Sealing the trail: blocks of events under a hash, each chained to the one before.

Which events a block covers is settled by time, not by what happens to be visible: ids are UUIDv7, and
an event with an earlier id may be committed after one with a later id. So a block reaches only up to a
horizon below which nothing can be committed any more: a margin before now, and before the start of
the oldest transaction that is still writing. An event that turns up below the horizon afterwards was
not written by us, and verification says so.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from audit.models import AuditBlock, AuditEvent
from audit.querysets import first_id_at
from audit.tables import refused_by
from contracts.errors import Conflict

logger = logging.getLogger(__name__)

MARGIN = timedelta(minutes=5)
"""More than any two of our clocks differ, and than any clock is ever set back."""

BLOCK_EVENTS = 5_000
LEAF_BYTES = 32
GENESIS = "0" * 64

SEALED = (
    "organization_id",
    "entity_type",
    "entity_id",
    "entity_name",
    "entity_version",
    "action",
    "actor_kind",
    "user_id",
    "user_name",
    "door",
    "request_id",
    "before_state",
    "after_state",
    "timestamp",
)
"""The columns under the hash, in this order for ever."""

Leaf = tuple[UUID, bytes]


def seal_events(*, margin: timedelta = MARGIN) -> int:
    """Seal all that is settled; returns how many events. Safe to run at any time, also twice at once."""
    end = horizon(margin)
    sealed = 0
    while count := _seal_block(end):
        sealed += count
        if count < BLOCK_EVENTS:
            break
    return sealed


def horizon(margin: timedelta = MARGIN) -> UUID:
    """The smallest id that an event still to be committed could have."""
    return first_id_at(_oldest_writer() - margin)


def leaves_of(after: UUID | None, last: UUID | None = None, *, limit: int | None = None) -> Iterator[Leaf]:
    """Ids and content hashes of the events after `after` up to `last`, in the order of the ids, streamed."""
    events = AuditEvent.objects.order_by("id").values_list("id", *SEALED)
    if after is not None:
        events = events.filter(id__gt=after)
    if last is not None:
        events = events.filter(id__lte=last)
    for identifier, *content in (events[:limit] if limit else events).iterator(chunk_size=500):
        yield identifier, content_hash(content)


def content_hash(content: Sequence[Any]) -> bytes:
    """16 bytes of the SHA-256 of an event's SEALED columns: JSON, sorted keys, no spaces."""
    text = json.dumps(content, cls=_Encoder, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).digest()[:16]


def block_hash(block: AuditBlock) -> str:
    """SHA-256 over all that a block says."""
    header = [
        block.number,
        block.previous_hash,
        str(block.after_id),
        str(block.last_id),
        block.event_count,
        block.sealed_at.astimezone(UTC).isoformat(),
        hashlib.sha256(bytes(block.leaves)).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(header, separators=(",", ":")).encode()).hexdigest()


def signatures_of(block_digest: str) -> Iterator[str]:
    """What a block with this hash may be signed with: the key in force first, then those before it."""
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield salted_hmac("audit.block", block_digest, secret=key, algorithm="sha256").hexdigest()


def _seal_block(end: UUID) -> int:
    """Seal the next block of events below `end`; returns how many, 0 when there are none or another was faster."""
    overtaken = Conflict("Sealed by another process")
    try:
        with transaction.atomic():
            block = _next_block(end)
            if block is None:
                return 0
            with refused_by(dict.fromkeys(("audit_auditblock_pkey", "audit_auditblock_number_key"), overtaken)):
                block.save(force_insert=True)
    except Conflict:
        return 0
    logger.info("sealed audit block %d: %d events, %s", block.number, block.event_count, block.hash)
    return block.event_count


def _next_block(end: UUID) -> AuditBlock | None:
    """The block to come. Inside a transaction, which on SQLite means: while nobody else is writing."""
    last = AuditBlock.objects.order_by("-number").defer("leaves").first()
    after = last.last_id if last else None
    leaves = list(leaves_of(after, UUID(int=end.int - 1), limit=BLOCK_EVENTS))
    if not leaves:
        return None
    block = AuditBlock(
        number=last.number + 1 if last else 1,
        previous_hash=last.hash if last else GENESIS,
        after_id=after,
        last_id=leaves[-1][0],
        event_count=len(leaves),
        leaves=b"".join(identifier.bytes + digest for identifier, digest in leaves),
        sealed_at=timezone.now(),
    )
    block.hash = block_hash(block)
    block.signature = next(signatures_of(block.hash))
    return block


def _oldest_writer() -> datetime:
    """When the oldest transaction that is writing began; now, where none is.

    SQLite has one writer at a time, and here that is ourselves. On PostgreSQL, a transaction that
    has written nothing yet will give its events ids that are later than now.
    """
    now = timezone.now()
    if connection.vendor != "postgresql":
        return now
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(xact_start) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
        )
        (began,) = cursor.fetchone()
    return min(now, began) if began else now


class _Encoder(DjangoJSONEncoder):
    """As Django's, with all the microseconds of a time, in UTC."""

    def default(self, o: Any) -> Any:
        return o.astimezone(UTC).isoformat() if isinstance(o, datetime) else super().default(o)
