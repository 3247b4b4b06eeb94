"""Objects in S3 as files to ingest: only from the buckets that the operator named (IMPORT_BUCKETS).

Credentials, region and endpoint come from the environment as everywhere with S3 (`AWS_ACCESS_KEY_ID`,
`AWS_ENDPOINT_URL_S3`, …). They may open more than a member should read, hence the list.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import unquote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from contracts.errors import Invalid, NotFound, Unavailable

CHUNK = 256 * 1024
_MISSING = {"NoSuchKey", "NoSuchBucket", "404"}
_OPTIONS = Config(connect_timeout=10, read_timeout=30, retries={"max_attempts": 3, "mode": "standard"})


def check_object(source: str) -> tuple[str, str]:
    """Bucket and key of an `s3://bucket/key`. Raises Invalid unless it may be read."""
    parts = urlsplit(source)
    bucket, key = parts.netloc, unquote(parts.path.lstrip("/"))
    if not bucket or not key or parts.query or parts.fragment or "@" in bucket:
        raise Invalid(fields={"payload.source": ["It must name an object: s3://bucket/key."]})
    path = f"{bucket}/{key}"
    allowed = [one.rstrip("/") + "/" for one in settings.IMPORT_BUCKETS]
    if not any(path.startswith(one) for one in allowed):
        problem = f"Nothing may be imported from there in the bucket '{bucket[:100]}': IMPORT_BUCKETS names what may."
        raise Invalid(fields={"payload.source": [problem]})
    return bucket, key


@contextmanager
def open_object(source: str) -> Iterator[tuple[Iterator[bytes], int]]:
    """(the object's bytes as a stream, how many they are). Raises Invalid, NotFound, Unavailable."""
    bucket, key = check_object(source)
    try:
        answer = boto3.client("s3", config=_OPTIONS).get_object(Bucket=bucket, Key=key)
        with closing(answer["Body"]) as body:
            yield body.iter_chunks(CHUNK), int(answer["ContentLength"])
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _MISSING:
            raise NotFound(f"There is no object '{key}' in the bucket '{bucket}'", code="FILE_NOT_FOUND") from None
        raise Unavailable(f"S3 refused to give the object: {code}", code="DOWNLOAD_FAILED") from None
    except BotoCoreError as error:
        raise Unavailable(f"The download failed: {error.__class__.__name__}", code="DOWNLOAD_FAILED") from None
