"""Live events to the sockets of one organization, whatever the channel layer behind them.

An event takes the event loop it can be sent on: with the in-memory layer the one that serves the
sockets of this process, with Redis one of our own in a daemon thread. Callers never wait for it.
"""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import os
import threading
import time
from collections import deque
from typing import Any
from uuid import UUID

import structlog
from channels.layers import InMemoryChannelLayer, get_channel_layer

from accounts.live_log import LocalLog, Missed, RedisLog

logger = structlog.get_logger(__name__)

BACKLOG = 10_000
"""Events that may wait to be sent (a channel layer that does not answer); the ones after are dropped and logged."""
SEND_TIMEOUT = 5.0  # seconds


def group_name(organization_id: UUID, topic: str) -> str:
    """The group for a topic of an organization: a valid name whatever the topic holds, never another tenant's."""
    digest = hashlib.blake2b(topic.encode(), digest_size=20).hexdigest()
    return f"live.{organization_id.hex}.{digest}"


def publish(organization_id: UUID, topic: str, event: dict[str, Any]) -> None:
    """Tell the organization's sockets that follow `topic` ("task.progress:<job id>", "asset.updates:<asset id>").

    `event` holds plain JSON values and has a `type`. Called after commit, from any thread or process;
    events of one process arrive in the order they were published. Never raises: an event that cannot
    be delivered is logged, what it tells of is committed all the same.
    """
    group = group_name(organization_id, topic)
    message = {"type": "live.event", "topic": topic, "event": event}
    if isinstance(get_channel_layer(), InMemoryChannelLayer):
        message["cursor"] = _state.log.append(organization_id, topic, event)
    sender = _sender_for(group)
    if sender is not None:
        sender.put(group, message, organization_id)


async def missed(organization_id: UUID, cursor: str) -> Missed:
    """What the organization's sockets were told after `cursor`; none for "", which only asks where the log ends."""
    layer = get_channel_layer()
    if isinstance(layer, InMemoryChannelLayer):
        return _state.log.since(organization_id, cursor)
    return await RedisLog(layer).since(organization_id, cursor)


def serve_on(loop: asyncio.AbstractEventLoop) -> None:
    """Say which event loop serves this process's sockets. Called by whoever accepts them."""
    if _state.server is None or _state.server.loop is not loop:
        _state.server = _Sender(loop)


def serving_loop() -> asyncio.AbstractEventLoop | None:
    """The event loop that serves this process's sockets, where there is one."""
    return _state.server.loop if _state.server is not None else None


def flush(timeout: float = 1.0) -> None:
    """Wait until what was published in this process is sent, at most `timeout` seconds."""
    sender, deadline = _state.own, time.monotonic() + timeout
    while sender is not None and sender.is_busy and time.monotonic() < deadline:
        time.sleep(0.01)


class _Sender:
    """Sends events on one event loop, one after the other."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.process = os.getpid()
        self._waiting: deque[tuple[str, dict[str, Any], UUID]] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        return bool(self._waiting) or (self._task is not None and not self._task.done())

    def put(self, group: str, message: dict[str, Any], organization_id: UUID) -> None:
        if len(self._waiting) >= BACKLOG:
            logger.warning("live_event_dropped", topic=message["topic"], reason="too many events are waiting")
            return
        self._waiting.append((group, message, organization_id))
        try:
            self.loop.call_soon_threadsafe(self._wake)
        except RuntimeError:  # the loop has ended, and the sockets with it
            self._waiting.clear()

    def _wake(self) -> None:
        if self._task is None or self._task.done():
            self._task = self.loop.create_task(self._drain())

    async def _drain(self) -> None:
        layer = get_channel_layer()
        while self._waiting:
            group, message, organization_id = self._waiting.popleft()
            try:
                async with asyncio.timeout(SEND_TIMEOUT):
                    if "cursor" not in message:
                        log = RedisLog(layer)
                        message["cursor"] = await log.append(organization_id, message["topic"], message["event"])
                    await layer.group_send(group, message)
            except Exception:
                logger.exception("live_event_not_sent", topic=message["topic"])


class _State:
    """What this process sends with; `own` is made when first needed, and again after a fork."""

    server: _Sender | None = None
    own: _Sender | None = None
    lock = threading.Lock()

    def __init__(self) -> None:
        self.log = LocalLog()


_state = _State()


def _sender_for(group: str) -> _Sender | None:
    """Who sends to this group; None where nobody can be listening."""
    layer = get_channel_layer()
    if isinstance(layer, InMemoryChannelLayer):
        # Only sockets of this process can listen, and most things that happen have no listener.
        return _state.server if group in layer.groups else None
    sender = _state.own
    if sender is None or sender.process != os.getpid():
        with _state.lock:
            sender = _state.own
            if sender is None or sender.process != os.getpid():
                sender = _state.own = _start_sender()
    return sender


def _start_sender() -> _Sender:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="live", daemon=True).start()
    return _Sender(loop)


def _renew_lock() -> None:
    # A fork copies the lock as it is; another thread of the parent may have held it.
    _state.lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)
atexit.register(flush)
