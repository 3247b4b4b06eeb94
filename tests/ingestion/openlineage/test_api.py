"""`POST /api/v1/lineage` and `/lineage/batch`: who may, what is refused and how."""

import gzip
import json
import threading

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import Role
from accounts.services import create_api_key
from catalog.models import Asset
from ingestion.models import Job, LineageMark
from tests.ingestion.openlineage.conftest import dataset, event, facet, new_run, run_event

URL = "/api/v1/lineage"


def nothing_was_kept() -> bool:
    return not (Asset.objects.exists() or Job.objects.exists() or LineageMark.objects.exists())


def without(path: str, given):
    """The event without the field at this path."""
    *before, last = path.split(".")
    place = given
    for step in before:
        place = place[step]
    del place[last]
    return given


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs a run with its job, a job, or a dataset"),
        (without("eventTime", run_event()), "eventTime"),
        (without("producer", run_event()), "producer"),
        (without("schemaURL", run_event()), "schemaURL"),
        (without("job", run_event()), "job"),
        (run_event(run="not-a-uuid"), "run.runId"),
        (run_event("DONE"), "eventType"),
        (run_event() | {"eventTime": "yesterday"}, "eventTime"),
        (run_event() | {"eventTime": "2026-02-31T00:00:00Z"}, "eventTime"),
        (run_event() | {"eventTime": "0001-01-01T00:00:00+14:00"}, "eventTime"),
        (run_event(inputs=[{"name": "x"}]), "inputs.0"),
        (run_event(inputs=[dataset("")]), "inputs.0.name"),
        (run_event(inputs=[dataset("x", schema={"fields": []})]), "inputs.0.facets.schema"),
        (run_event(outputs=[dataset("x", schema=facet(fields=[{"type": "int"}]))]), "outputs.0.facets.schema.fields.0"),
        (run_event(inputs=[dataset("x")] * 1001), "inputs"),
        (event(dataset=dataset("x"), job={"namespace": "a", "name": "b"}), "job"),
        (event(dataset=dataset("x" * 1001)), "qualified_name"),
        (event(dataset=dataset("x.y", tags=facet(tags=[{"key": "k" * 200, "value": ""}]))), "tags"),
        (event(dataset=dataset("x.y", documentation=facet(description="d" * 200_000))), "description"),
    ],
)
def test_bad_event_is_refused_by_the_path_of_what_is_wrong(bob, given, words):
    response = bob.post(URL, given, format="json")
    assert response.status_code == 400
    body = response.json()
    assert set(body) == {"code", "message"}
    assert body["code"] == 400
    assert words in body["message"]
    assert nothing_was_kept()


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b'{"run": "\\u0000"}'])
def test_body_that_is_no_event_is_refused(bob, body):
    response = bob.generic("POST", URL, body, content_type="application/json")
    assert response.status_code == 400
    assert response.json()["code"] == 400


def test_who_may(anonymous, vera, charlie, bob):
    assert anonymous.post(URL, run_event(), format="json").status_code == 401
    assert vera.post(URL, run_event(), format="json").status_code == 403
    assert vera.post(f"{URL}/batch", [run_event()], format="json").status_code == 403
    assert nothing_was_kept()
    found = bob.post(URL, run_event(), format="json").json()
    assert charlie.get(f"/v1/assets/{found['id']}").status_code == 404
    assert charlie.get(f"/v1/tasks/{found['run']['id']}").status_code == 404


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_api_key_opens_the_door(alice_actor, acme, header):
    key = create_api_key(actor=alice_actor, organization=acme, name="airflow", role=Role.EDITOR).key
    value = f"Bearer {key}" if header == "Authorization" else key
    assert APIClient().post(URL, run_event(), format="json", headers={header: value}).status_code == 200


def test_batch_takes_what_can_be_taken(send_all):
    answer = send_all([run_event(), {"no": "event"}, run_event(run=new_run()), 7, run_event(run="x")])
    assert answer["status"] == "partial_success"
    assert answer["summary"] == {"received": 5, "successful": 2, "failed": 3}
    assert [(each["index"], each["retriable"]) for each in answer["failed_events"]] == [
        (1, False),
        (3, False),
        (4, False),
    ]
    assert "run.runId" in answer["failed_events"][2]["reason"]
    assert Job.objects.count() == 2


def test_batch_of_none_and_of_nothing_good(send_all):
    assert send_all([])["status"] == "success"
    assert send_all([{}])["status"] == "failure"


def test_batch_has_a_limit(bob):
    response = bob.post(f"{URL}/batch", [run_event()] * 1001, format="json")
    assert response.status_code == 413
    assert "1,000" in response.json()["message"]
    assert bob.post(f"{URL}/batch", run_event(), format="json").status_code == 400


def packed(bob, body: bytes, encoding: str = "gzip"):
    return bob.generic("POST", URL, body, content_type="application/json", headers={"Content-Encoding": encoding})


def test_body_may_be_packed(bob, settings):
    plain = json.dumps(run_event()).encode()
    whole = gzip.compress(plain)
    assert packed(bob, whole).status_code == 200
    assert packed(bob, whole[:-9]).status_code == 400
    assert packed(bob, whole + whole).status_code == 400
    assert packed(bob, plain).status_code == 400
    assert packed(bob, whole, "br").status_code == 415
    settings.BODY_LIMIT = 100_000
    assert packed(bob, gzip.compress(b'{"x": "' + b"a" * 1_000_000 + b'"}')).status_code == 413


@pytest.mark.only_on("postgresql")
@pytest.mark.django_db(transaction=True)
def test_events_of_one_run_at_the_same_time_all_count(bob_actor, bob):
    transitions = ["START", "RUNNING", "OTHER", "COMPLETE"] * 2
    codes = []

    def post(transition):
        try:
            body = run_event(transition, at=transitions.index(transition), outputs=[dataset(f"public.{transition}")])
            codes.append(bob.post(URL, body, format="json").status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=post, args=(each,)) for each in transitions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    job = Job.objects.get()
    assert set(codes) == {200}
    assert job.status == "COMPLETED"
    assert set(job.payload["events"]) == {"START", "RUNNING", "OTHER", "COMPLETE"}
    assert len(job.payload["outputs"]) == 4
