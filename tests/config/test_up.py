"""One command runs everything, ends whole, and comes back from the worst."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.config.ports import free_port
from tests.config.running import ADMIN, DATABASE, PASSWORD, ROOT, Up, environment, manage, until
from tests.config.sources import collect, collect_from, follow, hear, hear_the_end, silent_server, status_of

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.xdist_group("up")]

MIB = 1024 * 1024


def test_health(running):
    assert running.ask("GET", "/api/v1/health")["status"] == "healthy"


def test_it_says_where_to_go(running):
    said = running.said()
    for part in (f"{running.base}/admin/", f"{running.base}/api/docs", running.env["GRPC_PORT"], "root@example.com"):
        assert part in said
    assert PASSWORD not in said


def test_its_own_tables_are_in_the_catalog_with_columns(running):
    def table() -> dict[str, Any] | None:
        page = running.ask("GET", "/v1/assets", params={"type": "TABLE", "limit": 100})
        return next((each for each in page["data"] if each["name"] == "catalog_asset"), None)

    found: Any = until(table, why=running.said)
    columns = {column["name"]: column for column in running.ask("GET", f"/v1/assets/{found['id']}")["schema"]}
    assert {"id", "qualified_name", "schema"} <= columns.keys()
    assert columns["qualified_name"]["nullable"] is False


def test_admin_signs_in_to_the_pages(running):
    page = running.http.get("/admin/login/")
    assert page.status_code == 200
    token = page.cookies["csrftoken"]
    form = {"username": "root", "password": PASSWORD, "csrfmiddlewaretoken": token, "next": "/admin/"}
    answer = running.http.post("/admin/login/", data=form)
    assert (answer.status_code, answer.headers["location"]) == (302, "/admin/")


def test_style_sheets_are_served(running):
    page = httpx.get(f"{running.base}/admin/login/", timeout=60).text
    sheet = next(part.split('"')[0] for part in page.split('href="') if ".css" in part.split('"')[0])
    answer = running.http.get(sheet)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")


def test_grpc_is_healthy_and_lists_its_services(running):
    with grpc.insecure_channel(f"127.0.0.1:{running.env['GRPC_PORT']}") as channel:
        health = health_pb2_grpc.HealthStub(channel).Check(  # type: ignore[attr-defined]
            health_pb2.HealthCheckRequest(), timeout=60
        )
        assert health.status == health_pb2.HealthCheckResponse.SERVING
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        stub: Any = reflection_pb2_grpc.ServerReflectionStub(channel)
        (listed,) = stub.ServerReflectionInfo(iter([asked]), timeout=60)
    assert "grpc.health.v1.Health" in {each.name for each in listed.list_services_response.service}


def test_a_socket_hears_how_a_run_goes(running):
    with silent_server() as server, running.socket() as socket:
        run = collect_from(running, server.port)
        until(lambda: status_of(running, run)["status"] == "RUNNING")
        follow(socket, run)
        assert hear(socket)["status"] == "RUNNING"
        server.hang_up()
        ended = hear_the_end(socket)
    assert (ended["status"], ended["task_id"]) == ("FAILED", run)
    assert ended["error"]["message"]


def test_a_socket_hears_a_run_that_works(running):
    (own,) = running.ask("GET", "/api/v1/datasources")["data_sources"][-1:]
    with running.socket() as socket:
        follow(socket, collect(running, own["id"], "once more"))
        ended = hear_the_end(socket)
    assert (ended["status"], ended["progress"]) == ("COMPLETED", 100)
    assert ended["result"]["unchanged"] > 0


def test_a_socket_with_a_bad_token_is_closed_with_4401(running):
    running_socket = connect(f"{running.base.replace('http', 'ws')}/v1/ws?token=nonsense", open_timeout=60)
    with running_socket as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=60)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_schedule_is_in_the_database_once(running):
    assert running.rows(
        "SELECT count(*) FROM django_celery_beat_periodictask WHERE task = 'ingestion.dispatch_jobs'"
    ) == [(1,)]


def test_memory_stays_under_400_mib(running):
    assert running.resident() < 400 * MIB


def test_second_instance_is_refused(running):
    ended = manage("up", env=environment(running.data_dir))
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith("set another DATA_DIR, PORT and GRPC_PORT")
    assert f"(process {running.process.pid})" in ended.stderr


def test_a_source_that_is_down_leaves_a_reason(running):
    run = collect_from(running, free_port())
    ended = until(lambda: (job := status_of(running, run))["status"] == "FAILED" and job, why=running.said)
    assert "127.0.0.1" in ended["error"]["message"]


def test_a_signal_ends_all_of_it_and_a_second_start_is_quick(tmp_path):
    up = Up(tmp_path / "data")
    try:
        password = up.said_once(r"Password\s+(\S+)")
        up.log_in("admin@localhost", password)
        status, took = up.stop()
        assert (status, took < 30) == (0, True), up.said()
        assert up.said().rstrip().endswith("Stopped.")
        assert "Traceback" not in up.said()
        again = Up(tmp_path / "data")
        try:
            again.log_in("admin@localhost", password)
            assert "Password" not in again.said()
            assert again.seconds_to_start < 10
            assert again.rows("SELECT count(*) FROM accounts_user") == [(1,)]
            assert again.rows("SELECT count(*) FROM ingestion_datasource") == [(1,)]
            assert again.stop(signal.SIGTERM)[0] == 0
        finally:
            again.end()
    finally:
        up.end()


def test_a_signal_ends_it_in_the_middle_of_a_collection_too(data_dir):
    up = Up(data_dir, **ADMIN, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    try:
        up.log_in()
        with silent_server() as server:
            run = collect_from(up, server.port)
            until(lambda: status_of(up, run)["status"] == "RUNNING")
            status, took = up.stop()
        assert (status, took < 30) == (0, True), up.said()
    finally:
        up.end()


def test_killed_in_the_middle_of_a_collection_leaves_no_run_running(data_dir):
    up = Up(data_dir, **ADMIN, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
    try:
        up.log_in()
        with silent_server() as server:
            run = collect_from(up, server.port)
            until(lambda: status_of(up, run)["status"] == "RUNNING")
            up.process.kill()
            up.process.wait()
        again = Up(data_dir)
        try:
            again.log_in()
            ended = until(lambda: (job := status_of(again, run))["status"] == "FAILED" and job, why=again.said)
            assert "127.0.0.1" in ended["error"]["message"], "tried once more, and nothing listens there now"
            assert again.rows("SELECT attempts FROM ingestion_job WHERE status = 'FAILED'") == [(2,)]
            assert again.rows("SELECT count(*) FROM ingestion_job WHERE status = 'RUNNING'") == [(0,)]
        finally:
            again.end()
    finally:
        up.end()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"PORT": "http"}, "PORT must be a whole number from 1 to 65535, not 'http'"),
        ({"DEBUG": "perhaps"}, "DEBUG must be true or false, not 'perhaps'"),
        ({"RATE_METASTORE": "many"}, "RATE_METASTORE must look like 100/hour"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT must be one of json, text"),
        ({"DATABASE_URL": "mysql://h/d"}, "DATABASE_URL must begin with postgresql:// or sqlite:///"),
        (
            {"DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:9/d"},
            "the database 'd' at 127.0.0.1:9 (DATABASE_URL) cannot be used",
        ),
        ({"DATABASE_URL": "sqlite:////dev/null/x"}, "the database /dev/null/x cannot be opened"),
        ({"REDIS_URL": "localhost"}, "REDIS_URL must begin with one of redis://"),
        ({"CELERY_BROKER_URL": "kafka://h"}, "CELERY_BROKER_URL must begin with one of"),
        ({"DATA_DIR": "/proc/nowhere"}, "DATA_DIR /proc/nowhere cannot be written to"),
        ({"HOST": "192.0.2.1"}, "HOST '192.0.2.1' is not an address of this machine"),
        ({"SECRET_KEY_FILE": "/no/such/file"}, "SECRET_KEY_FILE: /no/such/file cannot be read"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_keeps_it_from_starting_is_said_in_one_line(tmp_path, values, said):
    refused(environment(tmp_path / "data") | values, said)


def test_a_first_administrator_that_cannot_be_made_is_said_in_one_line_too(data_dir):
    refused(environment(data_dir, DJANGO_SUPERUSER_EMAIL="not an address"), "the first administrator cannot be made")


def refused(env: dict[str, str], said: str) -> None:
    """`manage.py up` ends at once, and says why in one line."""
    ended = manage("up", env=env)
    assert ended.returncode == 1
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith("Cartulary cannot start: ")
    assert said in line
    assert "hunter2" not in line
    assert "is running" not in ended.stdout


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cartulary.sqlite3").write_text("This is a letter, not a database. " * 100)
    ended = manage("up", env=environment(tmp_path / "data"))
    (line,) = ended.stderr.strip().splitlines()
    assert "cartulary.sqlite3 is not an SQLite database, or it is damaged" in line


def test_a_database_that_may_not_be_written(data_dir):
    """SQLite opens a file of a later write format read-only, for root too."""
    with (data_dir / DATABASE).open("r+b") as database:
        database.seek(18)
        database.write(b"\x03")
    ended = manage("up", env=environment(data_dir))
    (line,) = ended.stderr.strip().splitlines()
    assert "cartulary.sqlite3 may not be written to by this user" in line


@pytest.mark.parametrize("arguments", [("migrate",), ("check",), ("collect", "x")])
def test_without_a_secret_key_other_commands_say_so(tmp_path, arguments):
    ended = manage(*arguments, env=environment(tmp_path))
    assert ended.returncode == 1
    (line,) = ended.stderr.strip().splitlines()
    assert line.startswith("Cartulary cannot start: SECRET_KEY is not set")


@pytest.mark.parametrize("arguments", [("up", "--help"), ("help", "up"), ("help",)])
def test_help_needs_no_installation_and_makes_none(tmp_path, arguments):
    ended = manage(*arguments, env=environment(tmp_path / "data"))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Runs Cartulary" in ended.stdout or "grpcserver" in ended.stdout
    assert not (tmp_path / "data").exists()


def test_production_entry_points_say_it_in_one_line_too(tmp_path):
    env = environment(tmp_path, DATABASE_URL="nothing", SECRET_KEY="x" * 50)
    for command in (["-m", "uvicorn", "config.asgi:application"], ["-m", "celery", "-A", "config", "worker"]):
        ended = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=env, capture_output=True, text=True, timeout=600, check=False
        )
        assert ended.returncode != 0
        assert "DATABASE_URL must begin with" in ended.stderr + ended.stdout
        assert "Traceback" not in ended.stderr
