"""The socket at /v1/ws beyond single things: types, publishers, resuming, tokens that end, clients that are slow."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.utils import timezone

from accounts import live
from accounts.live_log import KEPT
from accounts.models import ApiKey
from accounts.tokens import issue_tokens
from catalog.services import AssetDraft, create_asset, delete_asset, update_asset, upsert_assets
from config import consumers
from config.identity import Identity, end_of, identify
from tests.config.test_live import use_redis
from tests.config.test_socket import Socket, key_of, opened, token_of  # noqa: F401  a fixture
from tests.config.wire import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_state(monkeypatch) -> None:
    monkeypatch.setattr(live, "_state", live._State())


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
def layer(request, settings):
    """Both layers, as the application runs on either."""
    if request.param == "redis":
        use_redis(settings, request.getfixturevalue("redis_url"))
    yield request.param
    live.flush(60)


@pytest.fixture
def asset(alice_actor):
    made = create_asset(actor=alice_actor, data={"type": "TABLE", "name": "users", "qualified_name": "db.users"})
    live.flush(60)  # else its creation may still be on its way when the first socket begins to listen
    return made


async def change(actor: Any, asset: Any, name: str) -> None:
    await sync_to_async(update_asset)(actor=actor, asset=asset, changes={"name": name})


async def test_a_type_is_followed_and_no_other(opened, alice_member, charlie_member, alice_actor, asset):  # noqa: F811
    socket, elsewhere = await opened(token_of(alice_member)), await opened(token_of(charlie_member))
    for each in (socket, elsewhere):
        told = await each.say(type="subscribe", channel="asset.updates", asset_type="VIEW")
        assert told == {"type": "subscribed", "channel": "asset.updates", "asset_type": "VIEW"}
    await change(alice_actor, asset, "people")
    made = await sync_to_async(create_asset)(
        actor=alice_actor, data={"type": "VIEW", "name": "v", "qualified_name": "db.v"}
    )
    told = await socket.hear()
    assert (told["event"], told["asset_type"], told["ids"]) == ("CREATE", "VIEW", [str(made.pk)])
    await sync_to_async(delete_asset)(actor=alice_actor, asset=made)
    assert (await socket.hear())["event"] == "DELETE"
    assert await elsewhere.hears_nothing()


async def test_what_was_missed_is_told_in_order_and_once(opened, layer, alice_member, alice_actor, asset):  # noqa: F811
    following = {"type": "subscribe", "channel": "asset.updates", "asset_id": str(asset.pk)}
    first = await opened(token_of(alice_member))
    began = await first.say(**following, since=None)
    assert (began["replayed"], began["complete"]) == (0, True)
    await change(alice_actor, asset, "one")
    heard = await first.hear()
    await first.close()
    for name in ("two", "three"):
        await change(alice_actor, asset, name)
    await asyncio.to_thread(live.flush, 60)
    second = await opened(token_of(alice_member))
    answer = await second.say(**following, since=heard["cursor"])
    assert (answer["type"], answer["replayed"], answer["complete"]) == ("subscribed", 2, True)
    assert [(await second.hear())["data"]["name"] for _ in range(2)] == ["two", "three"]
    await change(alice_actor, asset, "four")
    assert (await second.hear())["data"]["name"] == "four"
    assert await second.hears_nothing()


async def test_resuming_one_asset_tells_nothing_again_of_another(opened, alice_member, alice_actor, asset, monkeypatch):  # noqa: F811
    monkeypatch.setattr("catalog.live.ONE_BY_ONE", 1)
    orders = await sync_to_async(create_asset)(
        actor=alice_actor, data={"type": "TABLE", "name": "orders", "qualified_name": "db.orders"}
    )
    follow = {"type": "subscribe", "channel": "asset.updates"}
    socket = await opened(token_of(alice_member))
    began = await socket.say(**follow, asset_id=str(asset.pk), since=None)
    drafts = [AssetDraft(type="TABLE", name=n, qualified_name=f"db.{n}", description="d") for n in ("users", "orders")]
    await sync_to_async(upsert_assets)(actor=alice_actor, drafts=drafts)
    assert (await socket.hear())["asset_id"] == str(asset.pk)
    answer = await socket.say(**follow, asset_id=str(orders.pk), since=began["cursor"])
    assert (answer["type"], answer["replayed"]) == ("subscribed", 1)
    assert (await socket.hear())["asset_id"] == str(orders.pk)
    assert await socket.hears_nothing()


@pytest.mark.parametrize("since", ["nonsense", "0-1", "18c0ffee-1", "-", "9" * 40, "99999999999999-0"])
async def test_a_cursor_of_another_life_is_not_complete(opened, layer, alice_member, asset, since):  # noqa: F811
    socket = await opened(token_of(alice_member))
    answer = await socket.say(type="subscribe", channel="asset.updates", since=since)
    assert (answer["type"], answer["complete"]) == ("subscribed", False)


async def test_a_log_that_went_on_too_long_says_so(opened, alice_member, asset, alice_actor):  # noqa: F811
    socket = await opened(token_of(alice_member))
    began = await socket.say(type="subscribe", channel="asset.updates", since=None)
    for number in range(KEPT + 5):
        live.publish(asset.organization_id, "elsewhere", {"type": "n", "number": number})
    answer = await (await opened(token_of(alice_member))).say(
        type="subscribe", channel="asset.updates", since=began["cursor"]
    )
    assert answer["complete"] is False


async def test_outsider_resumes_nothing(opened, layer, charlie_member, alice_actor, asset):  # noqa: F811
    socket = await opened(token_of(charlie_member))
    refused = await socket.say(type="subscribe", channel="asset.updates", asset_id=str(asset.pk), since="0-1")
    assert refused["error"]["code"] == "ASSET_NOT_FOUND"
    began = await socket.say(type="subscribe", channel="asset.updates", since=None)
    await change(alice_actor, asset, "secret")
    await asyncio.to_thread(live.flush, 60)
    again = await opened(token_of(charlie_member))
    answer = await again.say(type="subscribe", channel="asset.updates", since=began["cursor"])
    assert answer["replayed"] == 0
    assert await again.hears_nothing()


async def test_publishers_are_followed_as_the_registry_page_says(opened, alice_member, charlie_member, acme, other):  # noqa: F811
    await type(acme).objects.filter(pk=acme.pk).aupdate(is_public=True)
    socket = await opened(token_of(charlie_member))
    wanted = {"channel": "source_updates", "filter": {"organization": "ACME"}}
    assert (await socket.say(action="subscribe", **wanted))["type"] == "subscribed"
    live.publish(acme.pk, "source_updates", {"type": "source.updated", "event": "PUBLISH", "data": {"name": "p"}})
    live.publish(other.pk, "source_updates", {"type": "source.updated", "event": "PUBLISH", "data": {"name": "no"}})
    told = await socket.hear()
    assert (told["type"], told["data"]) == ("source.updated", {"name": "p"})
    assert await socket.hears_nothing()
    assert (await socket.say(action="unsubscribe", **wanted))["type"] == "unsubscribed"


async def test_a_publisher_that_is_not_public_is_not_found(opened, charlie_member, acme):  # noqa: F811
    await type(acme).objects.filter(pk=acme.pk).aupdate(is_public=False)
    socket = await opened(token_of(charlie_member))
    for slug, code in (("acme", "ORGANIZATION_NOT_FOUND"), ("nosuch", "ORGANIZATION_NOT_FOUND"), ("\0", None)):
        refused = await socket.say(action="subscribe", channel="source_updates", filter={"organization": slug})
        assert refused["error"]["code"] == (code or "ORGANIZATION_NOT_FOUND")


@pytest.mark.parametrize(
    "message",
    [
        {"channel": "asset.updates", "asset_type": "TABEL"},
        {"channel": "asset.updates", "asset_type": ["TABLE"]},
        {"channel": "asset.updates", "asset_type": "TABLE", "asset_id": str(uuid4())},
        {"channel": "asset.updates", "since": 7},
        {"channel": "source_updates"},
        {"channel": "source_updates", "filter": "acme"},
        {"channel": "source_updates", "filter": {"organization": 7}},
    ],
)
async def test_a_bad_subscription_is_answered_and_the_socket_stays(opened, alice_member, message):  # noqa: F811
    socket = await opened(token_of(alice_member))
    assert (await socket.say(type="subscribe", **message))["error"]["code"] == "VALIDATION_ERROR"
    assert await socket.say(type="ping") == {"type": "pong"}


async def test_a_token_may_come_as_a_subprotocol(alice_member):
    socket = Socket()
    socket.wire.scope["subprotocols"] = ["bearer", issue_tokens(alice_member).access]
    await socket.wire.send_input({"type": "websocket.connect"})
    accepted = await socket.wire.receive_output(PATIENCE)
    assert (accepted["type"], accepted["subprotocol"]) == ("websocket.accept", "bearer")
    assert await socket.say(type="ping") == {"type": "pong"}
    await socket.close()


async def test_a_key_that_ends_closes_the_socket_at_that_moment(opened, alice_actor, acme, monkeypatch):  # noqa: F811
    new = await sync_to_async(key_of)(alice_actor, acme, expires_at=timezone.now() + timedelta(days=1))
    looks: list[Identity] = []

    def identify_and_end(scope):
        """It is given a moment more when it has opened the socket, however long that took."""
        looks.append(identify(scope))
        ApiKey.objects.update(expires_at=timezone.now() + timedelta(seconds=0.2))
        return replace(looks[-1], until=end_of(new.key))

    monkeypatch.setattr(consumers, "identify", identify_and_end)
    monkeypatch.setattr(consumers, "RECHECK_SECONDS", 3600.0)
    socket = await opened(f"token={new.key}")
    message = await socket.wire.receive_output(PATIENCE)
    assert (message["type"], message["code"], len(looks)) == ("websocket.close", 4401, 1)
    assert "expired" in message["reason"]


async def test_a_heartbeat_is_heard(opened, alice_member, monkeypatch):  # noqa: F811
    monkeypatch.setattr(consumers, "HEARTBEAT_SECONDS", 0.05)
    assert (await (await opened(token_of(alice_member))).hear())["type"] == "heartbeat"


async def test_a_slow_client_is_dropped_and_the_others_hear_on(opened, alice_member, alice_actor, asset, monkeypatch):  # noqa: F811
    monkeypatch.setattr(consumers, "OUTBOX_BYTES", 2000)
    following = {"type": "subscribe", "channel": "asset.updates", "asset_id": str(asset.pk)}
    quick = await opened(token_of(alice_member))
    await quick.say(**following)
    slow = await opened(token_of(alice_member))
    await slow.say(**following)
    stuck = asyncio.Event()
    send = consumers.LiveConsumer.send

    async def sticking(self: Any, text_data: str, **named: Any) -> None:
        if self.channel_name == names[-1]:
            await stuck.wait()
        await send(self, text_data=text_data, **named)

    names = [each for group in get_channel_layer().groups.values() for each in group]
    monkeypatch.setattr(consumers.LiveConsumer, "send", sticking)
    for number in range(8):
        await change(alice_actor, asset, f"n{number}")
        assert (await quick.hear())["data"]["name"] == f"n{number}"
    assert await slow.close_code() == 4408
    stuck.set()
    assert json.dumps(await quick.say(type="ping"))
