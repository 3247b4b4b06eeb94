"""MinIO's connector, against moto's S3 server: the same protocol, another server."""

import io
from typing import Any

import boto3
import httpx
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from catalog.models import Asset, Relationship
from ingestion.connectors import drivers
from ingestion.models import JobStatus
from ingestion.services.sources import create_data_source
from ingestion.services.sources import test_connection as connection_test


@pytest.fixture(scope="module")
def moto():
    made = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    made.start()
    yield made.get_host_and_port()
    made.stop()


@pytest.fixture
def server(moto):
    """Empty."""
    host, port = moto
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    httpx.post(f"http://{host}:{port}/moto-api/reset", timeout=60)
    return client, port


@pytest.fixture
def lake(server):
    client, port = server
    client.create_bucket(Bucket="lake")
    files = {
        "sales/day=2026-01-01/a.csv": b"id,amount,shop\n1,2.5,Oslo\n2,,Rome\n",
        "sales/day=2026-01-02/b.csv": b"id,amount,shop\n3,4,Oslo\n",
        "events/e.ndjson": b'{"id": 1, "user": {"name": "ann"}}\n{"id": 2}\n{"id": 3, "us',
        "models/m.bin": b"....",
        "empty/": b"",
        "empty/none.csv": b"",
        "top.json": b'[{"a": 1}]',
    }
    for key, body in files.items():
        client.put_object(Bucket="lake", Key=key, Body=body)
    return client, port


def make(actor, port, **config):
    config = {"host": "127.0.0.1", "port": port, "access_key": "key", "secret_key": "s3cret", **config}
    return create_data_source(actor=actor, data={"name": "store", "type": "minio", "config": config})


def test_prefixes_are_datasets_with_formats_and_columns(lake, bob_actor, collect):
    job = collect(make(bob_actor, lake[1]))
    assert (job.status, job.result["warnings"]) == (JobStatus.COMPLETED, []), job.error
    found = {asset.name: asset for asset in Asset.objects.filter(type="DATASET")}
    assert set(found) == {"sales", "events", "models", "empty", "/"}
    assert found["sales"].metadata["objects"] == 2
    assert found["sales"].metadata["formats"] == {"csv": 2}
    columns = {column["name"]: (column["type"], column["nullable"]) for column in found["sales"].schema}
    assert columns == {"id": ("integer", False), "amount": ("double", True), "shop": ("string", False)}
    user = next(column for column in found["events"].schema if column["name"] == "user")
    assert (user["type"], user["nullable"], user["children"][0]["name"]) == ("object", True, "name")
    assert (found["models"].metadata["formats"], found["models"].schema) == ({"bin": 1}, [])
    assert Relationship.objects.filter(type="CONTAINS", source__name="lake").count() == 5


def test_parquet_tells_its_columns_from_its_end(lake, bob_actor, collect):
    arrow: Any = pytest.importorskip("pyarrow", reason="needs requirements-connectors.txt")
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    struct = arrow.struct([("sku", arrow.string()), ("price", arrow.decimal128(10, 2))])
    fields = [arrow.field("id", arrow.int64(), nullable=False), ("lines", arrow.list_(struct)), ("at", arrow.date32())]
    rows = [{"id": number, "lines": [{"sku": "x" * 50, "price": None}], "at": None} for number in range(5000)]
    whole = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist(rows, schema=arrow.schema(fields)), whole, use_dictionary=False)
    lake[0].put_object(Bucket="lake", Key="parts/day=1/a.parquet", Body=whole.getvalue())
    lake[0].put_object(Bucket="lake", Key="broken/b.parquet", Body=b"PAR1....")
    lake[0].put_object(Bucket="lake", Key="odd/b.parquet", Body=b"PAR1" + b"x" * 20 + b"\x14\x00\x00\x00PAR1")
    job = collect(make(bob_actor, lake[1]))
    schema = Asset.objects.get(name="parts").schema
    assert [(one["name"], one["type"], one["nullable"]) for one in schema] == [
        ("id", "int64", False),
        ("lines", "list<struct>", True),
        ("at", "date32[day]", True),
    ]
    assert [one["type"] for one in schema[1]["children"]] == ["string", "decimal128(10, 2)"]
    assert sorted(one["message"] for one in job.result["warnings"]) == [
        "The columns of broken/b.parquet are not known: it does not end as a Parquet file does",
        "The columns of odd/b.parquet are not known: its footer cannot be read (OSError)",
    ]


def test_missing_pyarrow_is_told_and_the_rest_is_collected(lake, bob_actor, collect, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(drivers, "import_module", missing)
    lake[0].put_object(Bucket="lake", Key="parts/a.parquet", Body=b"PAR1....")
    job = collect(make(bob_actor, lake[1]))
    assert job.status == JobStatus.COMPLETED
    assert "needs the Python package 'pyarrow'" in job.result["warnings"][0]["message"]
    assert Asset.objects.filter(name="parts").exists()


def test_second_run_changes_nothing_and_what_is_gone_is_stale(lake, bob_actor, collect):
    source = make(bob_actor, lake[1])
    collect(source)
    assert collect(source).result["updated"] == 0
    lake[0].delete_object(Bucket="lake", Key="models/m.bin")
    assert collect(source, {"max_loss": 1}).result["stale"] == 1


def test_bucket_that_is_cut_off_is_a_gap(server, bob_actor, collect):
    client, port = server
    client.create_bucket(Bucket="many")
    kept = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]  # over HTTP it would take ten seconds
    for number in range(1001):
        kept.put_object("many", f"d/{number}.bin", b"")
    job = collect(make(bob_actor, port, max_objects=1000))
    assert "max_objects" in job.result["warnings"][0]["message"]


def test_server_that_is_down_says_so(bob_actor, unused_tcp_port):
    result = connection_test(actor=bob_actor, source=make(bob_actor, unused_tcp_port, timeout=1))
    assert (result.success, result.code) == (False, "CONNECTION_FAILED")
    assert "s3cret" not in result.message


def test_connection_is_tested(lake, bob_actor):
    assert connection_test(actor=bob_actor, source=make(bob_actor, lake[1])).success


def test_link_local_address_is_refused(bob_actor):
    source = make(bob_actor, 80, host="169.254.169.254")
    assert connection_test(actor=bob_actor, source=source).code == "BLOCKED"
