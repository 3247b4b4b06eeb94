"""Elasticsearch at the HTTP boundary: no server can be had here, so one that gives the documented answers."""

from __future__ import annotations

import pytest

from catalog.models import Asset, Relationship
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from ingestion.services.sources import test_connection as connection_test
from tests.ingestion.http_server import serving

ABOUT = {
    "name": "node-1",
    "cluster_name": "logs",
    "version": {"number": "8.17.0", "build_flavor": "default", "minimum_wire_compatibility_version": "7.17.0"},
    "tagline": "You Know, for Search",
}
RESOLVED = {
    "indices": [
        {"name": "orders-1", "aliases": ["orders"], "attributes": ["open"]},
        {"name": "orders-2", "aliases": ["orders"], "attributes": ["open"]},
        {"name": "temp-x", "attributes": ["open"]},
        {"name": ".security-7", "attributes": ["open"]},
        {"name": ".ds-web-000001", "attributes": ["hidden", "open"], "data_stream": "web"},
    ],
    "aliases": [{"name": "orders", "indices": ["orders-2", "orders-1"]}],
    "data_streams": [
        {"name": "web", "backing_indices": [".ds-web-000001", ".ds-web-000002"], "timestamp_field": "@timestamp"}
    ],
}
SIZES = [
    {"index": "orders-1", "docs.count": "1234", "store.size": "98765"},
    {"index": "orders-2", "docs.count": "10", "store.size": "2048"},
    {"index": ".ds-web-000001", "docs.count": "100", "store.size": "1000"},
    {"index": ".ds-web-000002", "docs.count": "23", "store.size": "500"},
    {"index": "temp-x", "docs.count": None, "store.size": None},
]
ORDERS = {
    "mappings": {
        "dynamic": "strict",
        "properties": {
            "id": {"type": "keyword"},
            "title": {"type": "text", "fields": {"raw": {"type": "keyword", "ignore_above": 256}}},
            "lines": {"type": "nested", "properties": {"sku": {"type": "keyword"}, "count": {"type": "integer"}}},
            "buyer": {"properties": {"geo": {"properties": {"at": {"type": "geo_point"}}}}},
        },
    }
}
WEB = {"mappings": {"properties": {"@timestamp": {"type": "date"}}}}
MAPPINGS = {
    "/.ds-web-000002,orders-1,orders-2/_mapping": {".ds-web-000002": WEB, "orders-1": ORDERS, "orders-2": ORDERS},
    "/.ds-web-000002/_mapping": {".ds-web-000002": WEB},
    "/orders-1/_mapping": {"orders-1": ORDERS},
}


@pytest.fixture
def server():
    answers = {"/": ABOUT, "/_resolve/index/*": RESOLVED, "/_cat/indices": SIZES, **MAPPINGS}
    with serving(answers) as found:
        yield found


def make(actor, port, **config):
    data = {"name": "es", "type": "elasticsearch", "config": {"host": "127.0.0.1", "port": port, **config}}
    return create_data_source(actor=actor, data=data)


def test_alias_over_a_data_stream_leads_to_it(server, bob_actor, collect):
    """It tells the indexes behind the stream, which are no assets of their own."""
    parts = [".ds-web-000001", ".ds-web-000002"]
    aliases = [{"name": "visits", "indices": parts}, {"name": "all", "indices": [*parts, "orders-1"]}]
    server.bodies["/_resolve/index/*"] = {**RESOLVED, "aliases": aliases}
    job = collect(make(bob_actor, server.port), {"exclude_tables": ["temp-*"]})
    edges = Relationship.objects.filter(type="DEPENDS_ON").select_related("source", "target")
    assert job.status == JobStatus.COMPLETED, job.error
    assert sorted((one.source.name, one.target.name) for one in edges) == [
        ("all", "orders-1"),
        ("all", "web"),
        ("visits", "web"),
    ]


def test_indexes_aliases_and_data_streams_are_collected(server, bob_actor, collect):
    source = make(bob_actor, server.port)
    job = collect(source, {"exclude_tables": ["temp-*"]})
    assert (job.status, job.error, job.result["warnings"]) == (JobStatus.COMPLETED, None, [])
    found = {asset.qualified_name: asset.metadata for asset in Asset.objects.filter(type="INDEX")}
    assert found == {
        "es.orders-1": {"document_count": 1200, "bytes": 98_000},
        "es.orders-2": {"document_count": 10, "bytes": 2000},
        "es.orders": {
            "kind": "alias",
            "indexes": ["orders-1", "orders-2"],
            "document_count": 1200,
            "bytes": 100_000,
        },
        "es.web": {
            "kind": "data stream",
            "indexes": [".ds-web-000001", ".ds-web-000002"],
            "document_count": 120,
            "bytes": 1500,
        },
    }
    edges = Relationship.objects.filter(type="DEPENDS_ON").select_related("source", "target")
    assert {(one.source.name, one.target.name) for one in edges} == {("orders", "orders-1"), ("orders", "orders-2")}
    # However many indexes there are, until their names fill a line.
    assert [path.partition("?")[0] for path, _ in server.asked[2:]] == [
        "/_resolve/index/*",
        "/_cat/indices",
        "/.ds-web-000002,orders-1,orders-2/_mapping",
    ]
    assert collect(source, {"exclude_tables": ["temp-*"]}).result["updated"] == 0


