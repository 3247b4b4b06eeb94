"""The last live events of each organization, so that who was away for a moment can hear what was missed.

Kept in this process, or in Redis beside the groups. It is a courtesy with an end, not the truth: a cursor that
is too old, or of another life of this process, is told so, and the reader looks at what is there instead.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import orjson

KEPT = 1000
"""Events of an organization that are kept."""
BYTES = 4 * 1024 * 1024
"""Bytes of them in this process, at most."""
REDIS_SECONDS = 3600
LONGEST = 20
"""Digits of a number in a cursor are fewer."""


class Entry(NamedTuple):
    cursor: str
    topic: str
    event: dict[str, Any]


class Missed(NamedTuple):
    """What came after a cursor, where the log now ends, and whether that is all of it."""

    entries: list[Entry]
    cursor: str
    is_complete: bool


@dataclass
class _Book:
    """One organization's events; `first` is the number of the oldest, counted from 1."""

    entries: deque[tuple[str, bytes]] = field(default_factory=deque)
    first: int = 1
    size: int = 0

    @property
    def last(self) -> int:
        return self.first + len(self.entries) - 1

    def append(self, topic: str, text: bytes) -> int:
        self.entries.append((topic, text))
        self.size += len(text)
        while self.entries and (len(self.entries) > KEPT or self.size > BYTES):
            self.size -= len(self.entries.popleft()[1])
            self.first += 1
        return self.last


class LocalLog:
    """The log of this process. Its cursors say which life of the process they are of."""

    def __init__(self) -> None:
        self._life = f"{time.time_ns():x}"
        self._books: dict[UUID, _Book] = {}
        self._lock = threading.Lock()

    def append(self, organization_id: UUID, topic: str, event: dict[str, Any]) -> str:
        text = orjson.dumps(event)
        with self._lock:
            return f"{self._life}-{self._books.setdefault(organization_id, _Book()).append(topic, text)}"

    def since(self, organization_id: UUID, cursor: str) -> Missed:
        life, _, number = cursor.partition("-")
        with self._lock:
            book = self._books.setdefault(organization_id, _Book())
            now = f"{self._life}-{book.last}"
            is_number = number.isascii() and number.isdigit() and len(number) < LONGEST
            known = life == self._life and is_number and int(number) <= book.last
            if not known:
                return Missed([], now, not cursor)
            after = int(number) + 1
            found = list(book.entries)[max(0, after - book.first) :]
            begin = max(after, book.first)
        entries = [
            Entry(f"{self._life}-{begin + offset}", topic, orjson.loads(text))
            for offset, (topic, text) in enumerate(found)
        ]
        return Missed(entries, now, after >= begin)


class RedisLog:
    """The log of all processes: one stream for each organization, on the layer's own connection."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    async def append(self, organization_id: UUID, topic: str, event: dict[str, Any]) -> str:
        client, key = self._layer.connection(0), self._key(organization_id)
        fields = {"topic": topic, "event": orjson.dumps(event)}
        pipeline = client.pipeline(transaction=False)
        pipeline.xadd(key, fields, maxlen=KEPT, approximate=True)
        pipeline.expire(key, REDIS_SECONDS)
        return str((await pipeline.execute())[0].decode())

    async def since(self, organization_id: UUID, cursor: str) -> Missed:
        client, key = self._layer.connection(0), self._key(organization_id)
        ends = await client.xrevrange(key, count=1)
        now = ends[0][0].decode() if ends else "0-0"
        if not _is_stream_id(cursor):
            return Missed([], now, not cursor)
        begin = await client.xrange(key, count=1)
        found = await client.xrange(key, min=f"({cursor}")
        entries = [
            Entry(each.decode(), fields[b"topic"].decode(), orjson.loads(fields[b"event"])) for each, fields in found
        ]
        oldest = _stream_id(begin[0][0].decode()) if begin else (0, 0)
        return Missed(entries, now, bool(begin) and oldest <= _stream_id(cursor) <= _stream_id(now))

    def _key(self, organization_id: UUID) -> str:
        return f"{self._layer.prefix}:live.log:{organization_id.hex}"


def _is_stream_id(cursor: str) -> bool:
    parts = cursor.split("-")
    return len(parts) == 2 and all(part.isascii() and part.isdigit() and len(part) < LONGEST for part in parts)


def _stream_id(cursor: str) -> tuple[int, int]:
    milliseconds, _, number = cursor.partition("-")
    return int(milliseconds), int(number)
