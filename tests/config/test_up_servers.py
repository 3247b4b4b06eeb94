"""The same code on PostgreSQL, Redis and RabbitMQ, by environment alone: in one process, and in three."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from kombu import Connection

from tests.config.running import ADMIN, PASSWORD, Up, WebServer, begin, environment, manage, until
from tests.config.sources import collect, collect_from, follow, hear, hear_the_end, silent_server, status_of

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.redis,
    pytest.mark.rabbitmq,
    pytest.mark.only_on("postgresql"),
    pytest.mark.xdist_group("up on servers"),
]


@pytest.fixture(scope="module")
def servers(postgresql_url, redis_url, rabbitmq_url) -> Iterator[dict[str, str]]:
    """The environment of an installation on servers: a database and a queue of its own."""
    name = f"cartulary_up_{uuid4().hex[:12]}"
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    yield {
        "DATABASE_URL": postgresql_url.rpartition("/")[0] + f"/{name}",
        "REDIS_URL": redis_url,
        "CELERY_BROKER_URL": rabbitmq_url,
        "CELERY_QUEUE": name,
        "SECRET_KEY": "one for all processes, long enough for HMAC with SHA-256",
        "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
        **ADMIN,
    }
    with Connection(rabbitmq_url) as broker:
        channel: Any = broker.default_channel
        for queue in (name, f"{name}.beat", f"{name}.webhooks"):
            channel.queue_delete(queue)
    with psycopg.connect(postgresql_url, autocommit=True) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def own_source(up: Up, servers: dict[str, str]) -> str:
    """The installation's own PostgreSQL database as a data source."""
    parts = psycopg.conninfo.conninfo_to_dict(servers["DATABASE_URL"])
    config = {
        "host": parts["host"],
        "port": int(parts["port"] or 5432),
        "database": parts["dbname"],
        "username": parts["user"],
        "password": parts.get("password", ""),
    }
    body = {"name": f"own {uuid4().hex[:6]}", "type": "postgresql", "config": config}
    return str(up.ask("POST", "/api/v1/datasources", 201, json=body)["id"])


def test_everything_in_one_process(servers, tmp_path):
    up = Up(tmp_path / "data", **servers)
    try:
        up.log_in()
        with up.socket() as socket:
            follow(socket, collect(up, own_source(up, servers), "own"))
            ended = hear_the_end(socket)
        assert (ended["status"], ended["progress"]) == ("COMPLETED", 100), up.said()
        page = up.ask("GET", "/v1/assets", params={"type": "TABLE", "limit": 100})
        assert "catalog_asset" in {each["name"] for each in page["data"]}
        status, took = up.stop()
        assert (status, took < 30) == (0, True), up.said()
        assert "stopped_with_work_under_way" not in up.said()
        assert not list((tmp_path / "data").glob("*.sqlite3"))
        assert "Traceback" not in up.said()
    finally:
        up.end()


def test_each_piece_in_a_process_of_its_own(servers, tmp_path):
    """A run begun over HTTP in one process is carried out in another, and heard of in the first."""
    for command in ("migrate", "create_first_admin"):
        ended = manage(command, env=environment(tmp_path / "data", **servers))
        assert ended.returncode == 0, ended.stderr
    web = WebServer(tmp_path / "data", **servers)
    pieces = [
        begin("-m", "celery", "-A", "config", *arguments, env=web.env, log=tmp_path / f"{arguments[0]}.log")
        for arguments in (("worker", "--concurrency", "2"), ("beat",))
    ]
    try:
        web.log_in()
        with silent_server() as server, web.socket() as socket:
            run = collect_from(web, server.port)
            until(lambda: status_of(web, run)["status"] == "RUNNING", why=(tmp_path / "worker.log").read_text)
            follow(socket, run)
            assert hear(socket)["status"] == "RUNNING"
            # Idle for longer than the 5 s that the layer waits at a time.
            time.sleep(6)
            server.hang_up()
            assert hear_the_end(socket)["status"] == "FAILED"
        assert web.stop(signal.SIGTERM)[1] < 30
        for piece in pieces:
            piece.send_signal(signal.SIGTERM)
            assert piece.wait(timeout=60) == 0
        for log in tmp_path.glob("*.log"):
            assert "Traceback" not in log.read_text(), log.read_text()
    finally:
        web.end()
        for piece in pieces:
            if piece.poll() is None:
                piece.kill()
                piece.wait()


def test_a_broker_that_is_down_stops_nothing_but_the_worker(servers, tmp_path):
    """The run waits in its row; the web is whole."""
    up = Up(tmp_path / "data", **servers | {"CELERY_BROKER_URL": "amqp://guest:guest@127.0.0.1:9//"})
    try:
        up.log_in()
        run = collect(up, own_source(up, servers), f"later {uuid4().hex[:6]}")
        assert status_of(up, run)["status"] == "PENDING"
        status, took = up.stop()
        assert (status, took < 30) == (0, True), up.said()
        back = Up(tmp_path / "data", **servers)
        try:
            back.log_in()
            until(lambda: status_of(back, run)["status"] == "COMPLETED", why=back.said)
        finally:
            back.end()
    finally:
        up.end()


def test_a_database_that_is_not_there_is_said_in_one_line(servers, tmp_path):
    assert "does not exist" in refusal(
        servers, tmp_path, servers["DATABASE_URL"].replace("/cartulary_up_", "/no_such_")
    )


def test_a_database_that_refuses_the_user_is_said_without_the_password(servers, tmp_path):
    url = "postgresql://nobody-of-this-name:hunter2@" + servers["DATABASE_URL"].rpartition("@")[2]
    assert "hunter2" not in refusal(servers, tmp_path, url)


def refusal(servers: dict[str, str], tmp_path: Path, url: str) -> str:
    ended = manage("up", env=environment(tmp_path / "data", **servers | {"DATABASE_URL": url}))
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith("Cartulary cannot start: the database '")
    return line
