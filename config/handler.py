"""HTTP over ASGI at the price of one thread hop a request.

Django's own ASGI handler crosses to a thread and back for each middleware, and takes a new thread,
with new database connections, for each request. Everything behind our HTTP is synchronous, so the
whole chain runs in one thread of a fixed set, which keep what they open (an SQLite file, for one).
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.db import DatabaseError, connections
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from config.identity import check_sender
from contracts.errors import DomainError, TooLarge
from contracts.ownership import answer
from contracts.problems import problem_of

logger = logging.getLogger(__name__)

T = TypeVar("T")
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

FORM_OVERHEAD = 1024 * 1024
"""Bytes that the other fields of a form may add to a file."""
CHUNK = 256 * 1024
"""Bytes of a stream that one hop fetches."""


class ThreadedHandler(ASGIHandler):
    """Answers each request in one of `HTTP_THREADS` threads; the event loop only moves bytes."""

    chunk_size = CHUNK

    def __init__(self) -> None:
        BaseHandler.__init__(self)  # ASGIHandler's own would load the middleware for async use
        self.load_middleware(is_async=False)
        self.threads = ThreadPoolExecutor(settings.HTTP_THREADS, thread_name_prefix="http")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            body = await self.body_of(scope, receive)
        except RequestAborted:
            return
        except (DomainError, DatabaseError) as error:
            await self.send_response(await _in_thread(self.threads, self._refuse, scope, error), send)
            return
        try:
            response = await _in_thread(self.threads, self._respond, scope, body)
            if isinstance(response, StreamingHttpResponse):
                await self._stream(response, scope, receive, send)
            else:
                await self.send_response(response, send)
        finally:
            body.close()

    async def body_of(self, scope: Scope, receive: Receive) -> SpooledTemporaryFile[bytes]:
        """The request's body. What is too large for memory goes to the disk, for those only who say who they are.

        Raises TooLarge where no route could take it, Unauthenticated, DatabaseError. Both are checked before it is read
        where its length is said, and as it arrives: a body may be sent in chunks, with no length declared.
        """
        most, for_all = settings.UPLOAD_LIMIT + FORM_OVERHEAD, settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        size, more, is_known = _length_of(scope), True, False
        if size > most:
            raise TooLarge(f"The body is larger than {most} bytes", limit=settings.UPLOAD_LIMIT)
        if size > for_all:
            await _in_thread(self.threads, check_sender, scope)
            is_known = True
        body = SpooledTemporaryFile(max_size=for_all, mode="w+b")  # noqa: SIM115
        size = 0
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                body.close()
                raise RequestAborted()
            chunk = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(chunk)
            if size > most:
                body.close()
                raise TooLarge(f"The body is larger than {most} bytes", limit=settings.UPLOAD_LIMIT)
            if size > for_all and not is_known:
                try:
                    await _in_thread(self.threads, check_sender, scope)
                except BaseException:
                    body.close()
                    raise
                is_known = True
            body.write(chunk)
        body.seek(0)
        return body

    def _refuse(self, scope: Scope, error: Exception) -> HttpResponseBase:
        """The answer to a request whose body was not read, in the shape of the contract that owns its path."""
        request, refusal = self.create_request(scope, BytesIO())
        if request is None:
            return cast(HttpResponseBase, refusal)
        refused = answer(request, error)
        if refused is None:
            problem = problem_of(error, request)
            refused = HttpResponse(problem.message, status=problem.status, content_type="text/plain")
        return refused

    def _respond(self, scope: Scope, body: Any) -> HttpResponseBase:
        """The whole of a request, in a thread. What needs no stream is closed here too: no second hop."""
        began = time.perf_counter()
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        response._handler_class = self.__class__
        if isinstance(response, FileResponse):
            response.block_size = CHUNK
        if not response.streaming:
            response.close()
        # The path only: a query may hold a token.
        took = (time.perf_counter() - began) * 1000
        logger.debug("%s %s %d %.1f ms", scope["method"], scope["path"], response.status_code, took)
        return cast(HttpResponseBase, response)

    async def _stream(self, response: StreamingHttpResponse, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a stream at the client's pace, in constant memory; stop reading when the client is gone.

        A file needs no database and shares the threads; any other iterator may hold a cursor, which
        belongs to one thread, and gets a thread of its own.
        """
        shared = isinstance(response, FileResponse)
        thread: Executor = self.threads if shared else ThreadPoolExecutor(1, thread_name_prefix="stream")
        gone = asyncio.create_task(_disconnected(receive))
        try:
            parts: Iterator[bytes] = iter(()) if scope["method"] == "HEAD" else iter(response)
            await self._send_head(response, send)
            while not gone.done():
                chunk = await _in_thread(thread, _fetch, parts)
                await send({"type": "http.response.body", "body": chunk, "more_body": bool(chunk)})
                if not chunk:
                    break
        finally:
            gone.cancel()
            await _in_thread(thread, _close, response, not shared)
            if not shared:
                thread.shutdown(wait=False)

    async def _send_head(self, response: StreamingHttpResponse, send: Send) -> None:
        headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
        headers += [(b"Set-Cookie", cookie.OutputString().encode("ascii")) for cookie in response.cookies.values()]
        await send({"type": "http.response.start", "status": response.status_code, "headers": headers})


def _length_of(scope: Scope) -> int:
    """The length that the request declares; 0 where it declares none."""
    declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(declared) if declared.isdigit() else 0


async def _in_thread(thread: Executor, work: Callable[..., T], *arguments: Any) -> T:
    """Run `work` in a thread within the caller's context variables, and wait even when cancelled.

    A cancelled wait would leave the thread at work on a request that is gone, its body closed under it.
    """
    context = contextvars.copy_context()
    future = asyncio.get_running_loop().run_in_executor(thread, lambda: context.run(work, *arguments))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        with suppress(Exception):
            await future
        raise


def _fetch(parts: Iterator[bytes]) -> bytes:
    """The next bytes of a stream, about `CHUNK` of them; empty at its end."""
    chunks: list[bytes] = []
    size = 0
    for part in parts:
        chunks.append(part)
        size += len(part)
        if size >= CHUNK:
            break
    return b"".join(chunks)


def _close(response: StreamingHttpResponse, close_connections: bool) -> None:
    response.close()
    if close_connections:
        connections.close_all()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
