"""HTTP over ASGI: one thread hop, streams in constant memory at the client's pace, nothing left open."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.signals import request_finished, request_started
from django.db import OperationalError
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from accounts.tokens import issue_tokens
from config import identity
from config.handler import CHUNK, ThreadedHandler
from tests.handlers import own_handler

SEEN: dict[str, Any] = {}


@csrf_exempt
def plain(request: HttpRequest) -> HttpResponse:
    SEEN.setdefault("threads", set()).add(threading.current_thread().name)
    translation.activate("de")
    answer = HttpResponse(request.body or b"nothing", headers={"X-One": "1"})
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


def language(request: HttpRequest) -> HttpResponse:
    return HttpResponse(translation.get_language())


def broken(request: HttpRequest) -> HttpResponse:
    raise ValueError("a bug")


def counting(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        try:
            for number in range(10_000):
                SEEN["sent"] = number
                SEEN.setdefault("stream threads", set()).add(threading.current_thread().name)
                yield b"x" * 10_000
            SEEN["whole"] = True
        finally:
            SEEN["closed"] = True

    return StreamingHttpResponse(parts())


def users(request: HttpRequest) -> StreamingHttpResponse:
    """A stream that reads the database while it is sent."""
    found = get_user_model().objects.order_by("username").values_list("username", flat=True)
    return StreamingHttpResponse(f"{name}\n".ljust(CHUNK).encode() for name in found.iterator(chunk_size=1))


def file(request: HttpRequest) -> FileResponse:
    return FileResponse(Path(SEEN["file"]).open("rb"))


def slow(request: HttpRequest) -> HttpResponse:
    SEEN["began"].set()
    SEEN["go on"].wait(60)
    SEEN["ended"] = True
    return HttpResponse()


async def asynchronous(request: HttpRequest) -> HttpResponse:
    await asyncio.sleep(0)
    return HttpResponse(b"async")


urlpatterns = [
    path(view.__name__, view) for view in (plain, language, broken, counting, users, file, slow, asynchronous)
]

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _nothing_seen() -> Iterator[None]:
    SEEN.clear()
    yield
    SEEN.clear()


@pytest.fixture
def handler() -> Iterator[ThreadedHandler]:
    with own_handler() as made:
        yield made


class Client:
    """A client at the other end of the ASGI callables; `leaves_after` bytes it is gone."""

    def __init__(self, body: bytes = b"", *, leaves_after: int | None = None) -> None:
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.incoming.put_nowait({"type": "http.request", "body": body[:3], "more_body": True})
        self.incoming.put_nowait({"type": "http.request", "body": body[3:], "more_body": False})
        self.leaves_after = leaves_after
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.largest = 0
        self.ended = False

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], message["headers"]
            return
        chunk = message.get("body", b"")
        self.body += chunk
        self.largest = max(self.largest, len(chunk))
        self.ended = not message.get("more_body", False)
        if self.leaves_after is not None and len(self.body) >= self.leaves_after:
            self.incoming.put_nowait({"type": "http.disconnect"})
            await asyncio.sleep(0.01)

    @classmethod
    def sending(cls, chunk: bytes, times: int) -> Client:
        """A client whose body comes in so many chunks."""
        made = cls()
        made.incoming = asyncio.Queue()
        for place in range(times):
            made.incoming.put_nowait({"type": "http.request", "body": chunk, "more_body": place < times - 1})
        return made

    async def ask(
        self, handler: ThreadedHandler, where: str, method: str = "GET", *, query: bytes = b"", **headers: str
    ) -> Client:
        scope = {
            "type": "http",
            "method": method,
            "path": f"/{where}",
            "query_string": query,
            "headers": [
                (b"host", b"localhost"),
                *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()),
            ],
        }
        await handler(scope, self.incoming.get, self.send)
        return self


async def test_request_and_response(handler):
    client = await Client(b"all of it").ask(handler, "plain", "POST")
    assert (client.status, bytes(client.body), client.ended) == (200, b"all of it", True)
    headers = [(name.lower(), value) for name, value in client.headers]
    assert (b"x-one", b"1") in headers
    assert [value.split(b";")[0] for name, value in headers if name == b"set-cookie"] == [b"a=1", b"b=2"]


async def test_requests_run_in_threads_of_their_own_context(handler):
    await asyncio.gather(*(Client().ask(handler, "plain") for _ in range(20)))
    assert SEEN["threads"]
    assert all(name.startswith("http") for name in SEEN["threads"])
    for _ in range(20):
        assert bytes((await Client().ask(handler, "language")).body) == b"en-us", (
            "a language leaked to the next request"
        )


async def test_signals_of_a_request_are_sent_in_its_thread(handler):
    where: list[str] = []

    def note(**kwargs: Any) -> None:
        where.append(threading.current_thread().name)

    request_started.connect(note)
    request_finished.connect(note)
    try:
        await Client().ask(handler, "plain")
    finally:
        request_started.disconnect(note)
        request_finished.disconnect(note)
    assert len(where) == 2
    assert len(set(where)) == 1
    assert where[0].startswith("http")


async def test_a_bug_in_a_view_is_a_500(handler, caplog):
    client = await Client().ask(handler, "broken")
    assert (client.status, client.ended) == (500, True)
    assert b"a bug" not in client.body


async def test_a_request_is_logged_without_its_query(handler, caplog):
    caplog.set_level("DEBUG", logger="config.handler")
    await Client().ask(handler, "language", query=b"token=ctly_secret")
    (line,) = [each.getMessage() for each in caplog.records if each.name == "config.handler"]
    assert line.startswith("GET /language 200 ")
    assert "ctly" not in line


async def test_an_asynchronous_view_works_too(handler):
    assert bytes((await Client().ask(handler, "asynchronous")).body) == b"async"


async def test_stream_comes_in_pieces_from_one_thread(handler):
    client = await Client().ask(handler, "counting")
    assert len(client.body) == 10_000 * 10_000
    assert client.largest < 2 * CHUNK
    assert client.ended
    assert SEEN["whole"]
    assert len(SEEN["stream threads"]) == 1


async def test_stream_to_a_client_that_left_is_given_up(handler):
    await Client(leaves_after=CHUNK * 3).ask(handler, "counting")
    assert SEEN["closed"]
    assert "whole" not in SEEN
    assert SEEN["sent"] < 1000


async def test_stream_that_reads_the_database(handler, alice_member, bob_member):
    client = await Client().ask(handler, "users")
    assert client.body.split() == [b"alice", b"bob"]


async def test_file_is_sent_whole_and_closed(handler, tmp_path):
    SEEN["file"] = tmp_path / "file"
    content = bytes(range(256)) * 10_000
    SEEN["file"].write_bytes(content)
    client = await Client().ask(handler, "file")
    assert bytes(client.body) == content
    assert client.largest <= CHUNK
    assert dict(client.headers)[b"Content-Length"] == str(len(content)).encode()


async def test_head_of_a_file_reads_nothing(handler, tmp_path):
    SEEN["file"] = tmp_path / "file"
    SEEN["file"].write_bytes(b"x" * 1000)
    client = await Client().ask(handler, "file", "HEAD")
    assert (client.status, bytes(client.body), client.ended) == (200, b"", True)
    assert dict(client.headers)[b"Content-Length"] == b"1000"


@pytest.mark.parametrize(("where", "in_shape"), [("plain", False), ("v1/assets", True), ("api/v1/sources", True)])
async def test_body_that_nothing_could_take_is_refused_while_it_arrives(handler, settings, where, in_shape):
    settings.UPLOAD_LIMIT = 1000
    client = await Client.sending(b"x" * 100_000, 20).ask(handler, where, "POST")
    assert client.status == 413
    assert not client.incoming.empty(), "it was read to its end"
    assert "threads" not in SEEN, "the view was called"
    if in_shape:
        error = json.loads(client.body)["error"]
        assert error["details"]["limit"] == 1000
    declared = await Client.sending(b"x" * 100_000, 20).ask(handler, where, "POST", content_length="2000000")
    assert (declared.status, declared.incoming.qsize()) == (413, 20), "its length was said, and it was read"


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer of.no.token"}, {"cookie": "sessionid=none"}])
@pytest.mark.parametrize("where", ["plain", "v1/assets", "api/v1/sources"])
async def test_a_large_body_of_somebody_unknown_is_not_written_to_the_disk(
    handler, settings, where, headers, monkeypatch
):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    rolled: list[int] = []
    monkeypatch.setattr(SpooledTemporaryFile, "rollover", lambda file: rolled.append(1))
    client = await Client.sending(b"x" * 300, 20).ask(handler, where, "POST", **headers)
    assert (client.status, client.incoming.qsize()) == (401, 16)
    declared = await Client.sending(b"x" * 300, 20).ask(handler, where, "POST", content_length="6000", **headers)
    assert (declared.status, declared.incoming.qsize()) == (401, 20)
    assert "threads" not in SEEN, "the view was called"
    assert not rolled
    if where != "plain":
        assert json.loads(client.body)["error"]["code"] == "UNAUTHORIZED"


@pytest.fixture
def proofs(alice_member, client) -> list[tuple[str, str]]:
    """The headers that say who somebody is. Made here: a thread of asgiref's would keep its connection."""
    client.force_login(alice_member.user)
    return [
        ("authorization", f"Bearer {issue_tokens(alice_member).access}"),
        ("cookie", f"sessionid={client.cookies['sessionid'].value}"),
    ]


