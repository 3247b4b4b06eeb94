"""Tasks that DolphinScheduler runs: each is a workflow there, with a key of its own to call us back with."""

import json

import pytest
from django.test import Client

from accounts.models import ApiKey
from audit.models import AuditEvent
from ingestion.models import CollectionTask, Job
from ingestion.services.quartz import timing_of
from tests.config.ports import free_port
from tests.ingestion.dolphin import PROJECT, TOKEN, running_dolphin

URL = "/api/v1/tasks"
CRON = {"type": "cron", "cron_expr": "30 2 * * 1-5", "timezone": "Asia/Shanghai"}


@pytest.fixture
def dolphin(settings):
    with running_dolphin() as (server, url):
        settings.DOLPHINSCHEDULER_URL = url
        settings.DOLPHINSCHEDULER_TOKEN = TOKEN
        settings.DOLPHINSCHEDULER_PROJECT = PROJECT
        yield server


@pytest.fixture
def make(bob, shop_source):
    def make(status=201, **fields):
        body = {"name": "nightly", "datasource_id": str(shop_source.pk), "type": "full_collection", "schedule": CRON}
        answer = bob.post(URL, {**body, "scheduler_type": "dolphinscheduler", **fields}, format="json")
        assert answer.status_code == status, answer.json()
        return answer.json()

    return make


def only(things):
    (one,) = things.values()
    return one


def node(workflow):
    (task,) = json.loads(workflow["taskDefinitionJson"])
    return task


def test_task_becomes_a_workflow_with_its_schedule(dolphin, make):
    task = make()
    workflow, schedule = only(dolphin.workflows), only(dolphin.schedules)
    assert (workflow["name"], workflow["state"]) == (f"nightly ({task['id']})", "ONLINE")
    assert node(workflow)["taskParams"]["url"].endswith(f"/api/v1/tasks/{task['id']}/execute")
    assert (schedule["crontab"], schedule["timezoneId"]) == ("0 30 2 ? * 2,3,4,5,6 *", "Asia/Shanghai")
    assert schedule["state"] == "ONLINE"
    assert task["next_run_at"] is None, "or our own schedule would run it as well"


def test_workflow_calls_back_and_the_task_is_run(dolphin, make, live_server, settings, transactional_db):
    settings.PUBLIC_URL = live_server.url
    task = make()
    answer = dolphin.fire(only(dolphin.workflows)["code"])
    assert (answer.status_code, answer.json()["task_id"]) == (202, task["id"])
    assert node(only(dolphin.workflows))["taskParams"]["condition"] == "202"
    assert Job.objects.get().payload["trigger"] == "dolphinscheduler"
    assert dolphin.fire(only(dolphin.workflows)["code"]).status_code == 409


def test_key_is_the_tasks_own_and_is_shown_to_nobody(dolphin, make, bob, shop_source):
    task = make()
    key = ApiKey.objects.get()
    secret = node(only(dolphin.workflows))["taskParams"]["httpParams"][0]["value"].removeprefix("Bearer ")
    assert (key.role, key.name) == ("editor", "DolphinScheduler: nightly")
    assert secret not in json.dumps(bob.get(f"{URL}/{task['id']}").json())
    row = CollectionTask.objects.get()
    assert secret not in row.external_secret + json.dumps(row.external)
    assert all(secret not in json.dumps(event.after_state) for event in AuditEvent.objects.all())


def test_change_is_brought_over(dolphin, make, bob):
    task = make()
    answer = bob.put(f"{URL}/{task['id']}", {"name": "hourly", "schedule": {"type": "interval", "interval": 3600}},
                     format="json")  # fmt: skip
    assert answer.status_code == 200
    assert only(dolphin.workflows)["name"] == f"hourly ({task['id']})"
    assert only(dolphin.schedules)["crontab"] == "0 0 * * * ? *"
    assert (only(dolphin.workflows)["state"], only(dolphin.schedules)["state"]) == ("ONLINE", "ONLINE")


def test_what_is_no_concern_of_the_scheduler_is_not_told(dolphin, make, bob):
    task = make()
    calls = len(dolphin.calls)
    assert bob.put(f"{URL}/{task['id']}", {"config": {"batch_size": 10}}, format="json").status_code == 200
    assert len(dolphin.calls) == calls


