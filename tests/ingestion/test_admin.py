"""The pages of collection: sources, tasks and runs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import Membership
from audit.models import AuditEvent
from ingestion.models import (
    CollectionTask,
    DataSource,
    DeliveryStatus,
    Job,
    JobStatus,
    JobType,
    Template,
    Webhook,
    WebhookDelivery,
)
from ingestion.services import jobs
from ingestion.services.collections import create_task
from ingestion.services.config import open_config
from ingestion.services.secrets import MASK
from ingestion.services.sources import create_data_source
from ingestion.services.subscriptions import signing_secrets
from ingestion.services.templates import create_template
from ingestion.services.webhooks import create_webhook
from ingestion.services.worker import work_next
from tests.adminkit import HOOK, form_of, messages_of, page, session_of, sqlite_file

SECRET = "hunter2 and more"
ADD = "ingestion_datasource_add"


@pytest.fixture
def browser(bob_member: Membership) -> Client:
    """Bob's: he edits."""
    return session_of(bob_member)


@pytest.fixture
def shop(bob_actor: Actor) -> DataSource:
    statements = [
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers (id))",
        "CREATE VIEW bought AS SELECT c.name FROM customers c JOIN orders o ON o.customer = c.id",
    ]
    name = sqlite_file("admin_shop.sqlite", statements)
    return create_data_source(actor=bob_actor, data={"name": "shop", "type": "sqlite", "config": {"database": name}})


@pytest.fixture
def warehouse(bob_actor: Actor) -> DataSource:
    config = {"host": "127.0.0.1", "port": 1, "database": "dw", "password": SECRET}
    return create_data_source(actor=bob_actor, data={"name": "warehouse", "type": "postgresql", "config": config})


def password_of(source: DataSource) -> Any:
    source.refresh_from_db()
    return open_config(source.type, source.config, source.secrets).get("password")


def save(browser: Client, source: DataSource, **changes: Any) -> Any:
    url = page("ingestion_datasource_change", source.pk)
    return browser.post(url, {**form_of(browser.get(url)), **changes})


# Data sources ----------------------------------------------------------------------------------------


def test_the_kind_is_chosen_from_a_gallery(browser: Client) -> None:
    text = browser.get(page(ADD)).content.decode()
    assert "?type=postgresql" in text
    assert "PostgreSQL" in text
    assert browser.get(page(ADD), {"type": "floppy"}).status_code == 200


def test_the_form_is_made_from_the_connectors_schema(browser: Client) -> None:
    form = browser.get(page(ADD), {"type": "postgresql"}).context["adminform"].form
    assert form["config_port"].value() == 5432
    assert form.fields["config_host"].required
    assert form.fields["config_password"].widget.input_type == "password"
    assert "config_sslmode" in form.fields


def test_connecting_a_source(browser: Client, bob_member: Membership) -> None:
    posted = {
        "name": "dw",
        "labels": "prod, finance",
        "config_host": "db.example.com",
        "config_port": "5433",
        "config_database": "dw",
        "config_username": "reader",
        "config_password": SECRET,
        "config_sslmode": "require",
    }
    response = browser.post(f"{page(ADD)}?type=postgresql", posted)
    source = DataSource.objects.get(name="dw")
    assert response["Location"] == page("ingestion_datasource_change", source.pk)
    assert source.organization_id == bob_member.organization_id
    assert source.tags == ["prod", "finance"]
    assert (source.config["port"], source.config["sslmode"]) == (5433, "require")
    assert password_of(source) == SECRET


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"config_host": ""}, "config_host"),
        ({"config_port": "99999"}, "config_port"),
        ({"config_port": "x"}, "config_port"),
        ({"config_sslmode": "maybe"}, "config_sslmode"),
        ({"name": ""}, "name"),
    ],
)
def test_a_setting_that_is_wrong_is_named(changes: dict[str, str], field: str, browser: Client) -> None:
    posted = {"name": "dw", "config_host": "h", "config_port": "5432", "config_database": "d", **changes}
    response = browser.post(f"{page(ADD)}?type=postgresql", posted)
    assert field in response.context["adminform"].form.errors
    assert not DataSource.objects.exists()


