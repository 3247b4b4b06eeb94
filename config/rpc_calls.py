"""What surrounds every gRPC call: who asks, how often, until when, its id, its errors, its connection."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import grpc
import structlog
from django.conf import settings
from django.db import close_old_connections, connection
from google.protobuf.message import DecodeError, Message

from accounts.actor import ANONYMOUS, Actor
from accounts.tokens import credential_of
from accounts.watching import Watch
from config.hearing import follow
from config.identity import end_of
from config.rpc_errors import status_of
from contracts.base import ContractView
from contracts.collection import CollectionThrottle
from contracts.errors import BadRequest, RateLimited, Unauthenticated
from contracts.metastore import Metastore
from contracts.throttling import take

logger = structlog.get_logger("grpc")

REQUEST_ID = "x-request-id"
RECHECK_SECONDS = 60.0
"""How long a stream may outlive the token or key it was opened with, where that says no end."""
UNREADABLE = "The message cannot be read: it is no valid protobuf, or holds text that is no UTF-8"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,63}")
Context = grpc.ServicerContext


class Gone(Exception):
    """Nobody waits for the answer any more: the deadline has passed, or the client has cancelled."""


class Guarded:
    """One method as the server calls it, with bytes; everything that can go wrong becomes a status."""

    def __init__(self, method: str, request_class: type[Message], contract: type[ContractView]) -> None:
        self.method = method
        self.request_class = request_class
        self.contract = contract

    @contextmanager
    def around(self, context: Context) -> Iterator[None]:
        """The id, the connection, and the errors of what happens within."""
        request_id = request_id_of(context)
        context.send_initial_metadata(((REQUEST_ID, request_id),))
        close_old_connections()
        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                yield
        except Gone:
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "Nobody waits for the answer any more")
        except Exception as error:  # noqa: BLE001  every error is told in the protocol's words; bugs are logged there
            context.abort_with_status(status_of(error, self.method, self.contract, request_id))
        finally:
            close_old_connections()

    def admitted(self, data: bytes, context: Context) -> tuple[Actor, Message]:
        """Who asks for what. Raises Unauthenticated, RateLimited, BadRequest."""
        actor = ANONYMOUS
        try:
            actor = actor_of(context)
        finally:
            self._count(actor, context)
        try:
            return actor, self.request_class.FromString(data)
        except DecodeError:
            raise BadRequest(UNREADABLE) from None

    def _count(self, actor: Actor, context: Context) -> None:
        scope, setting = ("metastore", settings.RATE_METASTORE)
        identity = f"actor:{actor.organization_id}:{actor.api_key_id or actor.user_id}"
        if self.contract is not Metastore:
            scope, setting = CollectionThrottle.scope, settings.RATE_COLLECTION
        if self.contract is not Metastore or actor.kind == "anonymous":
            identity = f"address:{address_of(context)}"
        rate = take(scope, identity, setting)
        if rate is not None:
            rate.check()


class Unary(Guarded):
    """A call with one answer."""

    def __init__(self, call: Callable[[Actor, Any], Message], *named: Any) -> None:
        super().__init__(*named)
        self.call = call

    def __call__(self, data: bytes, context: Context) -> bytes:
        with self.around(context):
            actor, request = self.admitted(data, context)
            with wanted(context):
                return self.call(actor, request).SerializeToString()
        raise AssertionError("what went wrong has ended the call")


class Streamed(Guarded):
    """A call that follows something until it ends, the client goes, or the deadline passes."""

    experimental_thread_pool: Any = None
    """Where it runs: streams last, and must not take the threads of the calls. The name is grpc's."""

    def __init__(self, watch: Callable[[Actor, Any], Watch[Message]], *named: Any) -> None:
        super().__init__(*named)
        self.watch = watch

    def __call__(self, data: bytes, context: Context) -> Iterator[bytes]:
        with self.around(context), _streams.one_more():
            actor, request = self.admitted(data, context)
            with wanted(context):
                watch = self.watch(actor, request)
            last, proof = b"", Proof(context)
            for look in follow(watch, while_=lambda: waits(context) and proof.holds()):
                message = look.SerializeToString(deterministic=True)
                if message != last:
                    last = message
                    yield message
            check(context)


class _Streams:
    """How many streams there are: each holds a thread."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        self.count += 1
        try:
            if self.count > settings.GRPC_STREAMS:
                raise RateLimited(f"At most {settings.GRPC_STREAMS} streams at the same time", retry_after=5)
            yield
        finally:
            self.count -= 1


_streams = _Streams()


class Proof:
    """The token that a stream was opened with: it is looked at again now and then, and when it ends."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._look()

    def holds(self) -> bool:
        """True, or raises Unauthenticated."""
        if time.time() >= self.next:
            actor_of(self.context)
            self._look()
            close_old_connections()
        return True

    def _look(self) -> None:
        end = end_of(token_of(self.context))
        again = time.time() + RECHECK_SECONDS
        self.next = again if end is None else min(end, again)


def actor_of(context: Context) -> Actor:
    """The actor behind the metadata `authorization: Bearer …` or `x-api-key`. Raises Unauthenticated."""
    return credential_of(token_of(context), door="grpc", request_id=request_id_of(context)).actor


def token_of(context: Context) -> str:
    given = {name: value for name, value in context.invocation_metadata() if isinstance(value, str)}
    scheme, _, bearer = given.get("authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else given.get("x-api-key", "").strip()
    if not token:
        raise Unauthenticated("Send the metadata 'authorization: Bearer <token>' or 'x-api-key: <key>'")
    return token


def request_id_of(context: Context) -> str:
    """The client's `x-request-id` where it is sane, else a new one; the same for the whole call."""
    found: str | None = getattr(context, "request_id", None)
    if found is None:
        given = next((value for name, value in context.invocation_metadata() if name == REQUEST_ID), "")
        found = given if isinstance(given, str) and _SANE.fullmatch(given) else str(uuid4())
        context.request_id = found  # type: ignore[attr-defined]
    return found


def address_of(context: Context) -> str:
    """The peer's address: `ipv4:10.0.0.1:4711` is 10.0.0.1."""
    kind, _, rest = context.peer().partition(":")
    return rest.rpartition(":")[0].strip("[]") if kind in {"ipv4", "ipv6"} else context.peer()


def waits(context: Context) -> bool:
    """Whether the client still waits for an answer."""
    left = context.time_remaining()
    return context.is_active() and (left is None or left > 0)


def check(context: Context) -> None:
    if not waits(context):
        raise Gone


@contextmanager
def wanted(context: Context) -> Iterator[None]:
    """No statement begins once nobody waits for the answer: a transaction under way is then rolled back."""
    check(context)

    def execute(run: Callable[..., Any], *arguments: Any) -> Any:
        check(context)
        return run(*arguments)

    with connection.execute_wrapper(execute):
        yield
