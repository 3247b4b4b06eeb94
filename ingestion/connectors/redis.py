"""Redis: key patterns with their types, counts, share of expiring keys and memory, from a bounded SCAN."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from sys import intern
from typing import Any, ClassVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from catalog.names import join_name
from ingestion.connectors.base import (
    AssetDraft,
    Batch,
    CollectOptions,
    ConnectionResult,
    Connector,
    JsonSchema,
    Observer,
    SourceError,
)
from ingestion.connectors.network import (
    PASSWORD_SCHEMA,
    TIMEOUT_SCHEMA,
    listening_address_of,
    port_schema,
    server_schema,
)
from ingestion.connectors.tables import chunks, contains, rounded
from ingestion.services.secrets import scrub

SAMPLE = 100
"""Keys of a pattern whose type, expiry and memory are asked for."""
SPREAD = 20
"""More different words than this in one place of a key are values, not names."""
PATTERNS = 1000
"""Patterns of a database that become assets."""

_VALUE = re.compile(r"\d+|[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,}){0,4}|[A-Za-z0-9_-]{22,}|.*@.*\..*|.{65,}")


class RedisConnector(Connector):
    type = "redis"
    title = "Redis"
    config_schema: ClassVar[JsonSchema] = server_schema(
        port_schema(6379),
        {
            "database": {
                "type": "integer",
                "minimum": 0,
                "maximum": 65535,
                "title": "Database",
                "description": "Every database that holds keys, if empty.",
            },
            "username": {"type": "string", "maxLength": 255, "title": "User name"},
            "password": PASSWORD_SCHEMA,
            "tls": {"type": "boolean", "default": False, "title": "TLS"},
            "max_keys": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1_000_000,
                "default": 10_000,
                "title": "Keys to look at in each database",
            },
            "timeout": TIMEOUT_SCHEMA,
        },
    )

    def test(self, config: Mapping[str, Any]) -> ConnectionResult:
        began = time.perf_counter()
        with _connected(config) as server:
            version = str(server.info("server").get("redis_version", ""))
        latency = round((time.perf_counter() - began) * 1000)
        return ConnectionResult(True, "Connection successful", latency, f"Redis {version}", version)

    def collect(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[Batch]:
        with _connected(config) as server:
            counts = {name: int(found["keys"]) for name, found in server.info("keyspace").items()}
        if "database" in config:
            name = f"db{config['database']}"
            counts = {name: counts.get(name, 0)}
        wanted = {name: count for name, count in sorted(counts.items()) if options.wants_schema(name)}
        observer.phase("Keys", sum(min(count, config["max_keys"]) for count in wanted.values()), until=95)
        for name, count in wanted.items():
            path = [options.root, name]
            metadata = {"engine": self.title, "keys": rounded(count)}
            yield Batch([AssetDraft("DATABASE", name, join_name(*path), "", metadata)])
            with _connected(config, int(name[2:])) as server:
                yield from _collect_keys(server, config["max_keys"], path, options, observer)

    def covers(self, parts: Sequence[str], options: CollectOptions) -> bool:
        return options.wants_schema(parts[0]) and (len(parts) < 2 or options.wants_table(parts[0], parts[1]))


@dataclass(slots=True)
class _Pattern:
    """The keys that are named alike."""

    count: int = 0
    sample: list[bytes] = field(default_factory=list)
    types: Counter[str] = field(default_factory=Counter)
    expiring: int = 0
    memory: list[int] = field(default_factory=list)

    def metadata(self, share: float) -> dict[str, Any]:
        """What was found in the sample; the number of keys as if the rest were like those looked at."""
        asked = max(sum(self.types.values()), 1)
        found = {
            "types": sorted(self.types),
            "keys": rounded(round(self.count / share)),
            "expiring_share": round(self.expiring / asked, 1),
        }
        if self.memory:
            found["bytes_each"] = rounded(sum(self.memory) // len(self.memory))
        return found


def _collect_keys(
    server: Any, max_keys: int, path: Sequence[str], options: CollectOptions, observer: Observer
) -> Iterator[Batch]:
    total = server.dbsize()
    keys = _scan(server, max_keys, observer)
    if total > len(keys):
        observer.gap(
            path[1:],
            f"Only {len(keys)} of {total} keys were looked at (max_keys): patterns of the others may be missing",
        )
    share = max(len(keys) / total, 1e-9) if total else 1.0
    patterns = {name: found for name, found in group_keys(keys).items() if options.wants_table(path[1], name)}
    largest = sorted(patterns, key=lambda name: (-patterns[name].count, name))[:PATTERNS]
    if len(patterns) > PATTERNS:
        observer.gap(path[1:], f"Only the {PATTERNS} largest of {len(patterns)} key patterns are kept")
    for names in chunks(largest, min(options.batch_size, 100)):
        observer.check()
        _examine(server, [patterns[name] for name in names])
        yield Batch(
            [
                AssetDraft("KEYSPACE", name, join_name(*path, name), "", patterns[name].metadata(share))
                for name in names
            ],
            [contains(path, [*path, name]) for name in names],
        )


def _scan(server: Any, max_keys: int, observer: Observer) -> list[bytes]:
    """At most `max_keys` keys, each once. SCAN lets the server do other work in between; KEYS would not."""
    keys: dict[bytes, None] = {}
    for part in chunks(server.scan_iter(count=1000), 1000):
        observer.check()
        before = len(keys)
        keys.update(dict.fromkeys(part[: max_keys - before]))
        observer.advance(len(keys) - before)
        if len(keys) >= max_keys:
            break
    return list(keys)


def group_keys(keys: Collection[bytes]) -> dict[str, _Pattern]:
    """The keys by pattern: parts between colons that are values (ids, numbers, addresses, many kinds) become `*`."""
    names = _starred(map(_words, keys))
    patterns: dict[str, _Pattern] = {}
    for key in keys:
        pattern = patterns.setdefault(names[_words(key)], _Pattern())
        pattern.count += 1
        if len(pattern.sample) < SAMPLE:
            pattern.sample.append(key)
    return patterns


def _words(key: bytes) -> tuple[str, ...]:
    text = key.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    return tuple("*" if _VALUE.fullmatch(word) else word for word in text.split(":"))


def _starred(shapes: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """The pattern of each of these: a million keys are few shapes, as a rule, once their values are stars."""
    words = {shape: list(shape) for shape in shapes}
    for place in range(max((len(found) for found in words.values()), default=0)):
        variety: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for found in words.values():
            if place < len(found):
                known = variety[(str(len(found)), *found[:place])]
                if len(known) <= SPREAD:
                    known.add(found[place])
        for found in words.values():
            if place < len(found) and len(variety[(str(len(found)), *found[:place])]) > SPREAD:
                found[place] = "*"
    names = {}
    while words:
        shape, found = words.popitem()
        names[shape] = intern(":".join(found)[:250] or '""')
    return names


def _examine(server: Any, patterns: Sequence[_Pattern]) -> None:
    """Ask for type, expiry and memory of each pattern's sample, in one round trip."""
    asked = [(pattern, key) for pattern in patterns for key in pattern.sample]
    pipeline = server.pipeline(transaction=False)
    for _, key in asked:
        pipeline.type(key)
        pipeline.pttl(key)
        pipeline.memory_usage(key, samples=5)
    answers = pipeline.execute(raise_on_error=False)
    for place, (pattern, _) in enumerate(asked):
        kind, expiry, memory = answers[3 * place : 3 * place + 3]
        if isinstance(kind, bytes) and kind != b"none":  # else it has gone since
            pattern.types[kind.decode()] += 1
            pattern.expiring += isinstance(expiry, int) and expiry >= 0
            if isinstance(memory, int):
                pattern.memory.append(memory)


