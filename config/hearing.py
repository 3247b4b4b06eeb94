"""Listening to live events from ordinary threads: a gRPC stream waits here for what its socket brother is told."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

import structlog
from channels.layers import get_channel_layer
from django.db import close_old_connections
from redis.exceptions import RedisError

from accounts import live
from accounts.watching import Watch

logger = structlog.get_logger(__name__)

M = TypeVar("M")
PATIENCE = 0.5
"""Seconds between two looks at whether the listener is still there."""
LOOK_ANYWAY = 5.0
"""Seconds after which a watcher looks though it heard nothing: an event may be lost, a row is not."""


def follow(watch: Watch[M], *, while_: Callable[[], bool]) -> Iterator[M]:
    """What the watch sees now, and again whenever an event wakes it, until it is over or `while_` says no.

    Listens first and looks after, so that no change falls between the two.
    """
    woken: queue.Queue[None] = queue.Queue(maxsize=1)
    ear = _Ear(watch, woken)
    ear.open()
    try:
        while while_():
            seen, last = watch.look()
            close_old_connections()
            yield seen
            if last:
                return
            _wait(woken, while_)
    finally:
        ear.close()


def _wait(woken: queue.Queue[None], while_: Callable[[], bool]) -> None:
    waited = 0.0
    while waited < LOOK_ANYWAY and while_():
        try:
            woken.get(timeout=PATIENCE)
        except queue.Empty:
            waited += PATIENCE
        else:
            return


class _Ear:
    """Hears a watch's topics on the loop that the channel layer lives on, and wakes a thread."""

    def __init__(self, watch: Watch[M], woken: queue.Queue[None]) -> None:
        self.groups = [live.group_name(watch.organization_id, topic) for topic in watch.topics]
        self.concerns = watch.concerns
        self.woken = woken
        self.loop = _loop()
        self.task: asyncio.Task[None] | None = None
        self.ready = threading.Event()

    def open(self) -> None:
        self.loop.call_soon_threadsafe(self._begin)
        self.ready.wait(timeout=2.0)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self._end)

    def _begin(self) -> None:
        self.task = self.loop.create_task(self._listen())

    def _end(self) -> None:
        if self.task is not None:
            self.task.cancel()

    async def _listen(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        try:
            for group in self.groups:
                await layer.group_add(group, channel)
            self.ready.set()
            while True:
                message = await layer.receive(channel)
                if self.concerns(message["event"]):
                    self._wake()
        except (OSError, RedisError) as error:  # Redis is away: the watcher looks anyway, now and then
            logger.warning("live_events_not_heard", error=str(error))
        finally:
            self.ready.set()
            with suppress(OSError, RedisError):
                for group in self.groups:
                    await layer.group_discard(group, channel)

    def _wake(self) -> None:
        with suppress(queue.Full):
            self.woken.put_nowait(None)


class _Own:
    loop: asyncio.AbstractEventLoop | None = None
    lock = threading.Lock()


def _loop() -> asyncio.AbstractEventLoop:
    """The loop that serves this process's sockets, whose in-memory layer it shares; else one of our own."""
    serving = live.serving_loop()
    if serving is not None and serving.is_running():
        return serving
    with _Own.lock:
        if _Own.loop is None:
            _Own.loop = asyncio.new_event_loop()
            threading.Thread(target=_Own.loop.run_forever, name="hearing", daemon=True).start()
        live.serve_on(_Own.loop)  # also where another loop has served since, and has ended
        return _Own.loop
