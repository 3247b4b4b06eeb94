"""Bulk ingestion from the import folder."""

from __future__ import annotations

import json

import pytest

from ingestion.models import Job, JobStatus
from ingestion.services import bulk
from ingestion.services.running import Run
from ingestion.services.worker import work_next


@pytest.fixture
def _small_batches(settings, tmp_path, monkeypatch):
    settings.IMPORT_DIR = tmp_path
    monkeypatch.setattr(bulk, "BATCH", 10)
    rows = ({"type": "TABLE", "name": f"t{number}", "qualified_name": f"db.t{number}"} for number in range(100))
    (tmp_path / "rows.ndjson").write_text("\n".join(json.dumps(row) for row in rows))


@pytest.mark.usefixtures("_small_batches")
def test_an_error_names_places_in_the_file_whatever_its_batch(bob_actor, tmp_path):
    with (tmp_path / "rows.ndjson").open("a") as file:
        for _ in range(2):
            file.write('\n{"type": "TABLE", "name": "twice", "qualified_name": "p.twice"}')
    bulk.create_job(actor=bob_actor, data={"type": "BULK_INGESTION", "payload": {"source": "file://rows.ndjson"}})
    work_next()
    job = Job.objects.get()
    assert job.result is not None, job.error
    (error,) = job.result["errors"]
    assert (job.result["processed"], job.result["created"], job.result["error_count"]) == (102, 101, 1)
    assert (error["index"], error["details"]) == (101, {"first_index": 100})


@pytest.mark.usefixtures("_small_batches")
def test_progress_follows_the_bytes_that_were_read(bob_actor, monkeypatch):
    seen = []
    monkeypatch.setattr(Run, "flush", lambda run: None)
    told = Run.progress

    def progress(run: Run, **said) -> None:
        told(run, **said)
        seen.append((run._phase, run.percent))

    monkeypatch.setattr(Run, "progress", progress)
    bulk.create_job(actor=bob_actor, data={"type": "BULK_INGESTION", "payload": {"source": "file://rows.ndjson"}})
    work_next()
    job = Job.objects.get()
    assert job.result is not None, job.error
    assert (job.status, job.progress, job.result["created"]) == (JobStatus.COMPLETED, 100, 100)
    reading = [percent for phase, percent in seen if phase == "Reading"]
    assert reading == sorted(reading)
    assert reading[0] <= 2
    assert reading[-1] == 99
    assert len({*reading}) > 2, reading