def test_mappings_become_nested_schemas(server, bob_actor, collect):
    collect(make(bob_actor, server.port), {"exclude_tables": ["temp-*"]})
    schema = {one["name"]: one for one in Asset.objects.get(name="orders-1").schema}
    assert {name: one["type"] for name, one in schema.items()} == {
        "id": "keyword",
        "title": "text",
        "lines": "nested",
        "buyer": "object",
    }
    assert [(one["name"], one["type"]) for one in schema["title"]["children"]] == [("raw", "keyword")]
    assert [one["name"] for one in schema["lines"]["children"]] == ["count", "sku"]
    assert schema["buyer"]["children"][0]["children"][0]["type"] == "geo_point"
    assert Asset.objects.get(name="web").schema[0]["name"] == "@timestamp"


def test_index_whose_mapping_is_closed_is_told_and_the_rest_is_collected(server, bob_actor, collect):
    closed = {"error": {"type": "security_exception", "reason": "action [indices:admin/mappings/get] is unauthorized"}}
    server.bodies["/.ds-web-000002,orders-1,orders-2/_mapping"] = (403, closed)
    server.bodies["/orders-2/_mapping"] = (403, closed)
    server.bodies["/_cat/indices"] = (403, closed)
    job = collect(make(bob_actor, server.port, username="bob"), {"exclude_tables": ["temp-*"]})
    assert job.status == JobStatus.COMPLETED
    warnings = [(one.get("object"), one["message"]) for one in job.result["warnings"]]
    assert warnings[1][0] == "es.orders-2"
    assert "The user 'bob' may not read this: action [indices:admin/mappings/get] is unauthorized" in warnings[1][1]
    assert "How many documents there are is not known" in warnings[0][1]
    assert Asset.objects.get(name="orders-1").schema
    assert "document_count" not in Asset.objects.get(name="orders-1").metadata


def test_closed_index_is_there_all_the_same(server, bob_actor, collect):
    indices = [{"name": "old", "attributes": ["closed"]}, {"name": "orders-1", "attributes": ["open"]}]
    server.bodies["/_resolve/index/*"] = {"indices": indices, "aliases": [], "data_streams": []}
    refused = (400, {"error": {"type": "index_closed_exception", "reason": "closed"}, "status": 400})
    server.bodies |= {"/old,orders-1/_mapping": refused, "/old/_mapping": refused}
    job = collect(make(bob_actor, server.port))
    assert job.status == JobStatus.COMPLETED, job.error
    assert Asset.objects.get(name="old").metadata["kind"] == "closed index"
    assert Asset.objects.get(name="orders-1").schema
    assert [one["object"] for one in job.result["warnings"]] == ["es.old"]
    (asked,) = [path for path, _ in server.asked if path.startswith("/_resolve")]
    assert "expand_wildcards=open%2Cclosed" in asked


def test_many_names_take_several_requests(server, bob_actor, collect):
    names = [f"index-{number:03}-{'x' * 80}" for number in range(60)]
    server.bodies["/_resolve/index/*"] = {"indices": [{"name": name} for name in names], "aliases": []} | {
        "data_streams": []
    }
    found = type(server).to

    def to(target: str):
        if target.endswith("/_mapping"):
            assert len(target) < 4000
            return 200, dict.fromkeys(target[1:].removesuffix("/_mapping").split(","), WEB)
        return found(server, target)

    server.to = to
    job = collect(make(bob_actor, server.port))
    assert (job.status, job.result["created"]) == (JobStatus.COMPLETED, 60)
    assert all(asset.schema for asset in Asset.objects.filter(type="INDEX"))


def test_connection_tells_the_version_and_sends_the_key(server, bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, server.port, api_key="a2V5"))
    assert (result.success, result.server_info, result.version) == (True, "Elasticsearch 8.17.0", "8.17.0")
    assert server.asked[0][1]["authorization"] == "ApiKey a2V5"


def test_opensearch_is_called_by_its_name(server, bob_actor):
    server.bodies["/"] = {"version": {"distribution": "opensearch", "number": "2.19.1"}}
    assert connection_test(actor=bob_actor, source=make(bob_actor, server.port)).server_info == "OpenSearch 2.19.1"


def test_wrong_password_says_so(server, bob_actor):
    server.bodies["/"] = (401, {"error": {"reason": "unable to authenticate"}, "status": 401})
    source = make(bob_actor, server.port, username="bob", password="wr0ng-word")
    result = connection_test(actor=bob_actor, source=source)
    assert (result.success, result.code) == (False, "AUTHENTICATION_FAILED")
    assert "wr0ng-word" not in result.message


def test_another_server_is_told_apart(server, bob_actor):
    server.bodies["/"] = "<html>Hello</html>"
    result = connection_test(actor=bob_actor, source=make(bob_actor, server.port))
    assert "does not speak Elasticsearch's API" in result.message


def test_answer_that_is_no_json_is_told(server, bob_actor, collect):
    server.bodies["/_resolve/index/*"] = "<html>Please log in</html>"
    job = collect(make(bob_actor, server.port))
    assert job.error["code"] == "CONNECTION_FAILED"
    assert "What Elasticsearch answers at /_resolve/index/* is not what its API gives" in job.error["message"]


def test_server_that_is_down_or_silent_says_so(bob_actor, unused_tcp_port, silent_port):
    result = connection_test(actor=bob_actor, source=make(bob_actor, unused_tcp_port))
    assert result.message.endswith("refused the connection: is Elasticsearch running there?")
    source = create_data_source(
        actor=bob_actor,
        data={
            "name": "mute",
            "type": "elasticsearch",
            "config": {"host": "127.0.0.1", "port": silent_port, "timeout": 1},
        },
    )
    assert connection_test(actor=bob_actor, source=source).code == "TIMEOUT"


def test_metadata_address_is_refused(bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, 9200, host="169.254.169.254"))
    assert result.code == "BLOCKED"


def test_host_that_can_be_none_is_told(bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, 9200, host=":::"))
    assert (result.success, result.message) == (False, "':::' is no host: check the host")
