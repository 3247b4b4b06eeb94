"""The planner's statistics of a catalog that has just been filled."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.actor import Actor
from catalog import statistics
from catalog.services import AssetDraft, upsert_assets

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.only_on("postgresql")]

COUNTED = "SELECT count(*) FROM pg_statistic WHERE starelid = 'catalog_asset'::regclass"


@pytest.fixture
def uncounted(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new installation."""
    monkeypatch.setattr(statistics, "_are_there", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM pg_statistic WHERE starelid = 'catalog_asset'::regclass")


def fill(actor: Actor, count: int, prefix: str) -> None:
    names = [f"{prefix}{number}" for number in range(count)]
    assert (
        upsert_assets(actor=actor, drafts=[AssetDraft("TABLE", name, f"s.{name}") for name in names]).created == count
    )


def counted() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(COUNTED)
        return bool(cursor.fetchone()[0])


@pytest.mark.usefixtures("uncounted")
def test_a_first_large_write_has_the_tables_counted(alice_actor: Actor):
    fill(alice_actor, 5, "few")
    assert not counted()
    fill(alice_actor, statistics.MANY, "many")
    assert counted()


@pytest.mark.usefixtures("uncounted")
def test_tables_that_are_counted_are_left_alone(alice_actor: Actor, django_assert_num_queries):
    fill(alice_actor, statistics.MANY, "many")
    with django_assert_num_queries(0):
        statistics.ensure_statistics()
