"""Collecting Redis: a database of its own on a real server."""

import os
import socket
import threading
import tracemalloc
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
import redis

from catalog.models import Asset
from ingestion.connectors.redis import group_keys
from ingestion.models import JobStatus
from ingestion.services import sources
from ingestion.services.sources import create_data_source

DATABASE = 11 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 5
"""One for each worker of the test run, and none that other tests use: they empty it."""


@pytest.fixture
def server(redis_url):
    url = urlsplit(redis_url)
    client = redis.Redis(host=url.hostname or "", port=url.port or 6379, password=url.password, db=DATABASE)
    client.flushdb()
    yield client
    client.flushdb()
    client.close()


@pytest.fixture
def source(server, redis_url, bob_actor):
    url = urlsplit(redis_url)
    config = {"host": url.hostname, "port": url.port or 6379, "database": DATABASE}
    if url.password:
        config["password"] = url.password
    return create_data_source(actor=bob_actor, data={"name": "cache", "type": "redis", "config": config})


def found() -> dict[str, dict[str, object]]:
    return {asset.name: asset.metadata for asset in Asset.objects.filter(type="KEYSPACE", deleted_at=None)}


@pytest.mark.redis
def test_key_patterns_are_collected_with_types_counts_and_expiry(server, source, collect):
    for number in range(250):
        server.hset(f"user:{number}:profile", "name", "x")
        server.set(f"session:{number:032x}", "y", ex=600 if number % 2 else None)
    server.rpush("queue:mail", "a")
    server.set("version", "1")
    job = collect(source)
    assert (job.status, job.error, job.result["warnings"]) == (JobStatus.COMPLETED, None, [])
    keyspaces = found()
    assert keyspaces.keys() == {"user:*:profile", "session:*", "queue:mail", "version"}
    assert (keyspaces["user:*:profile"]["types"], keyspaces["user:*:profile"]["keys"]) == (["hash"], 250)
    assert keyspaces["session:*"]["expiring_share"] == pytest.approx(0.5, abs=0.25)
    assert keyspaces["queue:mail"]["types"] == ["list"]
    assert keyspaces["version"]["bytes_each"]
    assert Asset.objects.get(type="DATABASE").qualified_name == f"cache.db{DATABASE}"
    assert collect(source).result["unchanged"] == 5


@pytest.mark.redis
def test_scan_is_bounded_and_says_so_and_what_was_known_stays(server, source, collect):
    server.mset({f"a:{number}": 1 for number in range(50)} | {f"word{number}": 1 for number in range(5)})
    collect(source)
    source.config["max_keys"] = 10
    source.save()
    job = collect(source)
    assert "Only 10 of 55 keys were looked at" in job.result["warnings"][0]["message"]
    assert job.result["removed"] == 0


@pytest.mark.redis
def test_keys_that_are_not_text_are_collected(server, source, collect):
    server.set(b"\xff\xfe\x00raw", 1)
    server.set("ключ:名", 1)
    server.set("", 1)
    job = collect(source)
    assert (job.status, job.result["warnings"]) == (JobStatus.COMPLETED, [])
    assert found().keys() == {"\\xff\\xfe\\x00raw", "ключ:名", '""'}


@pytest.mark.redis
def test_empty_database_is_a_success(server, source, collect):
    assert collect(source).result["created"] == 1


@pytest.mark.redis
def test_connection_test_tells_the_version(source, bob_actor):
    result = sources.test_connection(actor=bob_actor, source=source)
    assert (result.success, result.server_info) == (True, f"Redis {result.version}")


@pytest.mark.redis
def test_wrong_password_says_so(server, source, bob_actor):
    server.acl_setuser("cartulary_test", enabled=True, passwords=["+right"], commands=["+@all"], keys=["*"])
    try:
        changes = {"config": {"username": "cartulary_test", "password": "wr0ng-word"}}
        sources.update_data_source(actor=bob_actor, source=source, changes=changes)
        source.refresh_from_db()
        result = sources.test_connection(actor=bob_actor, source=source)
        assert result.code == "AUTHENTICATION_FAILED"
        assert "wr0ng-word" not in result.message
    finally:
        server.acl_deluser("cartulary_test")


def test_server_that_is_down_says_so(bob_actor):
    source = create_data_source(
        actor=bob_actor, data={"name": "cache", "type": "redis", "config": {"host": "127.0.0.1", "port": 1}}
    )
    result = sources.test_connection(actor=bob_actor, source=source)
    assert result.message == "127.0.0.1:1 refused the connection: is Redis running there?"


def test_a_server_is_asked_once_and_not_four_times_with_pauses(bob_actor):
    asked = 0

    def hang_up(listener):
        nonlocal asked
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                asked += 1
                client.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up, args=(listener,), daemon=True).start()
        config = {"host": "127.0.0.1", "port": listener.getsockname()[1]}
        source = create_data_source(actor=bob_actor, data={"name": "cache", "type": "redis", "config": config})
        assert not sources.test_connection(actor=bob_actor, source=source).success
        listener.shutdown(socket.SHUT_RDWR)
    assert asked == 1


@pytest.mark.parametrize(
    ("keys", "patterns"),
    [
        (["user:1", "user:22"], {"user:*": 2}),
        (["job:9b2c4f6e-1111-4222-8333-444455556666"], {"job:*": 1}),
        (["mail:a@example.com:sent"], {"mail:*:sent": 1}),
        ([f"name:{chr(97 + n)}x:v" for n in range(25)], {"name:*:v": 25}),
        (["lang:de", "lang:en"], {"lang:de": 1, "lang:en": 1}),
        ([], {}),
    ],
)
def test_values_in_keys_become_stars(keys, patterns):
    grouped = group_keys([key.encode() for key in keys])
    assert {name: pattern.count for name, pattern in grouped.items()} == patterns


def test_keys_that_are_alike_take_no_room_of_their_own():
    keys = [f"tenant:{number % 7}:user:{number}:profile".encode() for number in range(20_000)]
    tracemalloc.start()
    assert list(group_keys(keys)) == ["tenant:*:user:*:profile"]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * len(keys)
