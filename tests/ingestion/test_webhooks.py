"""Webhooks, with a real receiver: what is told, how it is signed, and what happens when it does not arrive."""

import base64
import hashlib
import hmac
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from celery import current_app
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerDown

from audit.models import AuditEvent
from catalog.services import AssetDraft, create_asset, upsert_assets
from ingestion.models import DeliveryStatus, Job, Webhook, WebhookDelivery
from ingestion.services import deliveries, sources, webhooks
from ingestion.services.subscriptions import signing_secrets
from tests.ingestion.test_runs import shelf, source  # noqa: F401  fixtures

URL = "/api/v1/webhooks"


class Receiver:
    """An HTTP server that keeps what is posted and answers as it is told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.answer = b""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", str(len(receiver.answer)))
                self.end_headers()
                self.wfile.write(receiver.answer)

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def subscribe(alice_actor, receiver):
    def make(*events, **data) -> Webhook:
        body = {"name": "ops", "url": receiver.url, "events": list(events), **data}
        return webhooks.create_webhook(actor=alice_actor, data=body)[0]

    return make


def post_all() -> None:
    for key in WebhookDelivery.objects.filter(status="pending").order_by("id").values_list("pk", flat=True):
        deliveries.attempt(key)


def asset(name, **fields):
    return {"type": "TABLE", "name": name, "qualified_name": f"db.{name}", **fields}


def test_change_of_the_catalog_is_told_and_signed(alice, receiver, bob_actor):
    body = {"name": "ops", "url": receiver.url, "events": ["asset.*"]}
    made = alice.post(URL, body, format="json")
    assert made.status_code == 201
    secret = made.json()["secret"]
    created = create_asset(actor=bob_actor, data=asset("orders"))
    post_all()
    ((headers, raw),) = receiver.got
    message = json.loads(raw)
    assert message.keys() == {"type", "timestamp", "data"}
    assert message["type"] == "asset.created"
    assert message["data"]["by"] == "Bob"
    assert message["data"]["assets"] == [
        {"id": str(created.pk), "type": "TABLE", "name": "orders", "qualified_name": "db.orders", "version": 1}
    ]
    # As a receiver checks it, by the specification alone.
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + raw
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    row = WebhookDelivery.objects.get()
    assert (row.status, row.response_status, row.attempts, row.error) == ("succeeded", 204, 1, "")


def test_secret_is_shown_once_and_never_kept_in_the_clear(alice, receiver):
    made = alice.post(URL, {"name": "ops", "url": receiver.url, "events": ["*"]}, format="json").json()
    secret, path = made["secret"], f"{URL}/{made['id']}"
    answers = [alice.get(URL), alice.get(path), alice.put(path, {"name": "dev"}, format="json")]
    assert all(answer.status_code == 200 and secret not in answer.content.decode() for answer in answers)
    assert secret not in Webhook.objects.get().secrets
    assert secret not in json.dumps([event.after_state for event in AuditEvent.objects.all()])


def test_trail_names_the_host_of_a_webhook_and_nothing_that_follows_it(alice, vera, receiver):
    body = {"name": "ops", "url": f"{receiver.url}/T0k3n?key=T0k3n", "events": ["*"]}
    made = alice.post(URL, body, format="json").json()
    alice.put(f"{URL}/{made['id']}", {"url": f"{receiver.url}/0th3r"}, format="json")
    trail = vera.get("/v1/audits?entity_type=WEBHOOK")
    host = receiver.url.removesuffix("hook")
    before, after = (trail.json()["data"][0][name]["url"] for name in ("before_state", "after_state"))
    assert (before[: len(host)], after[: len(host)], before == after) == (host, host, False)
    assert not any(word in trail.content.decode() for word in ("T0k3n", "0th3r", "hook/"))


def test_batch_of_assets_is_one_message(subscribe, receiver, bob_actor):
    subscribe("asset.created")
    upsert_assets(actor=bob_actor, drafts=[AssetDraft("TABLE", f"t{n}", f"db.t{n}") for n in range(1200)])
    post_all()
    assert [len(message["data"]["assets"]) for message in receiver.messages()] == [1000, 200]


def test_message_is_in_the_transaction_of_the_change(subscribe, bob_actor):
    subscribe("*")
    with transaction.atomic():
        create_asset(actor=bob_actor, data=asset("never"))
        assert WebhookDelivery.objects.exists()
        transaction.set_rollback(True)
    assert not WebhookDelivery.objects.exists()


def test_nothing_is_lost_when_the_broker_is_down(
    subscribe, receiver, bob_actor, monkeypatch, django_capture_on_commit_callbacks
):
    subscribe("asset.*")

    def down(*arguments, **options):
        raise BrokerDown("no broker")

    monkeypatch.setattr(current_app, "send_task", down)
    with django_capture_on_commit_callbacks(execute=True):
        create_asset(actor=bob_actor, data=asset("orders"))
    assert not receiver.got
    woken = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **options: woken.append((name, *options["args"])))
    assert deliveries.dispatch() == 1
    assert woken == [("ingestion.deliver_webhook", str(WebhookDelivery.objects.get().pk))]


def test_run_tells_how_it_ended(subscribe, receiver, source, shelf, collect):  # noqa: F811
    subscribe("task.*")
    collect(source)
    shelf.steps = [ValueError("a bug")]
    failed = collect(source)
    post_all()
    good, bad = receiver.messages()
    assert (good["type"], good["data"]["counts"]["created"]) == ("task.succeeded", 10)
    assert (bad["type"], bad["data"]["execution_id"]) == ("task.failed", str(failed.pk))
    assert (bad["data"]["data_source"], bad["data"]["error"]["code"]) == ("lib", "INTERNAL_ERROR")


def test_source_that_stops_answering_is_told(subscribe, receiver, bob_actor, import_dir):
    subscribe("datasource.*")
    missing = {"name": "gone", "type": "sqlite", "config": {"database": "gone.db"}}
    sources.test_connection(actor=bob_actor, source=sources.create_data_source(actor=bob_actor, data=missing))
    post_all()
    changed, unreachable = receiver.messages()
    assert (changed["type"], unreachable["type"]) == ("datasource.status_changed", "datasource.unreachable")
    assert (changed["data"]["status_before"], changed["data"]["status"]) == ("active", "error")


def test_only_what_was_subscribed_to_is_told(subscribe, bob_actor):
    subscribe("release.*", "asset.deleted")
    create_asset(actor=bob_actor, data=asset("orders"))
    assert not WebhookDelivery.objects.exists()


def test_other_organization_is_told_nothing(subscribe, charlie_actor):
    subscribe("*")
    create_asset(actor=charlie_actor, data=asset("secret"))
    assert not WebhookDelivery.objects.exists()


@pytest.fixture
def failed_once(subscribe, receiver, bob_actor):
    receiver.status, receiver.answer = 500, b"out of order"
    subscribe("asset.*")
    create_asset(actor=bob_actor, data=asset("orders"))
    post_all()
    return WebhookDelivery.objects.get()


def test_failed_try_is_tried_again_later_under_the_same_id(failed_once, receiver):
    assert (failed_once.status, failed_once.response_status, failed_once.response_body) == (
        "pending",
        500,
        "out of order",
    )
    assert failed_once.error == "The receiver answered with 500"
    pause = timedelta(seconds=deliveries.PAUSES[0])
    assert failed_once.attempted_at < failed_once.next_attempt_at <= timezone.now() + pause
    WebhookDelivery.objects.update(next_attempt_at=timezone.now() + timedelta(hours=1))
    assert deliveries.attempt(failed_once.pk) is False
    assert len(receiver.got) == 1  # not before its time
    receiver.status = 200
    WebhookDelivery.objects.update(next_attempt_at=timezone.now())
    assert deliveries.attempt(failed_once.pk) is True
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1


def test_webhook_where_nothing_arrives_is_disabled_and_what_waits_is_kept(failed_once, subscribe, bob_actor, alice):
    WebhookDelivery.objects.update(attempts=len(deliveries.PAUSES), next_attempt_at=timezone.now())
    deliveries.attempt(failed_once.pk)
    failed_once.refresh_from_db()
    webhook = Webhook.objects.get()
    assert failed_once.status == DeliveryStatus.FAILED
    assert (webhook.is_active, webhook.disabled_reason) == (
        False,
        "Nothing arrived in 10 tries: The receiver answered with 500",
    )
    assert AuditEvent.objects.filter(entity_id=webhook.pk, action="UPDATE").exists()
    create_asset(actor=bob_actor, data=asset("later"))
    assert WebhookDelivery.objects.count() == 1
    body = alice.put(f"{URL}/{webhook.pk}", {"is_active": True}, format="json").json()
    assert (body["is_active"], body["disabled_reason"]) == (True, "")


def test_webhook_that_works_otherwise_is_not_disabled_by_one_message(failed_once):
    Webhook.objects.update(succeeded_at=timezone.now())
    WebhookDelivery.objects.update(attempts=len(deliveries.PAUSES), next_attempt_at=timezone.now())
    deliveries.attempt(failed_once.pk)
    assert Webhook.objects.get().is_active


def test_receiver_that_is_gone_is_left_alone_at_once(subscribe, receiver, bob_actor):
    receiver.status = 410
    subscribe("asset.*")
    create_asset(actor=bob_actor, data=asset("orders"))
    post_all()
    assert "gone" in Webhook.objects.get().disabled_reason


def test_redirect_is_not_followed(subscribe, receiver, bob_actor):
    receiver.status = 302
    subscribe("asset.*")
    create_asset(actor=bob_actor, data=asset("orders"))
    post_all()
    assert (len(receiver.got), WebhookDelivery.objects.get().response_status) == (1, 302)


def test_worker_that_died_in_the_middle_leaves_it_due_again(subscribe, receiver, bob_actor):
    subscribe("asset.*")
    create_asset(actor=bob_actor, data=asset("orders"))
    key = WebhookDelivery.objects.get().pk
    claimed = deliveries._claim(key, is_test=False)
    assert claimed is not None
    assert deliveries.attempt(key) is False  # another has it
    WebhookDelivery.objects.update(next_attempt_at=timezone.now())
    assert deliveries.attempt(key) is True
    assert WebhookDelivery.objects.get().attempts == 2


def test_closed_port_and_blocked_address_are_told(subscribe, bob_actor, unused_tcp_port):
    webhook = subscribe("asset.*")
    create_asset(actor=bob_actor, data=asset("orders"))
    for url, words in (
        (f"http://127.0.0.1:{unused_tcp_port}/", "could not be posted: Connection refused"),
        ("http://169.254.169.254/", "link-local"),
        ("http://127.0.0.1/\x01", "could not be posted"),
    ):
        Webhook.objects.update(url=url)
        WebhookDelivery.objects.update(next_attempt_at=timezone.now())
        deliveries.attempt(webhook.deliveries.get().pk)
        assert words in webhook.deliveries.get().error


def test_ping_is_posted_at_once_and_not_tried_again(alice, subscribe, receiver):
    webhook = subscribe("task.failed", is_active=False)
    body = alice.post(f"{URL}/{webhook.pk}/test").json()
    assert (body["status"], body["event"]) == ("succeeded", "webhook.ping")
    assert receiver.messages()[0]["type"] == "webhook.ping"
    receiver.status = 503
    body = alice.post(f"{URL}/{webhook.pk}/test").json()
    assert (body["status"], body["response_status"], body["next_attempt_at"]) == ("failed", 503, None)


def test_deliveries_are_listed_and_redelivered(alice, subscribe, receiver, bob_actor):
    webhook = subscribe("asset.*")
    create_asset(actor=bob_actor, data=asset("orders"))
    path = f"{URL}/{webhook.pk}/deliveries"
    waiting = alice.get(path).json()["data"][0]
    assert alice.post(f"{path}/{waiting['id']}/redeliver").status_code == 409
    post_all()
    assert alice.get(path, {"status": "pending"}).json()["total"] == 0
    assert alice.get(path, {"event": "asset.created"}).json()["total"] == 1
    assert alice.get(path, {"status": "lost"}).status_code == 400
    assert alice.get(f"{path}/{waiting['id']}").json()["status"] == "succeeded"
    again = alice.post(f"{path}/{waiting['id']}/redeliver")
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    post_all()
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 2


def test_new_secret_signs_beside_the_former_one(alice, subscribe, receiver):
    webhook = subscribe("*")
    former = signing_secrets(webhook)
    secret = alice.post(f"{URL}/{webhook.pk}/rotate").json()["secret"]
    webhook.refresh_from_db()
    assert signing_secrets(webhook) == [secret, *former]
    alice.post(f"{URL}/{webhook.pk}/test")
    assert receiver.got[-1][0]["webhook-signature"].count("v1,") == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "http://user:password@127.0.0.1/"}, "url"),
        ({"url": "http://169.254.169.254/latest"}, "url"),
        ({"url": "not a url"}, "url"),
        ({"url": "http://127.0.0.1/\x01"}, "url"),
        ({"url": "http://127.0.0.1/a\nb"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["asset.eaten"]}, "events"),
        ({"name": ""}, "name"),
        ({"secret": "mine"}, "secret"),
        ({"is_active": "perhaps"}, "is_active"),
        ({"is_active": "yes"}, "is_active"),
        ({"is_active": 1}, "is_active"),
        ({"name": 1}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"url": 1}, "url"),
    ],
)
def test_bad_input_names_the_field(alice, receiver, changes, field):
    body = {"name": "ops", "url": receiver.url, "events": ["*"], **changes}
    response = alice.post(URL, body, format="json")
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_REQUEST")
    assert field in response.json()["details"]
    assert not Webhook.objects.exists()


def test_name_that_is_taken_is_a_conflict(alice, subscribe, receiver):
    subscribe("*")
    body = {"name": "ops", "url": receiver.url, "events": ["*"]}
    assert alice.post(URL, body, format="json").status_code == 409


def test_webhook_is_deleted_with_its_deliveries(alice, subscribe, bob_actor):
    webhook = subscribe("*")
    create_asset(actor=bob_actor, data=asset("orders"))
    assert alice.delete(f"{URL}/{webhook.pk}").status_code == 204
    assert not WebhookDelivery.objects.exists()


def test_events_are_listed(alice):
    assert {"asset.created", "task.failed"} <= {row["name"] for row in alice.get(f"{URL}/events").json()}


def requests_of(client, webhook, delivery):
    path = f"{URL}/{webhook.pk}"
    return [
        client.get(path),
        client.put(path, {"name": "mine"}, format="json"),
        client.delete(path),
        client.post(f"{path}/test"),
        client.post(f"{path}/rotate"),
        client.get(f"{path}/deliveries"),
        client.get(f"{path}/deliveries/{delivery.pk}"),
        client.post(f"{path}/deliveries/{delivery.pk}/redeliver"),
    ]


def test_outsider_sees_and_touches_nothing_and_editors_are_refused(charlie, bob, vera, failed_once):
    webhook = failed_once.webhook
    assert charlie.get(URL).json()["total"] == 0
    assert {response.status_code for response in requests_of(charlie, webhook, failed_once)} == {404}
    for member in (bob, vera):
        assert member.get(URL).status_code == 403
        assert {response.status_code for response in requests_of(member, webhook, failed_once)} == {403}
    assert Job.objects.count() == 0
    assert Webhook.objects.get().name == "ops"
