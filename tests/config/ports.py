"""Ports that nobody listens on, nor will: what begins to listen or to connect meanwhile is given others."""

from __future__ import annotations

import random
import socket

_LOWEST, _END = 20_000, 32_000
"""Below those that the system gives to whoever asks for any."""
_held: list[socket.socket] = []


def free_port() -> int:
    """No other process of any test run is given it before this one ends: a socket of its name says whose it is."""
    for port in (random.randrange(_LOWEST, _END) for _ in range(1000)):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0cartulary-test-port-{port}")
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            mark.close()
            continue
        _held.append(mark)
        return port
    raise AssertionError("no port is free")
