"""The curator's pages of the catalog."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from accounts.models import Membership, Organization, Team, User
from accounts.services import create_team
from audit.models import AuditEvent
from catalog.models import Asset, AssetTerm, Domain, Glossary, GlossaryTerm, Relationship, Tag
from catalog.services import create_concept, create_relationship, delete_asset, update_asset
from tests.adminkit import form_of, make_asset, make_superuser, messages_of, page, session_of

ASSETS = "catalog_asset_changelist"


@pytest.fixture
def browser(bob_member: Membership) -> Client:
    """Bob's: he edits."""
    return session_of(bob_member)


@pytest.fixture
def orders(alice_actor: Actor) -> Asset:
    columns = [
        {"name": "id", "type": "integer", "nullable": False},
        {"name": "email", "type": "text"},
        {"name": "address", "type": "struct", "children": [{"name": "city", "type": "text"}]},
    ]
    return make_asset(
        alice_actor, "orders", tags=["sales"], schema=columns, metadata={"rows": 3, "primary_key": ["id"]}
    )


def queries_of(browser: Client, url: str) -> int:
    browser.get(url)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert browser.get(url).status_code == 200
    return len(seen)


def save(browser: Client, asset: Asset, **changes: Any) -> Any:
    url = page("catalog_asset_change", asset.pk)
    return browser.post(url, {**form_of(browser.get(url)), **changes}, follow=True)


# The list --------------------------------------------------------------------------------------------


def test_a_list_costs_the_same_queries_however_long(browser: Client, alice_actor: Actor) -> None:
    counts = []
    for total in (1, 10, 100):
        for number in range(Asset.objects.count(), total):
            make_asset(alice_actor, f"table_{number}", tags=["a", f"tag {number % 5}"], owner="bob")
        counts.append(queries_of(browser, page(ASSETS)))
    assert counts[0] == counts[1] == counts[2] <= 17


def test_the_list_searches_columns_and_says_why(browser: Client, orders: Asset, alice_actor: Actor) -> None:
    make_asset(alice_actor, "customers")
    response = browser.get(page(ASSETS), {"q": "email"})
    assert [row.pk for row in response.context["cl"].result_list] == [orders.pk]
    assert "Columns: <em>email</em>" in response.content.decode()


def test_the_best_hit_comes_first(browser: Client, alice_actor: Actor) -> None:
    exact = make_asset(alice_actor, "orders")
    make_asset(alice_actor, "orders_archive", description="orders orders orders")
    response = browser.get(page(ASSETS), {"q": "orders"})
    assert response.context["cl"].result_list[0].pk == exact.pk


def test_a_name_that_is_html_is_shown_as_text(browser: Client, alice_actor: Actor) -> None:
    make_asset(alice_actor, "<script>alert(1)</script>")
    for query in ({}, {"q": "script"}):
        text = browser.get(page(ASSETS), query).content.decode()
        assert "<script>alert(1)" not in text
        assert "&lt;" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"type": "VIEW"}, {"report"}),
        ({"described": "no"}, {"orders", "report"}),
        ({"described": "yes"}, {"customers"}),
        ({"owner": "me"}, {"customers"}),
        ({"owner": "none"}, {"orders", "report"}),
        ({"origin": "none"}, {"orders", "report", "customers"}),
        ({"state": "deleted"}, {"gone"}),
        ({"state": "all"}, {"orders", "report", "customers", "gone"}),
        ({"state": "deleted", "q": "gon"}, {"gone"}),
        ({}, {"orders", "report", "customers"}),
    ],
)
def test_the_list_narrows_down(
    query: dict[str, str], found: set[str], browser: Client, orders: Asset, alice_actor: Actor
) -> None:
    make_asset(alice_actor, "customers", description="Who buys", owner="bob")
    update_asset(actor=alice_actor, asset=make_asset(alice_actor, "report"), changes={"type": "VIEW"})
    delete_asset(actor=alice_actor, asset=make_asset(alice_actor, "gone"))
    assert {row.name for row in browser.get(page(ASSETS), query).context["cl"].result_list} == found


def test_the_list_narrows_down_by_tag(browser: Client, orders: Asset, alice_actor: Actor) -> None:
    make_asset(alice_actor, "customers")
    tag = Tag.objects.get(name="sales")
    shown = browser.get(page(ASSETS), {"tags": str(tag.pk)}).context["cl"].result_list
    assert [row.pk for row in shown] == [orders.pk]


def test_a_superuser_lists_one_organization_or_all(acme: Organization, orders: Asset, charlie_actor: Actor) -> None:
    foreign, browser = make_asset(charlie_actor, "secret"), session_of(make_superuser(acme))

    def listed(query: dict[str, str]) -> set[str]:
        return {row.name for row in browser.get(page(ASSETS), query).context["cl"].result_list}

    assert listed({}) == {"orders"}
    assert listed({"organization": "all"}) == {"orders", "secret"}
    assert listed({"organization": str(foreign.organization_id)}) == {"secret"}
    assert listed({"organization": "all", "q": "secret"}) == {"secret"}
    assert listed({"q": "secret"}) == set()


