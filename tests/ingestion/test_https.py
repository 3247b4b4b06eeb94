"""Bulk ingestion from a web server that speaks TLS, with a certificate of its own authority."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from catalog.models import Asset
from ingestion.models import Job, JobStatus
from ingestion.services.bulk import create_job
from ingestion.services.files import open_location, rows_of
from ingestion.services.running import Cancelled
from ingestion.services.worker import work_next
from tests.certificates import Pair, make_pair

ROWS = [{"type": "TABLE", "name": f"t{number}", "qualified_name": f"web.t{number}"} for number in range(3)]
TEXT = json.dumps(ROWS).encode()
LINES = b"\n".join(json.dumps(row).encode() for row in ROWS)
TABLE = b"type,name,qualified_name\n" + b"".join(f"TABLE,t{n},web.t{n}\n".encode() for n in range(3))
FILES = {
    "/a.json": TEXT,
    "/a.ndjson": LINES,
    "/a.csv": TABLE,
    "/a.json.gz": gzip.compress(TEXT),
    "/a.ndjson.gz": gzip.compress(LINES),
    "/a.csv.gz": gzip.compress(TABLE),
    "/packed.json": gzip.compress(TEXT),
}


class Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/slow.ndjson":
            self.dribble()
            return
        content = FILES.get(self.path.partition("?")[0])
        self.send_response(302 if self.path == "/moved.json" else 200 if content else 404)
        if self.path == "/packed.json":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Location", "/a.json")
        self.send_header("Content-Length", str(len(content or b"") + (1 if self.path.endswith("?cut") else 0)))
        self.end_headers()
        self.wfile.write(content or b"")

    def dribble(self) -> None:
        """A row every hundredth of a second, for ten seconds at most."""
        self.send_response(200)
        self.end_headers()
        for _ in range(1000):
            try:
                self.wfile.write(b"{}\n")
            except OSError:
                return
            time.sleep(0.01)

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> Pair:
    return make_pair(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(scope="module")
def server(pair) -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.cert, pair.key)
    httpd.socket = context.wrap_socket(httpd.socket, server_side=True)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"https://localhost:{httpd.server_address[1]}"
    httpd.shutdown()
    httpd.server_close()
    thread.join(60)


@pytest.fixture
def _trusted(monkeypatch, pair) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(pair.cert))


def ingest(actor, source: str) -> Job:
    create_job(actor=actor, data={"type": "BULK_INGESTION", "payload": {"source": source}})
    job = work_next()
    assert job is not None
    job.refresh_from_db()
    return job


@pytest.mark.usefixtures("_trusted")
@pytest.mark.parametrize("name", [*FILES, "/a.json?version=7"])
def test_every_format_is_downloaded(server, bob_actor, name):
    job = ingest(bob_actor, server + name)
    assert (job.status, job.error) == (JobStatus.COMPLETED, None)
    assert job.result is not None
    assert (job.result["created"], job.progress, Asset.objects.count()) == (3, 100, 3)


@pytest.mark.usefixtures("_trusted")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/nothing.json", "answered with 404"),
        ("/moved.json", "answered with 302; redirects are not followed"),
        ("/a.json?cut", "closed connection"),
    ],
)
def test_what_cannot_be_downloaded_fails_with_its_reason(server, bob_actor, name, words):
    job = ingest(bob_actor, server + name)
    assert job.error is not None
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "DOWNLOAD_FAILED")
    assert words in job.error["message"]


def test_certificate_of_an_authority_that_nobody_named_is_not_believed(server, bob_actor, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    job = ingest(bob_actor, f"{server}/a.json")
    assert job.error is not None
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "DOWNLOAD_FAILED")
    assert "certificate verify failed" in job.error["message"]
    assert not Asset.objects.exists()


@pytest.mark.usefixtures("_trusted")
def test_slow_download_is_ended_between_its_pieces(server):
    """With a look for every few of its rows: ten seconds' worth would be no more than one buffer full."""
    asked: list[None] = []
    rows: list[Any] = []

    def check() -> None:
        asked.append(None)
        if len(asked) > 5:
            raise Cancelled()

    with pytest.raises(Cancelled), open_location(f"{server}/slow.ndjson", check=check) as opened:
        rows.extend(rows_of(opened, "ndjson"))
    assert len(rows) < 1000
