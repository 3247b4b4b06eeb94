"""Whole processes: requests per second, the memory of the embedded default, the time to migrate."""

from __future__ import annotations

import http.client
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from django.conf import settings
from django.db import connection

from catalog.models import Asset
from tests.bench.batch import ingest
from tests.bench.harness import Row
from tests.bench.world import World, asset_rows
from tests.config.running import ADMIN, PASSWORD, Up, manage

CLIENTS = 8
REQUESTS = 50
"""Of each client in one round."""
ROUNDS = 4
MEBIBYTE = 1024 * 1024
MEMORY = 400.0
SECONDS = 30.0


def rows(world: World) -> list[Row]:
    return [_throughput(world), _memory(), _migration()]


_UVICORN = ("-m", "uvicorn", "--port", "{PORT}", "--no-access-log", "--lifespan", "off")


class _Bare(Up):
    """The bare view, served as ours is."""

    command = (*_UVICORN, "--factory", "django.core.asgi:get_asgi_application")

    def _serves(self) -> bool:
        try:
            return self.http.get("/bare/none").status_code == 404
        except httpx.TransportError:
            return False


class _Ours(Up):
    command = (*_UVICORN, "config.asgi:application")
    banner = ""


@contextmanager
def _data_dir() -> Iterator[Path]:
    parent = Path(tempfile.mkdtemp())
    try:
        yield parent / "var"
    finally:
        shutil.rmtree(parent)


def _throughput(world: World) -> Row:
    """Eight clients that ask one after the other, of one process each."""
    ingest(world, asset_rows(10, prefix="running", columns=25))
    key = Asset.objects.visible_to(world.actor).get(qualified_name="running.sales.orders_000007").pk
    values = {
        "DATABASE_URL": os.environ["DATABASE_URL"],
        "SECRET_KEY": str(settings.SECRET_KEY),
        "RATE_METASTORE": "100000000/second",
        "LOG_LEVEL": "ERROR",
    }
    with _data_dir() as data_dir:
        data_dir.mkdir()
        bare = _Bare(data_dir, DJANGO_SETTINGS_MODULE="tests.bench.bare_settings", **values)
        ours = _Ours(data_dir, **values)
        try:
            floors, products = [], []
            for _ in range(ROUNDS):
                floors.append(_round(bare, f"/bare/{key}", ""))
                products.append(_round(ours, f"/v1/assets/{key}", world.token))
        finally:
            bare.end()
            ours.end()
    rates = [1000 / min(times) for times in (floors, products)]
    note = f"ms a request: {rates[1]:.0f} requests/s of ours, {rates[0]:.0f} of the bare view's"
    return Row(f"GET one, {CLIENTS} clients", "bare DRF view", min(floors), min(products), 1 / 0.7, note=note)


def _round(server: Up, path: str, token: str) -> float:
    """Milliseconds a request."""
    failures: list[str] = []

    def ask() -> None:
        client = http.client.HTTPConnection("127.0.0.1", int(server.env["PORT"]), timeout=60)
        for _ in range(REQUESTS):
            client.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
            answer = client.getresponse()
            body = answer.read()
            if answer.status != 200:
                failures.append(f"{path} answered {answer.status}: {body[:200]!r}")
                return
        client.close()

    threads = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(failures[0])
    return (time.perf_counter() - began) * 1000 / (CLIENTS * REQUESTS)


def _memory() -> Row:
    """After its first collection of itself and some pages, in one process with SQLite."""
    with _data_dir() as data_dir:
        server = Up(data_dir, **ADMIN, DJANGO_SUPERUSER_PASSWORD=PASSWORD)
        try:
            server.log_in()
            for path in ("/v1/assets?limit=100", "/v1/search?q=asset", "/api/v1/sources", "/api/schema"):
                server.http.get(path)
            resident = server.resident() / MEBIBYTE
        finally:
            server.end()
    return Row("the embedded default, resident", "the bar, in MiB", MEMORY, resident, 1, note="MiB, all processes")


def _migration() -> Row:
    """A new database on the same server, and `manage.py migrate` from start to end."""
    name = f"{connection.settings_dict['NAME']}_empty"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name}")
    try:
        env = os.environ | {"DATABASE_URL": os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"}
        began = time.perf_counter()
        ended = manage("migrate", "--verbosity", "0", env=env)
        took = time.perf_counter() - began
        if ended.returncode:
            raise RuntimeError(ended.stderr)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    return Row("migrate on an empty database", "the bar, 30 s", SECONDS * 1000, took * 1000, 1)
