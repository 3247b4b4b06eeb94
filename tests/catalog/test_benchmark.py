"""`manage.py seed_benchmark`: a catalog to measure on, the same each time, never over anything that is there."""

import pytest
from django.core.management import CommandError, call_command

from accounts.actor import Actor, operator_actor
from accounts.models import Organization
from audit.models import AuditEvent
from catalog.counts import count_assets
from catalog.lineage import lineage
from catalog.models import Asset, Relationship, SearchDocument, Tag
from catalog.search import search
from catalog.services import benchmark
from catalog.services.benchmark import COMMON, MEDIUM, TAGS, seed_benchmark, seeded_key
from contracts.errors import Conflict, Forbidden, Invalid, NotFound
from tests.catalog.conftest import make_asset


def seeded(slug="benchmark", assets=80, relationships: int | None = 100) -> Actor:
    made = seed_benchmark(actor=operator_actor(), slug=slug, assets=assets, relationships=relationships)
    return Actor("system", made.organization.pk)


def test_command_says_what_it_made(db, capsys):
    call_command("seed_benchmark", "speed", "--assets", "70", "--relationships", "90")
    assert capsys.readouterr().out == "Organization 'speed' has 70 assets and 90 relationships to measure on.\n"
    organization = Organization.objects.get(slug="speed")
    assert not organization.is_public
    assert Asset.objects.filter(organization=organization).count() == 70
    assert Relationship.objects.filter(organization=organization).count() == 90
    assert SearchDocument.objects.filter(organization=organization, kind="asset").count() == 70


def test_seeded_assets_are_counted_found_tagged_and_walked(db):
    actor = seeded()
    assert count_assets(actor) == 80
    assert search(actor=actor, query=COMMON).total == 8
    assert search(actor=actor, query=MEDIUM).total == 2
    assert search(actor=actor, query="orders_70").hits[0].id == seeded_key(actor.tenant, "asset", 70)
    assert {tag.name for tag in Asset.objects.get(name="orders_70").tags.all()} < set(TAGS)
    found = lineage(actor=actor, asset_id=seeded_key(actor.tenant, "asset", 0), direction="downstream", depth=1)
    assert {step.asset.id for step in found.downstream} >= {seeded_key(actor.tenant, "asset", n) for n in range(1, 7)}


def test_outsider_sees_none_of_it(db, charlie_actor):
    actor = seeded()
    assert search(actor=charlie_actor, query=COMMON).total == 0
    with pytest.raises(NotFound):
        lineage(actor=charlie_actor, asset_id=seeded_key(actor.tenant, "asset", 0))


def test_same_rows_each_time_under_other_keys(db, monkeypatch):
    monkeypatch.setattr(benchmark, "BATCH", 7)
    columns = ("qualified_name", "type", "description", "metadata", "schema", "updated_at")
    one, two = (
        list(Asset.objects.filter(organization=seeded(slug).tenant).order_by("id").values_list(*columns))
        for slug in ("one", "two")
    )
    assert one == two
    assert len({row[0] for row in one}) == 80


def test_every_pair_is_there_once(db):
    actor = seeded(assets=12, relationships=66)
    pairs = Relationship.objects.filter(organization=actor.tenant).values_list("source", "target")
    assert len({frozenset(pair) for pair in pairs}) == 66


def test_trail_holds_one_event_of_it(db):
    actor = seeded()
    event = AuditEvent.objects.get(organization_id=actor.tenant, action="UPDATE", entity_type="ORGANIZATION")
    assert event.after_state is not None
    assert event.after_state["seeded"] == {"assets": 80, "relationships": 100}


def test_members_and_keys_do_not_stand_in_the_way(acme, alice):
    assert count_assets(seeded("ACME")) == 80


def test_organization_that_has_anything_is_refused(acme, alice_actor):
    make_asset(alice_actor)
    with pytest.raises(CommandError, match="'acme' has assets already"):
        call_command("seed_benchmark", "acme", "--assets", "5")
    assert Asset.objects.count() == 1


def test_as_many_relationships_as_assets_where_nothing_is_said(db):
    assert Relationship.objects.filter(organization=seeded(relationships=None).tenant).count() == 80
    assert Relationship.objects.filter(organization=seeded("two", 2, None).tenant).count() == 1


def test_tag_is_something(acme):
    Tag.objects.create(organization=acme, name="PII", key="pii")
    with pytest.raises(Conflict):
        seeded("acme")


def test_seeding_twice_is_refused(db):
    seeded()
    with pytest.raises(Conflict):
        seeded()
    assert Asset.objects.count() == 80


def test_administrator_of_an_organization_may_not(acme, alice_actor):
    with pytest.raises(Forbidden):
        seed_benchmark(actor=alice_actor, slug="acme", assets=1, relationships=0)


@pytest.mark.parametrize(("assets", "relationships"), [(0, 0), (-1, 0), (3, 4), (10**9, 0), (5, -1)])
def test_counts_that_cannot_be_made_are_refused(db, assets, relationships):
    with pytest.raises(Invalid):
        seeded(assets=assets, relationships=relationships)
    assert not Organization.objects.filter(slug="benchmark").exists()
