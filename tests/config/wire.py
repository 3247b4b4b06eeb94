"""What the tests of both sockets do with one."""

from __future__ import annotations

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator

from config.asgi import application

PATIENCE = 60
"""Seconds after which something will never come."""


class Wire:
    """A socket at a path of our application; every wait is bounded."""

    def __init__(self, path: str, headers: dict[str, str] | None = None, **scope: Any) -> None:
        given = [(name.encode(), value.encode()) for name, value in ({"host": "testserver"} | (headers or {})).items()]
        self.wire = ApplicationCommunicator(
            application, {"type": "websocket", "path": path, "query_string": b"", "headers": given, **scope}
        )

    async def hear(self) -> Any:
        message = await self.wire.receive_output(PATIENCE)
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"])

    async def send(self, **message: Any) -> None:
        """`text` or `bytes`."""
        await self.wire.send_input({"type": "websocket.receive", **message})

    async def hears_nothing(self) -> bool:
        return bool(await self.wire.receive_nothing(timeout=0.3))

    async def close_code(self) -> int:
        message = await self.wire.receive_output(PATIENCE)
        assert message["type"] == "websocket.close", message
        return int(message["code"])

    async def close(self) -> None:
        await self.wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wire.wait(PATIENCE)
