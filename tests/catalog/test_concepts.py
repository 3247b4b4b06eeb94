"""Domains, glossaries and terms: named below each other, renamed, moved, deleted, brought back."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actor import Actor
from accounts.services import create_team, delete_team
from audit.models import AuditEvent
from catalog.models import Concept, Domain, Glossary, GlossaryTerm
from catalog.search import search
from catalog.services import create_concept, delete_concept, link_term, restore_concept, update_asset, update_concept
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from tests.catalog.conftest import last_event, make_asset, state_after, state_before

pytestmark = pytest.mark.django_db

COLUMNS = [
    {"name": "email", "type": "text"},
    {"name": "address", "type": "row", "children": [{"name": "the.city", "type": "text"}]},
]


def domain(actor: Actor, name: str, **data: Any) -> Domain:
    return create_concept(actor=actor, model=Domain, data={"name": name, **data})


def glossary(actor: Actor, name: str = "Business") -> Glossary:
    return create_concept(actor=actor, model=Glossary, data={"name": name})


def term(actor: Actor, name: str, **data: Any) -> GlossaryTerm:
    return create_concept(actor=actor, model=GlossaryTerm, data={"name": name, **data})


def again(concept: Concept) -> Any:
    return type(concept)._default_manager.get(pk=concept.pk)


def found(actor: Actor, words: str, *kinds: str) -> list[str]:
    return [hit.path for hit in search(actor=actor, query=words, kinds=kinds).hits]


# Names -------------------------------------------------------------------------------------------


def test_full_names_are_unique_whatever_their_case(bob_actor: Actor, charlie_actor: Actor):
    finance = domain(bob_actor, "Finance")
    inner = domain(bob_actor, "pay.ments", parent="finance")
    assert inner.fully_qualified_name == 'Finance."pay.ments"'
    domain(bob_actor, "pay.ments")
    domain(charlie_actor, "Finance")
    with pytest.raises(Conflict) as caught:
        domain(bob_actor, "FINANCE")
    assert caught.value.details["domain_id"] == str(finance.pk)
    with pytest.raises(Conflict):
        domain(bob_actor, "Pay.ments", parent=str(finance.pk))


def test_a_rename_is_followed_by_all_below(bob_actor: Actor):
    book = glossary(bob_actor)
    wide = term(bob_actor, "Party", glossary="business", status="approved")
    narrow = term(bob_actor, "Customer", parent="Business.Party", synonyms=["client", "buyer"])
    assert narrow.glossary == book
    asset = make_asset(bob_actor, terms=["Customer"])
    update_concept(actor=bob_actor, concept=book, changes={"name": "Words"})
    assert again(narrow).fully_qualified_name == "Words.Party.Customer"
    assert (again(narrow).version, again(wide).version, again(book).version) == (2, 2, 2)
    assert state_before(narrow.pk)["fully_qualified_name"] == "Business.Party.Customer"
    assert state_after(narrow.pk)["fully_qualified_name"] == "Words.Party.Customer"
    assert (last_event(asset.pk).action, state_after(asset.pk)["version"]) == ("CREATE", 1)
    assert found(bob_actor, "words customer", "glossary_term") == ["Words.Party.Customer"]
    assert found(bob_actor, "buyer", "glossary_term") == ["Words.Party.Customer"]


def test_a_concept_can_be_moved_but_not_into_itself(bob_actor: Actor):
    one, two = domain(bob_actor, "One"), domain(bob_actor, "Two")
    three = domain(bob_actor, "Three", parent="One")
    for parent in (str(one.pk), "One.Three"):
        with pytest.raises(Invalid) as caught:
            update_concept(actor=bob_actor, concept=one, changes={"parent": parent})
        assert "parent" in caught.value.fields
    update_concept(actor=bob_actor, concept=one, changes={"parent": "Two"})
    assert again(three).fully_qualified_name == "Two.One.Three"
    update_concept(actor=bob_actor, concept=again(three), changes={"parent": None})
    assert again(three).fully_qualified_name == "Three"
    assert again(two).version == 1


def test_a_term_stays_in_its_glossary(bob_actor: Actor):
    glossary(bob_actor)
    glossary(bob_actor, "Other")
    mine, theirs = term(bob_actor, "a", glossary="Business"), term(bob_actor, "b", glossary="Other")
    for changes, field in (({"glossary": "Other"}, "glossary"), ({"parent": str(theirs.pk)}, "parent")):
        with pytest.raises(Invalid) as caught:
            update_concept(actor=bob_actor, concept=mine, changes=changes)
        assert field in caught.value.fields
    with pytest.raises(Invalid):
        term(bob_actor, "c", glossary="Business", parent="Other.b")


def test_names_that_are_too_long_together_are_refused(bob_actor: Actor):
    parent: str | None = None
    for _ in range(9):
        parent = str(domain(bob_actor, "x" * 100, parent=parent).pk)
    with pytest.raises(Invalid) as caught:
        domain(bob_actor, "x" * 100, parent=parent)
    assert "name" in caught.value.fields


# Owners ------------------------------------------------------------------------------------------


def test_a_concept_is_owned_by_a_member_or_a_team(alice_actor: Actor, bob_actor: Actor):
    create_team(actor=alice_actor, data={"name": "Stewards"})
    mine = domain(bob_actor, "Mine", owner="bob@example.com")
    ours = domain(bob_actor, "Ours", owner={"name": "stewards", "type": "team"})
    assert mine.owner_id == bob_actor.user_id
    assert state_after(ours.pk)["owner"]["type"] == "team"
    update_concept(actor=bob_actor, concept=mine, changes={"owner": "Stewards"})
    assert (again(mine).owner, again(mine).owner_team.name) == (None, "Stewards")
    for owner in ("nobody", {"name": "Stewards", "type": "user"}, {"name": "bob", "type": "team"}):
        with pytest.raises(Invalid) as caught:
            update_concept(actor=bob_actor, concept=mine, changes={"owner": owner})
        assert "owner" in caught.value.fields


def test_a_deleted_team_owns_nothing(alice_actor: Actor, bob_actor: Actor):
    team = create_team(actor=alice_actor, data={"name": "Stewards"})
    asset, owned = make_asset(bob_actor, owner="stewards"), domain(bob_actor, "Mine", owner="Stewards")
    assert state_after(asset.pk)["owner"] == {"id": str(team.pk), "name": "Stewards", "type": "team"}
    delete_team(actor=alice_actor, team=team)
    for key in (asset.pk, owned.pk):
        assert state_before(key)["owner"]["name"] == "Stewards"
        assert state_after(key)["owner"] is None
        assert last_event(key).user_name == "Alice"
    asset.refresh_from_db()
    assert (asset.owner_team, asset.version, again(owned).version) == (None, 2, 2)


# Deleting ----------------------------------------------------------------------------------------


def test_what_holds_others_is_deleted_with_them_or_not_at_all(bob_actor: Actor):
    book = glossary(bob_actor)
    wide = term(bob_actor, "Party", glossary="Business")
    narrow = term(bob_actor, "Customer", parent="Business.Party")
    asset = make_asset(bob_actor, schema=COLUMNS, terms=["Customer", {"name": "Party", "column": "email"}])
    for concept in (book, wide):
        with pytest.raises(Conflict):
            delete_concept(actor=bob_actor, concept=concept)
    delete_concept(actor=bob_actor, concept=book, recursive=True)
    assert not GlossaryTerm.objects.visible_to(bob_actor).exists()
    assert state_after(asset.pk)["terms"] == []
    assert found(bob_actor, "customer", "glossary_term") == []
    deleted = AuditEvent.objects.filter(action="DELETE").order_by("id").values_list("entity_name", flat=True)
    assert list(deleted) == ["Business.Party.Customer", "Business.Party", "Business"]
    with pytest.raises(Conflict):
        restore_concept(actor=bob_actor, concept=narrow)
    restore_concept(actor=bob_actor, concept=book)
    assert again(narrow).deleted_at is None
    assert found(bob_actor, "customer", "glossary_term") == ["Business.Party.Customer"]
    assert [link["column"] for link in state_after(asset.pk)["terms"]] == [None, "email"]
    assert asset.terms.count() == 2


def test_what_was_deleted_before_is_not_brought_back_with_the_rest(bob_actor: Actor):
    outer, inner = domain(bob_actor, "Outer"), domain(bob_actor, "Inner", parent="Outer")
    delete_concept(actor=bob_actor, concept=inner)
    delete_concept(actor=bob_actor, concept=outer)
    domain(bob_actor, "Outer")
    with pytest.raises(Conflict):
        restore_concept(actor=bob_actor, concept=outer)
    update_concept(actor=bob_actor, concept=Domain.objects.visible_to(bob_actor).get(), changes={"name": "Another"})
    restore_concept(actor=bob_actor, concept=outer)
    assert again(inner).deleted_at is not None


def test_a_deleted_domain_is_left_by_its_assets(bob_actor: Actor):
    gone = domain(bob_actor, "Finance")
    asset = make_asset(bob_actor, domain="finance")
    hidden = make_asset(bob_actor, "hidden", domain="finance")
    hidden.__class__.objects.filter(pk=hidden.pk).update(deleted_at=hidden.created_at)
    delete_concept(actor=bob_actor, concept=gone, hard=True)
    assert state_before(asset.pk)["domain"] == {"id": str(gone.pk), "name": "Finance"}
    assert state_after(asset.pk)["domain"] is None
    hidden.refresh_from_db()
    assert (hidden.domain_id, Domain.objects.exists()) == (None, False)
    assert last_event(gone.pk).action == "DELETE"


# What an asset says --------------------------------------------------------------------------------


def test_terms_are_said_of_columns_that_are_there(bob_actor: Actor):
    glossary(bob_actor)
    word = term(bob_actor, "City", glossary="Business")
    asset = make_asset(bob_actor, schema=COLUMNS)
    assert link_term(actor=bob_actor, term_id=word.pk, asset_id=asset.pk, column='address."the.city"')
    assert not link_term(actor=bob_actor, term_id=word.pk, asset_id=asset.pk, column='address."the.city"')
    assert state_after(asset.pk)["terms"] == [
        {"id": str(word.pk), "name": "Business.City", "column": 'address."the.city"'}
    ]
    with pytest.raises(Invalid):
        link_term(actor=bob_actor, term_id=word.pk, asset_id=asset.pk, column="city")
    with pytest.raises(Invalid) as caught:
        update_asset(actor=bob_actor, asset=asset, changes={"terms": [{"name": "City", "column": "nope"}]})
    assert "terms.0.column" in caught.value.fields
    # A column that is gone keeps its term.
    update_asset(actor=bob_actor, asset=asset, changes={"schema": []})
    asset.refresh_from_db()
    assert (asset.version, asset.terms.get()) == (3, word)


def test_a_plain_name_means_a_term_only_where_one_has_it(bob_actor: Actor):
    glossary(bob_actor)
    glossary(bob_actor, "Other")
    term(bob_actor, "Customer", glossary="Business")
    asset = make_asset(bob_actor, terms=["customer"])
    term(bob_actor, "Customer", glossary="Other")
    with pytest.raises(Invalid):
        update_asset(actor=bob_actor, asset=asset, changes={"terms": ["customer"]})
    update_asset(actor=bob_actor, asset=asset, changes={"terms": ["other.customer"]})
    assert state_after(asset.pk)["terms"][0]["name"] == "Other.Customer"


def test_what_is_another_organizations_is_not_there(bob_actor: Actor, charlie_actor: Actor, vera_actor: Actor):
    glossary(charlie_actor)
    theirs = term(charlie_actor, "Customer", glossary="Business")
    place = domain(charlie_actor, "Finance")
    asset = make_asset(bob_actor)
    for changes in ({"terms": [str(theirs.pk)]}, {"domain": str(place.pk)}, {"owner": str(charlie_actor.user_id)}):
        with pytest.raises(Invalid):
            update_asset(actor=bob_actor, asset=asset, changes=changes)
    with pytest.raises(NotFound):
        link_term(actor=bob_actor, term_id=theirs.pk, asset_id=asset.pk)
    with pytest.raises(NotFound):
        link_term(actor=charlie_actor, term_id=theirs.pk, asset_id=asset.pk)
    for actor, refusal in ((bob_actor, NotFound), (vera_actor, Forbidden)):
        with pytest.raises(refusal):
            update_concept(actor=actor, concept=theirs, changes={"name": "x"})
        with pytest.raises(refusal):
            delete_concept(actor=actor, concept=place)
        with pytest.raises(refusal):
            restore_concept(actor=actor, concept=place)
    with pytest.raises(Invalid):
        domain(bob_actor, "Inner", parent=str(place.pk))
    with pytest.raises(Stale):
        update_concept(actor=charlie_actor, concept=place, changes={"name": "x"}, expected_version=4)


@pytest.mark.parametrize(
    ("model", "data", "field"),
    [
        (Domain, {}, "name"),
        (Domain, {"name": "x" * 101}, "name"),
        (Domain, {"name": "a", "parent": "nowhere"}, "parent"),
        (Domain, {"name": "a", "parent": 5}, "parent"),
        (Domain, {"name": "a", "definition": "x"}, "definition"),
        (Glossary, {"name": "a", "parent": "x"}, "parent"),
        (Glossary, {"name": "a", "description": 5}, "description"),
        (GlossaryTerm, {"name": "a"}, "glossary"),
        (GlossaryTerm, {"name": "a", "glossary": "nowhere"}, "glossary"),
        (GlossaryTerm, {"name": "a", "status": "good"}, "status"),
        (GlossaryTerm, {"name": "a", "synonyms": ["x", 5]}, "synonyms.1"),
        (GlossaryTerm, {"name": "a", "owner": {"id": 1, "shoe": 2}}, "owner.shoe"),
    ],
)
def test_bad_concepts_are_refused(bob_actor: Actor, model, data, field):
    with pytest.raises(Invalid) as caught:
        create_concept(actor=bob_actor, model=model, data=data)
    assert field in caught.value.fields
    assert not model.objects.exists()
