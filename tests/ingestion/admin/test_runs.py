"""The pages of runs, and what the lists cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from ingestion.models import DataSource, Job, JobStatus, JobType
from ingestion.services import bulk, jobs
from ingestion.services.collections import create_task
from ingestion.services.sources import create_data_source
from ingestion.services.worker import work_next
from tests.adminkit import messages_of, page
from tests.ingestion.admin.pages import SECRET


def test_a_run_shows_its_counts(browser: Client, shop: DataSource) -> None:
    browser.post(page("ingestion_datasource_run", shop.pk))
    job = Job.objects.get()
    work_next()
    response = browser.get(page("ingestion_job_change", job.pk))
    assert dict(response.context["counts"])["created"] == 4
    assert browser.get(page("ingestion_job_progress", job.pk)).json()["progress"] == 100
    listed = browser.get(page("ingestion_job_changelist")).content.decode()
    assert "4 created" in listed
    assert response.context["kinds"] == {"appeared": 4}
    assert {event.entity_name.rsplit(".")[-1] for event in response.context["changed"]} >= {
        "customers",
        "orders",
        "bought",
    }
    assert "What it said" in response.content.decode()


def test_a_failed_run_tells_why_in_full(browser: Client, warehouse: DataSource) -> None:
    browser.post(page("ingestion_datasource_run", warehouse.pk))
    job = Job.objects.get()
    work_next()
    text = browser.get(page("ingestion_job_change", job.pk)).content.decode()
    assert "Why it failed" in text
    assert "CONNECTION_FAILED" in text
    assert "127.0.0.1:1 refused the connection" in text
    assert SECRET not in text


def test_a_file_with_bad_rows_tells_which_and_why(browser: Client, alice_actor: Actor, settings, tmp_path) -> None:
    settings.IMPORT_DIR = tmp_path
    bad = ('{"type": "SHOE", "name": "x", "qualified_name": "p.x"}\n' for _ in range(bulk.ERRORS_KEPT + 1))
    (tmp_path / "a.ndjson").write_text('{"type": "TABLE", "name": "good", "qualified_name": "p.good"}\n' + "".join(bad))
    job = bulk.create_job(actor=alice_actor, data={"type": "BULK_INGESTION", "payload": {"source": "file://a.ndjson"}})
    work_next()
    text = browser.get(page("ingestion_job_change", job.pk)).content.decode()
    assert "Rows with errors" in text
    assert "the first 100 of 101" in text
    assert '<td class="c-num">2</td><th scope="row" class="c-break">p.x</th>' in text
    assert text.count("This must be one of TABLE") >= bulk.ERRORS_KEPT


def test_a_waiting_run_is_cancelled(browser: Client, shop: DataSource) -> None:
    browser.post(page("ingestion_datasource_run", shop.pk))
    job = Job.objects.get()
    browser.post(page("ingestion_job_cancel", job.pk))
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    again = browser.post(page("ingestion_job_cancel", job.pk), follow=True)
    assert any("has ended" in told for told in messages_of(again))


@pytest.mark.parametrize(
    "name", ["ingestion_job_changelist", "ingestion_datasource_changelist", "ingestion_collectiontask_changelist"]
)
def test_lists_cost_the_same_queries_however_long(name: str, browser: Client, bob_actor: Actor) -> None:
    counts = []
    for total in (1, 10, 40):
        for number in range(DataSource.objects.count(), total):
            config = {"database": f"{number}.sqlite"}
            source = create_data_source(
                actor=bob_actor, data={"name": f"source {number}", "type": "sqlite", "config": config}
            )
            task = create_task(actor=bob_actor, data={"name": f"task {number}", "datasource_id": str(source.pk)})
            jobs.enqueue(actor=bob_actor, type=JobType.COLLECTION, payload={}, task=task)
        browser.get(page(name))
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(page(name)).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2] <= 8
