"""The registry: pages of dependencies, lists, resolving, conditional reads and downloads, on many sources.

Half a million sources at BENCH_SCALE=1, each with ten versions of one file.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings

from registry import storage
from registry.models import Entry, Statistics
from registry.resolution import resolve
from registry.services.parts import Part, parts_at_hand
from tests.bench import dependency_memory
from tests.bench.harness import Row, compare, statements_of
from tests.bench.world import SCALE, World, settle

SOURCES = int(500_000 * SCALE)
VERSIONS = 10
DEPENDENCIES = 567_239
DEEP = 500_000
GIBIBYTE = 1024**3


def _key(number: str) -> str:
    """An id for this number: in its order, as those of a registry that grew are."""
    return f"('01900000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


_SEED = (
    "INSERT INTO registry_entry (id, organization_id, kind, slug, slug_key, name, description, type, external_id,"
    " metadata, tags, repository_url, homepage_url, license, latest_version, latest_external_version, latest_formats,"
    " size, downloads, revision, created_at, updated_at)"
    f" SELECT {_key('n')}, %(organization)s, 'source', 'P' || n, 'p' || n, 'Protein ' || n, '', 'protein', '',"
    " '{}', '[]', '', '', '', '1.9', '', '[\"fasta\"]', 4096, n %% 1000, 1, now(), now()"
    " FROM generate_series(1, %(sources)s) n",
    "INSERT INTO registry_version (id, entry_id, version, sort_key, is_prerelease, external_version, notes, citations,"
    " formats, size, downloads, dependency_count, tree_checksum, revision, published_at, updated_at, yank_reason)"
    f" SELECT {_key('10 * n + v')}, {_key('n')}, '1.' || v, CASE v WHEN 0 THEN 'd011b' ELSE 'd011d01' || v || 'b' END,"
    " false, '', '', '[]', '[\"fasta\"]', 4096, 0, 0, '', 1, now(), now(), ''"
    " FROM generate_series(1, %(sources)s) n, generate_series(0, 9) v",
    "INSERT INTO registry_file (id, version_id, format, filename, media_type, compression, sha256, size, metadata,"
    " downloads, created_at) SELECT v.id, v.id, 'fasta', 'a.fasta', 'text/plain', 'none',"
    " encode(sha256(v.id::text::bytea), 'hex'), 4096, '{}', 0, now() FROM registry_version v",
    "INSERT INTO registry_entry (id, organization_id, kind, slug, slug_key, name, description, type, external_id,"
    " metadata, tags, repository_url, homepage_url, license, latest_version, latest_external_version, latest_formats,"
    " size, downloads, revision, created_at, updated_at) VALUES (gen_random_uuid(), %(organization)s, 'source',"
    " 'all', 'all', 'All', '', 'protein', '', '{}', '[]', '', '', '', '1.0', '', '[\"fasta\"]', 0, 0, 1, now(), now())",
    "INSERT INTO registry_version (id, entry_id, version, sort_key, is_prerelease, external_version, notes, citations,"
    " formats, size, downloads, dependency_count, tree_checksum, revision, published_at, updated_at, yank_reason)"
    " SELECT gen_random_uuid(), id, '1.0', 'd011b', false, '', '', '[]', '[\"fasta\"]', 0, 0, %(dependencies)s,"
    " repeat('a', 64), 1, now(), now(), '' FROM registry_entry WHERE slug_key = 'all'",
    "INSERT INTO registry_dependency (version_id, position, target_id, format, checksum, size)"
    " SELECT a.id, row_number() OVER () - 1, f.version_id, 'fasta', f.sha256, f.size"
    " FROM registry_version a JOIN registry_entry e ON e.id = a.entry_id AND e.slug_key = 'all',"
    " LATERAL (SELECT version_id, sha256, size FROM registry_file ORDER BY id LIMIT %(dependencies)s) f",
    "INSERT INTO registry_dependencyset (version_id, format, first, count, size, tree_checksum)"
    " SELECT version_id, 'fasta', 0, count(*), 0, repeat('a', 64) FROM registry_dependency GROUP BY version_id",
)


def rows(world: World) -> list[Row]:
    count = _seed(world)
    generous = {"RATE_REGISTRY_ANONYMOUS": "100000000/hour", "DOWNLOAD_QUOTA": f"{10**15}/day"}
    with tempfile.TemporaryDirectory() as folder, override_settings(DATA_DIR=Path(folder), **generous):
        return [
            _dependencies(count),
            _tree_checksum(count),
            *dependency_memory.rows(world, count),
            _deep_list(),
            _resolve(world),
            _not_modified(),
            _download(world),
        ]


def _seed(world: World) -> int:
    """Fill the tables, unless they were kept; answers how many dependencies the aggregate has."""
    count = min(DEPENDENCIES, SOURCES * VERSIONS)
    if Entry.objects.filter(organization=world.organization, slug_key="all").exists():
        return count
    parameters: dict[str, Any] = {"organization": world.organization.pk, "sources": SOURCES, "dependencies": count}
    with connection.cursor() as cursor, _indexed_later(cursor, "registry_version", "registry_file"):
        cursor.execute("SET session_replication_role = replica")  # no look at each row's foreign keys: they are right
        for statement in _SEED:
            cursor.execute(statement, parameters)
        cursor.execute("RESET session_replication_role")
    settle()
    Statistics.objects.create(organization=world.organization, sources=SOURCES + 1, versions=SOURCES * VERSIONS + 1)
    return count


@contextmanager
def _indexed_later(cursor: Any, *tables: str) -> Iterator[None]:
    """Build the indexes that no constraint needs when the rows are there, which is many times faster."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexdef NOT LIKE '%%UNIQUE%%'",
        [list(tables)],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        cursor.execute(definition)


