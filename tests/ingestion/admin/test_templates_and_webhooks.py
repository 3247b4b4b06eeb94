"""The pages of templates and webhooks."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import Membership
from ingestion.models import DeliveryStatus, Template, Webhook, WebhookDelivery
from ingestion.services.subscriptions import signing_secrets
from ingestion.services.templates import create_template
from ingestion.services.webhooks import create_webhook
from tests.adminkit import HOOK, messages_of, page, session_of
from tests.ingestion.admin.pages import ADD


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


def test_templates_are_listed_by_type_and_read_in_words(
    browser: Client, vera_member: Membership, bob_actor: Actor
) -> None:
    for kind in ("postgresql", "mysql"):
        data = {"name": f"for {kind}", "type": kind, "config_template": {"host": f"db.{kind}"}}
        template = create_template(actor=bob_actor, data=data)
    text = browser.get(page("ingestion_template_changelist"), {"type": "mysql"}).content.decode()
    assert ("for mysql" in text, "for postgresql" in text) == (True, False)
    text = session_of(vera_member).get(page("ingestion_template_change", template.pk)).content.decode()
    assert "<dt>Host</dt><dd>db.mysql</dd>" in text


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


def test_list_says_everything_where_everything_is_told(alice_member: Membership, alice_actor: Actor) -> None:
    create_webhook(actor=alice_actor, data={**HOOK, "events": ["*", "task.failed"]})
    text = session_of(alice_member).get(page("ingestion_webhook_changelist")).content.decode()
    assert (">everything<" in text, ">URL<" in text.replace("\n", "").replace(" ", "")) == (True, True)


def test_who_may_not_see_a_page_is_told_so_and_led_back(browser: Client) -> None:
    response = browser.get(page("ingestion_webhook_changelist"))
    assert (response.status_code, "This page is not for your role" in response.content.decode()) == (403, True)
    response = browser.get("/admin/ingestion/nothing/")
    assert (response.status_code, "There is nothing here" in response.content.decode()) == (404, True)
    assert f'href="{page("index")}"' in response.content.decode()