def test_a_name_that_is_taken_is_told(browser: Client, warehouse: DataSource, shop: DataSource) -> None:
    response = save(browser, shop, name="warehouse")
    assert "exists already" in str(response.context["adminform"].form.errors)


def test_a_secret_is_never_shown(browser: Client, warehouse: DataSource) -> None:
    for url in (page("ingestion_datasource_change", warehouse.pk), page("ingestion_datasource_changelist")):
        text = browser.get(url).content.decode()
        assert SECRET not in text
        assert warehouse.secrets not in text
    assert browser.get(page("ingestion_datasource_changelist"), {"secrets__startswith": "g"}).status_code in (302, 400)


def test_a_secret_left_empty_stays(browser: Client, warehouse: DataSource) -> None:
    assert save(browser, warehouse, description="The big one").status_code == 302
    assert password_of(warehouse) == SECRET
    assert warehouse.description == "The big one"
    assert warehouse.config["password"] == MASK


def test_a_secret_is_replaced_or_forgotten(browser: Client, warehouse: DataSource) -> None:
    save(browser, warehouse, config_password="another")
    assert password_of(warehouse) == "another"
    save(browser, warehouse, forget_password="on")
    assert password_of(warehouse) is None
    assert "password" not in warehouse.config


def test_what_did_not_change_is_not_written(browser: Client, warehouse: DataSource) -> None:
    save(browser, warehouse)
    assert AuditEvent.objects.of_entity(warehouse.pk).count() == 1


def test_a_source_is_switched_off_and_on(browser: Client, warehouse: DataSource) -> None:
    url = page("ingestion_datasource_change", warehouse.pk)
    posted = form_of(browser.get(url))
    posted.pop("is_active")
    browser.post(url, posted)
    warehouse.refresh_from_db()
    assert warehouse.status == "inactive"
    save(browser, warehouse, is_active="on")
    warehouse.refresh_from_db()
    assert warehouse.status == "active"


def test_a_connection_is_tested_where_one_stands(browser: Client, shop: DataSource, warehouse: DataSource) -> None:
    asked = {"accept": "application/json"}
    well = browser.post(page("ingestion_datasource_test", shop.pk), headers=asked).json()
    assert well["success"] is True
    assert "SQLite" in well["server"]
    badly = browser.post(page("ingestion_datasource_test", warehouse.pk), headers=asked).json()
    assert badly["success"] is False
    assert "refused" in badly["message"]
    assert SECRET not in str(badly)


def test_without_script_the_test_comes_back_with_its_answer(browser: Client, shop: DataSource) -> None:
    response = browser.post(page("ingestion_datasource_test", shop.pk), follow=True)
    (told,) = messages_of(response)
    assert told.startswith("shop: ")
    assert told.endswith(" ms)")


def test_run_now_leads_to_the_run(browser: Client, shop: DataSource) -> None:
    response = browser.post(page("ingestion_datasource_run", shop.pk))
    job = Job.objects.get()
    assert response["Location"] == page("ingestion_job_change", job.pk)
    again = browser.post(page("ingestion_datasource_run", shop.pk), follow=True)
    assert any("already" in told for told in messages_of(again))
    assert Job.objects.count() == 1


def test_a_source_with_tasks_is_not_deleted(browser: Client, shop: DataSource, bob_actor: Actor) -> None:
    create_task(actor=bob_actor, data={"name": "nightly", "datasource_id": str(shop.pk)})
    response = browser.post(page("ingestion_datasource_delete", shop.pk), {"post": "yes"}, follow=True)
    assert any("delete them first" in told for told in messages_of(response))
    assert DataSource.objects.filter(pk=shop.pk).exists()


def test_a_viewer_reads_the_settings_without_the_secret(vera_member: Membership, warehouse: DataSource) -> None:
    text = session_of(vera_member).get(page("ingestion_datasource_change", warehouse.pk)).content.decode()
    assert "127.0.0.1" in text
    assert SECRET not in text
    assert "Test connection" not in text


