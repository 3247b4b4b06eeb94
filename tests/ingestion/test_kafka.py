"""Kafka's connector, against librdkafka's own mock cluster, which knows topics, no settings and no lists of groups.

What a broker says of its groups is put in at the driver's boundary.
"""

import base64
import json
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from catalog.models import Asset, Relationship
from ingestion.connectors.event_schemas import (
    UnreadableSchema,
    avro_elements,
    json_elements,
    protobuf_elements,
)
from ingestion.connectors.kafka import _admin
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from ingestion.services.sources import test_connection as connection_test
from tests.ingestion.http_server import hanging_up, serving

kafka = pytest.importorskip("confluent_kafka", reason="needs requirements-connectors.txt")
admin = pytest.importorskip("confluent_kafka.admin", reason="needs requirements-connectors.txt")


@pytest.fixture
def port(monkeypatch):
    """A mock cluster that lives as long as the producer that made it. What it never answers is not waited for."""
    for name in ("describe_configs", "list_consumer_groups"):
        monkeypatch.setattr(admin.AdminClient, name, hasty(getattr(admin.AdminClient, name)))
    producer = kafka.Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "mock"})
    for topic in ("orders", "payments.v1", "temp_x"):
        producer.produce(topic, b"{}")
    producer.flush(10)
    broker = next(iter(producer.list_topics(timeout=10).brokers.values()))
    yield broker.port
    del producer


def hasty(ask):
    return lambda self, *what, **options: ask(self, *what, **options | {"request_timeout": 0.2})


def make(actor, port, **config):
    data = {"name": "bus", "type": "kafka", "config": {"host": "127.0.0.1", "port": port, "timeout": 30, **config}}
    return create_data_source(actor=actor, data=data)


def test_topics_are_collected(port, bob_actor, collect):
    job = collect(make(bob_actor, port), {"exclude_tables": ["temp_*"]})
    assert job.status == JobStatus.COMPLETED, job.error
    found = {asset.qualified_name: asset.metadata for asset in Asset.objects.filter(type="TOPIC")}
    assert set(found) == {"bus.orders", 'bus."payments.v1"'}
    assert found["bus.orders"]["partitions"] >= 1


def done(value):
    answer: Future[Any] = Future()
    answer.set_result(value)
    return answer


def test_consumer_groups_depend_on_the_topics_they_have_read(port, bob_actor, collect, monkeypatch):
    read = [("orders", 7), ("temp_x", 1), ("payments.v1", kafka.OFFSET_INVALID)]
    partitions = [kafka.TopicPartition(topic, 0, offset) for topic, offset in read]

    def groups(self, **options):
        names = ("billing", "temp_group")
        return done(SimpleNamespace(valid=[SimpleNamespace(group_id=name) for name in names], errors=[]))

    def offsets(self, requests, **options):
        return {requests[0].group_id: done(SimpleNamespace(topic_partitions=partitions))}

    monkeypatch.setattr(admin.AdminClient, "list_consumer_groups", groups)
    monkeypatch.setattr(admin.AdminClient, "list_consumer_group_offsets", offsets)
    job = collect(make(bob_actor, port), {"exclude_tables": ["temp_*"]})
    assert job.status == JobStatus.COMPLETED, job.error
    group = Asset.objects.get(type="PIPELINE")
    assert (group.qualified_name, group.metadata) == ("bus.groups.billing", {"kind": "consumer group"})
    edges = Relationship.objects.filter(type="DEPENDS_ON").select_related("source", "target")
    assert [(one.source.name, one.target.name) for one in edges] == [("billing", "orders")]


def test_groups_that_cannot_be_listed_are_a_gap(port, bob_actor, collect):
    job = collect(make(bob_actor, port))
    assert job.status == JobStatus.COMPLETED, job.error
    assert (
        "Not all consumer groups can be listed"
        in {one["object"]: one["message"] for one in job.result["warnings"]}["bus.groups"]
    )


ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "id", "type": "long", "doc": "Counted up"},
        {"name": "note", "type": ["null", "string"], "default": None},
        {"name": "total", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {
            "name": "lines",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "Line",
                    "fields": [{"name": "sku", "type": "string"}, {"name": "parts", "type": ["null", "Line"]}],
                },
            },
        },
        {"name": "mood", "type": {"type": "enum", "name": "Mood", "symbols": ["CALM", "BUSY"]}, "default": "CALM"},
    ],
}
PAYMENT = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "integer", "description": "Counted up"},
        "card": {"$ref": "#/$defs/card"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "note": {"oneOf": [{"type": "null"}, {"type": "string"}]},
    },
    "$defs": {"card": {"type": "object", "properties": {"last": {"type": ["string", "null"]}}}},
}


