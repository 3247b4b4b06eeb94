"""Doris's connector over the wire, against mysql-mimic: a server of the protocol, with what Doris says put into it."""

from __future__ import annotations

import asyncio
import threading

import pytest
from mysql_mimic import MysqlServer, Session

from catalog.models import Asset
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from ingestion.services.sources import test_connection as connection_test

TABLES = {
    "shop": {
        "orders": {"id": "largeint", "tags": "array<int>", "seen": "bitmap", "at": "datetimev2(3)"},
        "temp_x": {"i": "int"},
    },
    "__internal_schema": {"column_statistics": {"id": "varchar(4096)"}},
}


class Doris(Session):  # type: ignore[misc]  # its module has no types
    def __init__(self) -> None:
        super().__init__()
        self.variables.set("version_comment", "Doris version doris-2.1.7-rc03-443e87e203", force=True)

    async def schema(self):
        return {"def": TABLES}

    async def close(self) -> None:
        self.connection.stream.writer.close()  # which the server leaves to the garbage collector
        await super().close()


@pytest.fixture
def port():
    """A server in a thread of its own."""
    loop, up, ports = asyncio.new_event_loop(), threading.Event(), []

    async def serve(stop: asyncio.Event) -> None:
        server = MysqlServer(session_factory=Doris)
        await server.start_server(host="127.0.0.1", port=0)
        ports.append(server.sockets()[0].getsockname()[1])
        up.set()
        await stop.wait()
        server.close()
        await server.wait_closed()
        # What serves a connection ends with it.
        if serving := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(serving, timeout=10)
        await asyncio.sleep(0)

    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(stop),), daemon=True)
    thread.start()
    assert up.wait(20)
    yield ports[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)
    loop.close()


def make(actor, port):
    config = {"host": "127.0.0.1", "port": port, "username": "root"}
    return create_data_source(actor=actor, data={"name": "olap", "type": "doris", "config": config})


def test_databases_and_tables_come_over_the_wire(port, bob_actor, collect):
    job = collect(make(bob_actor, port), {"exclude_tables": ["temp_*"]})
    assert (job.status, job.error, job.result["warnings"]) == (JobStatus.COMPLETED, None, [])
    found = {asset.qualified_name: asset for asset in Asset.objects.all()}
    assert set(found) == {"olap.shop", "olap.shop.orders"}
    assert found["olap.shop"].metadata["engine"] == "Doris"
    columns = {one["name"]: one["type"].lower() for one in found["olap.shop.orders"].schema}
    assert columns == TABLES["shop"]["orders"]


def test_connection_tells_doris_own_version(port, bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, port))
    assert (result.success, result.server_info) == (True, "Doris 2.1.7-rc03-443e87e203")
