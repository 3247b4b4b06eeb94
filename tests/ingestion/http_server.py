"""A small HTTP server that gives set answers, for sources whose server cannot be had here."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Answers:
    """`bodies` maps a path (without its query) to a body, or to (status, body). `asked` has (path, headers) of all."""

    def __init__(self, bodies: dict[str, Any]) -> None:
        self.bodies = bodies
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.port = 0

    def to(self, target: str) -> tuple[int, Any]:
        found = self.bodies.get(urlsplit(target).path, (404, {"error": "not found"}))
        return found if isinstance(found, tuple) else (200, found)


@contextmanager
def serving(bodies: dict[str, Any]) -> Iterator[Answers]:
    answers = Answers(bodies)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            status, body = answers.to(self.path)
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answers.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)


@contextmanager
def hanging_up() -> Iterator[int]:
    """A port where somebody listens to the request, and leaves without an answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def leave() -> None:
            with suppress(OSError):
                while True:
                    caller, _ = listener.accept()
                    caller.recv(65536)
                    caller.close()

        thread = threading.Thread(target=leave, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(60)
