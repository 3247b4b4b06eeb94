"""The channel layer of one process does not look through everybody's sockets for each event of each."""

import asyncio
import time

from channels.layers import InMemoryChannelLayer

from accounts.live_layer import ProcessLayer
from config.consumers import LiveConsumer


def test_events_are_heard_without_a_look_at_all_sockets_each_time(monkeypatch):
    looks = []

    def look(layer):
        looks.append(layer)

    monkeypatch.setattr(InMemoryChannelLayer, "_clean_expired", look)

    async def talk():
        layer = ProcessLayer()
        layer._cleaned_at = time.monotonic() + 3600  # it was done just now, however slow the machine is
        await layer.group_add("g", "specific.inmemory!a")
        for number in range(20):
            await layer.group_send("g", {"type": "live.event", "number": number})
            assert (await layer.receive("specific.inmemory!a"))["number"] == number

    asyncio.run(talk())
    assert not looks


def test_what_nobody_took_is_forgotten_all_the_same():
    async def talk():
        layer = ProcessLayer(expiry=-1)
        await layer.group_add("g", "specific.inmemory!a")
        await layer.group_send("g", {"type": "live.event"})
        assert "specific.inmemory!a" in layer.channels
        layer._cleaned_at = time.monotonic() - 2
        layer._clean_expired()
        assert "specific.inmemory!a" not in layer.channels

    asyncio.run(talk())


def test_an_event_reaches_its_socket_without_a_look_at_the_database(monkeypatch):
    heard = []

    async def look():
        raise AssertionError("a hop to another thread")

    async def hear(message):
        heard.append(message["event"])

    monkeypatch.setattr("channels.consumer.aclose_old_connections", look)
    consumer = LiveConsumer()
    monkeypatch.setattr(consumer, "live_event", hear)
    asyncio.run(consumer.dispatch({"type": "live.event", "topic": "t", "event": {"type": "x"}}))
    assert heard == [{"type": "x"}]
