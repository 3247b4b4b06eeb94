"""Kafka: topics with partitions, settings and registered schemas; consumer groups, which depend on what they read.

Brokers other than the first are met where the cluster says they are.
"""

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
    RelationshipDraft,
    SourceError,
)
from ingestion.connectors.drivers import driver
from ingestion.connectors.network import (
    PASSWORD_SCHEMA,
    TIMEOUT_SCHEMA,
    allowed_addresses_of,
    port_schema,
    server_schema,
)
from ingestion.connectors.schema_registry import REGISTRY_SCHEMAS, SchemaRegistry, schema_registry
from ingestion.connectors.tables import chunks

GROUPS = "groups"
"""The part of a qualified name that consumer groups stand below."""

_KEPT = ("cleanup.policy", "retention.ms", "retention.bytes", "max.message.bytes", "min.insync.replicas")
"""Settings of a topic that say what it is for; the rest is the broker's housekeeping."""


class KafkaConnector(Connector):
    type = "kafka"
    title = "Kafka"
    config_schema: ClassVar[JsonSchema] = server_schema(
        port_schema(9092),
        {
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
            "password": PASSWORD_SCHEMA,
            **REGISTRY_SCHEMAS,
            "timeout": TIMEOUT_SCHEMA,
        },
    )

    def test(self, config: Mapping[str, Any]) -> ConnectionResult:
        began = time.perf_counter()
        with _admin(config) as admin, schema_registry(config) as registry:
            metadata = admin.list_topics(timeout=config["timeout"])
        latency = round((time.perf_counter() - began) * 1000)
        info = f"Kafka, {len(metadata.brokers)} broker(s), cluster {metadata.cluster_id or 'without a name'}"
        if registry is not None:
            info += f"; {len(registry.latest)} registered subject(s)"
        return ConnectionResult(True, "Connection successful", latency, info, "")

    def collect(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[Batch]:
        with _admin(config) as admin, schema_registry(config) as registry:
            topics = admin.list_topics(timeout=config["timeout"]).topics
            names = [name for name in sorted(topics) if not name.startswith("__") and options.wants_table("", name)]
            observer.phase("Topics", len(names), until=70)
            for some in chunks(names, min(options.batch_size, 500)):
                observer.check()
                settings = _settings(admin, some, config["timeout"], observer)
                drafts = [_draft(options.root, topics[name], settings.get(name, {})) for name in some]
                if registry is not None:
                    for draft in drafts:
                        _describe(draft, registry, observer)
                yield Batch(drafts)
                observer.advance(len(some), some[-1])
            yield from _groups(admin, set(names), config["timeout"], options, observer)

    def covers(self, parts: Sequence[str], options: CollectOptions) -> bool:
        return options.wants_table(GROUPS if len(parts) > 1 else "", parts[-1])


def _draft(root: str, topic: Any, settings: Mapping[str, str]) -> AssetDraft:
    replicas = {len(partition.replicas) for partition in topic.partitions.values()}
    metadata: dict[str, Any] = {"partitions": len(topic.partitions), "replication": max(replicas, default=0)}
    if settings:
        metadata["settings"] = dict(settings)
    return AssetDraft("TOPIC", topic.topic, join_name(root, topic.topic), "", metadata)


def _describe(draft: AssetDraft, registry: SchemaRegistry, observer: Observer) -> None:
    """Give a topic the fields of its values; those of its keys are the children of one element more."""
    found = {part: registry.of(f"{draft.name}-{part}") for part in ("value", "key")}
    told = [one for one in found.values() if one is not None]
    if not told:
        return
    for one in told:
        if one.problem:
            observer.warn(f"The schema {one.subject} cannot be read: {one.problem}", draft.qualified_name)
    value, key = found["value"], found["key"]
    schema = list(value.elements) if value is not None else []
    if key is not None and key.elements:
        element = {"name": "[key]", "type": "key", "nullable": True, "position": len(schema) + 1}
        schema.append({**element, "children": key.elements})
    draft.schema = schema
    draft.metadata = {
        **(draft.metadata or {}),
        "schemas": [{"subject": one.subject, "version": one.version, "type": one.kind} for one in told],
    }


def _groups(
    admin: Any, topics: set[str], timeout: float, options: CollectOptions, observer: Observer
) -> Iterator[Batch]:
    """The consumer groups, and the topics that they have committed offsets of. Where they are is not told: it moves."""
    found = admin.list_consumer_groups(request_timeout=timeout).result(timeout=timeout + 1)
    if found.errors:  # each broker answers for the groups that it keeps
        observer.gap([GROUPS], f"Not all consumer groups can be listed: {found.errors[0].str()}")
    names = sorted(one.group_id for one in found.valid if options.wants_table(GROUPS, one.group_id))
    observer.phase("Consumer groups", len(names), until=95)
    for some in chunks(names, min(options.batch_size, 50)):
        observer.check()
        batch = Batch()
        for name, read in _read_by(admin, some, timeout, observer, options.root).items():
            own = join_name(options.root, GROUPS, name)
            batch.assets.append(AssetDraft("PIPELINE", name, own, "", {"kind": "consumer group"}))
            batch.relationships += [
                RelationshipDraft(own, join_name(options.root, topic), "DEPENDS_ON") for topic in sorted(read & topics)
            ]
        yield batch
        observer.advance(len(some), some[-1])


def _read_by(admin: Any, groups: Sequence[str], timeout: float, observer: Observer, root: str) -> dict[str, set[str]]:
    """The topics that each group has committed offsets of; the groups are asked for at the same time."""
    kafka = driver("confluent_kafka", package="confluent-kafka", engine="Kafka")
    asked = {}
    for name in groups:
        request = [kafka.ConsumerGroupTopicPartitions(name)]
        asked.update(admin.list_consumer_group_offsets(request, request_timeout=timeout))
    read: dict[str, set[str]] = {}
    for name, future in asked.items():
        try:
            read[name] = {one.topic for one in future.result(timeout=timeout + 1).topic_partitions if one.offset >= 0}
        except kafka.KafkaException as error:
            observer.warn(f"What it reads is not known: {error.args[0].str()}", join_name(root, GROUPS, name))
            read[name] = set()
    return read


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
    host = f"[{config['host']}]" if ":" in config["host"] else config["host"]
    where = f"{host}:{config['port']}"
    options = {
        "bootstrap.servers": f"[{config['host']}]:{config['port']}" if ":" in config["host"] else where,
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
    except TimeoutError:
        message = f"Kafka at {where} did not answer within {config['timeout']} seconds"
        raise SourceError(message, code="TIMEOUT", retry=True) from None
    except kafka.KafkaException as error:
        reason = error.args[0]
        if reason.code() == kafka.KafkaError._AUTHENTICATION:
            message = f"Kafka refused the user '{config.get('username', '')}': check user name and password"
            raise SourceError(message, code="AUTHENTICATION_FAILED") from None
        message = f"Kafka at {where} does not answer within {config['timeout']} seconds ({reason.name()})"
        raise SourceError(message, code="CONNECTION_FAILED", retry=True) from None
