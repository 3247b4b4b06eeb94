"""`/api/v1/tasks`, as the collection page shows it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEvent
from ingestion.models import CollectionTask, Job, JobStatus
from ingestion.services.collections import full_collection_of
from ingestion.services.worker import work_next

URL = "/api/v1/tasks"


@pytest.fixture
def daily(shop_source):
    """The body that the page shows."""
    return {
        "name": "daily-collection",
        "datasource_id": str(shop_source.pk),
        "type": "full_collection",
        "config": {
            "include_schemas": ["public", "shop"],
            "exclude_tables": ["temp_*"],
            "batch_size": 1000,
            "timeout": 3600,
            "retry_count": 3,
        },
        "schedule": {"type": "cron", "cron_expr": "0 0 * * *", "timezone": "Asia/Shanghai"},
        "scheduler_type": "builtin",
    }


@pytest.fixture
def task(bob, daily) -> str:
    response = bob.post(URL, daily, format="json")
    assert response.status_code == 201, response.content
    return str(response.json()["id"])


def test_create_answers_with_the_task(bob, daily):
    body = bob.post(URL, daily, format="json").json()
    assert {name: body[name] for name in daily} == daily
    assert body["status"] == "active"


def test_put_merges_the_config_and_replaces_the_schedule(bob, task):
    changes = {
        "name": "updated-task",
        "config": {"batch_size": 2000},
        "schedule": {"type": "interval", "interval": 3600},
    }
    body = bob.put(f"{URL}/{task}", changes, format="json").json()
    assert body["name"] == "updated-task"
    assert (body["config"]["batch_size"], body["config"]["retry_count"]) == (2000, 3)
    assert body["schedule"] == changes["schedule"]


@pytest.mark.parametrize(
    ("query", "found"),
    [("", 1), ("status=active", 1), ("status=paused", 0), ("type=full_collection", 1), ("type=schema_only", 0)],
)
def test_list_can_be_filtered(bob, task, query, found):
    body = bob.get(f"{URL}?{query}").json()
    assert body.keys() == {"data", "total", "page", "page_size"}
    assert body["total"] == found


def test_list_can_be_filtered_by_data_source(bob, task, shop_source):
    assert bob.get(f"{URL}?datasource_id={shop_source.pk}").json()["total"] == 1
    assert bob.get(f"{URL}?datasource_id={task}").json()["total"] == 0
    assert bob.get(f"{URL}?datasource_id=ds-123").json()["total"] == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"datasource_id": "ds-123"}, "datasource_id"),
        ({"type": "half_collection"}, "type"),
        ({"config": {"batch_size": 0}}, "config.batch_size"),
        ({"config": {"bath_size": 10}}, "config.bath_size"),
        ({"config": {"exclude_tables": "temp_*"}}, "config.exclude_tables"),
        ({"schedule": {"type": "cron", "cron_expr": "0 0 * *"}}, "schedule.cron_expr"),
        ({"schedule": {"type": "cron", "cron_expr": "61 0 * * *"}}, "schedule.cron_expr"),
        ({"schedule": {"type": "cron", "cron_expr": "0 0 * * *", "timezone": "Mars/Base"}}, "schedule.timezone"),
        ({"schedule": {"type": "cron", "cron_expr": "0 0 * * *", "timezone": ["UTC"]}}, "schedule.timezone"),
        ({"schedule": {"type": "cron", "cron_expr": 5}}, "schedule.cron_expr"),
        ({"schedule": {"type": "cron", "cron_expr": "\u0663 * * * *"}}, "schedule.cron_expr"),
        ({"schedule": {"type": "cron", "cron_expr": f"{'1,' * 500}1 * * * *"}}, "schedule.cron_expr"),
        ({"schedule": {"type": "cron", "cron_expr": "*/0 * * * *"}}, "a step must be a number from 1"),
        ({"config": {"grace": 10**15}}, "config.grace"),
        ({"schedule": {"type": {"cron": 1}}}, "schedule.type"),
        ({"schedule": {"type": "once", "run_at": [1]}}, "schedule.run_at"),
        ({"config": {"batch_size": 1e99}}, "config.batch_size"),
        ({"schedule": {"type": "interval", "interval": 9}}, "schedule.interval"),
        ({"schedule": {"type": "interval"}}, "schedule.interval"),
        ({"schedule": {"type": "once"}}, "schedule.run_at"),
        ({"schedule": {"type": "once", "run_at": "2030-01-01T00:00:00"}}, "schedule.run_at"),
        ({"schedule": {"type": "once", "run_at": "9999-12-31T23:59:59.999999-12:00"}}, "schedule.run_at"),
        ({"schedule": {"type": "once", "run_at": "0001-01-01T00:00:00+14:00"}}, "schedule.run_at"),
        ({"schedule": {"type": "often"}}, "schedule.type"),
        ({"scheduler_type": "moon"}, "scheduler_type"),
        ({"name": ""}, "name"),
    ],
)
def test_bad_input_names_the_field(bob, daily, changes, field):
    response = bob.post(URL, {**daily, **changes}, format="json")
    assert (response.status_code, response.json()["code"]) == (400, "INVALID_REQUEST")
    assert field in response.json()["details"]
    assert not CollectionTask.objects.exists()


def test_schedule_that_never_comes_is_told_in_a_sentence(bob, daily):
    response = bob.post(URL, {**daily, "schedule": {"type": "cron", "cron_expr": "0 0 31 2 *"}}, format="json")
    assert response.json()["details"].endswith("never occurs in month_of_year '2'.")


def test_whole_number_written_as_a_fraction_is_kept_as_one(bob, daily):
    body = bob.post(URL, {**daily, "config": {"batch_size": 10.0, "max_loss": 1.0}}, format="json").json()
    kept = CollectionTask.objects.get(pk=body["id"]).config
    assert (repr(kept["batch_size"]), repr(kept["max_loss"])) == ("10", "1.0")


def test_name_that_is_taken_is_a_conflict(bob, task, daily):
    assert bob.post(URL, daily, format="json").status_code == 409


def test_task_is_started_stopped_paused_and_resumed(bob, task):
    steps = [("pause", "paused"), ("resume", "active"), ("stop", "stopped"), ("start", "active")]
    assert [bob.post(f"{URL}/{task}/{verb}").json()["status"] for verb, _ in steps] == [word for _, word in steps]
    assert AuditEvent.objects.filter(entity_id=task, action="UPDATE").count() == 4


def test_stopped_task_is_neither_paused_nor_resumed(bob, task):
    bob.post(f"{URL}/{task}/stop")
    for verb in ("pause", "resume"):
        response = bob.post(f"{URL}/{task}/{verb}")
        assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")


def test_execute_queues_a_run_that_a_worker_carries_out(bob, task):
    response = bob.post(f"{URL}/{task}/execute")
    assert response.status_code == 202
    body = response.json()
    assert body.keys() == {"execution_id", "task_id", "status", "start_time"}
    assert (body["task_id"], body["status"]) == (task, "pending")
    work_next()
    executions = bob.get(f"{URL}/{task}/executions").json()
    assert (executions["total"], executions["page_size"]) == (1, 20)
    run = executions["data"][0]
    assert (run["execution_id"], run["status"], run["progress"]) == (body["execution_id"], "success", 100)
    assert run["result"]["created"] == 4
    assert run["duration"] >= 0
    detail = bob.get(f"{URL}/{task}/executions/{body['execution_id']}").json()
    assert {name: detail[name] for name in run} == run


def test_two_executions_at_once_are_a_conflict(bob, task):
    bob.post(f"{URL}/{task}/execute")
    response = bob.post(f"{URL}/{task}/execute")
    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
    assert Job.objects.count() == 1


def test_inactive_source_is_not_collected(bob, task, shop_source):
    bob.put(f"/api/v1/datasources/{shop_source.pk}", {"status": "inactive"}, format="json")
    assert bob.post(f"{URL}/{task}/execute").status_code == 409


def test_stop_cancels_the_run_that_waits(bob, task):
    bob.post(f"{URL}/{task}/execute")
    bob.post(f"{URL}/{task}/stop")
    assert bob.get(f"{URL}/{task}/executions").json()["data"][0]["status"] == "cancelled"


def test_executions_can_be_filtered(bob, task):
    bob.post(f"{URL}/{task}/execute")
    Job.objects.update(status=JobStatus.FAILED, started_at=timezone.now() - timedelta(days=2))
    bob.post(f"{URL}/{task}/execute")
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()

    def statuses(query):
        return [row["status"] for row in bob.get(f"{URL}/{task}/executions", query).json()["data"]]

    assert statuses({}) == ["pending", "failed"]
    assert statuses({"status": "failed"}) == ["failed"]
    assert statuses({"start_time": yesterday}) == ["pending"]
    assert statuses({"end_time": yesterday}) == ["failed"]
    assert bob.get(f"{URL}/{task}/executions", {"status": "COMPLETED"}).status_code == 400
    assert bob.get(f"{URL}/{task}/executions", {"start_time": "yesterday"}).status_code == 400


def test_immediate_task_runs_at_once(bob, daily):
    task = bob.post(URL, {**daily, "schedule": {"type": "immediate"}}, format="json").json()["id"]
    assert [row["status"] for row in bob.get(f"{URL}/{task}/executions").json()["data"]] == ["pending"]


def test_task_that_becomes_immediate_runs_at_once_and_only_then(bob, task):
    for changes in ({"schedule": {"type": "immediate"}}, {"schedule": {"type": "immediate"}, "name": "other"}):
        assert bob.put(f"{URL}/{task}", changes, format="json").status_code == 200
    assert [row["status"] for row in bob.get(f"{URL}/{task}/executions").json()["data"]] == ["pending"]


def test_running_task_cannot_be_deleted(bob, task):
    bob.post(f"{URL}/{task}/execute")
    Job.objects.update(status=JobStatus.RUNNING)
    assert bob.delete(f"{URL}/{task}").status_code == 409
    Job.objects.update(status=JobStatus.COMPLETED)
    assert bob.delete(f"{URL}/{task}").status_code == 204
    assert bob.get(f"{URL}/{task}").status_code == 404


VERBS = ["start", "stop", "pause", "resume", "execute"]


def requests_of(client, task):
    return [
        client.put(f"{URL}/{task}", {"name": "mine"}, format="json"),
        client.delete(f"{URL}/{task}"),
        *(client.post(f"{URL}/{task}/{verb}") for verb in VERBS),
    ]


def test_outsider_sees_and_touches_nothing(charlie, task, daily):
    assert charlie.get(URL).json()["total"] == 0
    assert charlie.get(f"{URL}/{task}").status_code == 404
    assert charlie.get(f"{URL}/{task}/executions").status_code == 404
    assert {response.status_code for response in requests_of(charlie, task)} == {404}
    response = charlie.post(URL, daily, format="json")
    assert (response.status_code, "datasource_id" in response.json()["details"]) == (400, True)


def test_viewer_reads_and_changes_nothing(vera, task, daily):
    assert vera.get(f"{URL}/{task}/executions").status_code == 200
    assert {response.status_code for response in requests_of(vera, task)} == {403}
    assert vera.post(URL, daily, format="json").status_code == 403


def test_execution_of_another_task_is_not_found(bob, task, daily):
    run = bob.post(f"{URL}/{task}/execute").json()["execution_id"]
    other = bob.post(URL, {**daily, "name": "other"}, format="json").json()["id"]
    assert bob.get(f"{URL}/{other}/executions/{run}").status_code == 404
    assert bob.get(f"{URL}/{task}/executions/exec-123").status_code == 404


@pytest.mark.parametrize("name", ["two\nlines", "a\tb", "bell\x07", "sep\u2028arated"])
def test_name_is_one_line(bob, daily, task, name):
    for response in (
        bob.post(URL, {**daily, "name": name}, format="json"),
        bob.put(f"{URL}/{task}", {"name": name}, format="json"),
    ):
        assert (response.status_code, response.json()["details"][:5]) == (400, "name:")
    assert CollectionTask.objects.get().name == daily["name"]


def test_task_that_was_called_otherwise_before_stays_editable(bob, task):
    CollectionTask.objects.filter(pk=task).update(name="two\nlines")
    body = bob.put(f"{URL}/{task}", {"name": "two\nlines", "config": {"batch_size": 7}}, format="json").json()
    assert (body["name"], body["config"]["batch_size"]) == ("two\nlines", 7)


def test_source_that_was_called_otherwise_before_is_collected(bob_actor, shop_source):
    shop_source.name = "two\nlines"
    shop_source.save()
    assert full_collection_of(actor=bob_actor, source=shop_source).name == "Full collection of two lines"


@pytest.mark.parametrize("changes", [{"name": 1}, {"name": True}, {"type": 1}, {"datasource_id": 7}])
def test_wrong_type_names_the_field(bob, daily, task, changes):
    (field,) = changes
    for response in (
        bob.post(URL, {**daily, "name": "another", **changes}, format="json"),
        bob.put(f"{URL}/{task}", changes, format="json"),
    ):
        assert (response.status_code, response.json()["details"].partition(":")[0]) == (400, field)
    assert CollectionTask.objects.get().name == daily["name"]
