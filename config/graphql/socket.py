"""`/graphql` as a socket: queries, mutations and subscriptions over `graphql-transport-ws`.

Who asks is said by a header of the handshake or in the payload of `connection_init` (`{"Authorization": "Bearer …"}`,
`{"token": "…"}` or `{"X-API-Key": "…"}`). The socket closes with 4401 when nobody is, and when the token ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from channels.db import database_sync_to_async
from django.conf import settings
from graphql import GraphQLError
from strawberry.channels import GraphQLWSConsumer
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler

from accounts import live
from accounts.actor import ANONYMOUS, Actor
from catalog.schema_loading import Context
from config.graphql.schema import schema, tell
from config.identity import Identity, identify, until_it_ends
from contracts.errors import RateLimited, Unauthenticated
from contracts.throttling import take

BAD_TOKEN = 4401
BAD_MESSAGE = 4400
INIT_SECONDS = 10
OPERATIONS = 100
"""Operations that one socket may have under way."""
RECHECK_SECONDS = 60.0


@dataclass
class SocketContext(Context):
    """As of any operation; the protocol's handler puts the payload of `connection_init` here."""

    connection_params: Any = None


class Handler(BaseGraphQLTransportWSHandler[Any, None]):
    """The protocol, with our codes, and without its trust in the shape of messages."""

    async def handle_connection_init(self, message: Any) -> None:
        try:
            await super().handle_connection_init(message)
        except Unauthenticated as error:
            await self.websocket.close(code=BAD_TOKEN, reason=error.message)

    async def handle_message(self, message: Any) -> None:
        if not isinstance(message, dict) or not _is_sound(message):
            await self.websocket.close(code=BAD_MESSAGE, reason="The message is not one of graphql-transport-ws")
            return
        if message["type"] == "subscribe" and self.connection_acknowledged:
            try:
                await database_sync_to_async(_count)(self.context.actor)
            except RateLimited as limit:
                error = GraphQLError(limit.message, original_error=limit)
                tell(error)
                await self.send_message({"id": message["id"], "type": "error", "payload": [error.formatted]})
                return
        await super().handle_message(message)  # type: ignore[arg-type]


class GraphQLSocket(GraphQLWSConsumer[Any, None]):
    graphql_transport_ws_handler_class = Handler

    def __init__(self) -> None:
        super().__init__(
            schema,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=OPERATIONS,
            allowed_origins=("*",),  # a token is no cookie; a session is looked at with its origin
        )
        self.checking: asyncio.Task[None] | None = None

    def decode_json(self, data: str | bytes) -> object:
        return orjson.loads(data)  # which refuses what is nested too deeply

    async def connect(self) -> None:
        live.serve_on(asyncio.get_running_loop())
        await super().connect()

    async def disconnect(self, code: int) -> None:
        if self.checking is not None:
            self.checking.cancel()
        await super().disconnect(code)

    async def get_context(self, request: Any, response: Any) -> SocketContext:
        return SocketContext(ANONYMOUS, database_sync_to_async)

    async def on_ws_connect(self, context: Any) -> Any:
        """Let the socket in. Raises Unauthenticated."""
        token = _token_of(context.connection_params or {})

        async def identified() -> Identity:
            identity: Identity = await database_sync_to_async(identify)(self.scope, token, door="graphql")
            context.actor = identity.actor
            return identity

        self.checking = asyncio.create_task(self._keep_checking(await identified(), identified))
        return await super().on_ws_connect(context)

    async def _keep_checking(self, identity: Identity, look: Callable[[], Awaitable[Identity]]) -> None:
        error = await until_it_ends(identity, look, RECHECK_SECONDS)
        await self.close(code=BAD_TOKEN, reason=error.message)


def _token_of(payload: Mapping[str, Any]) -> str:
    given = {str(name).lower(): value for name, value in payload.items() if isinstance(value, str)}
    scheme, _, bearer = given.get("authorization", "").partition(" ")
    return (bearer.strip() if scheme.lower() == "bearer" else "") or given.get("x-api-key") or given.get("token", "")


def _is_sound(message: Mapping[str, Any]) -> bool:
    """Whether the handler may look into it: it takes types for granted."""
    if not isinstance(message.get("type"), str):
        return False
    if message["type"] in {"subscribe", "complete"} and not isinstance(message.get("id"), str):
        return False
    if message["type"] != "subscribe":
        return True
    payload = message.get("payload")
    return (
        isinstance(payload, dict)
        and isinstance(payload.get("query"), str)
        and isinstance(payload.get("variables"), dict | None)
        and isinstance(payload.get("operationName"), str | None)
    )


def _count(actor: Actor) -> None:
    identity = f"actor:{actor.organization_id}:{actor.api_key_id or actor.user_id}"
    rate = take("metastore", identity, settings.RATE_METASTORE)
    if rate is not None:
        rate.check()
