"""The curator's pages of tags and relationships."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import Membership, User
from audit.models import AuditEvent
from catalog.models import Asset, Relationship, Tag
from catalog.services import create_relationship
from tests.adminkit import make_asset, page
from tests.catalog.admin.pages import queries_of


def test_a_tag_is_renamed_on_every_asset(browser: Client, orders: Asset) -> None:
    tag = Tag.objects.get(name="sales")
    browser.post(page("catalog_tag_change", tag.pk), {"name": "revenue", "colour": "#112233", "category": "domain"})
    assert [one.name for one in Tag.objects.filter(assets=orders)] == ["revenue"]
    assert (AuditEvent.objects.of_entity(orders.pk)[0].after_state or {})["tags"] == ["revenue"]


def test_a_tag_whose_name_is_taken_comes_back(browser: Client, orders: Asset, alice_actor: Actor) -> None:
    make_asset(alice_actor, "x", tags=["other"])
    tag = Tag.objects.get(name="sales")
    response = browser.post(page("catalog_tag_change", tag.pk), {"name": "Other", "colour": "#112233"})
    assert response.status_code == 200
    assert "already" in str(response.context["adminform"].form.errors)


def test_tags_are_merged(browser: Client, orders: Asset, alice_actor: Actor) -> None:
    make_asset(alice_actor, "x", tags=["turnover"])
    browser.post(page("catalog_tag_merge", Tag.objects.get(name="turnover").pk), {"into": "Sales"})
    assert [one.name for one in Tag.objects.all()] == ["sales"]
    assert Tag.objects.get().assets.count() == 2


@pytest.mark.parametrize("name", ["catalog_tag_changelist", "catalog_relationship_changelist"])
def test_other_lists_cost_the_same_queries_however_long(name: str, browser: Client, alice_actor: Actor) -> None:
    hub, counts = make_asset(alice_actor, "hub"), []
    for total in (1, 10, 50):
        for number in range(Relationship.objects.count(), total):
            spoke = make_asset(alice_actor, f"spoke_{number}", tags=[f"tag_{number}"])
            create_relationship(actor=alice_actor, source=spoke, target=hub, type="USES")
        counts.append(queries_of(browser, page(name)))
    assert counts[0] == counts[1] == counts[2] <= 14


def test_a_relationship_is_made_changed_and_deleted(browser: Client, orders: Asset, alice_actor: Actor) -> None:
    other = make_asset(alice_actor, "customers")
    posted = {"source": str(orders.pk), "target": str(other.pk), "type": "USES", "metadata": "{}"}
    assert browser.post(page("catalog_relationship_add"), posted).status_code == 302
    edge = Relationship.objects.get()
    twice = browser.post(page("catalog_relationship_add"), posted)
    assert "already" in str(twice.context["adminform"].form.errors)
    browser.post(page("catalog_relationship_change", edge.pk), {"metadata": '{"column_mapping": {"a": ["b"]}}'})
    edge.refresh_from_db()
    assert edge.metadata == {"column_mapping": {"a": ["b"]}}
    browser.post(page("catalog_relationship_delete", edge.pk), {"post": "yes"})
    assert not Relationship.objects.exists()


def test_a_relationship_reaches_no_other_tenant(browser: Client, orders: Asset, charlie_actor: Actor) -> None:
    foreign = make_asset(charlie_actor, "secret")
    posted = {"source": str(orders.pk), "target": str(foreign.pk), "type": "USES", "metadata": "{}"}
    response = browser.post(page("catalog_relationship_add"), posted)
    assert "valid choice" in str(response.context["adminform"].form.errors)
    assert "secret" not in response.content.decode()
    shown = browser.get(page("catalog_relationship_add"), {"source": str(foreign.pk)})
    assert "secret" not in shown.content.decode()


def test_nobody_is_offered_who_is_not_ours(browser: Client, orders: Asset, charlie_member: Membership) -> None:
    asked = {"app_label": "catalog", "model_name": "asset", "field_name": "owner", "term": ""}
    offered = browser.get(page("autocomplete"), asked).json()["results"]
    assert str(charlie_member.user_id) not in {one["id"] for one in offered}
    assert User.objects.filter(pk__in=[one["id"] for one in offered]).count() == len(offered) > 0