def compiled() -> bytes:
    """`message Event { int64 id; repeated Line lines; map<string, Line> by_name; message Line { string sku } }`."""
    file = FileDescriptorProto(name="event.proto", package="shop", syntax="proto3")
    event = file.message_type.add(name="Event")
    line = event.nested_type.add(name="Line")
    line.field.add(name="sku", number=1, type="TYPE_STRING", label="LABEL_OPTIONAL")
    entry = event.nested_type.add(name="ByNameEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type="TYPE_STRING", label="LABEL_OPTIONAL")
    of_line = {"type": "TYPE_MESSAGE", "type_name": ".shop.Event.Line"}
    entry.field.add(name="value", number=2, label="LABEL_OPTIONAL", **of_line)
    event.field.add(name="id", number=1, type="TYPE_INT64", label="LABEL_OPTIONAL")
    event.field.add(name="lines", number=2, label="LABEL_REPEATED", **of_line)
    of_entry = {"type": "TYPE_MESSAGE", "type_name": ".shop.Event.ByNameEntry"}
    event.field.add(name="by_name", number=3, label="LABEL_REPEATED", **of_entry)
    return file.SerializeToString()


def shapes(elements):
    """name → type, and what is inside."""
    return {
        one["name"]: (one["type"], shapes(one["children"])) if "children" in one else one["type"] for one in elements
    }


def test_avro_records_become_elements():
    elements = avro_elements(json.dumps(ORDER))
    shown = shapes(elements)
    lines = shown.pop("lines")
    assert shown == {
        "id": "long",
        "note": "string",
        "total": "decimal(10,2)",
        "at": "timestamp-millis",
        "mood": "enum",
    }
    assert lines == ("array<record>", {"sku": "string", "parts": "record"})
    assert [one["name"] for one in elements if one["nullable"]] == ["note"]
    assert (elements[0]["description"], elements[5]["default"]) == ("Counted up", '"CALM"')
    assert shapes(avro_elements('"string"')) == {"value": "string"}
    with pytest.raises(UnreadableSchema):
        avro_elements("not json")


def test_json_schemas_become_elements():
    elements = json_elements(json.dumps(PAYMENT))
    assert shapes(elements) == {
        "id": "integer",
        "card": ("object", {"last": "string"}),
        "tags": "array<string>",
        "note": "string",
    }
    assert [one["name"] for one in elements if not one["nullable"]] == ["id"]
    with pytest.raises(UnreadableSchema):
        json_elements("[]")


def test_protobuf_messages_become_elements():
    assert shapes(protobuf_elements(compiled())) == {
        "id": "int64",
        "lines": ("array<Line>", {"sku": "string"}),
        "by_name": ("map<string,Line>", {"sku": "string"}),
    }
    with pytest.raises(UnreadableSchema):
        protobuf_elements(b"\xff")


def test_types_that_hold_each_other_are_unfolded_so_far_only():
    """Twenty of them, each with a field of every one: to the eighth level these would be 25 thousand million."""
    names = [f"T{number}" for number in range(20)]
    file = FileDescriptorProto(name="tree.proto")
    for name in names:
        message = file.message_type.add(name=name)
        for number, other in enumerate(names, 1):
            message.field.add(name=f"f{other}", number=number, type="TYPE_MESSAGE", type_name=f".{other}", label=1)
    properties = {f"f{name}": {"$ref": f"#/$defs/{name}"} for name in names}
    defs = {name: {"type": "object", "properties": properties} for name in names}
    record = {"type": "record", "name": "T0", "fields": [{"name": f"f{o}", "type": ["null", "T0"]} for o in names]}
    for elements in (
        protobuf_elements(file.SerializeToString()),
        json_elements(json.dumps({"$ref": "#/$defs/T0", "$defs": defs})),
        avro_elements(json.dumps(record)),
    ):
        assert len(elements) == 20
        assert len(json.dumps(elements)) < 2_000_000


SUBJECTS = [
    {"subject": "orders-value", "version": 3, "id": 7, "schema": json.dumps(ORDER)},
    {"subject": "orders-key", "version": 1, "id": 8, "schema": '"long"'},
    {"subject": "payments.v1-value", "version": 1, "id": 9, "schemaType": "PROTOBUF", "schema": "syntax ..."},
    {"subject": "temp_x-value", "version": 2, "id": 10, "schemaType": "JSON", "schema": "{"},
]
SERIALIZED = {"schema": base64.b64encode(compiled()).decode()}


def assert_topics_have_their_fields(job):
    assert job.status == JobStatus.COMPLETED, job.error
    found = {asset.name: asset for asset in Asset.objects.filter(type="TOPIC")}
    assert shapes(found["orders"].schema)["at"] == "timestamp-millis"
    assert shapes(found["orders"].schema)["[key]"] == ("key", {"value": "long"})
    assert found["orders"].metadata["schemas"] == [
        {"subject": "orders-value", "version": 3, "type": "AVRO"},
        {"subject": "orders-key", "version": 1, "type": "AVRO"},
    ]
    assert shapes(found["payments.v1"].schema)["id"] == "int64"
    warnings = {one["object"]: one["message"] for one in job.result["warnings"]}
    assert warnings["bus.temp_x"] == "The schema temp_x-value cannot be read: it is not JSON"


def test_registered_schemas_are_the_fields_of_topics(port, bob_actor, collect):
    with serving({"/schemas": SUBJECTS, "/schemas/ids/9": SERIALIZED}) as registry:
        source = make(bob_actor, port, schema_registry_url=f"http://127.0.0.1:{registry.port}")
        assert connection_test(actor=bob_actor, source=source).server_info.endswith("4 registered subject(s)")
        assert_topics_have_their_fields(collect(source))


def test_registry_that_does_not_list_schemas_is_asked_for_each_subject(port, bob_actor, collect):
    each = {f"/sub/subjects/{row['subject']}/versions/latest": row for row in SUBJECTS}
    names = [*(row["subject"] for row in SUBJECTS), "deleted-value"]
    with serving({"/sub/subjects": names, "/sub/schemas/ids/9": SERIALIZED, **each}) as registry:
        address = f"http://127.0.0.1:{registry.port}/sub/"
        source = make(bob_actor, port, schema_registry_url=address)
        assert_topics_have_their_fields(collect(source))


def test_registry_that_refuses_is_down_or_forbidden_says_so(port, bob_actor, unused_tcp_port):
    with serving({"/schemas": (401, {"error_code": 401, "message": "Unauthorized"})}) as registry:
        source = make(
            bob_actor,
            port,
            schema_registry_url=f"http://127.0.0.1:{registry.port}",
            schema_registry_username="bob",
            schema_registry_password="wr0ng-word",
        )
        result = connection_test(actor=bob_actor, source=source)
    assert (result.code, "wr0ng-word" in result.message) == ("AUTHENTICATION_FAILED", False)
    source.config["schema_registry_url"] = f"http://127.0.0.1:{unused_tcp_port}"
    result = connection_test(actor=bob_actor, source=source)
    assert result.message.endswith("refused the connection: is the schema registry running there?")
    source.config["schema_registry_url"] = "http://169.254.169.254"
    assert connection_test(actor=bob_actor, source=source).code == "BLOCKED"


@pytest.mark.parametrize("listed", [{"a": 1}, ["x"], [{"id": 1}], [None], "null", "<html>"])
def test_what_is_no_registry_is_told_apart(listed, port, bob_actor):
    with serving({"/schemas": listed}) as registry:
        source = make(bob_actor, port, schema_registry_url=f"http://127.0.0.1:{registry.port}")
        result = connection_test(actor=bob_actor, source=source)
    assert (result.success, result.code) == (False, "CONNECTION_FAILED"), result.message


def test_registry_that_hangs_up_says_so(port, bob_actor):
    with hanging_up() as far:
        source = make(bob_actor, port, schema_registry_url=f"http://127.0.0.1:{far}")
        result = connection_test(actor=bob_actor, source=source)
    assert (result.success, result.code) == (False, "CONNECTION_LOST"), result.message


def test_topic_whose_compiled_schema_is_refused_is_told_and_collected(port, bob_actor, collect):
    with serving({"/schemas": SUBJECTS, "/schemas/ids/9": (422, {"error_code": 42205})}) as registry:
        job = collect(make(bob_actor, port, schema_registry_url=f"http://127.0.0.1:{registry.port}"))
    assert job.status == JobStatus.COMPLETED, job.error
    warnings = {one["object"]: one["message"] for one in job.result["warnings"]}
    assert "the registry does not give it in serialized form" in warnings['bus."payments.v1"']


def test_address_of_ipv6_stands_in_brackets(bob_actor, monkeypatch):
    """At the driver's boundary: what the address is written as."""
    options: dict[str, Any] = {}
    monkeypatch.setattr("ingestion.connectors.kafka.allowed_addresses_of", lambda config: [config["host"]])
    monkeypatch.setattr(admin, "AdminClient", options.update)
    config = {"host": "2001:db8::1", "port": 9092, "security_protocol": "PLAINTEXT", "timeout": 1}
    with _admin(config):
        assert options["bootstrap.servers"] == "[2001:db8::1]:9092"


def test_connection_is_tested(port, bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, port))
    assert result.success, result.message
    assert "1 broker" in result.server_info


def test_cluster_that_is_down_says_so(bob_actor, unused_tcp_port):
    result = connection_test(actor=bob_actor, source=make(bob_actor, unused_tcp_port, timeout=1))
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")


def test_cluster_with_an_address_of_version_6_is_asked(bob_actor, unused_tcp_port):
    result = connection_test(actor=bob_actor, source=make(bob_actor, unused_tcp_port, host="::1", timeout=1))
    assert f"[::1]:{unused_tcp_port} does not answer" in result.message