# One asset -------------------------------------------------------------------------------------------


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


# Many at once ----------------------------------------------------------------------------------------


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
    browser.post(page(ASSETS) + "?state=deleted", posted)
    assert Asset.objects.filter(deleted_at=None).count() == 3


def test_a_bulk_change_costs_the_same_queries_however_many(browser: Client, alice_actor: Actor) -> None:
    counts = []
    for size in (2, 20):
        assets = [make_asset(alice_actor, f"t{size}_{number}") for number in range(size)]
        posted = {"action": "tag_selected", "_selected_action": [str(one.pk) for one in assets], "index": "0"}
        with CaptureQueriesContext(connection) as seen:
            browser.post(page(ASSETS), {**posted, "add": ["bulk"], "apply": "1"})
        counts.append(len(seen))
    assert counts[1] <= counts[0]


def test_a_viewer_is_offered_no_action_but_to_export(vera_member: Membership, three: list[Asset]) -> None:
    viewer = session_of(vera_member)
    offered = viewer.get(page(ASSETS)).context["action_form"].fields["action"].choices
    assert {name for name, _ in offered if name} == {"export_csv", "export_json"}
    act(viewer, "tag_selected", three, add=["core"], apply="1")
    assert not Tag.objects.filter(name="core").exists()


# Tags and relationships ------------------------------------------------------------------------------


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


# Owners, domains, terms ------------------------------------------------------------------------------


@pytest.fixture
def words(alice_actor: Actor) -> dict[str, Any]:
    create_team(actor=alice_actor, data={"name": "stewards"})
    made: dict[str, Any] = {
        "domain": create_concept(actor=alice_actor, model=Domain, data={"name": "Finance"}),
        "glossary": create_concept(actor=alice_actor, model=Glossary, data={"name": "Business"}),
    }
    term = {"name": "Customer", "glossary": "Business", "definition": "Who buys"}
    return made | {"term": create_concept(actor=alice_actor, model=GlossaryTerm, data=term), "team": Team.objects.get()}


def test_an_asset_gets_a_team_a_domain_and_terms_by_its_form(
    browser: Client, orders: Asset, words: dict[str, Any]
) -> None:
    changes = {"owner_team": words["team"].pk, "domain": words["domain"].pk, "term_names": ["Business.Customer"]}
    save(browser, orders, **changes)
    text = browser.get(page("catalog_asset_change", orders.pk)).content.decode()
    orders.refresh_from_db()
    assert (orders.owner_team, orders.domain, orders.version) == (words["team"], words["domain"], 2)
    for name, thing in (("domain", words["domain"]), ("glossaryterm", words["term"])):
        assert page(f"catalog_{name}_change", thing.pk) in text
    assert page("accounts_team_change", words["team"].pk) in text
    assert save(browser, orders).status_code == 200
    orders.refresh_from_db()
    assert (orders.version, orders.terms.get()) == (2, words["term"])


def test_the_owner_that_was_changed_is_meant(browser: Client, orders: Asset, words: dict[str, Any], bob_member) -> None:
    save(browser, orders, owner=bob_member.user_id)
    save(browser, orders, owner=bob_member.user_id, owner_team=words["team"].pk)
    orders.refresh_from_db()
    assert (orders.owner, orders.owner_team) == (None, words["team"])
    save(browser, orders, owner=bob_member.user_id)
    orders.refresh_from_db()
    assert (orders.owner, orders.owner_team) == (bob_member.user, None)


def test_a_term_is_said_of_a_column_and_no_longer(
    browser: Client, orders: Asset, words: dict[str, Any], charlie_member: Membership, vera_member: Membership
) -> None:
    url = page("catalog_asset_say_term", orders.pk)
    body = {"term": "customer", "column": "address.city"}
    for stranger, status in ((charlie_member, 404), (vera_member, 403)):
        assert session_of(stranger).post(url, body).status_code == status
    assert not orders.terms.exists()
    assert "Business.Customer" in browser.post(url, body, follow=True).content.decode()
    assert AssetTerm.objects.get().column == "address.city"
    assert "no one term" in messages_of(browser.post(url, {**body, "term": "nothing"}, follow=True))[0]
    # Saving the form leaves what is said of columns.
    save(browser, orders, description="Every order", term_names=["Business.Customer"])
    assert AssetTerm.objects.count() == 2
    browser.post(page("catalog_asset_unsay_term", orders.pk), {"link": f"{words['term'].pk}:address.city"})
    assert [link.column for link in AssetTerm.objects.all()] == [""]


