"""The pages of data sources: connected, changed, tested, and their secrets kept."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import Membership
from audit.models import AuditEvent
from ingestion.models import DataSource, Job
from ingestion.services.collections import create_task
from ingestion.services.secrets import MASK
from tests.adminkit import form_of, messages_of, page, session_of
from tests.ingestion.admin.pages import ADD, SECRET, password_of, save


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
    text = browser.get(page("ingestion_datasource_change", warehouse.pk)).content.decode()
    for told, status in ((well["shown"], "Active"), (badly["shown"], "Error")):
        assert status in told["status"]
        assert "just now" in told["tested"]
    assert well["shown"]["version"].startswith("3.")
    assert badly["shown"]["version"] == "not known yet"
    assert all(html.strip() in text for html in badly["shown"].values())
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
    told = (
        f"<dt>Host</dt><dd>127.0.0.1</dd><dt>Port</dt><dd>1</dd><dt>Database</dt><dd>dw</dd><dt>Password</dt><dd>{MASK}"
    )
    assert told in text


def test_a_page_names_its_source_once_in_its_title(browser: Client, shop: DataSource) -> None:
    text = browser.get(page("ingestion_datasource_change", shop.pk)).content.decode()
    title = text.partition("<title>")[2].partition("</title>")[0]
    assert title.split() == ["shop", "|", "Cartulary"]