def _get(url: str, *, status: int = 200, **headers: str) -> Callable[[], None]:
    client = Client(headers={name.replace("_", "-"): value for name, value in headers.items()})

    def get() -> None:
        response = client.get(url)
        if response.status_code != status:
            raise RuntimeError(f"{url} answered {response.status_code}: {response.content[:200]!r}")

    return get


def _dependencies(count: int) -> Row:
    last = -(-count // 1000)
    address = "/api/v1/sources/bench/all/1.0/dependencies?format=fasta&page="
    get = _get(f"{address}{last - 1}")
    first_ms, last_ms = compare(_get(f"{address}1"), get, runs=15, warmup=3)
    return Row(f"page {last - 1} of {count:,} dependencies", "page 1", first_ms, last_ms, 1.2, statements_of(get))


def _tree_checksum(count: int) -> Row:
    """Hashing the checksums in order is all that is needed; ours reads them from the disk in this order first."""
    with connection.cursor() as cursor, parts_at_hand() as parts:
        cursor.execute("SELECT position, target_id, checksum, size FROM registry_dependency LIMIT 100000")
        found = [
            Part(f"bench:p{place}-fasta@1", "fasta", target, target, checksum, size)
            for place, target, checksum, size in cursor.fetchall()
        ]
        checksums = [part.checksum for part in sorted(found, key=lambda part: part.spec)]
        parts.add(found)

        def floor() -> str:
            return hashlib.sha256("".join(f"sha256-{checksum}" for checksum in checksums).encode()).hexdigest()

        if floor() != parts.tree_checksum("fasta"):
            raise RuntimeError("the tree checksum is not what its definition says")
        floor_ms, ours_ms = compare(floor, lambda: parts.tree_checksum("fasta"), runs=5)
    return Row(f"tree checksum of {len(found):,} of {count:,}", "one hash, already sorted", floor_ms, ours_ms, 2)


def _deep_list() -> Row:
    """The last page that the contract lets one ask for, against LIMIT and OFFSET over whole rows.

    A page costs what its 100 sources take to write, however deep it is: the bar is for a depth that takes longer.
    """
    page = min(SOURCES // 100, 10_000)
    get = _get(f"/api/v1/sources?limit=100&sort=name&page={page}")

    def naive() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT e.*, o.* FROM registry_entry e JOIN accounts_organization o ON o.id = e.organization_id"
                " WHERE e.kind = 'source' AND e.deleted_at IS NULL ORDER BY e.name, e.id LIMIT 100 OFFSET %s",
                [(page - 1) * 100],
            )
            cursor.fetchall()

    naive_ms, ours_ms = compare(naive, get, runs=5)
    bar = 0.2 if SOURCES >= DEEP else 1
    return Row(f"page {page:,} of {SOURCES:,} sources", "LIMIT and OFFSET", naive_ms, ours_ms, bar, statements_of(get))


def _resolve(world: World) -> Row:
    names = [f"P{1 + number * (SOURCES // 500)}" for number in range(500)]
    specs = [f"bench:{name}-fasta@{asked}" for name in names for asked in ("1.3", "^1.0")][:1000]

    def floor() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT e.slug, v.version, f.sha256, f.size FROM registry_entry e"
                " JOIN registry_version v ON v.entry_id = e.id JOIN registry_file f ON f.version_id = v.id"
                " WHERE e.organization_id = %s AND e.kind = 'source' AND e.slug_key = ANY(%s)"
                " AND v.version IN ('1.3', '1.9')",
                [world.organization.pk, [name.lower() for name in names]],
            )
            if len(cursor.fetchall()) != 2 * len(names):
                raise RuntimeError("the floor does not find what it was given")

    def ours() -> None:
        if len(resolve(actor=world.actor, specs=specs).found) != len(specs):
            raise RuntimeError("not all specs resolve")

    floor_ms, ours_ms = compare(floor, ours, runs=7)
    return Row("resolve 1,000 specs, half of them ranges", "one JOIN", floor_ms, ours_ms, 6, statements_of(ours))


