"""Content in an S3 bucket, through django-storages.

`s3://bucket/prefix?endpoint=https://…&region=…`; credentials as `s3://KEY:SECRET@bucket`, or where boto3
looks for them (environment, profile, instance role).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files import File
from django.utils.http import content_disposition_header
from storages.backends.s3 import S3Storage

from contracts.errors import Unavailable

CONNECT_SECONDS = 3
READ_SECONDS = 30

_FAILURES = (BotoCoreError, Boto3Error, ClientError)


class S3Files:
    """An object appears when its upload, of one part or of many, is complete."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        self.storage = S3Storage(
            bucket_name=parts.hostname,
            location=parts.path.strip("/"),
            endpoint_url=options.get("endpoint"),
            region_name=options.get("region"),
            access_key=unquote(parts.username) if parts.username else None,
            secret_key=unquote(parts.password) if parts.password else None,
            client_config=Config(
                signature_version="s3v4",
                s3={"addressing_style": options.get("addressing", "path" if options.get("endpoint") else "auto")},
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"max_attempts": 2},
            ),
            file_overwrite=True,
            default_acl=None,
        )

    def put(self, source: Path, path: str) -> None:
        try:
            with source.open("rb") as file:
                self.storage.save(path, File(file, name=path))
        except (OSError, *_FAILURES) as error:
            raise Unavailable("The storage cannot take the file now") from error
        source.unlink(missing_ok=True)

    def exists(self, path: str) -> bool:
        return self._head(path) is not None

    def size(self, path: str) -> int:
        head = self._head(path)
        if head is None:
            raise FileNotFoundError(path)
        return int(head["ContentLength"])

    def open(self, path: str, start: int = 0) -> IO[bytes]:
        more = {"Range": f"bytes={start}-"} if start else {}
        try:
            found = self._client.get_object(Bucket=self.storage.bucket_name, Key=self._key(path), **more)
        except ClientError as error:
            if _is_missing(error):
                raise FileNotFoundError(path) from error
            raise Unavailable("The storage does not answer now") from error
        except _FAILURES as error:
            raise Unavailable("The storage does not answer now") from error
        return cast(IO[bytes], found["Body"])

    def delete(self, path: str) -> None:
        self.storage.delete(path)

    def walk(self) -> Iterator[tuple[str, float]]:
        prefix = f"{self.storage.location}/" if self.storage.location else ""
        for entry in self.storage.bucket.objects.filter(Prefix=prefix):
            path = entry.key.removeprefix(prefix)
            if not path.startswith("uploads/"):
                yield path, entry.last_modified.timestamp()

    def put_at(self, path: str) -> float | None:
        head = self._head(path)
        return head["LastModified"].timestamp() if head else None

    def answers(self) -> bool:
        try:
            self._client.head_bucket(Bucket=self.storage.bucket_name)
        except _FAILURES:
            return False
        return True

    def link(self, path: str, *, filename: str, content_type: str, seconds: int) -> str | None:
        shown = {
            "ResponseContentDisposition": content_disposition_header(True, filename),
            "ResponseContentType": content_type,
        }
        return str(self.storage.url(path, parameters=shown, expire=seconds))

    @property
    def _client(self) -> Any:
        return self.storage.connection.meta.client

    def _key(self, path: str) -> str:
        return f"{self.storage.location}/{path}" if self.storage.location else path

    def _head(self, path: str) -> Any:
        try:
            return self._client.head_object(Bucket=self.storage.bucket_name, Key=self._key(path))
        except ClientError as error:
            if _is_missing(error):
                return None
            raise Unavailable("The storage does not answer now") from error
        except _FAILURES as error:
            raise Unavailable("The storage does not answer now") from error


def _is_missing(error: ClientError) -> bool:
    return str(error.response.get("Error", {}).get("Code")) in {"404", "NoSuchKey", "NotFound"}