@pytest.mark.parametrize("query", [{"owner": "team"}, {"domain": "domain"}, {"terms": "term"}])
def test_the_list_narrows_down_by_what_people_said(
    query: dict[str, str], browser: Client, orders: Asset, words: dict[str, Any], alice_actor: Actor
) -> None:
    make_asset(alice_actor, "orders_too")
    said = {"owner": "stewards", "domain": "Finance", "terms": ["Customer"]}
    update_asset(actor=alice_actor, asset=orders, changes=said)
    for more in ({}, {"q": "orders"}):
        asked = {name: str(words[thing].pk) for name, thing in query.items()}
        shown = browser.get(page(ASSETS), {**asked, **more}).context["cl"].result_list
        assert [row.pk for row in shown] == [orders.pk]
    assert browser.get(page(ASSETS), {**query, "q": "x"}).status_code == 200


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("domain", {"name": "Payments", "parent": "domain", "description": "Money"}),
        ("glossary", {"name": "Zulu", "description": "Words"}),
        ("glossaryterm", {"name": "Prospect", "glossary": "glossary", "parent": "term", "synonyms": "lead, guest"}),
    ],
)
def test_concepts_are_made_changed_deleted_and_restored_by_hand(
    name: str, data: dict[str, str], browser: Client, words: dict[str, Any], charlie_member: Membership
) -> None:
    model = {"domain": Domain, "glossary": Glossary, "glossaryterm": GlossaryTerm}[name]
    chosen = {field: words[value].pk if value in words else value for field, value in data.items()}
    add = page(f"catalog_{name}_add")
    filled = {**form_of(browser.get(add)), **chosen, "owner_team": words["team"].pk}
    browser.post(add, filled, follow=True)
    made: Any = model._default_manager.get(name=data["name"])
    assert made.owner_team == words["team"]
    assert getattr(made, "synonyms", ["lead", "guest"]) == ["lead", "guest"]
    url, listing = page(f"catalog_{name}_change", made.pk), page(f"catalog_{name}_changelist")
    browser.post(url, {**form_of(browser.get(url)), "description": "Other words"})
    made.refresh_from_db()
    assert (made.description, made.version) == ("Other words", 2)
    taken = browser.post(add, filled)
    assert "already" in taken.content.decode()
    outsider = session_of(charlie_member)
    assert data["name"] not in outsider.get(listing).content.decode()
    assert outsider.post(url, filled).status_code in {302, 404}
    browser.post(page(f"catalog_{name}_delete", made.pk), {"post": "yes"})
    assert data["name"] not in browser.get(listing, {"q": data["name"]}).content.decode().partition("result_list")[2]
    browser.post(f"{listing}?state=deleted", {"action": "restore_selected", "_selected_action": [str(made.pk)]})
    made.refresh_from_db()
    assert (made.deleted_at, made.version) == (None, 4)


def test_what_holds_others_is_not_deleted_by_hand(browser: Client, words: dict[str, Any]) -> None:
    url = page("catalog_glossary_delete", words["glossary"].pk)
    assert "holds 1 other:" in messages_of(browser.post(url, {"post": "yes"}, follow=True))[0]


def test_teams_are_made_by_who_administers(
    browser: Client, alice_member: Membership, vera_member: Membership, charlie_member: Membership
) -> None:
    add, alice = page("accounts_team_add"), session_of(alice_member)
    assert browser.get(add).status_code == 403
    filled = {**form_of(alice.get(add)), "name": "people", "members": [str(vera_member.user_id)]}
    alice.post(add, filled)
    team = Team.objects.get()
    assert list(team.members.all()) == [vera_member.user]
    stranger = {**filled, "name": "others", "members": [str(charlie_member.user_id)]}
    assert alice.post(add, stranger).status_code == 200
    assert Team.objects.count() == 1
    assert "people" in browser.get(page("accounts_team_changelist")).content.decode()
    assert "people" not in session_of(charlie_member).get(page("accounts_team_changelist")).content.decode()


def test_the_lists_sidebar_counts_what_is_found(
    browser: Client, orders: Asset, words: dict[str, Any], alice_actor: Actor, charlie_actor: Actor
) -> None:
    make_asset(alice_actor, "views", tags=["sales", "PII"])
    make_asset(charlie_actor, "orders", tags=["sales"])
    said = {"owner": "stewards", "domain": "Finance", "type": "VIEW"}
    update_asset(actor=alice_actor, asset=orders, changes=said)

    def counts(**query: str) -> dict[str, dict[str, str]]:
        found = browser.get(page(ASSETS), query).context["cl"]
        links = {spec.title: next(iter(spec.choices(found)))["links"] for spec in found.filter_specs[:3]}
        return {title: {link["label"]: link["count"] for link in of} for title, of in links.items()}

    assert counts() == {
        "type": {"Table": "1", "View": "1"},
        "tag": {"sales": "2", "PII": "1"},
        "domain": {"Finance": "1"},
    }
    assert counts(q="orders")["tag"] == {"sales": "1"}
    assert counts(type="TABLE")["tag"] == {"PII": "1", "sales": "1"}
    assert counts(state="deleted") == {"type": {}, "tag": {}, "domain": {}}
    text = browser.get(page(ASSETS), {"q": "orders"}).content.decode()
    tag = Tag.objects.get(name="sales", organization=orders.organization)
    assert f"?q=orders&amp;tags={tag.pk}" in text
