"""The page of one asset: saved, described, restored, and its lineage."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import Membership, Organization
from audit.models import AuditEvent
from catalog.models import Asset, Tag
from catalog.services import create_relationship, delete_asset, update_asset
from tests.adminkit import form_of, make_asset, make_superuser, messages_of, page, session_of
from tests.catalog.admin.pages import queries_of, save


def test_saving_goes_through_the_service_and_the_trail(browser: Client, orders: Asset, bob_member: Membership) -> None:
    response = save(browser, orders, description="Every order", tag_names=["sales", "brand new"])
    assert response.status_code == 200
    orders.refresh_from_db()
    assert (orders.description, orders.version) == ("Every order", 2)
    assert {tag.name for tag in Tag.objects.filter(assets=orders)} == {"sales", "brand new"}
    event = AuditEvent.objects.of_entity(orders.pk)[0]
    assert (event.action, event.door, event.user_id) == ("UPDATE", "admin", bob_member.user_id)


def test_saving_nothing_writes_nothing(browser: Client, orders: Asset) -> None:
    save(browser, orders)
    orders.refresh_from_db()
    assert orders.version == 1
    assert AuditEvent.objects.of_entity(orders.pk).count() == 1


def test_a_curators_stale_page_is_told_and_overwrites_nothing(
    browser: Client, orders: Asset, alice_actor: Actor
) -> None:
    url = page("catalog_asset_change", orders.pk)
    before_their_eyes = form_of(browser.get(url))
    update_asset(actor=alice_actor, asset=orders, changes={"description": "By Alice"})
    response = browser.post(url, {**before_their_eyes, "description": "By Bob"})
    assert response.status_code == 200
    assert "at version 2, not 1" in response.content.decode()
    orders.refresh_from_db()
    assert orders.description == "By Alice"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"qualified_name": "shop.customers"}, "already"),
        ({"name": ""}, "required"),
        ({"schema": '{"a": 1}'}, "list"),
        ({"schema": '[{"name": "x"}]'}, "required"),
        ({"metadata": "{"}, "valid JSON"),
        ({"metadata": "[]"}, "object"),
        ({"tag_names": ["x" * 101]}, "At most 100"),
        ({"type": "SPOON"}, "valid choice"),
    ],
)
def test_what_is_refused_comes_back_on_the_form(
    changes: dict[str, Any], words: str, browser: Client, orders: Asset, alice_actor: Actor
) -> None:
    make_asset(alice_actor, "customers")
    response = save(browser, orders, **changes)
    assert response.status_code == 200
    assert "adminform" in response.context
    assert words in str(response.context["adminform"].form.errors)
    orders.refresh_from_db()
    assert orders.version == 1


def test_a_name_that_is_taken_is_told_at_its_field(browser: Client, orders: Asset) -> None:
    asked = {"type": "TABLE", "name": "orders", "qualified_name": orders.qualified_name}
    answer = browser.post(page("catalog_asset_add"), {**form_of(browser.get(page("catalog_asset_add"))), **asked})
    form = answer.context["adminform"].form
    assert list(form.errors) == ["qualified_name"]
    assert "already" in form.errors["qualified_name"][0]


def test_adding_by_hand(browser: Client, acme: Organization, bob_member: Membership) -> None:
    posted = {"type": "DASHBOARD", "name": "Cockpit", "qualified_name": "bi.cockpit", "tag_names": ["bi"]}
    response = browser.post(page("catalog_asset_add"), {**posted, "metadata": "{}", "schema": "[]"})
    assert response.status_code == 302
    made = Asset.objects.get(qualified_name="bi.cockpit")
    assert (made.organization_id, made.created_by_id) == (acme.pk, bob_member.user_id)
    assert [tag.name for tag in made.tags.all()] == ["bi"]


def test_a_metadata_key_that_is_taken_out_is_gone(browser: Client, orders: Asset) -> None:
    save(browser, orders, metadata='{"rows": 4}')
    orders.refresh_from_db()
    assert orders.metadata == {"rows": 4}


def test_an_owner_is_a_member(
    browser: Client, orders: Asset, bob_member: Membership, charlie_member: Membership
) -> None:
    save(browser, orders, owner=str(bob_member.user_id))
    orders.refresh_from_db()
    assert orders.owner_id == bob_member.user_id
    response = save(browser, orders, owner=str(charlie_member.user_id))
    assert "Select a valid choice" in str(response.context["adminform"].form.errors)


def test_a_superuser_saves_in_the_assets_own_organization(acme: Organization, charlie_actor: Actor) -> None:
    foreign, browser = make_asset(charlie_actor, "secret"), session_of(make_superuser(acme))
    save(browser, foreign, tag_names=["theirs"])
    assert Tag.objects.get(name="theirs").organization_id == foreign.organization_id
    assert AuditEvent.objects.of_entity(foreign.pk)[0].organization_id == foreign.organization_id


def test_the_page_shows_columns_history_and_relationships(browser: Client, orders: Asset, alice_actor: Actor) -> None:
    customers = make_asset(alice_actor, "customers")
    mapping = {"foreign_keys": [{"columns": ["email"], "referred_columns": ["mail"]}]}
    create_relationship(actor=alice_actor, source=orders, target=customers, type="RELATED_TO", metadata=mapping)
    update_asset(actor=alice_actor, asset=orders, changes={"description": "What was bought"})
    response = browser.get(page("catalog_asset_change", orders.pk))
    rows = {row.name: row for row in response.context["columns"]}
    assert list(rows) == ["id", "email", "address", "city"]
    assert rows["id"].keys == ["primary key"]
    assert rows["email"].keys == ["→ customers"]
    assert rows["city"].level == 1
    text = response.content.decode()
    assert "email → mail" in text
    assert '<ins ><span class="c-visually-hidden">after: </span>What was bought</ins>' in text


def test_the_page_costs_the_same_queries_however_much_is_on_it(
    browser: Client, orders: Asset, alice_actor: Actor
) -> None:
    url = page("catalog_asset_change", orders.pk)
    few = queries_of(browser, url)
    for number in range(10):
        other = make_asset(alice_actor, f"other_{number}")
        create_relationship(actor=alice_actor, source=orders, target=other, type="DEPENDS_ON")
        update_asset(actor=alice_actor, asset=orders, changes={"description": str(number), "tags": [f"t{number}"]})
    assert queries_of(browser, url) <= few + 1  # the one for tags


def test_columns_are_described_where_they_are_read(browser: Client, orders: Asset) -> None:
    url = page("catalog_asset_describe_columns", orders.pk)
    browser.post(
        url, {"column-1": "Where to write to", "column-2.0": "Of the address", "column-9": "x", "version": "1"}
    )
    orders.refresh_from_db()
    assert orders.schema[1]["description"] == "Where to write to"
    assert orders.schema[2]["children"][0]["description"] == "Of the address"
    assert "description" not in orders.schema[0]
    assert "schema" in orders.curated
    stale = browser.post(url, {"column-1": "Lost", "version": "1"}, follow=True)
    assert any("version 2" in told for told in messages_of(stale))


def test_deleted_assets_are_found_and_restored(browser: Client, orders: Asset) -> None:
    browser.post(page("catalog_asset_delete", orders.pk), {"post": "yes"})
    orders.refresh_from_db()
    assert orders.deleted_at is not None
    url = page("catalog_asset_change", orders.pk)
    assert "until it is restored" in browser.get(url).content.decode()
    assert browser.post(url, {"name": "x"}).status_code == 403
    browser.post(page("catalog_asset_restore", orders.pk))
    orders.refresh_from_db()
    assert orders.deleted_at is None


def test_restoring_under_a_name_that_is_taken_is_told(browser: Client, orders: Asset, alice_actor: Actor) -> None:
    delete_asset(actor=alice_actor, asset=orders)
    make_asset(alice_actor, "orders")
    response = browser.post(page("catalog_asset_restore", orders.pk), follow=True)
    assert any("already" in told for told in messages_of(response))


def test_lineage_for_the_graph(browser: Client, orders: Asset, alice_actor: Actor) -> None:
    raw, report, beyond = (make_asset(alice_actor, name) for name in ("raw", "report", "beyond"))
    for source, target in ((orders, raw), (report, orders), (beyond, report), (raw, beyond)):
        create_relationship(actor=alice_actor, source=source, target=target, type="DEPENDS_ON")
    url = page("catalog_asset_lineage", orders.pk)
    graph = browser.get(url, {"depth": "1"}).json()
    assert {(node["name"], node["level"]) for node in graph["nodes"]} == {("orders", 0), ("raw", -1), ("report", 1)}
    assert {(edge["from"], edge["to"]) for edge in graph["edges"]} == {
        (str(raw.pk), str(orders.pk)),
        (str(orders.pk), str(report.pk)),
    }
    for depth in ("", "0", "x", "9" * 50, "-1"):
        assert browser.get(url, {"depth": depth}).status_code == 200
    assert len(browser.get(url, {"depth": "6"}).json()["edges"]) == 4


def test_digits_that_are_no_number_are_passed_over(browser: Client, orders: Asset) -> None:
    depth = browser.get(page("catalog_asset_lineage", orders.pk), {"depth": "²"})
    assert (depth.status_code, depth.json()["depth"]) == (200, 2)
    assert browser.get(page("catalog_tag_names"), {"page": "²"}).status_code == 200
    assert browser.get(page("audit_auditevent_changelist"), {"since": "²"}).status_code == 200
    columns = page("catalog_asset_describe_columns", orders.pk)
    assert browser.post(columns, {"version": "²"}).status_code == 302


def test_the_tag_picker_knows_only_our_tags(browser: Client, orders: Asset, charlie_actor: Actor) -> None:
    make_asset(charlie_actor, "theirs", tags=["salt"])
    assert browser.get(page("catalog_tag_names"), {"term": "SA", "page": "1"}).json() == {
        "results": [{"id": "sales", "text": "sales"}],
        "pagination": {"more": False},
    }


def test_autocomplete_offers_living_assets_of_ours(
    browser: Client, orders: Asset, alice_actor: Actor, charlie_actor: Actor
) -> None:
    delete_asset(actor=alice_actor, asset=make_asset(alice_actor, "orders_old"))
    make_asset(charlie_actor, "orders_theirs")
    asked = {"app_label": "catalog", "model_name": "relationship", "field_name": "source", "term": "orders"}
    offered = browser.get(page("autocomplete"), asked).json()["results"]
    assert [one["id"] for one in offered] == [str(orders.pk)]
