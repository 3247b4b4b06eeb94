"""An installation whose database is behind a pooler that hands sessions on after each transaction."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.config.running import ADMIN, PASSWORD, Up, environment, manage, until
from tests.own_servers import OwnPgBouncer, own_pgbouncer

pytestmark = [pytest.mark.only_on("postgresql"), pytest.mark.xdist_group("up on servers")]


@pytest.fixture(scope="module")
def pooler() -> Iterator[OwnPgBouncer]:
    with own_pgbouncer() as started:
        yield started


def test_it_names_what_to_set(pooler, tmp_path):
    ended = manage("up", env=environment(tmp_path, DATABASE_URL=pooler.url))
    assert ended.returncode == 1
    assert "set DATABASE_BEHIND_PGBOUNCER=true" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_works_there_and_leaves_no_setting_in_sessions_of_others(pooler, tmp_path):
    values = {"DATABASE_URL": pooler.url, "DATABASE_BEHIND_PGBOUNCER": "true", "DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    up = Up(tmp_path / "data", **values, **ADMIN)
    try:
        up.log_in()
        collected = "/v1/assets?search=ingestion_job&type=TABLE"  # its own tables, which it collects when it is new
        until(lambda: up.ask("GET", collected)["pagination"]["total"], why=up.said)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda number: write_and_read(up, f"pooled.a{number}"), range(24)))
        assert settings_of(pooler) == {("off", '"$user", public', "0")}
        assert "Traceback" not in up.said()
        assert up.stop()[0] == 0, up.said()
    finally:
        up.end()


def write_and_read(up: Up, name: str) -> None:
    made = up.ask("POST", "/v1/assets", 201, json={"name": name, "qualified_name": name, "type": "TABLE"})
    assert up.ask("GET", f"/v1/assets/{made['id']}")["qualified_name"] == name
    assert up.ask("GET", f"/v1/search?q={name}")["total"]


def settings_of(pooler: OwnPgBouncer) -> set[tuple[str, ...]]:
    """What each of the server's sessions has, which other programs would be given: asked of all at the same time."""
    clients = [psycopg.connect(pooler.url) for _ in range(20)]
    try:
        names = ["default_transaction_read_only", "search_path", "statement_timeout"]
        asked = "SELECT current_setting(%s), current_setting(%s), current_setting(%s)"
        return {row for client in clients for row in client.execute(asked, names)}
    finally:
        for client in clients:
            client.close()
