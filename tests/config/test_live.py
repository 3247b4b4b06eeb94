"""Live events: from any thread or process to who listens, in order, and never at the caller's cost."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import psutil
import pytest
from channels.layers import get_channel_layer

from accounts import live
from tests.config.ports import free_port
from tests.config.running import ROOT, environment
from tests.config.wire import PATIENCE

ORGANIZATION = UUID(int=1)


@pytest.fixture(autouse=True)
def _own_state(monkeypatch) -> None:
    """Each test has an event loop of its own; what an earlier one left must not be used."""
    monkeypatch.setattr(live, "_state", live._State())


def use_redis(settings: Any, url: str, prefix: str = "") -> None:
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            # As in the settings, a connection must not give up before the layer's own wait of 5 s is over.
            "CONFIG": {"hosts": [{"address": url, "socket_timeout": PATIENCE}], "prefix": prefix or uuid4().hex},
        }
    }


@pytest.fixture
def over_redis(settings, redis_url) -> Iterator[None]:
    use_redis(settings, redis_url)
    yield
    live.flush(PATIENCE)


async def listener(topic: str = "t", organization: UUID = ORGANIZATION) -> Any:
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(live.group_name(organization, topic), channel)

    async def hear() -> Any:
        async with asyncio.timeout(PATIENCE):
            return (await layer.receive(channel))["event"]

    return hear


@pytest.mark.parametrize("topic", ["task.progress:1", "x" * 1000, "a b\n\0", "资产", "", "asset.updates:*"])
def test_group_names_are_valid_whatever_the_topic(topic):
    layer = get_channel_layer()
    assert layer.require_valid_group_name(live.group_name(ORGANIZATION, topic))


def test_groups_of_two_organizations_and_of_two_topics_differ():
    names = {live.group_name(UUID(int=n), topic) for n in (1, 2) for topic in ("t", "t:1", "t.1")}
    assert len(names) == 6


async def test_events_of_a_thread_arrive_in_order():
    live.serve_on(asyncio.get_running_loop())
    hear = await listener()

    def work() -> None:
        for number in range(50):
            live.publish(ORGANIZATION, "t", {"type": "n", "number": number})

    await asyncio.to_thread(work)
    assert [(await hear())["number"] for _ in range(50)] == list(range(50))


async def test_a_thread_is_heard_at_once():
    """The loop is woken; left to itself it would look up only with its next event, which is that we wait no longer."""
    live.serve_on(asyncio.get_running_loop())
    hear = await listener()

    def work() -> None:
        time.sleep(0.05)  # the loop waits by now, else the test shows less
        live.publish(ORGANIZATION, "t", {"type": "x"})

    threading.Thread(target=work).start()
    assert (await hear())["type"] == "x"


async def test_another_organization_hears_nothing():
    live.serve_on(asyncio.get_running_loop())
    hear = await listener(organization=UUID(int=2))
    live.publish(ORGANIZATION, "t", {"type": "not theirs"})
    live.publish(UUID(int=2), "t", {"type": "theirs"})
    assert (await hear())["type"] == "theirs"


def test_without_listeners_in_this_process_nothing_is_begun():
    live.publish(ORGANIZATION, "t", {"type": "x"})
    assert live._state.own is None


def test_a_server_that_has_ended_is_no_error():
    loop = asyncio.new_event_loop()
    live.serve_on(loop)
    layer = get_channel_layer()
    loop.run_until_complete(layer.group_add(live.group_name(ORGANIZATION, "t"), "specific.inmemory!x"))
    loop.close()
    live.publish(ORGANIZATION, "t", {"type": "x"})
    layer.groups.clear()


def test_redis_that_is_down_costs_the_caller_nothing_and_is_logged(settings, caplog):
    use_redis(settings, f"redis://127.0.0.1:{free_port()}/0")
    live.publish(ORGANIZATION, "t", {"type": "x"})
    live.flush(PATIENCE)
    assert "live_event_not_sent" in caplog.text


def test_what_cannot_wait_is_dropped_and_logged(settings, monkeypatch, caplog):
    """Against a Redis that takes connections and never answers: who waited for it would see it hang up first."""
    monkeypatch.setattr(live, "BACKLOG", 3)
    monkeypatch.setattr(live, "SEND_TIMEOUT", float(PATIENCE))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        use_redis(settings, f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        for _ in range(10):
            live.publish(ORGANIZATION, "t", {"type": "x"})
        assert "live_event_dropped" in caplog.text
        assert "live_event_not_sent" not in caplog.text
    live.flush(PATIENCE)


@pytest.mark.redis
async def test_over_redis_from_many_threads(over_redis, redis_url):
    hear = await listener()
    before = connections_to(redis_url)

    def work(name: int) -> None:
        for number in range(10):
            live.publish(ORGANIZATION, "t", {"type": "n", "thread": name, "number": number})

    threads = [threading.Thread(target=work, args=(name,)) for name in range(5)]
    for each in threads:
        each.start()
    heard = [await hear() for _ in range(50)]
    opened = connections_to(redis_url) - before
    for name in range(5):
        assert [each["number"] for each in heard if each["thread"] == name] == list(range(10))
    assert opened < 8, "a connection for each event or thread"


def connections_to(url: str) -> int:
    """Those of this process: others use the server too."""
    port = urlsplit(url).port or 6379
    return sum(bool(each.raddr) and each.raddr.port == port for each in psutil.Process().net_connections("tcp"))


@pytest.mark.redis
async def test_over_redis_from_another_process_that_ends_at_once(settings, redis_url, tmp_path):
    """A command publishes and exits: what it said is sent before it is gone."""
    use_redis(settings, redis_url, prefix="asgi")
    topic = uuid4().hex
    hear = await listener(topic)
    code = (
        "import django; django.setup(); from uuid import UUID; from accounts import live;"
        f"live.publish(UUID(int=1), '{topic}', {{'type': 'from afar'}})"
    )
    env = environment(tmp_path, REDIS_URL=redis_url, SECRET_KEY="x" * 50, DJANGO_SETTINGS_MODULE="config.settings")
    command = [sys.executable, "-c", code]
    ended = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env=env, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert (await hear())["type"] == "from afar"


@pytest.mark.redis
def test_over_redis_after_a_fork(over_redis, redis_url):
    """A prefork worker inherits the parent's state but not its threads."""
    live.publish(ORGANIZATION, "t", {"type": "the parent's"})
    live.flush(PATIENCE)
    child = os.fork()
    if child == 0:
        live.publish(ORGANIZATION, "t", {"type": "the child's"})
        live.flush(PATIENCE)
        own = live._state.own
        os._exit(0 if own and own.process == os.getpid() and not own.is_busy else 1)
    assert os.waitpid(child, 0)[1] == 0
