"""MinIO and whatever speaks S3: buckets, and prefixes as datasets with counts, sizes, formats and columns.

A dataset is a prefix that files lie directly below; partitions (`day=2026-01-31/`) belong to the dataset they
are parts of. Columns come from one file: from the head of CSV and JSON, from the end of Parquet.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

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
from ingestion.connectors.heads import HEAD, columns_of, format_of, is_readable
from ingestion.connectors.network import TIMEOUT_SCHEMA, listening_address_of, port_schema, server_schema
from ingestion.connectors.parquet import parquet_columns
from ingestion.connectors.tables import contains, rounded

_DENIED = {"AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch"}


class MinIOConnector(Connector):
    type = "minio"
    title = "MinIO"
    config_schema: ClassVar[JsonSchema] = server_schema(
        port_schema(9000),
        {
            "access_key": {"type": "string", "minLength": 1, "maxLength": 255, "title": "Access key"},
            "secret_key": {
                "type": "string",
                "minLength": 1,
                "maxLength": 1000,
                "writeOnly": True,
                "title": "Secret key",
            },
            "bucket": {"type": "string", "maxLength": 63, "title": "Bucket", "description": "All, if empty."},
            "region": {"type": "string", "maxLength": 50, "default": "us-east-1", "title": "Region"},
            "tls": {"type": "boolean", "default": False, "title": "HTTPS"},
            "max_objects": {
                "type": "integer",
                "minimum": 1000,
                "maximum": 10_000_000,
                "default": 100_000,
                "title": "Objects of a bucket that are looked at",
            },
            "timeout": TIMEOUT_SCHEMA,
        },
        required=["access_key", "secret_key"],
    )

    def test(self, config: Mapping[str, Any]) -> ConnectionResult:
        began = time.perf_counter()
        with _client(config) as client:
            answer = client.list_buckets()
        latency = round((time.perf_counter() - began) * 1000)
        server = answer["ResponseMetadata"]["HTTPHeaders"].get("server", "")
        return ConnectionResult(True, "Connection successful", latency, server or "S3", "")

    def collect(self, config: Mapping[str, Any], options: CollectOptions, observer: Observer) -> Iterator[Batch]:
        with _client(config) as client:
            only = config.get("bucket")
            names = [only] if only else [row["Name"] for row in client.list_buckets()["Buckets"]]
            buckets = [name for name in sorted(names) if options.wants_schema(name)]
            observer.phase("Buckets", len(buckets), until=95)
            for name in buckets:
                yield from _Bucket(client, name, config["max_objects"], options, observer).batches()
                observer.advance(1, name)

    def covers(self, parts: Sequence[str], options: CollectOptions) -> bool:
        if not options.wants_schema(parts[0]):
            return False
        return len(parts) < 2 or options.wants_table(parts[0], parts[1])


@dataclass(slots=True)
class _Dataset:
    """The files of one prefix."""

    count: int = 0
    size: int = 0
    formats: Counter[str] = field(default_factory=Counter)
    first: str = ""
    first_size: int = 0


@dataclass(slots=True)
class _Bucket:
    client: Any
    name: str
    max_objects: int
    options: CollectOptions
    observer: Observer

    def batches(self) -> Iterator[Batch]:
        path = [self.options.root, self.name]
        batch = Batch([AssetDraft("BUCKET", self.name, join_name(*path), "", {})])
        for prefix, found in sorted(self._datasets().items()):
            self.observer.check()
            own = [*path, prefix]
            formats = dict(sorted(found.formats.items()))
            metadata = {"objects": rounded(found.count), "bytes": rounded(found.size), "formats": formats}
            schema = self._columns(found.first, found.first_size)
            batch.assets.append(AssetDraft("DATASET", prefix, join_name(*own), "", metadata, schema))
            batch.relationships.append(contains(path, own))
            if len(batch.assets) >= self.options.batch_size:
                yield batch
                batch = Batch()
        yield batch

    def _datasets(self) -> dict[str, _Dataset]:
        found: dict[str, _Dataset] = {}
        seen = 0
        try:
            for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name):
                self.observer.check()
                for row in page.get("Contents", ()):
                    seen += 1
                    self._note(found, row)
                if seen >= self.max_objects and page.get("IsTruncated"):
                    self.observer.gap([self.name], f"Only the first {seen:,} objects were looked at (max_objects)")
                    break
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code not in _DENIED and code != "NoSuchBucket":
                raise
            self.observer.gap([self.name], f"The bucket cannot be listed: {code}")
        return found

    def _note(self, found: dict[str, _Dataset], row: Mapping[str, Any]) -> None:
        folder, _, name = row["Key"].rpartition("/")
        if not name:
            return  # an empty object that stands for a folder
        prefix = "/".join(part for part in folder.split("/") if "=" not in part) or "/"
        if not self.options.wants_table(self.name, prefix):
            return
        dataset = found.setdefault(prefix, _Dataset())
        dataset.count += 1
        dataset.size += row["Size"]
        dataset.formats[format_of(name) or "other"] += 1
        # One that says what its columns are, before one that does not.
        if not dataset.first or (is_readable(name) and not is_readable(dataset.first)):
            dataset.first, dataset.first_size = row["Key"], row["Size"]

    def _columns(self, key: str, size: int) -> list[dict[str, Any]] | None:
        if not is_readable(key) or not size:
            return None
        try:
            if format_of(key) == "parquet":
                return parquet_columns(size, lambda start, length: self._read(key, start, length))
            return columns_of(key, self._read(key, 0, HEAD))
        except SourceError as error:
            self.observer.warn(f"The columns of {key} are not known: {error.message}", self._asset)
            return None
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            self.observer.warn(f"The file {key} cannot be read: {code}", self._asset)
            return None

    def _read(self, key: str, start: int, length: int) -> bytes:
        answer = self.client.get_object(Bucket=self.name, Key=key, Range=f"bytes={start}-{start + length - 1}")
        return bytes(answer["Body"].read(length))

    @property
    def _asset(self) -> str:
        return join_name(self.options.root, self.name)


@contextmanager
def _client(config: Mapping[str, Any]) -> Iterator[Any]:
    address = listening_address_of(config)
    # Without TLS the address that the guard has seen; with it the name, which the certificate is for.
    host = config["host"] if config["tls"] else address
    host = f"[{host}]" if ":" in host else host
    where = f"{config['host']}:{config['port']}"
    try:
        yield boto3.client(
            "s3",
            endpoint_url=f"{'https' if config['tls'] else 'http'}://{host}:{config['port']}",
            aws_access_key_id=config["access_key"],
            aws_secret_access_key=config["secret_key"],
            region_name=config["region"],
            config=Config(
                connect_timeout=config["timeout"],
                read_timeout=config["timeout"],
                retries={"max_attempts": 2, "mode": "standard"},
                s3={"addressing_style": "path"},
                signature_version="s3v4",
                proxies={},
            ),
        )
    except EndpointConnectionError:
        message = f"{where} refused the connection: is MinIO running there?"
        raise SourceError(message, code="CONNECTION_FAILED", retry=True) from None
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _DENIED:
            message = f"MinIO refused the access key '{config['access_key']}' ({code})"
            raise SourceError(message, code="AUTHENTICATION_FAILED") from None
        raise SourceError(f"MinIO says: {code}") from None
    except BotoCoreError as error:
        message = f"No answer from MinIO at {where}: {error.__class__.__name__}"
        raise SourceError(message, code="CONNECTION_LOST", retry=True) from None
