"""Rows that are read to be changed are locked: the second of two that change one sees what the first made of it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.services import AssetDraft, upsert_assets
from ingestion.connectors.base import ConnectionResult
from ingestion.models import Webhook, WebhookDelivery
from ingestion.services import collections, deliveries, sources, templates, webhooks
from tests.adminkit import HOOK

pytestmark = pytest.mark.only_on("postgresql")


@pytest.fixture
def locked():
    """Which tables' rows a change has locked."""

    def of(change):
        with CaptureQueriesContext(connection) as asked:
            change()
        said = [query["sql"] for query in asked.captured_queries if "FOR UPDATE" in query["sql"]]
        return {sql.partition(' FROM "')[2].partition('"')[0] for sql in said}

    return of


@pytest.fixture
def webhook(alice_actor):
    return webhooks.create_webhook(actor=alice_actor, data={**HOOK, "events": ["asset.*"]})[0]


def test_data_source(locked, shop_source, bob_actor):
    went = ConnectionResult(False, "It is away")
    for change in (
        lambda: sources.update_data_source(actor=bob_actor, source=shop_source, changes={"description": "new"}),
        lambda: sources.note_reachable(actor=bob_actor, source=shop_source, result=went),
        lambda: sources.delete_data_source(actor=bob_actor, source=shop_source),
    ):
        assert "ingestion_datasource" in locked(change)


def test_collection_task(locked, shop_source, bob_actor):
    task = collections.create_task(actor=bob_actor, data={"name": "t", "datasource_id": str(shop_source.pk)})
    for change in (
        lambda: collections.update_task(actor=bob_actor, task=task, changes={"name": "u"}),
        lambda: collections.pause_task(actor=bob_actor, task=task),
        lambda: collections.delete_task(actor=bob_actor, task=task),
    ):
        assert "ingestion_collectiontask" in locked(change)


def test_template(locked, bob_actor):
    made = templates.create_template(actor=bob_actor, data={"name": "t", "type": "mysql"})
    for change in (
        lambda: templates.update_template(actor=bob_actor, template=made, changes={"name": "u"}),
        lambda: templates.delete_template(actor=bob_actor, template=made),
    ):
        assert "ingestion_template" in locked(change)


def test_webhook(locked, alice_actor, webhook):
    for change in (
        lambda: webhooks.update_webhook(actor=alice_actor, webhook=webhook, changes={"name": "u"}),
        lambda: webhooks.rotate_secret(actor=alice_actor, webhook=webhook),
        lambda: webhooks.delete_webhook(actor=alice_actor, webhook=webhook),
    ):
        assert "ingestion_webhook" in locked(change)


def test_webhook_that_is_gone(locked, bob_actor, webhook, monkeypatch):
    upsert_assets(actor=bob_actor, drafts=[AssetDraft("TABLE", "t", "db.t")])
    delivery = WebhookDelivery.objects.get()
    monkeypatch.setattr(deliveries, "_post", lambda row: deliveries.Outcome(deliveries.GONE, "", "gone", 1))
    assert "ingestion_webhook" in locked(lambda: deliveries.attempt(delivery.pk))
    assert not Webhook.objects.get().is_active
