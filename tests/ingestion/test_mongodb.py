"""MongoDB's connector, against SecantusDB: a third party's server of the same wire protocol."""

from datetime import UTC, datetime

import pytest

from catalog.models import Asset
from ingestion.connectors import drivers, mongodb
from ingestion.connectors.documents import infer_schema
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from ingestion.services.sources import test_connection as connection_test
from tests.ingestion.people import ROWS, check_people, columns_of

pymongo = pytest.importorskip("pymongo", reason="needs requirements-connectors.txt")
bson = pytest.importorskip("bson", reason="needs requirements-connectors.txt")
DatetimeMS = pytest.importorskip("bson.datetime_ms").DatetimeMS
secantus = pytest.importorskip("secantus", reason="needs SecantusDB")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mongo")
    with secantus.SecantusDBServer(port=0, storage_path=str(folder), cache_size="64M") as running:
        client = pymongo.MongoClient(running.uri)
        yield client
        client.close()


@pytest.fixture
def server(running):
    people = running["shop"]["people"]
    people.insert_many(
        [
            {"_id": 1, "name": "ann", "address": {"city": "Oslo", "zip": 1}, "tags": ["a"]},
            {"_id": 2, "name": "bob", "address": {"city": "Rome", "zip": "2"}, "age": None},
            {"_id": 3, "name": 7, "items": [{"sku": "x"}]},
        ]
    )
    people.create_index("name", unique=True, name="by_name")
    running["shop"]["temp_people"].insert_one({"x": 1})
    yield running
    running.drop_database("shop")


def make(actor, port, **config):
    data = {"name": "mongo", "type": "mongodb", "config": {"host": "127.0.0.1", "port": port, **config}}
    return create_data_source(actor=actor, data=data)


def test_collections_bring_indexes_and_an_inferred_schema(server, bob_actor, collect):
    source = make(bob_actor, server.address[1])
    job = collect(source, {"exclude_tables": ["temp_*"]})
    assert (job.status, job.result["warnings"]) == (JobStatus.COMPLETED, []), job.error
    found = Asset.objects.get(type="COLLECTION")
    assert found.qualified_name == "mongo.shop.people"
    assert found.metadata["document_count"] == 3
    assert found.metadata["indexes"] == [{"name": "by_name", "unique": True, "columns": ["name"]}]
    schema = {element["name"]: element for element in found.schema}
    assert schema["name"]["type"] == "string"
    assert found.metadata["types"]["name"] == {"string": 0.67, "integer": 0.33}
    assert found.metadata["types"]["address.zip"] == {"integer": 0.5, "string": 0.5}
    assert schema["address"]["nullable"] is True
    assert {child["name"] for child in schema["address"]["children"]} == {"city", "zip"}
    assert schema["items"]["children"][0]["name"] == "sku"
    assert collect(source).result["updated"] == 0


def test_database_without_privilege_is_a_gap_and_the_rest_is_collected(server, bob_actor, collect, monkeypatch):
    """At the driver's boundary: the test's server has no roles."""
    server["secret"]["x"].insert_one({"x": 1})
    whole = pymongo.database.Database.list_collections

    def list_collections(self, *args, **kwargs):
        if self.name == "secret":
            raise pymongo.errors.OperationFailure("not authorized on secret to execute command", 13)
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(pymongo.database.Database, "list_collections", list_collections)
    job = collect(make(bob_actor, server.address[1]))
    server.drop_database("secret")
    assert job.status == JobStatus.COMPLETED, job.error
    (gap,) = job.result["warnings"]
    assert (gap["object"], "needs the role read on 'secret'" in gap["message"]) == ("mongo.secret", True)
    assert Asset.objects.filter(name="people").exists()


def test_collection_that_cannot_be_asked_is_told_and_the_rest_is_collected(server, bob_actor, collect, monkeypatch):
    """At the driver's boundary: the test's server keeps no views, and so none that is broken."""
    whole = pymongo.collection.Collection.find

    def find(self, *args, **kwargs):
        if self.name == "temp_people":
            raise pymongo.errors.OperationFailure("$lookup is not allowed here", 51047)
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(pymongo.collection.Collection, "find", find)
    job = collect(make(bob_actor, server.address[1]))
    assert job.status == JobStatus.COMPLETED, job.error
    (warning,) = job.result["warnings"]
    assert (warning["object"], "$lookup is not allowed" in warning["message"]) == ("mongo.shop.temp_people", True)
    assert Asset.objects.filter(type="COLLECTION").count() == 2


def test_values_that_python_has_no_like_of_are_read(server):
    """At the driver's boundary: the test's server refuses them itself."""
    far, broken = bson.encode({"at": DatetimeMS(10**15)}), bson.encode({"name": "xy"}).replace(b"xy", b"x\xc3")
    config = {"host": "127.0.0.1", "port": server.address[1], "timeout": 5, "auth_source": "admin", "tls": False}
    with mongodb._client(config) as client:
        documents = [bson.decode(one, client.codec_options) for one in (far, broken)]
    assert [one["type"] for one in infer_schema(documents).schema] == ["datetime", "string"]


def test_names_of_fields_that_an_asset_cannot_keep_are_made_to_fit():
    schema = infer_schema([{"": 1, "a\x00b": 2, "k" * 1500: 3, "\ud800": 4}]).schema
    assert [one["name"] for one in schema] == ['""', "?", "a\ufffdb", "k" * 1000]