def test_paused_task_rests_there_too(dolphin, make, bob):
    task = make()
    for step, state in (("pause", "OFFLINE"), ("resume", "ONLINE"), ("stop", "OFFLINE"), ("start", "ONLINE")):
        assert bob.post(f"{URL}/{task['id']}/{step}").status_code == 200
        assert only(dolphin.schedules)["state"] == state


def test_deleted_task_takes_its_workflow_and_key_along(dolphin, make, bob):
    task = make()
    assert bob.delete(f"{URL}/{task['id']}").status_code == 204
    assert (dolphin.workflows, dolphin.schedules) == ({}, {})
    assert ApiKey.objects.get().revoked_at is not None


def test_workflow_that_was_deleted_there_does_not_hold_the_task(dolphin, make, bob):
    task = make()
    dolphin.workflows.clear()
    dolphin.schedules.clear()
    assert bob.delete(f"{URL}/{task['id']}").status_code == 204


def test_task_moves_there_and_back(dolphin, make, bob):
    task = make(scheduler_type="builtin")
    assert task["next_run_at"] is not None
    moved = bob.put(f"{URL}/{task['id']}", {"scheduler_type": "dolphinscheduler"}, format="json").json()
    assert (moved["next_run_at"], len(dolphin.workflows)) == (None, 1)
    back = bob.put(f"{URL}/{task['id']}", {"scheduler_type": "builtin"}, format="json").json()
    assert back["next_run_at"] is not None
    assert dolphin.workflows == {}
    assert ApiKey.objects.filter(revoked_at=None).count() == 0


@pytest.mark.parametrize(
    "refused", ["GET task-definition/gen-task-codes", "POST workflow-definition", "POST workflow-definition/release",
                "POST schedules", "POST schedules/online"],
)  # fmt: skip
def test_refused_task_is_half_made_nowhere(dolphin, make, refused):
    dolphin.refuse = refused
    answer = make(status=409)
    assert answer["code"] == "CONFLICT"
    assert "DolphinScheduler refuses: it does not want to" in answer["message"]
    assert not CollectionTask.objects.exists()
    assert not ApiKey.objects.exists()
    assert (dolphin.workflows, dolphin.schedules) == ({}, {})


@pytest.mark.parametrize("refused", ["PUT workflow-definition", "PUT schedules"])
def test_refused_change_leaves_both_sides_as_they_were(dolphin, make, bob, refused):
    task = make()
    before = json.dumps([dolphin.workflows, dolphin.schedules])
    dolphin.refuse = refused
    changes = {"name": "hourly", "schedule": {"type": "interval", "interval": 3600}}
    original, once = dolphin.answer, []

    def refuse_once(method, path, form):
        try:
            return original(method, path, form)
        except Exception:
            once.append(path)
            dolphin.refuse = ""
            raise

    dolphin.answer = refuse_once
    assert bob.put(f"{URL}/{task['id']}", changes, format="json").status_code == 409
    assert once
    assert bob.get(f"{URL}/{task['id']}").json() == task
    assert json.dumps([dolphin.workflows, dolphin.schedules]) == before


def test_schedule_made_for_a_change_that_failed_is_taken_away(dolphin, make, bob):
    task = make(schedule={})
    dolphin.refuse = "POST schedules/online"
    assert bob.put(f"{URL}/{task['id']}", {"schedule": CRON}, format="json").status_code == 409
    assert dolphin.schedules == {}
    dolphin.refuse = ""
    assert bob.put(f"{URL}/{task['id']}", {"schedule": CRON}, format="json").status_code == 200


def test_refused_deletion_keeps_the_task_and_its_key(dolphin, make, bob):
    task = make()
    dolphin.refuse = "DELETE workflow-definition"
    assert bob.delete(f"{URL}/{task['id']}").status_code == 409
    assert CollectionTask.objects.filter(pk=task["id"]).exists()
    assert ApiKey.objects.get().revoked_at is None


def test_server_that_is_down_is_told_and_nothing_is_made(dolphin, make, settings):
    settings.DOLPHINSCHEDULER_URL = f"http://127.0.0.1:{free_port()}/dolphinscheduler"
    answer = make(status=503)
    assert answer["code"] == "SERVICE_UNAVAILABLE"
    assert "DolphinScheduler does not answer" in answer["message"]
    assert not CollectionTask.objects.exists()
    assert not ApiKey.objects.exists()


