"""Living assets are counted as they are written, however they are written."""

from __future__ import annotations

import pytest
from django.db import connection
from django.utils import timezone

from accounts.actor import Actor
from catalog.counts import count_assets, counts_by_type
from catalog.models import Asset, AssetCount, AssetType
from catalog.services import AssetDraft, delete_asset, restore_asset, update_asset, upsert_assets
from tests.catalog.conftest import at_once, make_asset

pytestmark = pytest.mark.django_db


def test_every_way_of_writing_is_counted(bob_actor: Actor, charlie_actor: Actor):
    drafts = [AssetDraft("TABLE" if n % 3 else "VIEW", f"t{n}", f"t{n}") for n in range(9)]
    upsert_assets(actor=bob_actor, drafts=drafts)
    assert counts_by_type(bob_actor) == {"TABLE": 6, "VIEW": 3}
    assert count_assets(bob_actor) == 9
    assert count_assets(bob_actor, ["VIEW", "TOPIC"]) == 3
    assert count_assets(charlie_actor) == 0
    asset = make_asset(bob_actor, type="TOPIC")
    update_asset(actor=bob_actor, asset=asset, changes={"description": "x"})
    assert counts_by_type(bob_actor) == {"TABLE": 6, "TOPIC": 1, "VIEW": 3}
    update_asset(actor=bob_actor, asset=asset, changes={"type": "QUEUE"})
    delete_asset(actor=bob_actor, asset=asset)
    assert counts_by_type(bob_actor) == {"TABLE": 6, "VIEW": 3}
    restore_asset(actor=bob_actor, asset=asset)
    assert counts_by_type(bob_actor) == {"QUEUE": 1, "TABLE": 6, "VIEW": 3}
    Asset.objects.filter(name__in=["t1", "t2"]).update(deleted_at=timezone.now())
    Asset.objects.filter(name="t0").update(type=AssetType.CHART)
    assert counts_by_type(bob_actor) == {"CHART": 1, "QUEUE": 1, "TABLE": 4, "VIEW": 2}
    Asset.objects.all().delete()
    assert counts_by_type(bob_actor) == {}


def test_many_small_changes_are_folded(bob_actor: Actor, acme):
    now = timezone.now()
    for n in range(520):
        Asset.objects.create(
            organization=acme, type="TABLE", name="t", qualified_name=f"t{n}", created_at=now, updated_at=now
        )
    assert count_assets(bob_actor) == 520
    assert AssetCount.objects.count() < 100


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_are_all_counted(bob_actor: Actor):
    at_once(*[lambda n=n: make_asset(bob_actor, f"t{n}") for n in range(4)])
    assert count_assets(bob_actor) == 4
    assert connection.vendor != "postgresql" or AssetCount.objects.count() == 4


def test_a_list_says_its_total_without_counting_rows(bob, bob_actor: Actor, django_assert_num_queries):
    make_asset(bob_actor, "a")
    make_asset(bob_actor, "b", type="VIEW")
    AssetCount.objects.filter(type="VIEW").update(amount=41)
    assert bob.get("/v1/assets").json()["pagination"]["total"] == 42
    assert bob.get("/v1/assets?type=VIEW&sort=name").json()["pagination"]["total"] == 41
    assert bob.get("/v1/assets?type=VIEW&search=b").json()["pagination"]["total"] == 1
