"""The socket at /v1/ws: who may open it, what it follows, and that a mistake does not close it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from accounts import live
from accounts.models import Role
from accounts.services import create_api_key, revoke_api_key
from accounts.tokens import issue_tokens
from catalog.services import AssetDraft, create_asset, delete_asset, update_asset, upsert_assets
from config import consumers
from config.identity import identify
from ingestion.models import JobType
from ingestion.services import jobs
from tests.config.wire import PATIENCE, Wire
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


class Socket(Wire):
    def __init__(self, query: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__("/v1/ws", headers, query_string=query.encode())

    async def open(self) -> Socket:
        await self.wire.send_input({"type": "websocket.connect"})
        assert (await self.wire.receive_output(PATIENCE))["type"] == "websocket.accept"
        return self

    async def say(self, **message: Any) -> Any:
        await self.send(text=json.dumps(message))
        return await self.hear()


@pytest_asyncio.fixture
async def opened() -> AsyncIterator[Any]:
    """Opens sockets, and closes them after the test."""
    sockets: list[Socket] = []

    async def open_one(query: str = "", headers: dict[str, str] | None = None) -> Socket:
        sockets.append(Socket(query, headers))
        return await sockets[-1].open()

    yield open_one
    for each in sockets:
        await each.close()


def token_of(membership: Any) -> str:
    return f"token={issue_tokens(membership).access}"


@pytest.fixture
def job(alice_actor):
    return jobs.enqueue(actor=alice_actor, type=JobType.BULK_INGESTION, payload={})


@pytest.fixture
def asset(alice_actor):
    return create_asset(actor=alice_actor, data={"type": "TABLE", "name": "users", "qualified_name": "db.users"})


def key_of(actor: Any, organization: Any, **options: Any) -> Any:
    return create_api_key(actor=actor, organization=organization, name="k", role=Role.VIEWER, **options)


async def test_a_job_is_told_as_it_stands_and_as_it_moves(opened, alice_member, job):
    socket = await opened(token_of(alice_member))
    assert await socket.say(type="subscribe", channel="task.progress", task_id=str(job.pk)) == {
        "type": "subscribed",
        "channel": "task.progress",
        "task_id": str(job.pk),
    }
    state = await socket.hear()
    assert (state["type"], state["task_id"], state["status"]) == ("task.progress", str(job.pk), "PENDING")
    claimed: Any = await sync_to_async(jobs.claim)(job.pk)
    await sync_to_async(jobs.complete)(claimed, {"created": 3})
    ended = await socket.hear()
    assert (ended["status"], ended["progress"], ended["result"]) == ("COMPLETED", 100, {"created": 3})


async def test_an_asset_is_told_when_it_changes(opened, alice_member, alice_actor, asset):
    socket = await opened(token_of(alice_member))
    await socket.say(type="subscribe", channel="asset.updates", asset_id=str(asset.pk))
    await sync_to_async(update_asset)(actor=alice_actor, asset=asset, changes={"name": "people"})
    told = await socket.hear()
    assert (told["type"], told["asset_id"], told["event"]) == ("asset.updated", str(asset.pk), "UPDATE")
    assert told["data"]["name"] == "people"
    await sync_to_async(delete_asset)(actor=alice_actor, asset=asset)
    assert (await socket.hear())["event"] == "DELETE"
    assert await socket.hears_nothing(), "each change is told once"


async def test_an_asset_is_told_when_a_large_batch_changes_it(opened, alice_member, alice_actor, asset):
    socket = await opened(token_of(alice_member))
    await socket.say(type="subscribe", channel="asset.updates", asset_id=str(asset.pk))
    drafts = [AssetDraft(type="TABLE", name=f"t{n}", qualified_name=f"db.t{n}") for n in range(300)]
    drafts.append(AssetDraft(type="TABLE", name="users", qualified_name="db.users", description="of all"))
    await sync_to_async(upsert_assets)(actor=alice_actor, drafts=drafts)
    told = await socket.hear()
    assert (told["type"], told["asset_id"], told["event"]) == ("asset.updated", str(asset.pk), "UPDATE")
    assert told["data"]["description"] == "of all"
    assert await socket.hears_nothing()


async def test_all_assets_of_the_organization(opened, alice_member, charlie_member, alice_actor):
    everything = await opened(token_of(alice_member))
    elsewhere = await opened(token_of(charlie_member))
    for socket in (everything, elsewhere):
        assert await socket.say(type="subscribe", channel="asset.updates") == {
            "type": "subscribed",
            "channel": "asset.updates",
        }
    made = await sync_to_async(create_asset)(
        actor=alice_actor, data={"type": "TABLE", "name": "n", "qualified_name": "db.n"}
    )
    told = await everything.hear()
    assert (told["type"], told["event"], told["ids"]) == ("assets.changed", "CREATE", [str(made.pk)])
    assert await elsewhere.hears_nothing(), "another organization's events"


async def test_outsider_finds_nothing_and_hears_nothing(opened, charlie_member, alice_actor, asset, job):
    socket = await opened(token_of(charlie_member))
    assert await socket.say(type="subscribe", channel="asset.updates", asset_id=str(asset.pk)) == {
        "type": "error",
        "error": {
            "code": "ASSET_NOT_FOUND",
            "message": f"Asset with id '{asset.pk}' not found",
            "details": {"asset_id": str(asset.pk)},
        },
    }
    refused = await socket.say(type="subscribe", channel="task.progress", task_id=str(job.pk))
    assert refused["error"]["code"] == "TASK_NOT_FOUND"
    await sync_to_async(update_asset)(actor=alice_actor, asset=asset, changes={"name": "people"})
    await sync_to_async(jobs.cancel)(actor=alice_actor, job=job)
    assert await socket.hears_nothing()


async def test_what_is_not_there_is_the_same_as_what_is_not_ours(opened, alice_member):
    socket = await opened(token_of(alice_member))
    refused = await socket.say(type="subscribe", channel="task.progress", task_id=str(uuid4()))
    assert refused["error"]["code"] == "TASK_NOT_FOUND"


async def test_unsubscribed_is_not_told(opened, alice_member, alice_actor, asset):
    socket = await opened(token_of(alice_member))
    following = {"channel": "asset.updates", "asset_id": str(asset.pk)}
    await socket.say(type="subscribe", **following)
    assert await socket.say(type="unsubscribe", **following) == {"type": "unsubscribed", **following}
    await sync_to_async(update_asset)(actor=alice_actor, asset=asset, changes={"name": "people"})
    assert await socket.hears_nothing()


async def test_subscribed_twice_is_told_once(opened, alice_member, alice_actor, asset):
    socket = await opened(token_of(alice_member))
    for _ in range(2):
        await socket.say(type="subscribe", channel="asset.updates", asset_id=str(asset.pk))
    await sync_to_async(update_asset)(actor=alice_actor, asset=asset, changes={"name": "people"})
    assert (await socket.hear())["type"] == "asset.updated"
    assert await socket.hears_nothing()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "VALIDATION_ERROR"),
        ("hello", "VALIDATION_ERROR"),
        ("[]", "VALIDATION_ERROR"),
        ("null", "VALIDATION_ERROR"),
        ("{}", "VALIDATION_ERROR"),
        ('{"type": ["subscribe"]}', "VALIDATION_ERROR"),
        ('{"type": "subscribe"}', "VALIDATION_ERROR"),
        ('{"type": "subscribe", "channel": "everything"}', "VALIDATION_ERROR"),
        ('{"type": "subscribe", "channel": {}}', "VALIDATION_ERROR"),
        ('{"type": "subscribe", "channel": "task.progress"}', "VALIDATION_ERROR"),
        ('{"type": "subscribe", "channel": "task.progress", "task_id": 7}', "VALIDATION_ERROR"),
        ('{"type": "subscribe", "channel": "task.progress", "task_id": "\\u0000"}', "VALIDATION_ERROR"),
        ('{"type": "subscribe", "channel": "asset.updates", "asset_id": "*"}', "VALIDATION_ERROR"),
        ("[" * 10_000, "VALIDATION_ERROR"),
        ('{"type": "ping", "x": 1e999999}', "VALIDATION_ERROR"),
        ('{"type": "' + "x" * 20_000 + '"}', "MESSAGE_TOO_LARGE"),
    ],
)
async def test_a_bad_message_is_answered_and_the_socket_stays(opened, alice_member, text, code):
    socket = await opened(token_of(alice_member))
    await socket.send(text=text)
    answer = await socket.hear()
    assert (answer["type"], answer["error"]["code"]) == ("error", code)
    assert await socket.say(type="ping") == {"type": "pong"}


async def test_a_binary_message_is_refused(opened, alice_member):
    socket = await opened(token_of(alice_member))
    await socket.send(bytes=b'{"type": "ping"}')
    assert (await socket.hear())["error"]["code"] == "VALIDATION_ERROR"


async def test_a_socket_follows_only_so_much(opened, alice_member, monkeypatch, job, asset):
    monkeypatch.setattr(consumers, "SUBSCRIPTION_LIMIT", 1)
    socket = await opened(token_of(alice_member))
    await socket.say(type="subscribe", channel="asset.updates", asset_id=str(asset.pk))
    refused = await socket.say(type="subscribe", channel="task.progress", task_id=str(job.pk))
    assert refused["error"]["code"] == "TOO_MANY_SUBSCRIPTIONS"
    await socket.say(type="unsubscribe", channel="asset.updates", asset_id=str(asset.pk))
    assert (await socket.say(type="subscribe", channel="task.progress", task_id=str(job.pk)))["type"] == "subscribed"


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("", {}),
        ("token=", {}),
        ("token=nonsense", {}),
        ("token=ctly_unknown", {}),
        ("token=%00%ff", {}),
        ("", {"authorization": "Bearer nonsense"}),
        ("", {"authorization": "Basic YTpi"}),
        ("", {"x-api-key": "ctly_unknown"}),
        ("", {"cookie": "sessionid=unknown", "origin": "http://testserver"}),
    ],
)
async def test_a_stranger_is_told_4401(opened, query, headers):
    socket = await opened(query, headers)
    assert await socket.close_code() == 4401


async def test_a_refresh_token_opens_nothing(opened, alice_member):
    socket = await opened(f"token={issue_tokens(alice_member).refresh}")
    assert await socket.close_code() == 4401


@pytest.mark.parametrize("place", ["query", "authorization", "x-api-key"])
async def test_an_api_key_opens_it(opened, alice_actor, acme, place):
    key = (await sync_to_async(key_of)(alice_actor, acme)).key
    headers = {"authorization": f"Bearer {key}"} if place == "authorization" else {"x-api-key": key}
    socket = await (opened(f"token={key}") if place == "query" else opened("", headers))
    assert await socket.say(type="ping") == {"type": "pong"}


async def test_an_expired_key_opens_nothing(opened, alice_actor, acme):
    new = await sync_to_async(key_of)(alice_actor, acme, expires_at=timezone.now() + timedelta(days=1))
    new.api_key.expires_at = timezone.now() - timedelta(seconds=1)
    await new.api_key.asave()
    assert await (await opened(f"token={new.key}")).close_code() == 4401


async def test_a_revoked_key_closes_what_it_opened(opened, alice_actor, acme, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.05)
    new = await sync_to_async(key_of)(alice_actor, acme)
    socket = await opened(f"token={new.key}")
    assert await socket.say(type="ping") == {"type": "pong"}
    await sync_to_async(revoke_api_key)(actor=alice_actor, api_key=new.api_key)
    assert await socket.close_code() == 4401


async def test_a_database_that_is_away_for_a_moment_leaves_no_socket_unchecked(opened, alice_actor, acme, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 0.05)
    monkeypatch.setattr("config.identity.RETRY_SECONDS", 0.05)
    new = await sync_to_async(key_of)(alice_actor, acme)
    socket = await opened(f"token={new.key}")
    assert await socket.say(type="ping") == {"type": "pong"}
    away = asyncio.Event()

    def identify_later(scope):
        if not away.is_set():
            away.set()
            raise OperationalError("the server closed the connection")
        return identify(scope)

    monkeypatch.setattr(consumers, "identify", identify_later)
    await asyncio.wait_for(away.wait(), PATIENCE)
    await sync_to_async(revoke_api_key)(actor=alice_actor, api_key=new.api_key)
    assert await socket.close_code() == 4401


def session_of(membership: Any) -> str:
    browser = Client()
    assert browser.login(username=membership.user.username, password=PASSWORD)
    return f"sessionid={browser.cookies['sessionid'].value}"


async def test_the_admin_page_needs_no_token(opened, alice_member, job):
    cookie = await sync_to_async(session_of)(alice_member)
    socket = await opened("", {"cookie": cookie, "origin": "http://testserver"})
    subscribed = await socket.say(type="subscribe", channel="task.progress", task_id=str(job.pk))
    assert subscribed["type"] == "subscribed"


async def test_a_session_sees_its_own_organization_only(opened, charlie_member, job):
    cookie = await sync_to_async(session_of)(charlie_member)
    socket = await opened("", {"cookie": cookie, "origin": "http://testserver"})
    refused = await socket.say(type="subscribe", channel="task.progress", task_id=str(job.pk))
    assert refused["error"]["code"] == "TASK_NOT_FOUND"


@pytest.mark.parametrize(
    "origin", [None, "", "null", "http://evil.example", "http://testserver.evil.example", "http://testserver:81"]
)
async def test_another_sites_page_may_not_use_the_session(opened, alice_member, origin):
    cookie = await sync_to_async(session_of)(alice_member)
    headers = {"cookie": cookie} | ({} if origin is None else {"origin": origin})
    assert await (await opened("", headers)).close_code() == 4401


async def test_an_origin_we_were_told_to_trust_may_use_the_session(opened, alice_member, settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://catalog.example"]
    cookie = await sync_to_async(session_of)(alice_member)
    socket = await opened("", {"cookie": cookie, "origin": "https://catalog.example"})
    assert await socket.say(type="ping") == {"type": "pong"}


async def test_nothing_is_left_in_the_layer(alice_member, asset):
    layer = get_channel_layer()
    groups = {live.group_name(asset.organization_id, topic) for topic in (f"asset.updates:{asset.pk}", "asset.updates")}
    socket = await Socket(token_of(alice_member)).open()
    await socket.say(type="subscribe", channel="asset.updates", asset_id=str(asset.pk))
    assert groups <= layer.groups.keys()
    await socket.close()
    assert not groups & layer.groups.keys()
