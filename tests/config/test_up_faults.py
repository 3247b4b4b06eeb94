"""What a whole installation lives through: its broker and its database restarted, its worker killed, each its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.config.running import ADMIN, PASSWORD, Up, WebServer, begin, until
from tests.config.sources import collect_from, silent_server, status_of
from tests.own_servers import OwnPostgreSQL, OwnRedis, own_postgresql, own_redis

pytestmark = [pytest.mark.only_on("postgresql"), pytest.mark.postgresql, pytest.mark.xdist_group("up on servers")]

ENVIRONMENT = {
    "SECRET_KEY": "one for all processes, long enough for HMAC with SHA-256",
    "DJANGO_SUPERUSER_PASSWORD": PASSWORD,
    **ADMIN,
}


def collect_own(up: Up, name: str) -> str:
    """A run that has something to do and needs no other server; its id."""
    source = up.ask("GET", "/api/v1/datasources", params={"name": "cartulary"})["data_sources"][0]["id"]
    body: dict[str, Any] = {"name": name, "datasource_id": source, "type": "full_collection"}
    task = up.ask("POST", "/api/v1/tasks", 201, json=body)["id"]
    return str(up.ask("POST", f"/api/v1/tasks/{task}/execute", 202)["execution_id"])


def test_broker_and_database_are_restarted_under_it_and_then_its_worker_is_killed(tmp_path):
    with own_postgresql() as database, own_redis() as broker:
        servers = {**ENVIRONMENT, "DATABASE_URL": database.url, "CELERY_BROKER_URL": broker.url}
        up = Up(tmp_path / "data", **servers)
        try:
            up.log_in()
            until(lambda: up.ask("GET", "/api/v1/datasources")["total"], why=up.said)
            broker_is_restarted(up, broker)
            database_is_restarted(up, database)
            assert up.stop()[0] == 0, up.said()
        finally:
            up.end()
        web = WebServer(tmp_path / "data", **servers)
        try:
            web.log_in()
            worker_is_killed(web, tmp_path)
        finally:
            web.end()


def broker_is_restarted(up: Up, broker: OwnRedis) -> None:
    broker.stop()
    run = collect_own(up, "while the broker is down")
    assert status_of(up, run)["status"] == "PENDING", "accepted, and kept in its row"
    broker.start()
    until(lambda: status_of(up, run)["status"] == "COMPLETED", why=up.said)


def database_is_restarted(up: Up, database: OwnPostgreSQL) -> None:
    with silent_server() as server:
        run = collect_from(up, server.port)
        until(lambda: status_of(up, run)["status"] == "RUNNING", why=up.said)
        database.stop()
        assert up.http.get("/v1/assets").status_code == 503
        database.start()
        server.hang_up()
        ended = until(lambda: (job := status_of(up, run))["status"] == "FAILED" and job, why=up.said)
    assert ended["error"]["code"] in {"CONNECTION_LOST", "CONNECTION_FAILED"}
    after = collect_own(up, "after the database came back")
    until(lambda: status_of(up, after)["status"] == "COMPLETED", why=up.said)


def worker_is_killed(web: WebServer, folder: Path) -> None:
    """Celery's own worker, with beat in it, and all of its processes."""
    arguments = ("-m", "celery", "-A", "config", "worker", "--concurrency", "1", "-B", "-s", str(folder / "beat"))
    workers = [begin(*arguments, env=web.env, log=folder / "first.log")]
    try:
        with silent_server() as server:
            run = collect_from(web, server.port)
            first = (folder / "first.log").read_text
            until(lambda: status_of(web, run)["status"] == "RUNNING", why=first)
            for process in [psutil.Process(workers[0].pid), *psutil.Process(workers[0].pid).children(recursive=True)]:
                process.kill()
            workers[0].wait()
        workers.append(begin(*arguments, env=web.env, log=folder / "second.log"))
        second = (folder / "second.log").read_text
        ended = until(lambda: (job := status_of(web, run))["status"] == "FAILED" and job, why=second)
        assert "127.0.0.1" in ended["error"]["message"], "tried once more, and nothing listens there now"
    finally:
        for worker in workers:
            if worker.poll() is None:
                worker.terminate()
                worker.wait(timeout=60)