def _not_modified() -> Row:
    """A 304 against the whole answer."""
    address = "/api/v1/sources/bench/P77"
    etag = Client().get(address)["ETag"]
    fresh = _get(address, status=304, If_None_Match=etag)
    whole_ms, fresh_ms = compare(_get(address), fresh, runs=40, warmup=5)
    return Row("304 for a source", "its whole answer", whole_ms, fresh_ms, 0.7, statements_of(fresh))


# A download through a real socket ----------------------------------------------------------------


def _download(world: World) -> Row:
    """1 GiB from a running server, against `cat` into a socket; and what the server's memory grew by."""
    digest = _large_file()
    _point_at(digest)
    with _serving() as port:
        floor_ms, ours_ms = compare(
            lambda: _cat(storage.path_of(digest)),
            lambda: _fetch(port, "/api/v1/sources/bench/P77/1.9/download?format=fasta"),
            runs=3,
        )
    return Row("download of 1 GiB", "cat through a socket", floor_ms, ours_ms, 2)


def _large_file() -> str:
    block = os.urandom(1024 * 1024)
    return storage.store(block for _ in range(GIBIBYTE // len(block))).sha256


def _point_at(digest: str) -> None:
    entry = Entry.objects.get(slug_key="p77")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registry_file SET sha256 = %s, size = %s WHERE version_id ="
            " (SELECT id FROM registry_version WHERE entry_id = %s AND version = '1.9')",
            [digest, GIBIBYTE, entry.pk],
        )


@contextmanager
def _serving() -> Iterator[int]:
    from config.asgi import application

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = uvicorn.Server(uvicorn.Config(application, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield port
    server.should_exit = True
    thread.join()


def _fetch(port: int, path: str) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        if _drain(client) < GIBIBYTE:
            raise RuntimeError("the download was cut short")


def _cat(path: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        sender, _ = server.accept()
        place = Path(settings.DATA_DIR) / "files" / path
        with closing(sender), subprocess.Popen(["cat", str(place)], stdout=sender.fileno()) as cat:
            total = _read_exactly(client, GIBIBYTE)
            cat.wait()
        if total < GIBIBYTE:
            raise RuntimeError("cat was cut short")


def _drain(client: socket.socket) -> int:
    total, buffer = 0, bytearray(1024 * 1024)
    while count := client.recv_into(buffer):
        total += count
    return total


def _read_exactly(client: socket.socket, size: int) -> int:
    total, buffer = 0, bytearray(1024 * 1024)
    while total < size and (count := client.recv_into(buffer)):
        total += count
    return total
