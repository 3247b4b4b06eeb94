"""Sources to collect from that behave badly, and sockets to hear of it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection

from tests.config.running import Up


class SilentServer:
    """Takes connections and never says a word, until it hangs up: collecting from it lasts as long."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []
        self._is_over, self._lock = False, threading.Lock()
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def hang_up(self) -> None:
        with self._lock:
            self._is_over = True
            for each in self._held:
                each.close()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        try:
            while True:
                client = self._server.accept()[0]
                with self._lock:
                    if self._is_over:  # it came while the others were hung up on
                        client.close()
                    self._held.append(client)
        except OSError:
            return


@contextmanager
def silent_server() -> Iterator[SilentServer]:
    server = SilentServer()
    try:
        yield server
    finally:
        if server._server.fileno() >= 0:
            server.hang_up()


def collect_from(up: Up, port: int) -> str:
    """Begin a collection from a PostgreSQL server at this port; the id of its run."""
    config = {"host": "127.0.0.1", "port": port, "database": "d", "username": "u", "password": "p", "timeout": 60}
    source = up.ask(
        "POST", "/api/v1/datasources", 201, json={"name": f"at {port}", "type": "postgresql", "config": config}
    )
    return collect(up, source["id"], f"of {port}")


def collect(up: Up, source_id: str, name: str) -> str:
    """Begin a full collection of a data source, with a task of this name; the id of its run."""
    body = {"name": name, "datasource_id": source_id, "type": "full_collection"}
    task = up.ask("POST", "/api/v1/tasks", 201, json=body)
    return str(up.ask("POST", f"/api/v1/tasks/{task['id']}/execute", 202)["execution_id"])


def status_of(up: Up, run: str) -> dict[str, Any]:
    return dict(up.ask("GET", f"/v1/tasks/{run}"))


def follow(socket: ClientConnection, run: str) -> None:
    socket.send(json.dumps({"type": "subscribe", "channel": "task.progress", "task_id": run}))
    answer = hear(socket)
    assert answer == {"type": "subscribed", "channel": "task.progress", "task_id": run}


def hear(socket: ClientConnection) -> dict[str, Any]:
    """The next event; on a busy machine it may come behind heartbeats."""
    while (event := dict(json.loads(socket.recv(timeout=60)))).get("type") == "heartbeat":
        pass
    return event


def hear_the_end(socket: ClientConnection) -> dict[str, Any]:
    """The event that says how the run ended."""
    while (event := hear(socket))["status"] in {"PENDING", "RUNNING"}:
        pass
    return event
