"""What a transaction over very many assets keeps until it is committed."""

from __future__ import annotations

import gc
import tracemalloc
from datetime import timedelta

import pytest
from django.db import transaction

from catalog import live
from catalog.models import Asset, Origin
from catalog.services import AssetDraft, retire_assets, retiring, upsert_assets

MANY = 2500
AT_A_TIME = 250
KEPT_OF_EACH = 1000
"""Bytes, of an id and of what hangs on it; the asset itself has four times as many."""


@pytest.fixture
def origin(bob_actor):
    """An origin that has brought very many tables of fifty columns."""
    made = Origin.objects.create(organization_id=bob_actor.organization_id, name="pg")
    columns = [{"name": f"column_{number}", "type": "integer", "nullable": True} for number in range(50)]
    for start in range(0, MANY, 500):
        drafts = [AssetDraft("TABLE", f"t{n}", f"pg.t{n}", schema=columns) for n in range(start, start + 500)]
        upsert_assets(actor=bob_actor, drafts=drafts, origin=made)
    return made


def test_assets_that_vanish_are_not_kept_until_the_end(
    origin, bob_actor, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(retiring, "AT_A_TIME", AT_A_TIME)
    with django_capture_on_commit_callbacks():
        gc.collect()
        tracemalloc.start()
        try:
            with transaction.atomic():
                retired = retire_assets(actor=bob_actor, origin=origin, seen=frozenset(), grace=timedelta(days=1))
                gc.collect()
                held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert retired.stale == MANY
    assert held < MANY * KEPT_OF_EACH


def test_what_follows_them_hears_of_them_all(origin, bob_actor, monkeypatch, django_capture_on_commit_callbacks):
    told = []
    monkeypatch.setattr(live, "publish", lambda organization_id, channel, message: told.append((channel, message)))
    with django_capture_on_commit_callbacks(execute=True):
        retire_assets(actor=bob_actor, origin=origin, seen=frozenset(), grace=timedelta(0))
    expected = {str(key) for key in Asset.objects.filter(origin=origin).values_list("pk", flat=True)}
    for channel in ("asset.updates", "asset.updates/TABLE"):
        messages = [message for one, message in told if one == channel]
        assert {message["event"] for message in messages} == {"DELETE"}
        assert {key for message in messages for key in message["ids"]} == expected
        assert max(len(message["ids"]) for message in messages) <= live.IDS_EACH
