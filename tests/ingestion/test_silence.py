"""A running job is cancelled within seconds, also while the server that it reads from says nothing more."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from accounts.actor import Actor
from catalog.models import Asset
from ingestion.models import DataSource, Job, JobStatus
from ingestion.services import jobs
from ingestion.services.bulk import create_job
from ingestion.services.collections import execute_task, full_collection_of
from ingestion.services.running import Run
from ingestion.services.sources import create_data_source
from ingestion.services.worker import execute
from tests.certificates import make_pair
from tests.ingestion.line import line_to

WITHIN = 10
"""Seconds. It takes about one; the drivers wait for twenty at least."""
ROWS = b"".join(b'{"type": "TABLE", "name": "t%d", "qualified_name": "web.t%d"}\n' % (n, n) for n in range(1000))


class Silent:
    """A server that says so much to everyone who asks, and then nothing until the test is over."""

    def __init__(self, says: bytes = b"", context: ssl.SSLContext | None = None) -> None:
        self.says, self.context, self.is_silent = says, context, threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for one in (self._server, *self._clients):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                if self.context is not None:
                    client = self.context.wrap_socket(client, server_side=True)
                self._clients.append(client)
                if self.says:
                    client.recv(65536)
                    client.sendall(self.says)
                self.is_silent.set()


@pytest.fixture
def silent() -> Iterator[Callable[..., Silent]]:
    servers: list[Silent] = []

    def make(*arguments: Any) -> Silent:
        servers.append(Silent(*arguments))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


class Watched(Run):
    """A run that somebody cancels once its server has fallen silent."""

    def __init__(self, job: Job, actor: Actor, event: threading.Event) -> None:
        super().__init__(job)
        self.canceller, self.event = actor, event
        self.cancelled_at: float | None = None

    def check(self) -> None:
        if self.cancelled_at is None and self.event.is_set():
            jobs.cancel(actor=self.canceller, job=Job.objects.get(pk=self.job.pk))
            self.cancelled_at = time.monotonic()
        super().check()


def check_that_it_ends(event: threading.Event, actor: Actor) -> Job:
    job = jobs.claim()
    assert job is not None
    run = Watched(job, actor, event)
    execute(job, run=run)
    ended = time.monotonic()
    job.refresh_from_db()
    assert (job.status, job.error) == (JobStatus.CANCELLED, None)
    assert run.cancelled_at is not None
    assert ended - run.cancelled_at < WITHIN
    return job


def ingest(actor: Actor, source: str) -> None:
    create_job(actor=actor, data={"type": "BULK_INGESTION", "payload": {"source": source}})


def collect(actor: Actor, source: DataSource) -> None:
    execute_task(actor=actor, task=full_collection_of(actor=actor, source=source))


def test_download_from_a_server_that_says_nothing(silent, bob_actor):
    server = silent()
    ingest(bob_actor, f"https://localhost:{server.port}/a.json")
    check_that_it_ends(server.is_silent, bob_actor)


def test_download_that_stops_in_the_middle_keeps_what_was_done(silent, bob_actor, tmp_path, monkeypatch):
    pair = make_pair(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(pair.cert))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    server = silent(b"HTTP/1.1 200 OK\r\n\r\n" + ROWS * 10, context)
    ingest(bob_actor, f"https://localhost:{server.port}/a.ndjson")
    job = check_that_it_ends(server.is_silent, bob_actor)
    done = (job.result or {}).get("created", 0)
    assert Asset.objects.count() == done


@pytest.mark.parametrize(
    "says", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + ROWS], ids=["from the beginning", "halfway"]
)
def test_object_of_a_storage_that_says_nothing(silent, says, bob_actor, monkeypatch, settings):
    server = silent(says)
    for name, value in {
        "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{server.port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    settings.IMPORT_BUCKETS = ["imports"]
    ingest(bob_actor, "s3://imports/a.ndjson")
    check_that_it_ends(server.is_silent, bob_actor)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("clickhouse", {}),
        ("doris", {"database": "d"}),
        ("elasticsearch", {}),
        ("hive", {}),
        ("kafka", {}),
        ("minio", {"access_key": "k", "secret_key": "s"}),
        ("mongodb", {}),
        ("mysql", {"database": "d"}),
        ("oracle", {"database": "d", "username": "u"}),
        ("postgresql", {"database": "d"}),
        ("rabbitmq", {}),
        ("redis", {}),
        ("sqlserver", {"database": "d"}),
    ],
)
def test_source_that_says_nothing(silent, kind, config, bob_actor):
    server = silent()
    config = {"host": "127.0.0.1", "port": server.port, "timeout": 20, **config}
    source = create_data_source(actor=bob_actor, data={"name": "far", "type": kind, "config": config})
    collect(bob_actor, source)
    check_that_it_ends(server.is_silent, bob_actor)
    source.refresh_from_db()
    assert source.status != "error", "nobody waited for its answer"


TABLES = [f"CREATE TABLE t{i} (id int PRIMARY KEY, a text, b text, c text)" for i in range(12)]


@pytest.mark.postgresql
def test_postgresql_that_falls_silent(new_database, bob_actor):
    check_that_it_falls_silent("postgresql", {**new_database(";".join(TABLES)), "sslmode": "disable"}, bob_actor)


@pytest.mark.mariadb
def test_mariadb_that_falls_silent(new_mariadb, bob_actor):
    check_that_it_falls_silent("mysql", new_mariadb(*TABLES), bob_actor)


def check_that_it_falls_silent(kind: str, config: dict[str, Any], actor: Actor) -> None:
    with line_to(config["host"], config["port"]) as line:
        far = {**config, "host": "127.0.0.1", "port": line.port}
        source = create_data_source(actor=actor, data={"name": "far", "type": kind, "config": far})
        line.after, line.falls_silent = 6_000, True
        collect(actor, source)
        check_that_it_ends(line.fell_silent, actor)
    assert not Asset.objects.exclude(stale_since=None).exists()
