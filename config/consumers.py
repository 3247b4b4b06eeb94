"""The socket at `/v1/ws`: follow assets and background tasks live (metastore contract, "WebSocket API")."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.http import parse_cookie

from accounts import live
from accounts.actor import ANONYMOUS, Actor
from accounts.tokens import credential_of
from config.subscriptions import ALL_ASSETS, browser_actor, changes_among, subscription
from contracts.errors import DomainError, Invalid, NotFound, RateLimited, TooLarge, Unauthenticated

MESSAGE_LIMIT = 16 * 1024  # bytes
SUBSCRIPTION_LIMIT = 200
RECHECK_SECONDS = 60.0
"""How long a socket may outlive the token, key or session it was opened with."""
BAD_TOKEN = 4401


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One client. Says who it is when it connects, then subscribes, unsubscribes and listens."""

    actor: Actor = ANONYMOUS

    async def connect(self) -> None:
        live.serve_on(asyncio.get_running_loop())
        self.following: dict[str, set[str]] = {}  # topic → the groups it is heard in
        self.recheck: asyncio.Task[None] | None = None
        # Accepted first: a browser does not learn why a handshake was refused, but it sees a close code.
        await self.accept()
        if await self._identified():
            self.recheck = asyncio.create_task(self._keep_checking())

    async def disconnect(self, code: int) -> None:
        if self.recheck is not None:
            self.recheck.cancel()
        for group in set().union(*self.following.values()):
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            await self._obey(_read(text_data, bytes_data))
        except DomainError as error:
            await self._tell_error(error)

    async def live_event(self, message: dict[str, Any]) -> None:
        topic, event = message["topic"], message["event"]
        if topic in self.following:  # it may have been unsubscribed while the event was under way
            await self._tell(event)
        if topic == ALL_ASSETS and not event["told_singly"]:
            for each in await database_sync_to_async(changes_among)(event, self.following.keys()):
                await self._tell(each)

    async def _obey(self, message: dict[str, Any]) -> None:
        match message.get("type"):
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
        self.following[wanted.topic] = groups
        await self._tell({"type": "subscribed", **wanted.named})
        state = await database_sync_to_async(wanted.state_for)(self.actor)
        if state is not None:
            await self._tell(state)

    async def _unsubscribe(self, message: dict[str, Any]) -> None:
        unwanted = subscription(message)
        left = self.following.pop(unwanted.topic, set())
        for group in left.difference(*self.following.values()):
            await self.channel_layer.group_discard(group, self.channel_name)
        await self._tell({"type": "unsubscribed", **unwanted.named})

    async def _identified(self) -> bool:
        """Set the actor of whoever opened the socket; close it and say False where there is none."""
        try:
            self.actor = await database_sync_to_async(self._who)()
        except Unauthenticated as error:
            await self.close(code=BAD_TOKEN, reason=error.message)
            return False
        return True

    async def _keep_checking(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            if not await self._identified():
                return

    def _who(self) -> Actor:
        """The actor behind `?token=`, `Authorization`, `X-API-Key` or the admin's session, in this order."""
        headers = {name.decode("latin1"): value.decode("latin1") for name, value in self.scope["headers"]}
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        token = (
            parse_qs(self.scope["query_string"].decode("latin1")).get("token", [""])[0]
            or (bearer.strip() if scheme.lower() == "bearer" else "")
            or headers.get("x-api-key", "")
        )
        if token:
            return credential_of(token, door="websocket").actor
        session = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
        if session and _same_site(headers):
            return browser_actor(session)
        raise Unauthenticated("Connect with ?token=, an Authorization or X-API-Key header, or signed in to the admin")

    async def _tell(self, message: dict[str, Any]) -> None:
        await self.send(text_data=orjson.dumps(message).decode())

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


def _same_site(headers: dict[str, str]) -> bool:
    """Whether the page that opened the socket is ours: a browser sends cookies with any page's sockets."""
    origin = headers.get("origin", "")
    return bool(origin) and (
        urlsplit(origin).netloc == headers.get("host", "") or origin in settings.CSRF_TRUSTED_ORIGINS
    )


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
