"""Background tasks at the metastore door."""

import gzip
import json

import pytest

from catalog.models import Asset
from ingestion.models import Job, JobStatus
from ingestion.services.worker import work_next
from tests.ingestion.conftest import only_job

TASKS = "/v1/tasks"


def asset(name, **fields):
    return {"type": "TABLE", "name": name, "qualified_name": f"prod.public.{name}", **fields}


def create(client, source="file:///assets.json", kind="json", **fields):
    body = {"type": "BULK_INGESTION", "priority": 5, "payload": {"source": source, "format": kind}, **fields}
    return client.post(TASKS, body, format="json")


@pytest.fixture
def write(import_dir):
    def make(name, text):
        data = text.encode() if isinstance(text, str) else text
        (import_dir / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    return make


def test_task_is_created_run_and_read_as_the_page_shows(bob, write):
    write("assets.json", json.dumps([asset("users"), asset("orders")]))
    created = create(bob)
    assert created.status_code == 201
    body = created.json()
    assert (body["type"], body["status"], body["priority"]) == ("BULK_INGESTION", "PENDING", 5)
    work_next()
    body = bob.get(f"{TASKS}/{body['id']}").json()
    assert (body["status"], body["progress"], body["error"]) == ("COMPLETED", 100, None)
    assert (body["result"]["processed"], body["result"]["created"]) == (2, 2)
    assert body["started_at"]
    assert Asset.objects.count() == 2


ROWS = [asset("users", tags=["PII"], metadata={"rows": 1}), asset("orders", description="多")]
CSV = 'type,name,qualified_name,tags,metadata\nTABLE,users,prod.public.users,PII; Sensitive,"{""rows"": 1}"\n'


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        ("a.json", json.dumps(ROWS), 2),
        ("a.json.gz", json.dumps({"assets": ROWS}, ensure_ascii=False), 2),
        ("a.ndjson", "\n\n".join(json.dumps(row) for row in ROWS), 2),
        ("a.ndjson.gz", "\r\n".join(json.dumps(row) for row in ROWS), 2),
        ("a.csv", CSV, 1),
        ("a.csv.gz", "\ufeff" + CSV, 1),
        ("none.json", "[]", 0),
        ("none.ndjson", "", 0),
    ],
)
def test_every_format_is_read_and_told_by_the_name(bob, write, name, text, count):
    write(name, text)
    create(bob, f"file:///{name}", "")
    work_next()
    job = only_job()
    assert (job.status, job.error, job.result["created"]) == (JobStatus.COMPLETED, None, count)


def test_file_larger_than_a_batch_is_read_in_parts(bob, write):
    write("many.json", json.dumps([asset(f"t{number}", description="x" * 600) for number in range(2500)]))
    create(bob, "file:///many.json")
    work_next()
    assert only_job().result["created"] == 2500


def test_bad_row_is_told_with_its_place_and_sinks_no_other(bob, write):
    rows = [json.dumps(asset(f"t{number}")) for number in range(1200)]
    rows[1100] = json.dumps({"type": "TABLE"})
    write("a.ndjson", "\n".join(rows))
    create(bob, "file:///a.ndjson", "ndjson")
    work_next()
    result = only_job().result
    assert (result["processed"], result["created"], result["error_count"]) == (1200, 1199, 1)
    assert result["errors"][0]["index"] == 1100


@pytest.mark.parametrize(
    ("name", "lines", "told"),
    [
        (
            "a.ndjson",
            [json.dumps(asset("a")), "{", json.dumps(asset("odd", description="a\0")), json.dumps(asset("b"))],
            [(1, "", "Line 2 is not JSON", {"line": 2}), (2, "prod.public.odd", None, None)],
        ),
        (
            "a.ndjson",
            [json.dumps(asset("a")), json.dumps({**asset("a"), "qualified_name": "a\0\ud800", "\0": 1})],
            [(1, "a\ufffd\ufffd", None, {"fields": {"\ufffd": ["There is no such field."]}})],
        ),
        (
            "a.csv",
            ["type,name,qualified_name", "TABLE,a,p.a", "TABLE,x,p.x,too,many", "TABLE,b,p.b", 'TABLE,"c,p.c'],
            [
                (1, "p.x", "Line 3 of the CSV has more fields than its first line", {"line": 3}),
                (3, "", "Line 5 of the CSV cannot be read: unexpected end of data", {"line": 5}),
            ],
        ),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_sinks_no_other(bob, write, name, lines, told):
    write(name, "\n".join(lines))
    create(bob, f"file:///{name}", "")
    work_next()
    job = only_job()
    assert (job.status, job.error, job.result["error_count"]) == (JobStatus.COMPLETED, None, len(told))
    assert job.result["created"] == job.result["processed"] - len(told) == Asset.objects.count()
    for error, (index, qualified_name, message, details) in zip(job.result["errors"], told, strict=True):
        assert (error["index"], error["qualified_name"]) == (index, qualified_name)
        assert message in (None, error["message"])
        assert details in (None, error["details"])


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("cut.json", "json", '[{"type": "TABLE"'),
        ("cut.json.gz", "json", "[1"),
        ("page.json", "json", "<html>"),
        ("deep.json", "json", "[" * 100_000),
        ("bad.ndjson", "ndjson", "<html>\nnot json"),
        ("bad.csv", "csv", "type,name\nTABLE,a,b,c\n"),
        ("rows.json", "csv", '[{"type": "TABLE"}]'),
        ("empty.csv", "csv", ""),
        ("latin.json", "json", '["caf\xe9"]'.encode("latin-1")),
    ],
)
def test_file_that_cannot_be_read_fails_with_a_reason(bob, write, name, kind, text):
    write(name, text)
    create(bob, f"file:///{name}", kind)
    work_next()
    job = only_job()
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "BAD_FILE")