# Tasks -----------------------------------------------------------------------------------------------


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


# Runs ------------------------------------------------------------------------------------------------


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


# Templates and webhooks ------------------------------------------------------------------------------


def test_a_template_fills_the_form_of_a_new_source(browser: Client) -> None:
    posted = {"name": "finance", "config_host": "db.finance", "config_port": "6432", "config_sslmode": "require"}
    assert "config_password" not in browser.get(page("ingestion_template_add"), {"type": "postgresql"}).content.decode()
    browser.post(f"{page('ingestion_template_add')}?type=postgresql", posted)
    template = Template.objects.get()
    assert template.config_template["host"] == "db.finance"
    assert "finance" in browser.get(page(ADD)).content.decode()
    asked = {"type": "postgresql", "template": str(template.pk)}
    form = browser.get(page(ADD), asked).context["adminform"].form
    assert (form["config_host"].value(), form["config_port"].value()) == ("db.finance", 6432)
    browser.post(page("ingestion_template_change", template.pk), {**posted, "config_host": "db2"})
    template.refresh_from_db()
    assert template.config_template["host"] == "db2"
    assert browser.get(page(ADD), {"type": "postgresql", "template": "x"}).status_code == 200


def test_another_tenants_template_fills_nothing(browser: Client, charlie_actor: Actor) -> None:
    data = {"name": "t", "type": "postgresql", "config_template": {"host": "secret.host"}}
    template = create_template(actor=charlie_actor, data=data)
    shown = browser.get(page(ADD), {"type": "postgresql", "template": str(template.pk)})
    assert "secret.host" not in shown.content.decode()


def test_a_webhook_is_made_with_a_secret_shown_once(alice_member: Membership) -> None:
    browser = session_of(alice_member)
    response = browser.post(
        page("ingestion_webhook_add"), {**HOOK, "events": ["task.failed", "asset.*"], "is_active": "on"}
    )
    secret, webhook = response.context["secret"], Webhook.objects.get()
    assert signing_secrets(webhook) == [secret]
    url = page("ingestion_webhook_change", webhook.pk)
    text = browser.get(url).content.decode()
    assert secret not in text
    assert webhook.secrets not in text
    rotated = browser.post(page("ingestion_webhook_rotate", webhook.pk)).context["secret"]
    webhook.refresh_from_db()
    assert signing_secrets(webhook) == [rotated, secret]


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"url": "ftp://example.com"}, "url"), ({"events": []}, "events"), ({"events": ["moon.full"]}, "events")],
)
def test_a_webhook_that_cannot_be_is_named(changes: dict[str, Any], field: str, alice_member: Membership) -> None:
    response = session_of(alice_member).post(page("ingestion_webhook_add"), {**HOOK, **changes})
    assert field in response.context["adminform"].form.errors


def test_a_delivery_that_failed_is_sent_again(alice_member: Membership, alice_actor: Actor) -> None:
    browser, (webhook, _) = (
        session_of(alice_member),
        create_webhook(actor=alice_actor, data=HOOK),
    )
    told = messages_of(browser.post(page("ingestion_webhook_ping", webhook.pk), follow=True))
    assert any("did not arrive" in one for one in told)
    delivery = WebhookDelivery.objects.get()
    assert "refused" in browser.get(page("ingestion_webhook_change", webhook.pk)).content.decode().lower()
    WebhookDelivery.objects.update(status=DeliveryStatus.FAILED)
    again = browser.post(page("ingestion_webhook_redeliver", webhook.pk), {"delivery": str(delivery.pk)}, follow=True)
    assert messages_of(again) == ["The message is in line again."]
    for wrong in ("", "x", str(webhook.pk)):
        refused = browser.post(page("ingestion_webhook_redeliver", webhook.pk), {"delivery": wrong}, follow=True)
        assert messages_of(refused) == ["There is no such delivery"]
