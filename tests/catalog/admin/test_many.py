"""What a curator does to many assets at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import Membership
from catalog.models import Asset, AssetTerm, Glossary, GlossaryTerm, Tag
from catalog.services import create_concept, update_asset
from tests.adminkit import make_asset, messages_of, page, session_of
from tests.catalog.admin.pages import ASSETS


def act(browser: Client, action: str, assets: list[Asset], **answers: Any) -> Any:
    posted = {"action": action, "_selected_action": [str(asset.pk) for asset in assets], "index": "0", **answers}
    return browser.post(page(ASSETS), posted, follow=True)


@pytest.fixture
def three(alice_actor: Actor) -> list[Asset]:
    return [make_asset(alice_actor, name) for name in ("a", "b", "c")]


def test_many_are_tagged_at_once(browser: Client, three: list[Asset], charlie_actor: Actor) -> None:
    foreign = make_asset(charlie_actor, "theirs")
    assert "Give these tags" in act(browser, "tag_selected", three).content.decode()
    response = act(browser, "tag_selected", [*three[:2], foreign], add=["core"], apply="1")
    assert "2 assets tagged." in messages_of(response)
    assert {asset.name for asset in Asset.objects.filter(tags__name="core")} == {"a", "b"}
    act(browser, "tag_selected", three, remove=["Core"], apply="1")
    assert not Asset.objects.filter(tags__name="core").exists()


def test_many_get_terms_at_once_and_lose_them(
    browser: Client, three: list[Asset], orders: Asset, alice_actor: Actor, charlie_actor: Actor
) -> None:
    create_concept(actor=alice_actor, model=Glossary, data={"name": "Business"})
    for name in ("Customer", "Order"):
        create_concept(actor=alice_actor, model=GlossaryTerm, data={"name": name, "glossary": "Business"})
    update_asset(actor=alice_actor, asset=orders, changes={"terms": [{"name": "Order", "column": "id"}, "Order"]})
    foreign = make_asset(charlie_actor, "theirs")
    assert "Give these terms" in act(browser, "term_selected", three).content.decode()
    answers: dict[str, Any] = {"add": ["Business.Customer"], "remove": ["business.order"], "apply": "1"}
    response = act(browser, "term_selected", [*three[:2], orders, foreign], **answers)
    assert "3 assets changed." in messages_of(response)
    assert {asset.name for asset in Asset.objects.filter(terms__name="Customer")} == {"a", "b", "orders"}
    assert AssetTerm.objects.get(term__name="Order").column == "id"  # what is said of columns stays
    assert "0 assets changed." in messages_of(act(browser, "term_selected", three[:2], **answers))
    act(browser, "term_selected", [*three, orders], remove=["Business.Customer"], apply="1")
    assert AssetTerm.objects.count() == 1


def test_terms_that_are_not_there_are_told_and_nothing_is_changed(
    browser: Client, three: list[Asset], alice_actor: Actor, charlie_actor: Actor
) -> None:
    create_concept(actor=charlie_actor, model=Glossary, data={"name": "Theirs"})
    create_concept(actor=charlie_actor, model=GlossaryTerm, data={"name": "Secret", "glossary": "Theirs"})
    response = act(browser, "term_selected", three, add=["Theirs.Secret"], apply="1")
    assert "There is no term &#x27;Theirs.Secret&#x27;, or more than one" in response.content.decode()
    assert "Choose one at least." in act(browser, "term_selected", three, apply="1").content.decode()
    assert not AssetTerm.objects.exists()


def test_many_get_an_owner_at_once(browser: Client, three: list[Asset], vera_member: Membership) -> None:
    act(browser, "own_selected", three, owner=str(vera_member.user_id), apply="1")
    assert Asset.objects.filter(owner=vera_member.user_id).count() == 3
    act(browser, "own_selected", three[:1], owner="", apply="1")
    assert Asset.objects.filter(owner=vera_member.user_id).count() == 2


def test_an_outsider_owns_nothing(browser: Client, three: list[Asset], charlie_member: Membership) -> None:
    response = act(browser, "own_selected", three, owner=str(charlie_member.user_id), apply="1")
    assert "Select a valid choice" in response.content.decode()
    assert not Asset.objects.filter(owner=charlie_member.user_id).exists()


def test_many_are_described_where_nothing_is_said(browser: Client, three: list[Asset], alice_actor: Actor) -> None:
    update_asset(actor=alice_actor, asset=three[0], changes={"description": "Mine"})
    act(browser, "describe_selected", three, description="Theirs", apply="1")
    assert [asset.description for asset in Asset.objects.order_by("name")] == ["Mine", "Theirs", "Theirs"]
    act(browser, "describe_selected", three, description="All", replace="on", apply="1")
    assert {asset.description for asset in Asset.objects.all()} == {"All"}


def test_many_are_deleted_and_restored(browser: Client, three: list[Asset]) -> None:
    assert "Are you sure" in act(browser, "delete_selected", three).content.decode()
    act(browser, "delete_selected", three, post="yes")
    assert Asset.objects.filter(deleted_at__isnull=False).count() == 3
    posted = {"action": "restore_selected", "_selected_action": [str(one.pk) for one in three], "index": "0"}
    assert messages_of(browser.post(page(ASSETS) + "?state=deleted", posted, follow=True)) == ["3 assets restored."]
    assert Asset.objects.filter(deleted_at=None).count() == 3
    assert messages_of(browser.post(page(ASSETS), posted, follow=True)) == ["None of these is deleted."]


def test_who_is_to_delete_many_is_told_that_they_come_back(browser: Client, three: list[Asset]) -> None:
    chosen = {"action": "delete_selected", "_selected_action": [asset.pk for asset in three]}
    assert "hidden, not lost" in browser.post(page(ASSETS), chosen).text


def test_a_bulk_change_costs_the_same_queries_however_many(browser: Client, alice_actor: Actor) -> None:
    create_concept(actor=alice_actor, model=Glossary, data={"name": "Business"})
    create_concept(actor=alice_actor, model=GlossaryTerm, data={"name": "Customer", "glossary": "Business"})
    for action, name in (("tag_selected", "bulk"), ("term_selected", "Business.Customer")):
        counts = []
        for size in (2, 20):
            assets = [make_asset(alice_actor, f"{name}{size}_{number}") for number in range(size)]
            posted = {"action": action, "_selected_action": [str(one.pk) for one in assets], "index": "0"}
            with CaptureQueriesContext(connection) as seen:
                browser.post(page(ASSETS), {**posted, "add": [name], "apply": "1"})
            counts.append(len(seen))
        assert counts[1] <= counts[0], action
        assert Asset.objects.filter(Q(tags__name=name) | Q(terms__fully_qualified_name=name)).count() == 22


def test_a_viewer_is_offered_no_action_but_to_export(vera_member: Membership, three: list[Asset]) -> None:
    viewer = session_of(vera_member)
    offered = viewer.get(page(ASSETS)).context["action_form"].fields["action"].choices
    assert {name for name, _ in offered if name} == {"export_csv", "export_json"}
    act(viewer, "tag_selected", three, add=["core"], apply="1")
    assert not Tag.objects.filter(name="core").exists()