def test_missing_file_fails_with_a_reason(bob, import_dir):
    create(bob, "file:///nothing.json")
    work_next()
    assert only_job().error["code"] == "FILE_NOT_FOUND"


def test_damaged_gzip_fails_with_a_reason(bob, import_dir):
    (import_dir / "a.json.gz").write_bytes(gzip.compress(b"[" + b'"x",' * 5000)[:-20])
    create(bob, "file:///a.json.gz")
    work_next()
    assert only_job().error["code"] == "BAD_FILE"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"source": "file:///../../etc/passwd"}, "payload.source"),
        ({"source": "file:///etc/passwd/../../../etc/shadow"}, "payload.source"),
        ({"source": "ftp://example.com/a.json"}, "payload.source"),
        ({"source": "http://example.com/a.json"}, "payload.source"),
        ({"source": "https://me:secret@example.com/a.json"}, "payload.source"),
        ({"source": "https://example.com/\x01.json"}, "payload.source"),
        ({"source": "file:///a%00.json"}, "payload.source"),
        ({"source": "s3://[bucket/a.json"}, "payload.source"),
        ({"source": ""}, "payload.source"),
        ({"source": "file:///%00.json"}, "payload.source"),
        ({"source": "file:///loop.json"}, "payload.source"),
        ({"source": "s3://imports/%00.json"}, "payload.source"),
        ({"source": "https://xn--/a.json"}, "payload.source"),
        ({"source": "https://example.com:99999/a.json"}, "payload.source"),
        ({"kind": "xml"}, "payload.format"),
        ({"kind": 0}, "payload.format"),
        ({"kind": []}, "payload.format"),
        ({"priority": 10}, "priority"),
        ({"priority": "high"}, "priority"),
        ({"type": "MAKE_COFFEE"}, "type"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_request_names_the_field(bob, import_dir, fields, field):
    (import_dir / "loop.json").symlink_to(import_dir / "loop.json")
    response = create(bob, **fields)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert field in response.json()["error"]["details"]
    assert not Job.objects.exists()


def test_metadata_address_is_not_downloaded_from(bob):
    create(bob, "https://169.254.169.254/latest/a.json")
    work_next()
    job = only_job()
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "BLOCKED")
    assert "link-local or metadata" in job.error["message"]


def test_a_host_that_nobody_knows_fails_with_a_reason(bob):
    create(bob, "https://nowhere.invalid/a.json")
    work_next()
    assert only_job().error["code"] == "DOWNLOAD_FAILED"


def test_waiting_task_is_cancelled(bob):
    pk = create(bob).json()["id"]
    response = bob.delete(f"{TASKS}/{pk}")
    assert (response.status_code, response.json()) == (200, {"id": pk, "status": "CANCELLED"})
    assert bob.get(f"{TASKS}/{pk}").json()["status"] == "CANCELLED"
    again = bob.delete(f"{TASKS}/{pk}")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "TASK_CONFLICT")


def test_list_is_paged_and_filtered(bob):
    create(bob)
    body = bob.get(f"{TASKS}?status=PENDING&limit=1").json()
    assert body["pagination"] == {"total": 1, "limit": 1, "offset": 0, "has_more": False}
    assert bob.get(f"{TASKS}?status=FAILED").json()["data"] == []
    assert bob.get(f"{TASKS}?status=tired").status_code == 400


def test_outsider_and_viewer(bob, charlie, vera):
    pk = create(bob).json()["id"]
    missing = charlie.get(f"{TASKS}/{pk}")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "TASK_NOT_FOUND")
    assert charlie.delete(f"{TASKS}/{pk}").status_code == 404
    assert charlie.get(TASKS).json()["data"] == []
    assert vera.get(f"{TASKS}/{pk}").status_code == 200
    assert vera.delete(f"{TASKS}/{pk}").status_code == 403
    assert create(vera).status_code == 403
