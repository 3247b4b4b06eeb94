"""Runs: a job of our own that somebody else carries out, whatever order its events come in."""

import json
from itertools import permutations
from typing import Any

import pytest

from audit.models import AuditEvent
from ingestion.models import Job, JobLog, JobStatus, JobType
from ingestion.services import jobs, webhooks
from ingestion.services.worker import work_next
from tests.ingestion.openlineage.conftest import RUN, dataset, facet, new_run, only_run, run_event

STATISTICS = {"outputFacets": {"outputStatistics": facet(rowCount=120, size=4096)}}
LIFE = [
    run_event("START", at=1, inputs=[dataset("public.orders")]),
    run_event("RUNNING", at=2),
    run_event("OTHER", at=3, run_facets={"nominalTime": facet(nominalStartTime="2026-01-31T12:00:00Z")}),
    run_event("COMPLETE", at=4, outputs=[dataset("public.spending") | STATISTICS]),
]


def state(job):
    return (job.status, job.started_at, job.finished_at, job.error, job.result, job.payload, job.progress)


def test_run_is_a_job_of_its_pipeline(send):
    answer = send(LIFE[0])
    job = only_run()
    assert answer["run"] == {"id": str(job.pk), "runId": RUN, "status": "RUNNING"}
    assert answer["id"] == str(job.pipeline_id)
    assert answer["fullyQualifiedName"] == job.pipeline.qualified_name == 'airflow."daily.load"'
    assert (job.type, job.pipeline.type, job.pipeline.name) == (JobType.PIPELINE_RUN, "PIPELINE", "daily.load")
    assert send(LIFE[3])["run"]["status"] == "COMPLETED"
    job.refresh_from_db()
    assert job.duration == 180
    assert job.result == {"inputs": 1, "outputs": 1, "rows_written": 120, "bytes_written": 4096}


def test_order_of_events_does_not_matter(send, send_all):
    for each in LIFE:
        send(each)
    told = state(only_run())
    for order in list(permutations(LIFE))[5::6]:
        Job.objects.all().delete()
        for each in order:
            send(each)
        assert state(only_run()) == told
    Job.objects.all().delete()
    send_all(LIFE[::-1])
    assert state(only_run()) == told


def test_repeated_events_change_nothing(send, send_all):
    send_all(LIFE)
    told, events = state(only_run()), AuditEvent.objects.count()
    for each in (*LIFE, *LIFE[::-1]):
        send(each)
    send_all(LIFE + LIFE)
    assert state(only_run()) == told
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize(
    ("transitions", "status"),
    [
        (["OTHER"], JobStatus.PENDING),
        (["RUNNING"], JobStatus.RUNNING),
        (["START", "ABORT"], JobStatus.CANCELLED),
        (["START", "FAIL"], JobStatus.FAILED),
        (["COMPLETE", "START"], JobStatus.COMPLETED),
        (["FAIL", "COMPLETE"], JobStatus.COMPLETED),
        (["COMPLETE", "FAIL"], JobStatus.FAILED),
    ],
)
def test_status(send, transitions, status):
    for minute, transition in enumerate(transitions):
        send(run_event(transition, at=minute))
    assert only_run().status == status


def test_event_without_a_transition_is_taken(send):
    event = run_event()
    del event["eventType"]
    assert send(event)["run"]["status"] == "PENDING"


def test_failed_run_says_why_and_hides_passwords(send):
    error = facet(
        message="cannot reach postgres://etl:hunter2@db:5432/shop",
        programmingLanguage="PYTHON",
        stackTrace="Traceback\n  postgres://etl:hunter2@db",
    )
    send(run_event("FAIL", run_facets={"errorMessage": error}))
    job = only_run()
    assert job.error == {"code": "RUN_FAILED", "message": "cannot reach postgres://******@db:5432/shop"}
    assert JobLog.objects.get(job=job).error == "Traceback\n  postgres://******@db"
    send(run_event("FAIL", run=new_run()))
    other: Any = Job.objects.exclude(pk=job.pk).get()
    assert "did not say why" in other.error["message"]


def test_reason_may_come_after_the_failure(send):
    send(run_event("FAIL", at=1))
    send(run_event("OTHER", at=2, run_facets={"errorMessage": facet(message="disk full", programmingLanguage="JAVA")}))
    assert only_run().error["message"] == "disk full"


def test_our_workers_leave_it_alone(send):
    send(run_event("START"))
    send(run_event("OTHER", run=new_run()))
    assert work_next() is None
    assert jobs.recover_jobs() == 0
    assert jobs.dispatch() == 0
    assert set(Job.objects.values_list("status", flat=True)) == {"RUNNING", "PENDING"}


def test_only_its_producer_can_cancel_it(send, bob):
    job = send(run_event("START"))["run"]["id"]
    response = bob.delete(f"/v1/tasks/{job}")
    assert response.status_code == 409
    assert "elsewhere" in response.json()["error"]["message"]


def test_parent_contains_the_job(send):
    parent = facet(run={"runId": new_run()}, job={"namespace": "airflow", "name": "daily"})
    send(run_event("START", run_facets={"parent": parent}))
    job = only_run()
    assert job.payload["parent"] == {"pipeline": "airflow.daily", "run_id": parent["run"]["runId"]}
    edge = job.pipeline.incoming.get()
    assert (edge.source.qualified_name, edge.type) == ("airflow.daily", "CONTAINS")


def test_job_that_is_renamed_while_it_runs_is_the_newest(send):
    send(run_event("COMPLETE", at=2, job="etl.write_orders"))
    send(run_event("START", at=1, job="etl"))
    assert only_run().pipeline.qualified_name == 'airflow."etl.write_orders"'


def test_same_run_in_two_organizations_is_two_runs(send, charlie, vera):
    send(run_event("START"))
    send(run_event("COMPLETE"), client=charlie)
    assert sorted(Job.objects.values_list("organization__slug", "status")) == [
        ("acme", "RUNNING"),
        ("other", "COMPLETED"),
    ]
    [seen] = vera.get("/v1/tasks?type=PIPELINE_RUN").json()["data"]
    assert seen["status"] == "RUNNING"


def test_webhooks_hear_once_how_a_run_ended(send, alice_actor):
    data = {"name": "ops", "url": "http://127.0.0.1:9/hook", "events": ["task.*"]}
    hook, _ = webhooks.create_webhook(actor=alice_actor, data=data)
    for transition in ("START", "FAIL", "FAIL", "OTHER"):
        send(run_event(transition))
    [delivery] = hook.deliveries.all()
    assert delivery.event == "task.failed"
    told = json.loads(delivery.body)["data"]
    assert (told["pipeline"], told["status"]) == ('airflow."daily.load"', "FAILED")
