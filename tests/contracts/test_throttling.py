"""Rate limits: who is counted, what the headers say, and what happens without Redis."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import redis
from rest_framework.test import APIClient

from accounts.models import Membership
from contracts import throttling
from contracts.throttling import LocalCounts, take
from tests.contracts.conftest import client_for
from tests.contracts.urls import PREFIXES

REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
RATES = {
    "metastore": "RATE_METASTORE",
    "collection": "RATE_COLLECTION",
    "registry": "RATE_REGISTRY_AUTHENTICATED",
    "releases": "RATE_RELEASES",
    "entities": "RATE_ENTITIES",
}


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def store(request: pytest.FixtureRequest, settings, monkeypatch) -> str:
    """Counts in this process, then in Redis (under a name of this test's own: others may be at it too)."""
    monkeypatch.setattr(throttling, "NAMESPACE", f"test-{uuid4()}")
    monkeypatch.setattr(throttling, "REDIS_TIMEOUT", 60.0)  # a busy machine is no Redis that is down
    settings.REDIS_URL = "" if request.param == "memory" else REDIS
    if settings.REDIS_URL:
        needs_redis()
    return str(request.param)


def needs_redis() -> None:
    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=10).ping()
    except redis.ConnectionError:
        if os.environ.get("CI"):
            raise
        pytest.skip("no Redis server")


