"""A line between us and a server that a test can slow down, freeze or cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Line:
    """Forwards connections. What the server says passes `after` bytes only; then the line is cut, or falls silent."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.target = host, port
        self.after: int | None = None
        self.falls_silent, self.fell_silent = False, threading.Event()
        self.said = 0
        self._open: list[socket.socket] = []
        self._lock, self._is_closed = threading.Lock(), False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def heal(self) -> None:
        self.after, self.said = None, 0

    def close(self) -> None:
        """End the line and everything on it, also what is just being connected."""
        with self._lock:
            self._is_closed = True
            held = [self._server, *self._open]
        for one in held:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((self.host, self.target))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._open += [client, server]
                is_late = self._is_closed
            if is_late:
                client.close()
                server.close()
                return
            threading.Thread(target=self._carry, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, is_server: bool) -> None:
        try:
            while data := source.recv(65536):
                if is_server:
                    self.said += len(data)
                    if self.after is not None and self.said > self.after:
                        if self.falls_silent:
                            self.fell_silent.set()
                            continue
                        break
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


@contextmanager
def line_to(host: str, port: int) -> Iterator[Line]:
    line = Line(host, port)
    try:
        yield line
    finally:
        line.close()
