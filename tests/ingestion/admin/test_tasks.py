"""The pages of collection tasks: scheduled, paused and stopped."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import Membership
from ingestion.models import CollectionTask, DataSource
from ingestion.services.collections import create_task
from ingestion.services.sources import create_data_source
from tests.adminkit import form_of, messages_of, page, session_of


def test_a_task_is_scheduled_and_said_in_words(browser: Client, shop: DataSource) -> None:
    posted = {
        "name": "nightly",
        "data_source": str(shop.pk),
        "type": "full_collection",
        "schedule_type": "cron",
        "schedule_cron_expr": "30 2 * * *",
        "schedule_timezone": "Asia/Shanghai",
        "config_exclude_tables": "tmp_*\n\n*_old",
        "config_batch_size": "500",
    }
    assert browser.post(page("ingestion_collectiontask_add"), posted).status_code == 302
    task = CollectionTask.objects.get()
    assert task.schedule == {"type": "cron", "cron_expr": "30 2 * * *", "timezone": "Asia/Shanghai"}
    assert task.config == {"exclude_tables": ["tmp_*", "*_old"], "batch_size": 500}
    text = browser.get(page("ingestion_collectiontask_changelist")).content.decode()
    assert "02:30" in text
    assert "next in" in text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"schedule_type": "cron", "schedule_cron_expr": "every day"}, "schedule_cron_expr"),
        (
            {"schedule_type": "cron", "schedule_cron_expr": "0 0 * * *", "schedule_timezone": "Mars"},
            "schedule_timezone",
        ),
        ({"schedule_type": "interval", "schedule_interval": "3"}, "schedule_interval"),
        ({"schedule_type": "once", "schedule_run_at": "soon"}, "schedule_run_at"),
        ({"config_batch_size": "0"}, "config_batch_size"),
        ({"data_source": ""}, "data_source"),
    ],
)
def test_a_schedule_that_cannot_be_is_named(
    changes: dict[str, str], field: str, browser: Client, shop: DataSource
) -> None:
    posted = {"name": "nightly", "data_source": str(shop.pk), "type": "full_collection", **changes}
    response = browser.post(page("ingestion_collectiontask_add"), posted)
    assert field in response.context["adminform"].form.errors


def test_a_profile_that_could_not_be_is_refused_at_its_type(browser: Client, bob_actor: Actor) -> None:
    source = create_data_source(
        actor=bob_actor, data={"name": "cache", "type": "redis", "config": {"host": "127.0.0.1"}}
    )
    posted = {"name": "profile", "data_source": str(source.pk), "type": "data_profile"}
    response = browser.post(page("ingestion_collectiontask_add"), posted)
    assert "'redis'" in response.context["adminform"].form.errors["type"][0]
    assert not CollectionTask.objects.exists()


def test_a_tasks_schedule_is_taken_away(browser: Client, shop: DataSource, bob_actor: Actor) -> None:
    schedule = {"type": "interval", "interval": 3600}
    task = create_task(actor=bob_actor, data={"name": "n", "datasource_id": str(shop.pk), "schedule": schedule})
    url = page("ingestion_collectiontask_change", task.pk)
    posted = form_of(browser.get(url))
    assert posted["schedule_interval"] == 3600
    browser.post(url, {**posted, "schedule_type": ""})
    task.refresh_from_db()
    assert task.schedule == {}


def test_a_task_is_paused_resumed_stopped_and_started(browser: Client, shop: DataSource, bob_actor: Actor) -> None:
    task = create_task(actor=bob_actor, data={"name": "n", "datasource_id": str(shop.pk)})
    for step, status in (("pause", "paused"), ("resume", "active"), ("stop", "stopped"), ("start", "active")):
        browser.post(page(f"ingestion_collectiontask_{step}", task.pk))
        task.refresh_from_db()
        assert task.status == status
    browser.post(page("ingestion_collectiontask_stop", task.pk))
    refused = browser.post(page("ingestion_collectiontask_resume", task.pk), follow=True)
    assert any("start it first" in told for told in messages_of(refused))


def test_a_viewer_reads_the_settings_in_words(vera_member: Membership, shop: DataSource, bob_actor: Actor) -> None:
    data = {"name": "nightly", "datasource_id": str(shop.pk), "config": {"exclude_tables": ["tmp_*", "*_old"]}}
    task = create_task(actor=bob_actor, data=data)
    text = session_of(vera_member).get(page("ingestion_collectiontask_change", task.pk)).content.decode()
    assert "<dt>Tables to leave out</dt><dd>tmp_*, *_old</dd>" in text
    assert "Only by hand" in text


def test_schedule_without_words_breaks_no_page(browser: Client, shop: DataSource, bob_actor: Actor) -> None:
    schedule = {"type": "cron", "cron_expr": "0 0 * * */7", "timezone": "UTC"}
    task = create_task(actor=bob_actor, data={"name": "odd", "datasource_id": str(shop.pk), "schedule": schedule})
    for address in (page("ingestion_collectiontask_changelist"), page("ingestion_collectiontask_change", task.pk)):
        assert "0 0 * * */7" in browser.get(address).content.decode()