@pytest.mark.parametrize("name", PREFIXES)
def test_every_answer_says_where_the_caller_stands(name: str, store: str, editor: APIClient, settings) -> None:
    setattr(settings, RATES[name], "3/hour")
    prefix, began = PREFIXES[name], time.time()
    answers = [editor.get(f"{prefix}/{path}") for path in ("things", "things/7", "broken/bug", "things")]
    assert [answer.status_code for answer in answers] == [200, 404, 500, 429]
    assert [answer["X-RateLimit-Limit"] for answer in answers] == ["3"] * 4
    assert [answer["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    ended = time.time()
    assert all(began + 3598 <= int(answer["X-RateLimit-Reset"]) <= ended + 3602 for answer in answers)
    assert [answer.has_header("Retry-After") for answer in answers] == [False, False, False, True]
    assert 3598 - (ended - began) <= int(answers[3]["Retry-After"]) <= 3601


@pytest.mark.parametrize("name", PREFIXES)
def test_a_304_and_a_201_say_it_too(name: str, editor: APIClient) -> None:
    created = editor.post(f"{PREFIXES[name]}/things", {"name": "a", "size": 1}, format="json")
    assert created.status_code == 201
    assert created["X-RateLimit-Remaining"]
    etag = editor.get(f"{PREFIXES[name]}/things")["ETag"]
    same = editor.get(f"{PREFIXES[name]}/things", HTTP_IF_NONE_MATCH=etag)
    assert same.status_code == 304
    assert same["X-RateLimit-Remaining"]


def test_registry_says_how_much_and_until_when(nobody: APIClient, settings) -> None:
    settings.RATE_REGISTRY_ANONYMOUS = "1/hour"
    nobody.get("/api/v1/sources/things")
    answer = nobody.get("/api/v1/sources/things")
    error = answer.json()["error"]
    assert error["code"] == "RATE_LIMIT_EXCEEDED"
    assert error["message"] == f"Rate limit exceeded. Try again in {answer['Retry-After']} seconds."
    assert error["details"].keys() == {"limit", "reset_at"}
    assert error["details"]["limit"] == 1
    reset = datetime.strptime(error["details"]["reset_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    assert int(reset.timestamp()) == int(answer["X-RateLimit-Reset"])


def pass_time(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """In this process by its clock; in Redis, which has its own, by what is left to each of our counts."""
    with redis.Redis.from_url(REDIS) as server:
        for key in server.scan_iter(f"*{throttling.NAMESPACE}*", count=10_000):
            server.expire(key, max(0, server.ttl(key) - seconds))
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + seconds)


def test_a_window_that_is_over_begins_anew(store: str, editor: APIClient, settings, monkeypatch) -> None:
    settings.RATE_METASTORE = "1/30 second"
    assert [editor.get("/v1/things").status_code for _ in range(2)] == [200, 429]
    pass_time(monkeypatch, 31)
    assert editor.get("/v1/things").status_code == 200


def test_members_are_counted_apart_wherever_they_ask_from(
    bob_member: Membership, vera_member: Membership, settings
) -> None:
    settings.RATE_METASTORE = "1/hour"
    bob, vera = client_for(bob_member), client_for(vera_member)
    assert bob.get("/v1/things", REMOTE_ADDR="10.0.0.1").status_code == 200
    assert bob.get("/v1/things", REMOTE_ADDR="10.0.0.2").status_code == 429
    assert vera.get("/v1/things", REMOTE_ADDR="10.0.0.1").status_code == 200


def test_the_anonymous_are_counted_by_address_and_so_are_bad_tokens(nobody: APIClient, settings) -> None:
    settings.RATE_METASTORE = "2/hour"
    bad: Any = {"HTTP_AUTHORIZATION": "Bearer nonsense"}
    statuses = [
        nobody.get("/v1/things", REMOTE_ADDR="10.0.0.1").status_code,
        nobody.get("/v1/things", REMOTE_ADDR="10.0.0.1", **bad).status_code,
        nobody.get("/v1/things", REMOTE_ADDR="10.0.0.1", **bad).status_code,
        nobody.get("/v1/nothing", REMOTE_ADDR="10.0.0.1").status_code,
        nobody.get("/v1/things", REMOTE_ADDR="10.0.0.2").status_code,
    ]
    assert statuses == [401, 401, 429, 429, 401]


def test_collection_counts_by_address_whoever_asks(bob_member: Membership, vera_member: Membership, settings) -> None:
    settings.RATE_COLLECTION = "1/hour"
    bob, vera = client_for(bob_member), client_for(vera_member)
    path = "/api/v1/datasources/things"
    assert bob.get(path, REMOTE_ADDR="10.0.0.1").status_code == 200
    assert vera.get(path, REMOTE_ADDR="10.0.0.1").status_code == 429
    assert vera.get(path, REMOTE_ADDR="10.0.0.2").status_code == 200


def test_contracts_are_counted_apart(editor: APIClient, settings) -> None:
    for rate in RATES.values():
        setattr(settings, rate, "1/hour")
    assert [editor.get(f"{prefix}/things").status_code for prefix in PREFIXES.values()] == [200] * 5


def test_registry_lets_members_ask_more_than_the_anonymous(editor: APIClient, nobody: APIClient, settings) -> None:
    settings.RATE_REGISTRY_ANONYMOUS, settings.RATE_REGISTRY_AUTHENTICATED = "100/hour", "1000/hour"
    assert nobody.get("/api/v1/sources/things")["X-RateLimit-Limit"] == "100"
    assert editor.get("/api/v1/sources/things")["X-RateLimit-Limit"] == "1000"


def test_requests_at_the_same_time_are_all_counted(store: str) -> None:
    with ThreadPoolExecutor(8) as threads:
        rates = list(threads.map(lambda _: take("crowd", "one", "50/hour"), range(200)))
    assert sorted(rate.used for rate in rates if rate) == list(range(1, 201))


def test_a_redis_that_is_down_lets_requests_through_and_is_not_asked_each_time(
    editor: APIClient, settings, caplog
) -> None:
    settings.REDIS_URL, settings.RATE_METASTORE = "redis://127.0.0.1:1/0", "1/hour"
    answers = [editor.get("/v1/things") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert not any(answer.has_header("X-RateLimit-Limit") for answer in answers)
    warnings = [record for record in caplog.records if record.name == "contracts"]
    assert len(warnings) == 1


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_each_kind_of_redis_url_is_understood(url: str, settings) -> None:
    settings.REDIS_URL = url
    assert take("x", "y", "1/hour") is None


def test_what_is_over_is_forgotten(monkeypatch) -> None:
    monkeypatch.setattr(LocalCounts, "SWEEP", 10)
    clock = [1000.0]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    counts = LocalCounts()
    for caller in range(10):
        counts.incr(f"early {caller}", 60)
    clock[0] += 100
    counts.incr("late", 60)
    assert counts.reset() == 1


def test_a_costly_request_takes_more(store: str) -> None:
    rate: Any = take("bytes", "one", "100/day", cost=70)
    assert (rate.used, rate.remaining) == (70, 30)
    rate = take("bytes", "one", "100/day", cost=70)
    assert (rate.used, rate.remaining) == (140, 0)