def test_connection_tells_the_version(server, bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, server.address[1]))
    assert result.success
    assert result.version


def test_server_that_is_down_says_so(bob_actor, unused_tcp_port):
    result = connection_test(actor=bob_actor, source=make(bob_actor, unused_tcp_port, timeout=1))
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")


def test_server_with_an_address_of_version_6_is_asked(bob_actor, unused_tcp_port):
    result = connection_test(actor=bob_actor, source=make(bob_actor, unused_tcp_port, host="::1", timeout=1))
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")


def test_missing_driver_names_its_package(bob_actor, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(drivers, "import_module", missing)
    result = connection_test(actor=bob_actor, source=make(bob_actor, 27017))
    assert (result.code, "'pymongo'" in result.message) == ("DRIVER_MISSING", True)


def test_schema_of_no_documents_is_empty():
    assert infer_schema([]) == ([], {})


def test_collection_is_profiled(server, bob_actor, profile):
    server.drop_database("shop")
    fields = ("_id", "name", "score")
    rows = [{name: value for name, value in zip(fields, row, strict=True) if value is not None} for row in ROWS]
    server["shop"]["people"].insert_many([{**row, "id": row["_id"]} for row in rows])
    job = profile(make(bob_actor, server.address[1]))
    assert (job.status, job.result["profiled"], job.result["warnings"]) == (JobStatus.COMPLETED, 1, []), job.error
    check_people()


def test_what_documents_hold_is_profiled_by_its_kind(server, bob_actor, profile):
    odd = server["shop"]["odd"]
    odd.insert_many(
        [
            {"_id": "a", "mixed": 5, "when": datetime(2026, 1, 2, tzinfo=UTC), "is": True, "list": [1], "bin": b"x"},
            {"_id": "b", "mixed": 7, "exact": bson_decimal("1.5"), "far": float("nan"), "deep": {"x": 1}},
            {"_id": "c", "mixed": "seven", "exact": bson_decimal("NaN"), "far": 2.5, "deep": None, "long": "x" * 300},
        ]
    )
    job = profile(make(bob_actor, server.address[1]), {"exclude_columns": ["shop.odd._id"]})
    assert (job.status, job.result["profiled"]) == (JobStatus.COMPLETED, 3), job.error
    found, columns = columns_of("odd")
    assert found.row_count == 3
    assert "_id" not in columns
    assert columns["list"] == {"name": "list", "type": "array<integer>", "nulls": 2}
    assert columns["deep"] == {"name": "deep", "type": "object", "nulls": 2}
    assert (columns["bin"]["nulls"], "top" in columns["bin"]) == (2, False)
    mixed = columns["mixed"]
    assert (mixed["type"], mixed["nulls"], mixed["distinct"], mixed["min"], mixed["max"]) == ("integer", 0, 3, 5, 7)
    assert mixed["top"] == [[5, 1], [7, 1], ["seven", 1]]
    assert columns["when"]["min"] == "2026-01-02 00:00:00"
    assert columns["is"]["top"] == [["true", 1]]
    assert (columns["exact"]["min"], columns["exact"]["mean"], columns["exact"]["nulls"]) == (1.5, 1.5, 1)
    assert (columns["far"]["max"], columns["far"]["mean"]) == (2.5, 2.5)
    assert len(columns["long"]["min"]) == 200


def bson_decimal(text):
    return pytest.importorskip("bson").Decimal128(text)


def test_large_collection_is_sampled(server, bob_actor, profile):
    server["shop"]["many"].insert_many([{"_id": number, "name": "x"} for number in range(3000)])
    profile(make(bob_actor, server.address[1]), {"sample_rows": 1000, "top_values": 1})
    found, columns = columns_of("many")
    assert (found.row_count, found.sampled_rows, found.is_sampled) == (3000, 1000, True)
    assert [value for value, _ in columns["name"]["top"]] == ["x"]
    assert len(columns["_id"]["top"]) == 1


def test_view_is_not_profiled(server, bob_actor, profile, monkeypatch):
    """At the driver's boundary: the test's server keeps no views."""
    whole = pymongo.database.Database.list_collections

    def list_collections(self, *args, **kwargs):
        rows = list(whole(self, *args, **kwargs))
        return [{**row, "type": "view"} if row["name"] == "temp_people" else row for row in rows]

    monkeypatch.setattr(pymongo.database.Database, "list_collections", list_collections)
    assert profile(make(bob_actor, server.address[1])).result["profiled"] == 1


def test_collection_that_cannot_be_asked_is_told_and_the_rest_is_profiled(server, bob_actor, profile, monkeypatch):
    """At the driver's boundary: the test's server has no roles and no time limits."""
    whole = pymongo.collection.Collection.aggregate

    def aggregate(self, *args, **kwargs):
        if self.name == "people":
            raise pymongo.errors.OperationFailure("operation exceeded time limit", 50)
        return whole(self, *args, **kwargs)

    monkeypatch.setattr(pymongo.collection.Collection, "aggregate", aggregate)
    job = profile(make(bob_actor, server.address[1]))
    assert (job.status, job.result["profiled"]) == (JobStatus.COMPLETED, 1)
    (warning,) = job.result["warnings"]
    assert (warning["object"], "exceeded time limit" in warning["message"]) == ("mongo.shop.people", True)
