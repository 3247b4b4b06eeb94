"""Collecting RabbitMQ: a virtual host of its own on a real server, through the management API."""

from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from catalog.models import Asset, Relationship
from ingestion.models import JobStatus
from ingestion.services import sources
from ingestion.services.sources import create_data_source

MANAGEMENT_PORT = 15672


@pytest.fixture
def api(rabbitmq_url):
    url = urlsplit(rabbitmq_url)
    base = f"http://{url.hostname}:{MANAGEMENT_PORT}/api/"
    with httpx.Client(
        base_url=base, auth=(url.username or "guest", url.password or "guest"), trust_env=False, timeout=60
    ) as client:
        try:
            client.get("overview")
        except httpx.ConnectError:
            pytest.skip(f"needs RabbitMQ's management API at {base}: rabbitmq-plugins enable rabbitmq_management")
        yield client


@pytest.fixture
def vhost(api):
    name = f"cartulary/{uuid4().hex[:8]}"
    path = name.replace("/", "%2F")
    api.put(f"vhosts/{path}").raise_for_status()

    def put(what: str, **body: Any) -> None:
        api.request("POST" if what.startswith("b") else "PUT", what.replace("@", path), json=body).raise_for_status()

    put("exchanges/@/orders", type="topic", durable=True)
    put("exchanges/@/audit", type="fanout", durable=True)
    put("queues/@/mail", durable=True, arguments={"x-max-length": 10})
    put("queues/@/orders", durable=True)
    put("bindings/@/e/orders/q/mail", routing_key="order.paid")
    put("bindings/@/e/orders/q/mail", routing_key="order.sent")
    put("bindings/@/e/orders/e/audit", routing_key="#")
    yield name
    api.delete(f"vhosts/{path}")


@pytest.fixture
def source(vhost, rabbitmq_url, bob_actor):
    url = urlsplit(rabbitmq_url)
    config = {"host": url.hostname, "vhost": vhost, "username": url.username, "password": url.password}
    return create_data_source(actor=bob_actor, data={"name": "broker", "type": "rabbitmq", "config": config})


@pytest.mark.rabbitmq
def test_virtual_host_becomes_exchanges_queues_and_bindings(source, vhost, collect):
    job = collect(source)
    assert (job.status, job.error, job.result["warnings"]) == (JobStatus.COMPLETED, None, [])
    assert dict(Asset.objects.values_list("qualified_name", "type")) == {
        f"broker.{vhost}": "DATABASE",
        f"broker.{vhost}.exchanges.orders": "EXCHANGE",
        f"broker.{vhost}.exchanges.audit": "EXCHANGE",
        f"broker.{vhost}.queues.mail": "QUEUE",
        f"broker.{vhost}.queues.orders": "QUEUE",
    }
    assert Asset.objects.get(name="mail").metadata["arguments"] == {"x-max-length": 10}
    edges = Relationship.objects.filter(type="DEPENDS_ON").select_related("source", "target")
    assert {(edge.source.name, edge.target.name): edge.metadata for edge in edges} == {
        ("mail", "orders"): {"routing_keys": ["order.paid", "order.sent"]},
        ("audit", "orders"): {"routing_keys": ["#"]},
    }
    assert collect(source).result["unchanged"] == 5


@pytest.mark.rabbitmq
def test_virtual_host_without_permission_is_a_gap_and_the_rest_is_collected(api, source, vhost, bob_actor, collect):
    closed, user = f"cartulary-{uuid4().hex[:8]}", f"u{uuid4().hex[:8]}"
    api.put(f"vhosts/{closed}").raise_for_status()
    api.put(f"users/{user}", json={"password": "s3cret-word", "tags": "monitoring"}).raise_for_status()
    may_read = {"configure": "", "write": "", "read": ".*"}
    api.put(f"permissions/{vhost.replace('/', '%2F')}/{user}", json=may_read).raise_for_status()
    config = {"username": user, "password": "s3cret-word", "vhost": None}
    sources.update_data_source(actor=bob_actor, source=source, changes={"config": config})
    source.refresh_from_db()
    job = collect(source, {"include_schemas": [vhost, closed]})
    api.delete(f"users/{user}")
    api.delete(f"vhosts/{closed}")
    assert job.status == JobStatus.COMPLETED, job.error
    (gap,) = job.result["warnings"]
    assert gap["object"] == f"broker.{closed}"
    assert f"The user '{user}' may not use this virtual host" in gap["message"]
    assert Asset.objects.filter(qualified_name=f"broker.{vhost}.queues.mail").exists()


@pytest.mark.rabbitmq
def test_virtual_host_that_is_not_there_says_so(source, bob_actor, collect):
    sources.update_data_source(actor=bob_actor, source=source, changes={"config": {"vhost": "nowhere"}})
    source.refresh_from_db()
    job = collect(source)
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "NOT_FOUND")
    assert "no virtual host 'nowhere'" in job.error["message"]


@pytest.mark.rabbitmq
def test_patterns_choose_queues(source, collect):
    collect(source, {"exclude_tables": ["mail"]})
    assert not Asset.objects.filter(name="mail").exists()
    assert Relationship.objects.filter(type="DEPENDS_ON").count() == 1


@pytest.mark.rabbitmq
def test_connection_test_tells_the_version(source, bob_actor):
    result = sources.test_connection(actor=bob_actor, source=source)
    assert (result.success, result.server_info) == (True, f"RabbitMQ {result.version}")


@pytest.mark.rabbitmq
def test_wrong_password_says_so(source, bob_actor):
    sources.update_data_source(actor=bob_actor, source=source, changes={"config": {"password": "wr0ng-word"}})
    source.refresh_from_db()
    result = sources.test_connection(actor=bob_actor, source=source)
    assert result.code == "AUTHENTICATION_FAILED"
    assert "wr0ng-word" not in result.message


def reached(actor, **config):
    data = {"name": "broker", "type": "rabbitmq", "config": {"host": "127.0.0.1", **config}}
    return sources.test_connection(actor=actor, source=create_data_source(actor=actor, data=data))


def test_server_that_is_down_says_so(bob_actor):
    assert reached(bob_actor, port=1).message == "127.0.0.1:1 refused the connection: is RabbitMQ running there?"


@pytest.mark.rabbitmq
def test_port_of_amqp_itself_is_told_apart(rabbitmq_url, bob_actor):
    result = reached(bob_actor, port=urlsplit(rabbitmq_url).port)
    assert "does not speak the management API: give its port (15672)" in result.message


def test_metadata_address_is_refused(bob_actor):
    result = reached(bob_actor, host="169.254.169.254")
    assert result.code == "BLOCKED"
