"""Listening from threads, while what carries the events is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from channels.layers import get_channel_layer
from redis.exceptions import ConnectionError as RedisAway

from accounts import live
from accounts.watching import Look, Watch
from config import hearing
from tests.config.running import until

pytestmark = pytest.mark.django_db  # following gives the thread's connection back, where earlier tests left one


class LayerWithoutRedis:
    """Stands for the layer of a Redis that went away: none can be made to do so at a chosen moment."""

    def __init__(self, fails: str) -> None:
        self.fails = fails

    async def new_channel(self) -> str:
        return "specific.channel"

    async def group_add(self, group: str, channel: str) -> None:
        self._fail("group_add")

    async def receive(self, channel: str) -> Any:
        self._fail("receive")

    async def group_discard(self, group: str, channel: str) -> None:
        self._fail("group_discard")

    def _fail(self, name: str) -> None:
        if name in {self.fails, "group_discard"}:
            raise RedisAway("Connection refused")


def watched() -> list[int]:
    """What a watcher sees that looks again only when it is told to; the second look is its last."""
    organization, looks, ends = uuid4(), iter(range(2)), time.monotonic() + 30

    def look() -> Look[int]:
        until(lambda: live.group_name(organization, "topic") in get_channel_layer().groups)
        live.publish(organization, "topic", {"type": "x"})
        return Look(number := next(looks), last=number == 1)

    return list(hearing.follow(Watch(organization, ("topic",), look), while_=lambda: time.monotonic() < ends))


def test_a_watcher_is_woken_though_a_server_began_and_ended_since_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_state", live._State())
    monkeypatch.setattr(hearing, "LOOK_ANYWAY", 60.0)
    assert watched() == [0, 1]
    server = asyncio.new_event_loop()
    live.serve_on(server)
    server.close()
    assert watched() == [0, 1]


@pytest.mark.parametrize("fails", ["group_add", "receive"])
def test_a_watcher_looks_on_while_redis_is_away(monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    monkeypatch.setattr(hearing, "get_channel_layer", lambda: LayerWithoutRedis(fails))
    monkeypatch.setattr(hearing, "LOOK_ANYWAY", 0.0)
    ears: list[hearing._Ear] = []

    class Ear(hearing._Ear):
        def open(self) -> None:
            ears.append(self)
            super().open()

    monkeypatch.setattr(hearing, "_Ear", Ear)
    looks: Iterator[int] = iter(range(3))
    watch = Watch(uuid4(), ("topic",), lambda: Look(number := next(looks), last=number == 2))
    assert list(hearing.follow(watch, while_=lambda: True)) == [0, 1, 2]
    (ear,) = ears
    assert ear.task is not None
    asyncio.run_coroutine_threadsafe(asyncio.wait({ear.task}, timeout=10), ear.loop).result()  # its loop is a thread
    assert ear.task.done()
    assert ear.task.exception() is None
