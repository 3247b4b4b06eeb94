"""Bulk ingestion from S3, against moto's S3 server."""

import gzip
import json

import boto3
import pytest
from moto.server import ThreadedMotoServer

from catalog.models import Asset
from contracts.errors import Invalid
from ingestion.models import JobStatus
from ingestion.services.bulk import create_job
from ingestion.services.worker import work_next

ROWS = [{"type": "TABLE", "name": f"t{number}", "qualified_name": f"db.t{number}"} for number in range(3)]


@pytest.fixture(scope="module")
def s3_url():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_url, monkeypatch, settings):
    for name, value in {
        "AWS_ENDPOINT_URL_S3": s3_url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    settings.IMPORT_BUCKETS = ["imports/daily"]
    client = boto3.client("s3")
    client.create_bucket(Bucket="imports")
    client.put_object(Bucket="imports", Key="daily/assets.json.gz", Body=gzip.compress(json.dumps(ROWS).encode()))
    client.put_object(Bucket="imports", Key="private/assets.json", Body=json.dumps(ROWS).encode())
    return client


def ingest(actor, source):
    create_job(actor=actor, data={"type": "BULK_INGESTION", "payload": {"source": source}})
    job = work_next()
    assert job is not None
    job.refresh_from_db()
    return job


def test_object_is_ingested(bucket, bob_actor):
    job = ingest(bob_actor, "s3://imports/daily/assets.json.gz")
    assert (job.status, job.result["created"]) == (JobStatus.COMPLETED, 3), job.error
    assert Asset.objects.count() == 3


def test_object_that_is_not_there_is_told(bucket, bob_actor):
    job = ingest(bob_actor, "s3://imports/daily/nothing.json")
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "FILE_NOT_FOUND")


def test_storage_that_is_down_is_told(bucket, bob_actor, monkeypatch, unused_tcp_port):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{unused_tcp_port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    job = ingest(bob_actor, "s3://imports/daily/assets.json.gz")
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "DOWNLOAD_FAILED")


@pytest.mark.parametrize(
    "source",
    [
        "s3://imports/private/assets.json",
        "s3://imports/daily-other/x.json",
        "s3://other/x.json",
        "s3://imports",
        "s3:///x",
    ],
)
def test_only_named_buckets_are_read(bucket, bob_actor, source):
    with pytest.raises(Invalid):
        create_job(actor=bob_actor, data={"type": "BULK_INGESTION", "payload": {"source": source, "format": "json"}})


def test_no_bucket_is_read_unless_one_is_named(bucket, bob_actor, settings):
    settings.IMPORT_BUCKETS = []
    with pytest.raises(Invalid, match="IMPORT_BUCKETS"):
        create_job(
            actor=bob_actor,
            data={"type": "BULK_INGESTION", "payload": {"source": "s3://imports/daily/assets.json.gz"}},
        )
