"""Downloads: exact bytes, ranges, conditions, addresses, quotas; and counts that are exact."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import OperationalError
from django.http import StreamingHttpResponse
from moto.server import ThreadedMotoServer
from rest_framework.test import APIClient

from accounts.actor import Actor
from accounts.models import Organization
from registry import storage
from registry.models import DownloadDay, DownloadFlush, Entry, Statistics, Version
from registry.services import downloads
from tests.registry.entries import INSULIN, XML, counted, put

pytestmark = pytest.mark.django_db

URL = "/api/v1/sources/acme/P01308/1.5/download?format=fasta"
DIGEST = hashlib.sha256(INSULIN).hexdigest()
SIZE = len(INSULIN)


@pytest.fixture(autouse=True)
def data_dir(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.RATE_REGISTRY_ANONYMOUS = "100000/hour"
    downloads._buffer.counts.clear()
    downloads._buffer.batch = None


@pytest.fixture
def insulin(bob_actor: Actor) -> Version:
    return put(bob_actor, "acme:P01308@1.5", {"P01308.fasta": INSULIN, "P01308.xml": XML})


def bytes_of(response: Any) -> bytes:
    assert isinstance(response, StreamingHttpResponse)
    return b"".join(response)


def test_downloads_the_whole_file(anonymous: APIClient, insulin: Version) -> None:
    answer = anonymous.get(URL)
    assert answer.status_code == 200
    assert bytes_of(answer) == INSULIN
    assert answer["Content-Type"] == "text/plain"
    assert answer["Content-Disposition"] == 'attachment; filename="P01308.fasta"'
    assert answer["Content-Length"] == str(SIZE)
    assert answer["X-Checksum-SHA256"] == DIGEST
    assert (answer["ETag"], answer["Accept-Ranges"]) == (f'"{DIGEST}"', "bytes")
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "X-RateLimit-Remaining" in answer


def test_the_latest_may_change(anonymous: APIClient, insulin: Version) -> None:
    answer = anonymous.get("/api/v1/sources/acme/P01308/latest/download?format=fasta")
    assert bytes_of(answer) == INSULIN
    assert "immutable" not in answer["Cache-Control"]


def test_head_tells_without_counting(anonymous: APIClient, insulin: Version) -> None:
    answer = anonymous.head(URL)
    assert (answer.status_code, answer.content, answer["Content-Length"]) == (200, b"", str(SIZE))
    assert answer["X-Checksum-SHA256"] == DIGEST
    assert counted() == 0


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=10-", 10, SIZE - 1), ("bytes=-5", SIZE - 5, SIZE - 1), ("bytes=5-99999", 5, SIZE - 1),
     ("bytes=-99999", 0, SIZE - 1), (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1)],
)  # fmt: skip
def test_ranges(anonymous: APIClient, insulin: Version, asked: str, first: int, last: int) -> None:
    answer = anonymous.get(URL, headers={"Range": asked})
    assert bytes_of(answer) == INSULIN[first : last + 1]
    assert answer["Content-Length"] == str(last + 1 - first)
    if last + 1 - first < SIZE:
        assert (answer.status_code, answer["Content-Range"]) == (206, f"bytes {first}-{last}/{SIZE}")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b", ""])
def test_what_is_no_range_is_the_whole(anonymous: APIClient, insulin: Version, asked: str) -> None:
    answer = anonymous.get(URL, headers={"Range": asked})
    assert (answer.status_code, bytes_of(answer)) == (200, INSULIN)


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=99999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_416(anonymous: APIClient, insulin: Version, asked: str) -> None:
    answer = anonymous.get(URL, headers={"Range": asked})
    assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{SIZE}")
    assert answer.json()["error"]["code"] == "RANGE_NOT_SATISFIABLE"


def test_a_range_of_other_bytes_is_the_whole(anonymous: APIClient, insulin: Version) -> None:
    ranged = {"Range": "bytes=0-9"}
    assert anonymous.get(URL, headers={**ranged, "If-Range": '"other"'}).status_code == 200
    assert anonymous.get(URL, headers={**ranged, "If-Range": f'"{DIGEST}"'}).status_code == 206


def test_what_the_client_has_is_not_sent(anonymous: APIClient, insulin: Version) -> None:
    answer = anonymous.get(URL, headers={"If-None-Match": f'"{DIGEST}"'})
    assert (answer.status_code, answer.content) == (304, b"")
    assert not answer.has_header("Content-Length")
    since = anonymous.get(URL, headers={"If-Modified-Since": answer["Last-Modified"]})
    assert since.status_code == 304
    assert counted() == 0


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": f'W/"{DIGEST}"'}, 412),
        ({"If-Match": "nonsense"}, 412),
        ({"If-Match": f'"other", "{DIGEST}"'}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Unmodified-Since": "Wed, 15 Jan 2020 10:30:00 GMT"}, 412),
        ({"If-Unmodified-Since": "Wed, 15 Jan 2020 10:30:00 GMT", "If-Match": "*"}, 200),
        ({"If-Unmodified-Since": "Wed, 15 Jan 2098 10:30:00 GMT"}, 200),
        ({"If-Unmodified-Since": "nonsense"}, 200),
    ],
)
def test_other_bytes_than_expected_are_412(
    anonymous: APIClient, insulin: Version, condition: dict[str, str], status: int
) -> None:
    answer = anonymous.get(URL, headers=condition)
    assert answer.status_code == status
    if status == 412:
        assert answer.json()["error"]["code"] == "PRECONDITION_FAILED"
        assert counted() == 0


def test_one_file_needs_no_format(anonymous: APIClient, bob_actor: Actor, insulin: Version) -> None:
    put(bob_actor, "acme:single@1.0", {"a.xml": XML})
    assert bytes_of(anonymous.get("/api/v1/sources/acme/single/1.0/download")) == XML
    several = anonymous.get("/api/v1/sources/acme/P01308/1.5/download")
    assert (several.status_code, several.json()["error"]["details"]["formats"]) == (400, ["fasta", "xml"])
    assert anonymous.get("/api/v1/sources/acme/P01308/1.5/download?format=csv").status_code == 404
    put(bob_actor, "acme:all@1.0", dependencies=["acme:single-xml@1.0"])
    for query in ("", "?format=fasta"):
        missing = anonymous.get(f"/api/v1/sources/acme/all/1.0/download{query}")
        assert (missing.status_code, "made of its dependencies" in missing.json()["error"]["message"]) == (404, True)


def test_downloads_a_tool(anonymous: APIClient, bob_actor: Actor) -> None:
    put(bob_actor, "acme:blast@2.14.0", {"blast.zip": b"PK\x03\x04rest"}, kind="tool")
    assert bytes_of(anonymous.get("/api/v1/tools/acme/blast/2.14.0/download")) == b"PK\x03\x04rest"


def test_an_outsider_downloads_nothing_private(
    anonymous: APIClient, charlie: APIClient, vera: APIClient, insulin: Version
) -> None:
    Organization.objects.filter(slug="acme").update(is_public=False)
    assert anonymous.get(URL).status_code == 404
    assert charlie.get(URL).status_code == 404
    mine = vera.get(URL)
    assert bytes_of(mine) == INSULIN
    assert mine["Cache-Control"].startswith("private")


def test_a_lost_file_is_503_not_an_empty_answer(anonymous: APIClient, insulin: Version) -> None:
    storage.backend().delete(storage.path_of(DIGEST))
    answer = anonymous.get(URL)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")


# Quota, nginx, S3 --------------------------------------------------------------------------------


def test_an_address_has_a_quota(settings: Any, insulin: Version) -> None:
    settings.DOWNLOAD_QUOTA = f"{2 * SIZE - 1}/day"
    client, other = APIClient(REMOTE_ADDR="10.1.1.1"), APIClient(REMOTE_ADDR="10.1.1.2")
    assert client.get(URL).status_code == 200
    assert client.get(URL).status_code == 200
    refused = client.get(URL)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "RATE_LIMIT_EXCEEDED")
    assert refused.json()["error"]["details"]["limit"] == 2 * SIZE - 1
    assert int(refused["Retry-After"]) > 0
    assert client.head(URL).status_code == 200
    assert other.get(URL).status_code == 200


def test_nginx_may_send_the_bytes(anonymous: APIClient, settings: Any, insulin: Version) -> None:
    settings.ACCEL_REDIRECT = "/protected/"
    answer = anonymous.get(URL)
    assert answer["X-Accel-Redirect"] == f"/protected/{storage.path_of(DIGEST)}"
    assert (answer.content, answer["Content-Type"]) == (b"", "text/plain")
    assert anonymous.get(URL, headers={"Range": "bytes=9-"}).status_code == 200
    assert counted() == 1


@pytest.fixture
def s3(settings: Any) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    httpx.put(f"{address}/published", timeout=60).raise_for_status()
    settings.STORAGE_URL = f"s3://key:secret@published/files?endpoint={address}&region=us-east-1"
    yield address
    server.stop()


def test_s3_is_redirected_to(s3: str, anonymous: APIClient, bob_actor: Actor) -> None:
    put(bob_actor, "acme:P01308@1.5", {"P01308.fasta": INSULIN})
    answer = anonymous.get(URL)
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"{s3}/published/files/{storage.path_of(DIGEST)}?")
    assert "X-Amz-Signature=" in answer["Location"]
    assert answer["Cache-Control"] == "no-store"
    fetched = httpx.get(answer["Location"], timeout=60)
    assert (fetched.content, fetched.headers["Content-Type"]) == (INSULIN, "text/plain")
    assert 'filename="P01308.fasta"' in fetched.headers["Content-Disposition"]
    assert anonymous.head(URL)["Content-Length"] == str(SIZE)
    assert counted() == 1


# Counting ----------------------------------------------------------------------------------------


def test_counts_whole_downloads_and_first_ranges(anonymous: APIClient, insulin: Version) -> None:
    bytes_of(anonymous.get(URL))
    bytes_of(anonymous.get(URL, headers={"Range": "bytes=0-9"}))
    bytes_of(anonymous.get(URL, headers={"Range": "bytes=10-"}))
    assert counted() == 2
    assert downloads.flush() == 0
    entry, version = Entry.objects.get(), Version.objects.get()
    assert (entry.downloads, version.downloads, Statistics.objects.get().downloads) == (2, 2, 2)
    day = DownloadDay.objects.get()
    assert (day.day, day.count) == (datetime.now(UTC).date(), 2)


def test_a_download_writes_no_row_itself(
    anonymous: APIClient, insulin: Version, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(3) as ran:
        bytes_of(anonymous.get(URL))
    assert all(query["sql"].startswith("SELECT") for query in ran.captured_queries)


def test_a_hundred_at_once_count_a_hundred(insulin: Version) -> None:
    file = insulin.files.get(format="fasta")
    threads = [threading.Thread(target=downloads.count_download, args=[file.pk]) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert downloads.flush() == 100
    assert counted() == 100


def test_what_cannot_be_written_is_written_later_and_once(insulin: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    write, file = downloads._write, insulin.files.get(format="fasta")

    def fail(batch: Any) -> int:
        raise OperationalError("gone")

    def write_and_fail(batch: Any) -> int:
        write(batch)
        raise OperationalError("gone after the commit")

    downloads.count_download(file.pk)
    monkeypatch.setattr(downloads, "_write", fail)
    assert downloads.flush() == 0
    downloads.count_download(file.pk)
    monkeypatch.setattr(downloads, "_write", write_and_fail)
    assert downloads.flush() == 0
    monkeypatch.setattr(downloads, "_write", write)
    assert downloads.flush() == 2
    assert counted() == 2
    assert DownloadFlush.objects.count() == 2


def test_publishing_loses_no_count(insulin: Version, bob_actor: Actor) -> None:
    downloads.count_download(insulin.files.get(format="fasta").pk)
    downloads.flush()
    put(bob_actor, "acme:P01308@1.5", {"a.json": b"{}"})
    assert (Entry.objects.get().downloads, Version.objects.get().downloads) == (1, 1)


def test_downloads_by_day_and_version(anonymous: APIClient, charlie: APIClient, insulin: Version) -> None:
    bytes_of(anonymous.get(URL))
    downloads.flush()
    path = "/api/v1/stats/sources/acme/P01308"
    today = datetime.now(UTC).date().isoformat()
    assert anonymous.get(path).json()["data"] == {
        "days": [{"day": today, "version": "1.5", "downloads": 1}],
        "total": 1,
    }
    for days in ("0", "367", "x", "-1"):
        assert anonymous.get(f"{path}?days={days}").status_code == 400
    Organization.objects.filter(slug="acme").update(is_public=False)
    assert charlie.get(path).status_code == 404


def test_top_downloads_are_public(anonymous: APIClient, insulin: Version) -> None:
    bytes_of(anonymous.get(URL))
    downloads.flush()
    data = anonymous.get("/api/v1/stats").json()["data"]
    assert (data["total_downloads"], data["top_downloads"]) == (
        1,
        [{"source": "acme:P01308-fasta@1.5", "downloads": 1}],
    )
    source = anonymous.get("/api/v1/sources/acme/P01308").json()["data"]
    assert (source["total_downloads"], source["versions"][0]["downloads"]) == (1, 1)
