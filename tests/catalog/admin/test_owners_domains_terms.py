"""The curator's pages of teams, domains, glossaries and terms, and what they say of assets."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import Membership, Team
from accounts.services import create_team
from catalog.models import Asset, AssetTerm, Domain, Glossary, GlossaryTerm, Tag
from catalog.services import create_concept, update_asset
from tests.adminkit import form_of, make_asset, messages_of, page, session_of
from tests.catalog.admin.pages import ASSETS, save


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
    assert (
        "There is no term 'nothing', or more than one"
        in messages_of(browser.post(url, {**body, "term": "nothing"}, follow=True))[0]
    )
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
        ("domain", {"name": "Payments", "parent": "domain", "description": "Money", "type": "source_aligned"}),
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


def test_the_picker_of_terms_shows_twenty_names_a_page(
    browser: Client, words: dict[str, Any], alice_actor: Actor, charlie_member: Membership
) -> None:
    for number in range(20):
        term = {"name": f"Customer {number:02}", "glossary": "Business"}
        create_concept(actor=alice_actor, model=GlossaryTerm, data=term)
    url = page("catalog_term_names")
    first = browser.get(url, {"term": "CUSTOMER"}).json()
    assert [one["text"] for one in first["results"]][:2] == ["Business.Customer", "Business.Customer 00"]
    assert (len(first["results"]), first["pagination"]) == (20, {"more": True})
    last = browser.get(url, {"term": "customer", "page": "2"}).json()
    assert last == {
        "results": [{"id": "Business.Customer 19", "text": "Business.Customer 19"}],
        "pagination": {"more": False},
    }
    assert browser.get(url, {"term": "CUSTOMER", "page": "x"}).json() == first
    assert session_of(charlie_member).get(url, {"term": "customer"}).json()["results"] == []


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


def test_domains_are_listed_by_their_type(browser: Client, alice_actor: Actor, words: dict[str, Any]) -> None:
    create_concept(actor=alice_actor, model=Domain, data={"name": "Reports", "type": "consumer_aligned"})
    rows = browser.get(page("catalog_domain_changelist"), {"type": "consumer_aligned"}).content.decode()
    assert ("Reports" in rows, ">Finance<" in rows, "Consumer-aligned" in rows) == (True, False, True)