async def test_a_large_body_of_somebody_known_arrives(handler, settings, proofs):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    for name, value in proofs:
        for headers in ({name: value}, {name: value, "content_length": "6000"}):
            sent = Client.sending(b"x" * 300, 20)
            assert (await sent.ask(handler, "plain", "POST", query=b"", **headers)).status == 200
            assert len(sent.body) == 6000


async def test_a_large_body_while_the_database_is_away_is_refused(handler, settings, monkeypatch):
    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("the connection is lost")

    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    monkeypatch.setattr(identity, "credential_of", away)
    sent = Client.sending(b"x" * 300, 20)
    assert (await sent.ask(handler, "v1/assets", "POST", x_api_key="any")).status == 503


async def test_client_that_left_before_its_body_ended_is_forgotten(handler):
    client = Client()
    client.incoming = asyncio.Queue()
    client.incoming.put_nowait({"type": "http.request", "body": b"half", "more_body": True})
    client.incoming.put_nowait({"type": "http.disconnect"})
    await client.ask(handler, "plain", "POST")
    assert client.status == 0
    assert "threads" not in SEEN


async def test_cancelled_request_is_finished_in_its_thread(handler):
    """The server cancels what has not ended when it stops: the view still ends, its work is not cut in half."""
    SEEN.update({"began": threading.Event(), "go on": threading.Event()})
    asked = asyncio.create_task(Client().ask(handler, "slow"))
    await asyncio.to_thread(SEEN["began"].wait, 60)
    asked.cancel()
    SEEN["go on"].set()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert SEEN["ended"]


async def test_as_many_at_once_as_there_are_threads(handler, settings):
    SEEN.update({"began": threading.Event(), "go on": threading.Event()})
    waiting = [asyncio.create_task(Client().ask(handler, "slow")) for _ in range(settings.HTTP_THREADS - 1)]
    await asyncio.to_thread(SEEN["began"].wait, 60)
    quick = await asyncio.wait_for(Client().ask(handler, "plain"), 60)
    assert quick.status == 200
    SEEN["go on"].set()
    assert {client.status for client in await asyncio.gather(*waiting)} == {200}
