"""Who opens a socket, and until when that holds; who sends a large body."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import structlog
from django.conf import settings
from django.db import Error
from django.http import parse_cookie

from accounts.actor import Actor
from accounts.models import ApiKey
from accounts.tokens import KEY_PREFIX, credential_of, hash_key
from config.subscriptions import browser_actor
from contracts.errors import Unauthenticated

logger = structlog.get_logger(__name__)

RETRY_SECONDS = 5.0
"""When a database that did not answer is asked again who is there."""
TOKEN_PROTOCOL = "bearer"  # noqa: S105  the name of a subprotocol
"""A browser cannot set headers: `new WebSocket(url, ["bearer", token])` brings the token as a subprotocol."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The actor, and the epoch second at which what it proved itself with ends (None where it names none)."""

    actor: Actor
    until: float | None = None


def identify(scope: Mapping[str, Any], token: str = "", *, door: str = "websocket") -> Identity:
    """Who is behind `token`, `?token=`, a subprotocol, a header or the admin's session, in this order.

    Reads the database. Raises Unauthenticated.
    """
    headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
    token = token or _given(scope, headers)
    if token:
        return Identity(credential_of(token, door=door).actor, end_of(token))
    session = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    if session and _same_site(headers):
        return Identity(browser_actor(session))
    raise Unauthenticated("Connect with ?token=, an Authorization or X-API-Key header, or signed in to the admin")


def check_sender(scope: Mapping[str, Any]) -> None:
    """Raises Unauthenticated where a request has no good token or key in a header, and no session of the admin."""
    headers = {name.decode("latin1"): value.decode("latin1") for name, value in scope["headers"]}
    token = _in_headers(headers)
    session = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    if token:
        credential_of(token, door="rest")
    elif session:
        browser_actor(session)
    else:
        raise Unauthenticated("A body of this size is taken from those only who say who they are")


async def until_it_ends(identity: Identity, look: Callable[[], Awaitable[Identity]], every: float) -> Unauthenticated:
    """Wait until what opened a socket holds no more: it is looked at `every` so many seconds, and when it ends.

    Returns why. A database that does not answer says nothing of anybody, and is asked again.
    """
    while True:
        left = every if identity.until is None else identity.until - time.time()
        await asyncio.sleep(max(0.0, min(left, every)))
        try:
            identity = await look()
        except Unauthenticated as error:
            return error
        except Error as error:
            logger.warning("socket_not_checked", error=str(error))
            await asyncio.sleep(RETRY_SECONDS)


def _given(scope: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    protocols = list(scope.get("subprotocols", ()))
    following = protocols[protocols.index(TOKEN_PROTOCOL) + 1 :] if TOKEN_PROTOCOL in protocols else []
    return (
        parse_qs(scope["query_string"].decode("latin1")).get("token", [""])[0]
        or next(iter(following), "")
        or _in_headers(headers)
    )


def _in_headers(headers: Mapping[str, str]) -> str:
    """The token or key of a header; empty where there is none."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    return (bearer.strip() if scheme.lower() == "bearer" else "") or headers.get("x-api-key", "")


def end_of(token: str) -> float | None:
    """When a token that was found to be good ends."""
    if token.startswith(KEY_PREFIX):
        end: datetime | None = (
            ApiKey.objects.filter(key_hash=hash_key(token)).values_list("expires_at", flat=True).first()
        )
        return end.timestamp() if end else None
    claims = jwt.decode(token, options={"verify_signature": False})
    return float(claims["exp"]) if "exp" in claims else None


def _same_site(headers: Mapping[str, str]) -> bool:
    """Whether the page that opened the socket is ours: a browser sends cookies with any page's sockets."""
    origin = headers.get("origin", "")
    return bool(origin) and (
        urlsplit(origin).netloc == headers.get("host", "") or origin in settings.CSRF_TRUSTED_ORIGINS
    )
