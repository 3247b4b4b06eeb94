"""Downloads under ASGI: many at once, and those that are broken off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.actor import Actor
from config.handler import ThreadedHandler
from registry.services import downloads
from tests.handlers import own_handler
from tests.registry.entries import INSULIN, counted, put

pytestmark = pytest.mark.django_db

URL = "/api/v1/sources/acme/P01308/1.5/download?format=fasta"


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.RATE_REGISTRY_ANONYMOUS = "100000/hour"
    downloads._buffer.counts.clear()
    downloads._buffer.batch = None


@pytest.fixture
def handler(settings: Any) -> Iterator[ThreadedHandler]:
    """The server's own handler; the connections of its threads are closed at the end."""
    settings.HTTP_THREADS = 4
    with own_handler() as made:
        yield made


async def asgi_get(handler: ThreadedHandler, path: str, *, hang_up_after: int | None = None) -> tuple[int, bytes]:
    """Status and bytes of a GET; the client may hang up after so many chunks."""
    path, _, query = path.partition("?")
    gone = asyncio.Event()
    events = [{"type": "http.request", "body": b"", "more_body": False}]
    status, chunks = 0, []

    async def receive() -> Any:
        if events:
            return events.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        nonlocal status
        if event["type"] == "http.response.start":
            status = event["status"]
        elif event.get("body"):
            chunks.append(event["body"])
            if hang_up_after == len(chunks):
                gone.set()
                await asyncio.sleep(0)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "http_version": "1.1",
        "scheme": "http",
    }
    await handler(scope, receive, send)
    return status, b"".join(chunks)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_parallel_downloads_under_asgi_count_a_hundred(bob_actor: Actor, handler: ThreadedHandler) -> None:
    put(bob_actor, "acme:P01308@1.5", {"P01308.fasta": INSULIN})

    async def all_at_once() -> list[tuple[int, bytes]]:
        return await asyncio.gather(*(asgi_get(handler, URL) for _ in range(100)))

    assert set(asyncio.run(all_at_once())) == {(200, INSULIN)}
    assert counted() == 100


@pytest.mark.django_db(transaction=True)
def test_a_download_that_is_broken_off_does_not_count(bob_actor: Actor, handler: ThreadedHandler) -> None:
    large = b">long\n" + b"MALWMRLLPL" * 200_000
    put(bob_actor, "acme:P01308@1.5", {"P01308.fasta": large})
    status, sent = asyncio.run(asgi_get(handler, URL, hang_up_after=1))
    assert (status, len(sent) < len(large)) == (200, True)
    assert counted() == 0
    assert asyncio.run(asgi_get(handler, URL)) == (200, large)
    assert counted() == 1
