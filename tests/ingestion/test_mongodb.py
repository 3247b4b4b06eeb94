"""MongoDB's connector, against SecantusDB: a third party's server of the same wire protocol."""

import pytest

from catalog.models import Asset
from ingestion.connectors import drivers
from ingestion.connectors.documents import infer_schema
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from ingestion.services.sources import test_connection as connection_test

pymongo = pytest.importorskip("pymongo", reason="needs requirements-connectors.txt")
secantus = pytest.importorskip("secantus", reason="needs SecantusDB")


@pytest.fixture
def server(tmp_path):
    with secantus.SecantusDBServer(port=0, storage_path=str(tmp_path / "mongo"), cache_size="64M") as running:
        client = pymongo.MongoClient(running.uri)
        people = client["shop"]["people"]
        people.insert_many(
            [
                {"_id": 1, "name": "ann", "address": {"city": "Oslo", "zip": 1}, "tags": ["a"]},
                {"_id": 2, "name": "bob", "address": {"city": "Rome", "zip": "2"}, "age": None},
                {"_id": 3, "name": 7, "items": [{"sku": "x"}]},
            ]
        )
        people.create_index("name", unique=True, name="by_name")
        client["shop"]["temp_people"].insert_one({"x": 1})
        yield client
        client.close()


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
    assert job.status == JobStatus.COMPLETED, job.error
    (gap,) = job.result["warnings"]
    assert (gap["object"], "needs the role read on 'secret'" in gap["message"]) == ("mongo.secret", True)
    assert Asset.objects.filter(name="people").exists()


def test_connection_tells_the_version(server, bob_actor):
    result = connection_test(actor=bob_actor, source=make(bob_actor, server.address[1]))
    assert result.success
    assert result.version


def test_server_that_is_down_says_so(bob_actor, unused_tcp_port):
    result = connection_test(actor=bob_actor, source=make(bob_actor, unused_tcp_port, timeout=1))
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")


def test_missing_driver_names_its_package(bob_actor, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(drivers, "import_module", missing)
    result = connection_test(actor=bob_actor, source=make(bob_actor, 27017))
    assert (result.code, "'pymongo'" in result.message) == ("DRIVER_MISSING", True)


def test_schema_of_no_documents_is_empty():
    assert infer_schema([]) == ([], {})
