"""Runs where a curator looks for them: the list of runs, the run's page, the pipeline's page."""

from __future__ import annotations

import pytest
from django.test import Client

from ingestion.models import Job
from tests.adminkit import page, session_of
from tests.ingestion.openlineage.conftest import dataset, facet, run_event

OUTPUT = dataset("public.spending") | {"outputFacets": {"outputStatistics": facet(rowCount=12345)}}


@pytest.fixture
def run(send) -> Job:
    error = facet(message="disk full", programmingLanguage="PYTHON", stackTrace="Traceback of it")
    nominal = facet(nominalStartTime="2026-01-31T12:00:00Z")
    send(run_event("START", at=1, inputs=[dataset("public.orders")], run_facets={"nominalTime": nominal}))
    send(run_event("FAIL", at=2, outputs=[OUTPUT], run_facets={"errorMessage": error}))
    return Job.objects.get()


@pytest.fixture
def browser(bob_member) -> Client:
    return session_of(bob_member)


def test_run_is_in_the_list(run, browser):
    shown = browser.get(page("ingestion_job_changelist") + "?q=daily").content.decode()
    assert "daily.load" in shown
    assert "disk full" in shown


def test_page_of_a_run_says_what_it_read_and_wrote(run, browser):
    shown = browser.get(page("ingestion_job_change", run.pk)).content.decode()
    for words in ("warehouse.public.orders", "warehouse.public.spending", "12,345", "disk full", "Traceback of it"):
        assert words in shown
    for words in (page("catalog_asset_change", run.pipeline_id), str(run.external_id), "2026-01-31T12:00:00Z"):
        assert words in shown
    assert "waiting for a worker" not in shown


def test_run_that_goes_on_elsewhere_has_no_cancel(send, browser):
    send(run_event("START"))
    job = Job.objects.get()
    assert (
        page("ingestion_job_cancel", job.pk) not in browser.get(page("ingestion_job_change", job.pk)).content.decode()
    )
    assert browser.get(page("index")).status_code == 200


def test_pipelines_page_shows_its_runs(run, browser, charlie_member):
    shown = browser.get(page("catalog_asset_change", run.pipeline_id)).content.decode()
    assert 'id="runs-group"' in shown
    assert page("ingestion_job_change", run.pk) in shown
    other = browser.get(page("catalog_asset_change", run.pipeline.outgoing.first().target_id)).content.decode()
    assert 'id="runs-group"' not in other
    assert page("ingestion_datasource_change", run.pipeline.origin_id) not in shown
    hidden = session_of(charlie_member).get(page("catalog_asset_change", run.pipeline_id))
    assert b"daily.load" not in hidden.content
