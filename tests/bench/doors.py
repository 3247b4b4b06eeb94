"""gRPC against the REST routes that say the same, and a thousand sockets on a hundred assets."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import httpx
import psutil
from django.conf import settings
from django.db import connection
from websockets.asyncio.client import ClientConnection, connect

from config.rpc import METADATA
from tests.bench.batch import ingest
from tests.bench.harness import Row, compare
from tests.bench.world import World, asset_rows
from tests.config.ports import free_port
from tests.config.rpc_client import Client
from tests.config.running import ROOT

SOCKETS = 1000
ASSETS = 100
WRITERS = 4
"""Changes under way at a time."""
PATIENCE = 60.0
"""Seconds that an event may take after the last change."""
RUNS = 200


def rows(world: World) -> list[Row]:
    """REST over HTTP is the floor of the first two; the third compares what was heard with what was told."""
    ingest(world, asset_rows(2000, prefix="doors", columns=5))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM catalog_asset WHERE qualified_name LIKE 'doors.%%' ORDER BY id LIMIT %s", [ASSETS]
        )
        keys = [str(row[0]) for row in cursor.fetchall()]
    with _Server() as server:
        return [*_calls(server, world, keys[0]), asyncio.run(_sockets(server, world, keys))]


class _Server:
    """Web and gRPC in one process on the bench's database, limits out of the way."""

    def __enter__(self) -> _Server:
        self.port, self.grpc_port = free_port(), free_port()
        env = os.environ | {
            "PORT": str(self.port),
            "GRPC_PORT": str(self.grpc_port),
            "DATA_DIR": tempfile.mkdtemp(),
            "SECRET_KEY": str(settings.SECRET_KEY),
            "RATE_METASTORE": "100000000/second",
            "LOG_LEVEL": "ERROR",
        }
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL
        )
        self.base = f"http://127.0.0.1:{self.port}"
        deadline = time.monotonic() + 120
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the server did not start")
            time.sleep(0.2)
        time.sleep(5)  # its first collection of itself
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)

    def resident(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.base}/api/v1/health").status_code == 200
        except httpx.TransportError:
            return False


def _calls(server: _Server, world: World, key: str) -> list[Row]:
    client = Client(f"127.0.0.1:{server.grpc_port}", METADATA, authorization=f"Bearer {world.token}")
    http = httpx.Client(base_url=server.base, headers={"Authorization": f"Bearer {world.token}"}, timeout=PATIENCE)

    def get(path: str) -> Callable[[], object]:
        return lambda: http.get(path).raise_for_status()

    one = compare(get(f"/v1/assets/{key}"), lambda: client.GetAsset(id=key), runs=RUNS, warmup=20)
    page = compare(get("/v1/assets?limit=100"), lambda: client.ListAssets(limit=100), runs=RUNS, warmup=10)
    return [
        Row("gRPC GetAsset", "GET the same over REST", *one, 1),
        Row("gRPC ListAssets, 100", "the same page over REST", *page, 3),
    ]


async def _sockets(server: _Server, world: World, keys: list[str]) -> Row:
    """Each asset changes once while ten sockets follow it; every one of the thousand must hear its own."""
    before = server.resident()
    address = f"ws://127.0.0.1:{server.port}/v1/ws?token={world.token}"
    sockets: list[ClientConnection] = []
    for start in range(0, SOCKETS, 50):
        sockets += await asyncio.gather(*(connect(address, open_timeout=60) for _ in range(start, start + 50)))
    await asyncio.gather(*(_follow(socket, keys[number % ASSETS]) for number, socket in enumerate(sockets)))
    each = (server.resident() - before) / SOCKETS / 1024
    changed: dict[str, float] = {}
    ears = [asyncio.create_task(_hear(socket, changed)) for socket in sockets]
    began = time.perf_counter()
    headers = {"Authorization": f"Bearer {world.token}"}
    async with httpx.AsyncClient(base_url=server.base, headers=headers, timeout=PATIENCE) as http:
        for start in range(0, ASSETS, WRITERS):
            await asyncio.gather(*(_change(http, key, changed) for key in keys[start : start + WRITERS]))
    written = (time.perf_counter() - began) * 1000
    # Only now does the time run: how long the writes take is the disk's affair.
    done, deaf = await asyncio.wait(ears, timeout=PATIENCE)
    took = (time.perf_counter() - began) * 1000
    for ear in deaf:
        ear.cancel()
    await asyncio.gather(*(socket.close() for socket in sockets))
    if deaf:
        raise RuntimeError(f"{len(deaf)} of {SOCKETS} sockets heard nothing in {PATIENCE} s")
    p99 = statistics.quantiles([ear.result() for ear in done], n=100)[98] * 1000
    note = f"all {SOCKETS} heard, p99 {p99:.0f} ms from request to socket, {each:.0f} KiB a socket"
    return Row("1,000 sockets on 100 assets", "writing the 100 changes", written, took, 1.5, note=note)


async def _change(http: httpx.AsyncClient, key: str, changed: dict[str, float]) -> None:
    changed[key] = time.perf_counter()
    (await http.put(f"/v1/assets/{key}", json={"description": f"changed {time.time()}"})).raise_for_status()


async def _follow(socket: ClientConnection, key: str) -> None:
    await socket.send(json.dumps({"type": "subscribe", "channel": "asset.updates", "asset_id": key}))
    answer: dict[str, Any] = json.loads(await socket.recv())
    if answer["type"] != "subscribed":
        raise RuntimeError(str(answer))


async def _hear(socket: ClientConnection, changed: dict[str, float]) -> float:
    """Seconds from the request to the event."""
    while True:
        told = json.loads(await socket.recv())
        if told["type"] == "asset.updated":
            return time.perf_counter() - changed[told["asset_id"]]