def test_wrong_token_is_told(dolphin, make, settings):
    settings.DOLPHINSCHEDULER_TOKEN = "another"
    assert "does not accept our token" in make(status=409)["message"]


def test_something_else_at_that_address_is_told(dolphin, make, settings, live_server):
    settings.DOLPHINSCHEDULER_URL = live_server.url
    assert "nothing that can be read" in make(status=503)["message"]


def test_without_the_settings_it_is_no_choice(make):
    answer = make(status=400)
    assert answer["code"] == "INVALID_REQUEST"
    assert "scheduler_type: DolphinScheduler is not set up here" in answer["details"]


def test_task_of_a_scheduler_that_is_set_up_no_more_can_be_deleted(dolphin, make, bob, settings):
    task = make()
    settings.DOLPHINSCHEDULER_URL = ""
    assert bob.delete(f"{URL}/{task['id']}").status_code == 204
    assert ApiKey.objects.get().revoked_at is not None


def test_older_versions_have_other_words(dolphin, make, settings):
    settings.DOLPHINSCHEDULER_VERSION = "3.1"
    dolphin.word = "process"
    make()
    assert only(dolphin.schedules)["of"] == only(dolphin.workflows)["code"]


@pytest.mark.parametrize(
    ("schedule", "expression"),
    [
        ({"type": "cron", "cron_expr": "*/15 0,12 * * *", "timezone": "UTC"}, "0 0,15,30,45 0,12 * * ? *"),
        ({"type": "cron", "cron_expr": "0 0 1 */3 *", "timezone": "UTC"}, "0 0 0 1 1,4,7,10 ? *"),
        ({"type": "cron", "cron_expr": "0 0 * * 0", "timezone": "UTC"}, "0 0 0 ? * 1 *"),
        ({"type": "interval", "interval": 30}, "0/30 * * * * ? *"),
        ({"type": "interval", "interval": 60}, "0 0/1 * * * ? *"),
        ({"type": "interval", "interval": 21600}, "0 0 0/6 * * ? *"),
        ({"type": "interval", "interval": 86400}, "0 0 0 * * ? *"),
        ({"type": "once", "run_at": "2031-05-06T02:03:04+02:00"}, "4 3 0 6 5 ? 2031"),
    ],
)
def test_schedules_in_the_words_of_quartz(schedule, expression):
    timing = timing_of(schedule)
    assert timing is not None
    assert timing.expression == expression


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ({"type": "cron", "cron_expr": "0 0 1 * 1", "timezone": "UTC"}, "schedule.cron_expr"),
        ({"type": "interval", "interval": 25}, "schedule.interval"),
        ({"type": "interval", "interval": 172800}, "schedule.interval"),
    ],
)
def test_schedule_that_quartz_cannot_say_names_the_field(dolphin, make, schedule, field):
    answer = make(status=400, schedule=schedule)
    assert field in answer["details"]
    assert dolphin.calls == []


def test_curator_chooses_it_on_the_page(dolphin, shop_source, alice_member, client):
    client.force_login(alice_member.user)
    page = "/admin/ingestion/collectiontask/add/"
    assert "scheduler_type" in client.get(page).content.decode()
    form = {"name": "nightly", "data_source": str(shop_source.pk), "type": "full_collection"}
    form |= {"schedule_type": "cron", "schedule_cron_expr": "0 2 * * *", "scheduler_type": "dolphinscheduler"}
    assert client.post(page, form).status_code == 302
    task = CollectionTask.objects.get()
    shown = client.get(f"/admin/ingestion/collectiontask/{task.pk}/change/").content.decode()
    assert f"by DolphinScheduler&#x27;s workflow {task.external['workflow']}" in shown


def test_page_offers_it_only_where_it_is_set_up(alice_member, client, shop_source):
    client.force_login(alice_member.user)
    assert "scheduler_type" not in client.get("/admin/ingestion/collectiontask/add/").content.decode()


def test_outsider_cannot_reach_the_workflow(dolphin, make, charlie):
    task = make()
    calls = len(dolphin.calls)
    for step in ("pause", "stop", "execute"):
        assert charlie.post(f"{URL}/{task['id']}/{step}").status_code == 404
    assert charlie.delete(f"{URL}/{task['id']}").status_code == 404
    assert len(dolphin.calls) == calls
    assert Client().post(f"{URL}/{task['id']}/execute").status_code == 401
