"""/graphql as a socket: graphql-transport-ws, who is let in, what subscriptions tell, and to whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.utils import timezone

from accounts import live
from accounts.models import ApiKey, Role
from accounts.services import change_role, create_api_key
from accounts.tokens import issue_tokens
from catalog.services import AssetDraft, create_asset, delete_asset, update_asset, upsert_assets
from config.graphql import socket as door
from config.identity import end_of, identify
from ingestion.models import JobType
from ingestion.services import jobs
from tests.config.wire import PATIENCE, Wire

pytestmark = pytest.mark.django_db(transaction=True)


class Socket(Wire):
    def __init__(self, headers: dict[str, str] | None = None, protocols: tuple[str, ...] = ("graphql-transport-ws",)):
        super().__init__("/graphql", headers, subprotocols=list(protocols))

    async def open(self) -> Socket:
        await self.wire.send_input({"type": "websocket.connect"})
        self.accepted = await self.wire.receive_output(PATIENCE)
        assert self.accepted["type"] == "websocket.accept"
        return self

    async def say(self, **message: Any) -> None:
        await self.send(text=json.dumps(message))

    async def init(self, payload: dict[str, Any] | None = None) -> None:
        await self.say(type="connection_init", **({"payload": payload} if payload is not None else {}))
        answer = await self.hear()
        assert answer["type"] == "connection_ack", answer

    async def subscribe(self, query: str, id: str = "1", **variables: Any) -> None:
        await self.say(id=id, type="subscribe", payload={"query": query, "variables": variables})

    async def next(self, id: str = "1") -> Any:
        message = await self.hear()
        assert (message["type"], message["id"]) == ("next", id), message
        return message["payload"]


@pytest_asyncio.fixture
async def opened() -> AsyncIterator[Any]:
    """Opens sockets, and closes them after the test."""
    sockets: list[Socket] = []

    async def open_one(member: Any = None, **options: Any) -> Socket:
        sockets.append(Socket(**options))
        socket = await sockets[-1].open()
        if member is not None:
            await socket.init({"Authorization": f"Bearer {issue_tokens(member).access}"})
        return socket

    yield open_one
    for each in sockets:
        await each.close()


@pytest.fixture
def asset(alice_actor):
    return create_asset(actor=alice_actor, data={"type": "TABLE", "name": "users", "qualified_name": "db.users"})


UPDATED = "subscription S($id: ID!) { assetUpdated(assetId: $id) { id name version tags { name } } }"
PROGRESS = (
    "subscription S($id: ID!) { taskProgress(taskId: $id) { taskId status progress done result error { code } } }"
)


async def until(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not what():
            await asyncio.sleep(0.01)


def is_heard(asset: Any) -> bool:
    """Whether somebody listens to its changes: that a subscription has begun is not told."""
    return live.group_name(asset.organization_id, "asset.updates") in get_channel_layer().groups


async def test_an_asset_is_told_as_it_changes_until_it_is_deleted(opened, alice_member, alice_actor, asset):
    socket = await opened(alice_member)
    await socket.say(id="a", type="subscribe", payload={"query": UPDATED, "variables": {"id": str(asset.pk)}})
    await until(lambda: is_heard(asset))
    await sync_to_async(update_asset)(actor=alice_actor, asset=asset, changes={"name": "people", "tags": ["new"]})
    told = (await socket.next("a"))["data"]["assetUpdated"]
    assert told == {"id": str(asset.pk), "name": "people", "version": 2, "tags": [{"name": "new"}]}
    await sync_to_async(update_asset)(actor=alice_actor, asset=asset, changes={"name": "folk"})
    assert (await socket.next("a"))["data"]["assetUpdated"]["name"] == "folk"
    await sync_to_async(delete_asset)(actor=alice_actor, asset=asset)
    assert (await socket.next("a"))["data"] == {"assetUpdated": None}
    assert await socket.hear() == {"id": "a", "type": "complete"}


async def test_a_large_batch_is_told_too(opened, alice_member, alice_actor, asset):
    socket = await opened(alice_member)
    await socket.say(id="a", type="subscribe", payload={"query": UPDATED, "variables": {"id": str(asset.pk)}})
    await until(lambda: is_heard(asset))
    drafts = [AssetDraft("TABLE", f"t{n}", f"db.t{n}") for n in range(250)]
    drafts.append(AssetDraft("TABLE", "renamed", "db.users"))
    await sync_to_async(upsert_assets)(actor=alice_actor, drafts=drafts)
    assert (await socket.next("a"))["data"]["assetUpdated"]["name"] == "renamed"


async def test_a_task_is_told_until_it_ends(opened, alice_member, alice_actor):
    job = await sync_to_async(jobs.enqueue)(actor=alice_actor, type=JobType.BULK_INGESTION, payload={})
    socket = await opened(alice_member)
    await socket.say(id="t", type="subscribe", payload={"query": PROGRESS, "variables": {"id": str(job.pk)}})
    assert (await socket.next("t"))["data"]["taskProgress"]["status"] == "PENDING"
    claimed: Any = await sync_to_async(jobs.claim)(job.pk)
    await sync_to_async(jobs.complete)(claimed, {"created": 3})
    told = (await socket.next("t"))["data"]["taskProgress"]
    assert (told["status"], told["progress"], told["result"]) == ("COMPLETED", 100, {"created": 3})
    assert await socket.hear() == {"id": "t", "type": "complete"}


async def test_outsider_hears_nothing(opened, charlie_member, alice_actor, asset):
    job = await sync_to_async(jobs.enqueue)(actor=alice_actor, type=JobType.BULK_INGESTION, payload={})
    socket = await opened(charlie_member)
    for query, key, code in ((UPDATED, asset.pk, "ASSET_NOT_FOUND"), (PROGRESS, job.pk, "TASK_NOT_FOUND")):
        await socket.say(id="x", type="subscribe", payload={"query": query, "variables": {"id": str(key)}})
        told = await socket.next("x")
        assert told["errors"][0]["extensions"]["code"] == code
        assert (await socket.hear())["type"] == "complete"
    await sync_to_async(update_asset)(actor=alice_actor, asset=asset, changes={"name": "secret"})
    assert await socket.hears_nothing()


async def test_after_complete_nothing_more_is_told(opened, alice_member, alice_actor, asset):
    socket = await opened(alice_member)
    await socket.say(id="a", type="subscribe", payload={"query": UPDATED, "variables": {"id": str(asset.pk)}})
    await until(lambda: is_heard(asset))
    await socket.say(id="a", type="complete")
    await until(lambda: not is_heard(asset))
    await sync_to_async(update_asset)(actor=alice_actor, asset=asset, changes={"name": "people"})
    assert await socket.hears_nothing()


async def test_queries_and_mutations_run_too_and_see_what_was_written(opened, alice_member, asset):
    socket = await opened(alice_member)
    read = 'query { asset(id: "%s") { tags { name } } }' % asset.pk  # noqa: UP031
    await socket.subscribe(read)
    assert (await socket.next())["data"]["asset"]["tags"] == []
    assert (await socket.hear())["type"] == "complete"
    given = '{type: TABLE, name: "users", qualifiedName: "db.users", tags: ["a"]}'
    await socket.subscribe(f'mutation {{ updateAsset(id: "{asset.pk}", input: {given}) {{ version }} }}')
    assert (await socket.next())["data"]["updateAsset"]["version"] == 2
    assert (await socket.hear())["type"] == "complete"
    await socket.subscribe(read)
    assert (await socket.next())["data"]["asset"]["tags"] == [{"name": "a"}]


async def test_a_header_opens_as_well(opened, alice_member, alice_actor, acme, asset):
    key = await sync_to_async(create_api_key)(actor=alice_actor, organization=acme, name="k", role=Role.VIEWER)
    bearer = issue_tokens(alice_member).access
    for headers in ({"authorization": f"Bearer {bearer}"}, {"x-api-key": key.key}):
        await (await opened(headers=headers)).init()
    for payload in ({"x-api-key": key.key}, {"token": bearer}):
        await (await opened()).init(payload)


@pytest.mark.parametrize("payload", [None, {}, {"Authorization": "Bearer no"}, {"token": 7}, {"x-api-key": "ctly_no"}])
async def test_nobody_is_closed_with_4401(opened, db, payload):
    socket = await opened()
    await socket.say(type="connection_init", **({"payload": payload} if payload is not None else {}))
    assert await socket.close_code() == 4401


async def test_to_subscribe_before_saying_who_is_closed_with_4401(opened, db):
    socket = await opened()
    await socket.subscribe("{ tags { name } }")
    assert await socket.close_code() == 4401


async def test_who_says_nothing_is_closed_with_4408(opened, db, monkeypatch):
    monkeypatch.setattr(door, "INIT_SECONDS", 0.1)
    assert await (await opened()).close_code() == 4408


async def test_a_key_that_ends_closes_the_socket(opened, alice_actor, acme, monkeypatch):
    later = timezone.now() + timedelta(days=1)
    key = await sync_to_async(create_api_key)(
        actor=alice_actor, organization=acme, name="k", role=Role.VIEWER, expires_at=later
    )

    def identify_and_end(*given, **named):
        """It is given a moment more when it has opened the socket, however long that took."""
        identity = identify(*given, **named)
        ApiKey.objects.update(expires_at=timezone.now() + timedelta(seconds=0.2))
        return replace(identity, until=end_of(key.key))

    monkeypatch.setattr(door, "identify", identify_and_end)
    monkeypatch.setattr(door, "RECHECK_SECONDS", 3600.0)
    socket = await opened()
    await socket.init({"x-api-key": key.key})
    assert await socket.close_code() == 4401


async def test_a_role_that_was_taken_away_is_taken_from_an_open_socket(opened, alice_actor, bob_member, monkeypatch):
    looks: list[Any] = []

    def note_and_identify(*given, **named):
        looks.append(given)
        return identify(*given, **named)

    monkeypatch.setattr(door, "RECHECK_SECONDS", 0.05)
    monkeypatch.setattr(door, "identify", note_and_identify)
    socket = await opened(bob_member)
    await socket.subscribe('mutation { createTag(input: {name: "one"}) { name } }', id="1")
    assert (await socket.next("1"))["data"]["createTag"]["name"] == "one"
    assert (await socket.hear())["type"] == "complete"
    await sync_to_async(change_role)(actor=alice_actor, membership=bob_member, role=Role.VIEWER)
    before = len(looks)
    await until(lambda: len(looks) >= before + 2)  # what the one saw holds when the next begins
    await socket.subscribe('mutation { createTag(input: {name: "two"}) { name } }', id="2")
    assert (await socket.next("2"))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "message",
    [
        {"text": "{"},
        {"text": "[]"},
        {"text": "7"},
        {"text": '{"type": 7}'},
        {"text": '{"type": "shout"}'},
        {"text": '{"type": "subscribe"}'},
        {"text": '{"type": "subscribe", "id": ["1"], "payload": {"query": "{ tags { name } }"}}'},
        {"text": '{"type": "subscribe", "id": "1", "payload": "{ tags { name } }"}'},
        {"text": '{"type": "subscribe", "id": "1", "payload": {"query": "{ tags { name } }", "variables": []}}'},
        {"text": '{"type": "subscribe", "id": "1", "payload": {"query": "{ tags { name }"}}'},
        {"text": '{"a":' * 5000},
        {"bytes": b"\x00\xff"},
    ],
)
async def test_a_broken_message_closes_that_socket_alone(opened, alice_member, message):
    other = await opened(alice_member)
    socket = await opened(alice_member)
    await socket.send(**message)
    assert await socket.close_code() == 4400
    await other.say(type="ping")
    assert await other.hear() == {"type": "pong"}


async def test_a_query_that_is_refused_leaves_the_socket_open(opened, alice_member):
    socket = await opened(alice_member)
    for query in ("{ nonsense }", "{" + " ".join(f"a{n}: tags {{ name }}" for n in range(60)) + "}"):
        await socket.subscribe(query)
        refused = await socket.hear()
        assert (refused["type"], refused["id"]) == ("error", "1")
        assert refused["payload"][0]["extensions"]["code"] in {"VALIDATION_ERROR", "TOO_MANY_ALIASES"}
    await socket.subscribe("{ tags { name } }")
    assert (await socket.next())["data"] == {"tags": []}


async def test_operations_are_counted(opened, alice_member, settings):
    settings.RATE_METASTORE = "1/minute"
    socket = await opened(alice_member)
    await socket.subscribe("{ tags { name } }", id="1")
    await socket.next("1")
    assert (await socket.hear())["type"] == "complete"
    await socket.subscribe("{ tags { name } }", id="2")
    refused = await socket.hear()
    assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "RATE_LIMIT_EXCEEDED")


async def test_another_protocol_is_refused(opened, db):
    socket = await opened(protocols=("graphql-ws",))
    assert await socket.close_code() == 4406


async def test_an_unknown_thing_is_not_found(opened, alice_member):
    socket = await opened(alice_member)
    await socket.say(id="x", type="subscribe", payload={"query": UPDATED, "variables": {"id": str(uuid4())}})
    assert (await socket.next("x"))["errors"][0]["extensions"]["code"] == "ASSET_NOT_FOUND"
