"""The socket at `/v1/ws`: follow assets and background tasks live (metastore contract, "WebSocket API")."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Set
from typing import Any
from uuid import UUID

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from accounts import live
from accounts.actor import ANONYMOUS, Actor
from config.identity import TOKEN_PROTOCOL, Identity, identify, until_it_ends
from config.subscriptions import ALL_ASSETS, Subscription, changes_among, subscription
from contracts.errors import DomainError, Invalid, NotFound, RateLimited, TooLarge, Unauthenticated

MESSAGE_LIMIT = 16 * 1024  # bytes
SUBSCRIPTION_LIMIT = 200
RECHECK_SECONDS = 60.0
"""How long a socket may outlive the token, key or session it was opened with."""
BAD_TOKEN = 4401
TOO_SLOW = 4408
HEARTBEAT_SECONDS = 30.0
OUTBOX = 1000
"""Messages that may wait for a client to take them; one that is slower is dropped."""
OUTBOX_BYTES = 4 * 1024 * 1024


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One client. Says who it is when it connects, then subscribes, unsubscribes and listens."""

    actor: Actor = ANONYMOUS

    async def connect(self) -> None:
        live.serve_on(asyncio.get_running_loop())
        self.following: dict[str, set[str]] = {}  # topic → the groups it is heard in
        self.wanted: dict[str, Subscription] = {}
        self.replayed: dict[str, set[str]] = {}  # cursor of an event that may still come → the topics it was told for
        self.outbox: asyncio.Queue[str] = asyncio.Queue(OUTBOX)
        self.outbox_bytes = 0
        self.dropped = False
        self.tasks: list[asyncio.Task[None]] = []
        # Accepted first: a browser does not learn why a handshake was refused, but it sees a close code.
        await self.accept(TOKEN_PROTOCOL if TOKEN_PROTOCOL in self.scope.get("subprotocols", ()) else None)
        try:
            identity = await self._identified()
        except Unauthenticated as error:
            await self._refuse(error)
        else:
            work = (self._keep_checking(identity), self._keep_sending(), self._keep_beating())
            self.tasks = [asyncio.create_task(each) for each in work]

    async def disconnect(self, code: int) -> None:
        for task in self.tasks:
            task.cancel()
        for group in set().union(*self.following.values()):
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            await self._obey(_read(text_data, bytes_data))
        except DomainError as error:
            await self._tell_error(error)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """An event needs no database: to look for old connections first is a hop to one thread for every socket."""
        if message["type"] == "live.event":
            await self.live_event(message)
        else:
            await super().dispatch(message)

    async def live_event(self, message: dict[str, Any]) -> None:
        cursor = message.get("cursor")
        topics = self.following.keys() - (self.replayed.pop(cursor, set()) if cursor else set())
        for each in await self._heard(topics, message["topic"], message["event"], cursor):
            await self._tell(each)

    async def _heard(
        self, topics: Set[str], topic: str, event: dict[str, Any], cursor: str | None
    ) -> list[dict[str, Any]]:
        """What an event says to those who follow these topics."""
        told = [event] if any(topic == self.wanted[name].topics[0] for name in topics) else []
        if topic == ALL_ASSETS and not event["told_singly"]:
            told += await database_sync_to_async(changes_among)(event, topics)
        return [each | {"cursor": cursor} for each in told] if cursor else told

    async def _obey(self, message: dict[str, Any]) -> None:
        # The registry contract says `action` where the metastore's says `type`.
        match message.get("type", message.get("action")):
            case "subscribe":
                await self._subscribe(message)
            case "unsubscribe":
                await self._unsubscribe(message)
            case "ping":
                await self._tell({"type": "pong"})
            case _:
                raise Invalid("'type' must be one of subscribe, unsubscribe, ping")

    async def _subscribe(self, message: dict[str, Any]) -> None:
        """Join the group first and look at the state after: whatever changes in between is heard, not missed."""
        wanted = subscription(message)
        if wanted.topic not in self.following and len(self.following) >= SUBSCRIPTION_LIMIT:
            raise RateLimited(f"A socket follows at most {SUBSCRIPTION_LIMIT} things", retry_after=0)
        organization = await database_sync_to_async(wanted.organization_for)(self.actor)
        groups = {live.group_name(organization, topic) for topic in wanted.topics}
        for group in groups:
            await self.channel_layer.group_add(group, self.channel_name)
        self.following[wanted.topic], self.wanted[wanted.topic] = groups, wanted
        if "since" in message:
            await self._resume(wanted, organization, message["since"])
        else:
            await self._tell({"type": "subscribed", **wanted.named})
        state = await database_sync_to_async(wanted.state_for)(self.actor)
        if state is not None:
            await self._tell(state)

    async def _resume(self, wanted: Subscription, organization: UUID, since: Any) -> None:
        """Tell what was missed since a cursor; `complete` is false where the log does not reach back so far."""
        if not isinstance(since, str | None):
            raise Invalid("'since' must be the cursor of an event, or null")
        missed = await live.missed(organization, since or "")
        entries = [entry for entry in missed.entries if entry.topic in wanted.topics]
        told: list[dict[str, Any]] = []
        for entry in entries:
            self.replayed.setdefault(entry.cursor, set()).add(wanted.topic)
            told += await self._heard({wanted.topic}, entry.topic, entry.event, entry.cursor)
        answer = {"cursor": missed.cursor, "replayed": len(told), "complete": missed.is_complete}
        for each in ({"type": "subscribed", **wanted.named, **answer}, *told):
            await self._tell(each)

    async def _unsubscribe(self, message: dict[str, Any]) -> None:
        unwanted = subscription(message)
        left = self.following.pop(unwanted.topic, set())
        self.wanted.pop(unwanted.topic, None)
        for group in left.difference(*self.following.values()):
            await self.channel_layer.group_discard(group, self.channel_name)
        await self._tell({"type": "unsubscribed", **unwanted.named})

    async def _identified(self) -> Identity:
        """Set the actor of whoever opened the socket. Raises Unauthenticated."""
        identity: Identity = await database_sync_to_async(identify)(self.scope)
        self.actor = identity.actor
        return identity

    async def _keep_checking(self, identity: Identity) -> None:
        await self._refuse(await until_it_ends(identity, self._identified, RECHECK_SECONDS))

    async def _refuse(self, error: Unauthenticated) -> None:
        await self.close(code=BAD_TOKEN, reason=error.message)

    async def _keep_sending(self) -> None:
        while True:
            text = await self.outbox.get()
            self.outbox_bytes -= len(text)
            await self.send(text_data=text)

    async def _keep_beating(self) -> None:
        """Say now and then that the line is alive, so that a client notices when it is not."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            await self._tell({"type": "heartbeat", "time": int(time.time())})

    async def _tell(self, message: dict[str, Any]) -> None:
        """Put a message into the outbox. A client that takes too little is dropped, and may come back with `since`."""
        text = orjson.dumps(message).decode()
        if self.dropped:
            return
        if self.outbox.full() or self.outbox_bytes + len(text) > OUTBOX_BYTES:
            self.dropped = True
            await self.close(code=TOO_SLOW, reason="Too many messages were waiting: connect again, and read on")
            return
        self.outbox_bytes += len(text)
        self.outbox.put_nowait(text)

    async def _tell_error(self, error: DomainError) -> None:
        told: dict[str, Any] = {"code": _code(error), "message": error.message}
        if error.details:
            told["details"] = error.details
        await self._tell({"type": "error", "error": told})


def _read(text: str | None, data: bytes | None) -> dict[str, Any]:
    """The message as an object. Raises Invalid or TooLarge."""
    if text is None:
        raise Invalid("Send text, not binary")
    if len(text) > MESSAGE_LIMIT:
        raise TooLarge(f"A message has at most {MESSAGE_LIMIT} characters")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"The message is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise Invalid("A message is a JSON object with a 'type'")
    return message


_CODES = {
    "invalid": "VALIDATION_ERROR",
    "too_large": "MESSAGE_TOO_LARGE",
    "rate_limited": "TOO_MANY_SUBSCRIPTIONS",
    "forbidden": "FORBIDDEN",
    "unauthenticated": "UNAUTHORIZED",
}


def _code(error: DomainError) -> str:
    """The metastore contract's code for an error."""
    if isinstance(error, NotFound):
        return f"{error.resource}_not_found".upper()
    return _CODES[error.kind]
