"""Verifying the trail against its blocks: what was altered, removed or slipped in since it was sealed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from django.utils.crypto import constant_time_compare

from audit.models import AuditBlock, AuditEvent
from audit.sealing import GENESIS, LEAF_BYTES, Leaf, block_hash, leaves_of, signatures_of

FINDINGS_KEPT = 100

Kind = Literal["altered", "removed", "inserted", "chain", "block", "signature", "head"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was sealed."""

    kind: Kind
    message: str
    block: int | None = None
    event_id: UUID | None = None


@dataclass(slots=True)
class Verification:
    """What was looked at and what was found. `findings` keeps the first FINDINGS_KEPT of `found`."""

    blocks: int = 0
    events: int = 0
    waiting: int = 0
    head: str = GENESIS
    found: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_intact(self) -> bool:
        return self.found == 0

    def note(self, finding: Finding) -> None:
        self.found += 1
        if len(self.findings) < FINDINGS_KEPT:
            self.findings.append(finding)


def verify_trail(*, expected_head: str = "") -> Verification:
    """Read the whole trail against its blocks, in constant memory.

    `expected_head` is the hash of a block, kept from an earlier verification outside the database: it
    must still be in the chain, which shows blocks cut off at the end. Events that wait to be sealed are
    counted; nothing vouches for them yet.
    """
    result = Verification()
    previous: AuditBlock | None = None
    head_seen = expected_head in ("", GENESIS)
    for block in _blocks():
        for finding in _block_findings(block, previous):
            result.note(finding)
        for finding in _event_findings(block):
            result.note(finding)
        result.blocks += 1
        result.events += block.event_count
        result.head = block.hash
        head_seen = head_seen or block.hash == expected_head
        previous = block
    if not head_seen:
        result.note(Finding("head", f"No block has the hash {expected_head}: blocks were cut off or made anew"))
    unsealed = AuditEvent.objects.all() if previous is None else AuditEvent.objects.filter(id__gt=previous.last_id)
    result.waiting = unsealed.order_by().count()
    return result


def _blocks() -> Iterator[AuditBlock]:
    """One at a time: PostgreSQL would keep the result of one query over all of them on its disk."""
    block = AuditBlock.objects.order_by("number").first()
    while block is not None:
        yield block
        block = AuditBlock.objects.filter(number__gt=block.number).order_by("number").first()


def _block_findings(block: AuditBlock, previous: AuditBlock | None) -> Iterator[Finding]:
    """What is wrong with the block itself and with its place in the chain."""
    expected = (previous.number + 1, previous.hash, previous.last_id) if previous else (1, GENESIS, None)
    if (block.number, block.previous_hash, block.after_id) != expected:
        before = f"block {previous.number}" if previous else "the beginning"
        yield Finding("chain", f"Block {block.number} does not follow on {before}", block.number)
    if block_hash(block) != block.hash or len(block.leaves) != LEAF_BYTES * block.event_count:
        yield Finding("block", f"Block {block.number} was altered: its hash is another", block.number)
    if not any(constant_time_compare(block.signature, known) for known in signatures_of(block.hash)):
        message = f"Block {block.number} was not signed with this installation's SECRET_KEY or its fallbacks"
        yield Finding("signature", message, block.number)


def _event_findings(block: AuditBlock) -> Iterator[Finding]:
    """Walk the sealed leaves and the events there are side by side, both in the order of the ids."""
    events = leaves_of(block.after_id, block.last_id)
    event = next(events, None)
    for identifier, digest in _sealed_leaves(block):
        while event is not None and event[0] < identifier:
            yield _finding("inserted", block, event[0])
            event = next(events, None)
        if event is None or event[0] != identifier:
            yield _finding("removed", block, identifier)
            continue
        if event[1] != digest:
            yield _finding("altered", block, identifier)
        event = next(events, None)
    while event is not None:
        yield _finding("inserted", block, event[0])
        event = next(events, None)


def _sealed_leaves(block: AuditBlock) -> Iterator[Leaf]:
    leaves = bytes(block.leaves)
    for start in range(0, len(leaves) - LEAF_BYTES + 1, LEAF_BYTES):
        yield UUID(bytes=leaves[start : start + 16]), leaves[start + 16 : start + LEAF_BYTES]


def _finding(kind: Literal["altered", "removed", "inserted"], block: AuditBlock, identifier: UUID) -> Finding:
    words = {"altered": "was altered", "removed": "was removed", "inserted": "was slipped in"}[kind]
    return Finding(kind, f"Event {identifier} {words} after block {block.number} was sealed", block.number, identifier)
