"""Kafka's connector, against librdkafka's own mock cluster, which knows topics and no settings."""

import pytest

from catalog.models import Asset
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from ingestion.services.sources import test_connection as connection_test

kafka = pytest.importorskip("confluent_kafka", reason="needs requirements-connectors.txt")


@pytest.fixture
def port():
    """A mock cluster that lives as long as the producer that made it."""
    producer = kafka.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock"})
    for topic in ("orders", "payments.v1", "temp_x"):
        producer.produce(topic, b"{}")
    producer.flush(10)
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    yield broker.port
    del producer


def make(actor, port, **config):
    data = {"name": "bus", "type": "kafka", "config": {"host": "127.0.0.1", "port": port, "timeout": 3, **config}}
    return create_data_source(actor=actor, data=data)


def test_topics_are_collected(port, bob_actor, collect):
    job = collect(make(bob_actor, port), {"exclude_tables": ["temp_*"]})
    assert job.status == JobStatus.COMPLETED, job.error
    found = {asset.qualified_name: asset.metadata for asset in Asset.objects.filter(type="TOPIC")}
    assert set(found) == {"bus.orders", 'bus."payments.v1"'}
    assert found["bus.orders"]["partitions"] >= 1


def test_connection_is_tested(port, bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, port))
    assert result.success, result.message
    assert "1 broker" in result.server_info


def test_cluster_that_is_down_says_so(bob_actor, unused_tcp_port):
    result = connection_test(actor=bob_actor, source=make(bob_actor, unused_tcp_port, timeout=1))
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")