@contextmanager
def _connected(config: Mapping[str, Any], database: int | None = None) -> Iterator[Any]:
    """A connection to a database, to an address that the guard has seen. Driver errors come out as SourceError."""
    address = listening_address_of(config)
    where = f"{config['host']}:{config['port']}"
    server = redis.Redis(
        host=config["host"] if config["tls"] else address,
        port=config["port"],
        db=config.get("database", 0) if database is None else database,
        username=config.get("username") or None,
        password=config.get("password") or None,
        ssl=config["tls"],
        socket_timeout=config["timeout"],
        socket_connect_timeout=config["timeout"],
        retry=Retry(NoBackoff(), 0),  # the run itself is tried again; by default each of ours would be four of theirs
        client_name="cartulary",
    )
    try:
        server.ping()
        yield server
    except redis.AuthenticationError:
        user = config.get("username") or "default"
        raise SourceError(
            f"Redis refused the user '{user}': check user name and password", code="AUTHENTICATION_FAILED"
        ) from None
    except redis.TimeoutError:
        message = f"Redis at {where} did not answer within {config['timeout']} seconds"
        raise SourceError(message, code="TIMEOUT", retry=True) from None
    except redis.ConnectionError as error:
        lost = "closed" in str(error).lower()
        message = (
            f"Redis closed the connection at {where}"
            if lost
            else f"{where} refused the connection: is Redis running there?"
        )
        raise SourceError(message, code="CONNECTION_LOST" if lost else "CONNECTION_FAILED", retry=True) from None
    except redis.RedisError as error:
        code = "PERMISSION_DENIED" if isinstance(error, redis.exceptions.NoPermissionError) else "SOURCE_ERROR"
        raise SourceError(f"Redis says: {scrub(str(error), [config.get('password')])}", code=code) from None
    finally:
        server.close()
