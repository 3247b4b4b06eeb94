"""Kafka: topics with partitions and settings. Brokers other than the first are met where the cluster says they are."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from catalog.names import join_name
from ingestion.connectors.base import (
    AssetDraft,
    Batch,
    CollectOptions,
    ConnectionResult,
    Connector,
    JsonSchema,
    Observer,
    SourceError,
)
from ingestion.connectors.drivers import driver
from ingestion.connectors.network import HOST_SCHEMA, TIMEOUT_SCHEMA, allowed_addresses_of
from ingestion.connectors.tables import chunks

_KEPT = ("cleanup.policy", "retention.ms", "retention.bytes", "max.message.bytes", "min.insync.replicas")
"""Settings of a topic that say what it is for; the rest is the broker's housekeeping."""


class KafkaConnector(Connector):
    type = "kafka"
    title = "Kafka"
    config_schema: ClassVar[JsonSchema] = {
        "type": "object",
        "required": ["host"],
        "additionalProperties": False,
        "properties": {
            "host": HOST_SCHEMA,
            "port": {"type": "integer", "minimum": 1, "maximum": 65535, "default": 9092, "title": "Port"},
            "security_protocol": {
                "enum": ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
                "default": "PLAINTEXT",
                "title": "Protocol",
            },
            "sasl_mechanism": {
                "enum": ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"],
                "default": "PLAIN",
                "title": "SASL mechanism",
            },
            "username": {"type": "string", "maxLength": 255, "title": "User name"},
            "password": {"type": "string", "maxLength": 1000, "writeOnly": True, "title": "Password"},
            "timeout": TIMEOUT_SCHEMA,
        },
    }

    def test(self, config: Mapping[str, Any]) -> ConnectionResult:
        began = time.perf_counter()
        with _admin(config) as admin:
            metadata = admin.list_topics(timeout=config["timeout"])
        latency = round((time.perf_counter() - began) * 1000)
        info = f"Kafka, {len(metadata.brokers)} broker(s), cluster {metadata.cluster_id or 'without a name'}"
        return ConnectionResult(True, "Connection successful", latency, info, "")

    def collect(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[Batch]:
        with _admin(config) as admin:
            topics = admin.list_topics(timeout=config["timeout"]).topics
            names = [name for name in sorted(topics) if not name.startswith("__") and options.wants_table("", name)]
            observer.phase("Topics", len(names), until=95)
            for some in chunks(names, min(options.batch_size, 500)):
                observer.check()
                settings = _settings(admin, some, config["timeout"], observer)
                yield Batch([_draft(options.root, topics[name], settings.get(name, {})) for name in some])
                observer.advance(len(some), some[-1])

    def covers(self, parts: Sequence[str], options: CollectOptions) -> bool:
        return options.wants_table("", parts[-1])


def _draft(root: str, topic: Any, settings: Mapping[str, str]) -> AssetDraft:
    replicas = {len(partition.replicas) for partition in topic.partitions.values()}
    metadata: dict[str, Any] = {"partitions": len(topic.partitions), "replication": max(replicas, default=0)}
    if settings:
        metadata["settings"] = dict(settings)
    return AssetDraft("TOPIC", topic.topic, join_name(root, topic.topic), "", metadata)


def _settings(admin: Any, names: Sequence[str], timeout: float, observer: Observer) -> dict[str, dict[str, str]]:
    """What is set on each topic; empty, and told, where the cluster does not say it."""
    kafka = driver("confluent_kafka", package="confluent-kafka", engine="Kafka")
    wanted = [kafka.admin.ConfigResource(kafka.admin.ConfigResource.Type.TOPIC, name) for name in names]
    found: dict[str, dict[str, str]] = {}
    for resource, future in admin.describe_configs(wanted, request_timeout=timeout).items():
        try:
            entries = future.result(timeout=timeout + 1)
        except kafka.KafkaException as error:
            observer.warn(f"The settings of topics cannot be read: {error.args[0].str()}")
            return found
        found[resource.name] = {
            name: entries[name].value for name in _KEPT if name in entries and entries[name].value is not None
        }
    return found


@contextmanager
def _admin(config: Mapping[str, Any]) -> Iterator[Any]:
    kafka = driver("confluent_kafka", package="confluent-kafka", engine="Kafka")
    driver("confluent_kafka.admin", package="confluent-kafka", engine="Kafka")
    allowed_addresses_of(config)
    where = f"{config['host']}:{config['port']}"
    options = {
        "bootstrap.servers": where,
        "security.protocol": config["security_protocol"],
        "socket.timeout.ms": config["timeout"] * 1000,
        "client.id": "cartulary",
        "log_level": 0,
    }
    if config["security_protocol"].startswith("SASL"):
        options |= {
            "sasl.mechanism": config["sasl_mechanism"],
            "sasl.username": config.get("username", ""),
            "sasl.password": config.get("password", ""),
        }
    try:
        yield kafka.admin.AdminClient(options)
    except kafka.KafkaException as error:
        reason = error.args[0]
        if reason.code() == kafka.KafkaError._AUTHENTICATION:
            message = f"Kafka refused the user '{config.get('username', '')}': check user name and password"
            raise SourceError(message, code="AUTHENTICATION_FAILED") from None
        message = f"Kafka at {where} does not answer within {config['timeout']} seconds ({reason.name()})"
        raise SourceError(message, code="CONNECTION_FAILED", retry=True) from None
