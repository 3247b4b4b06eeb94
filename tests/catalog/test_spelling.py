"""Words that are typed with a slip find what was meant, and others find nothing."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actor import Actor
from catalog.models import Spelling
from catalog.search import facets, search
from catalog.search.spelling import edits, nearest, remember
from catalog.services import delete_asset
from tests.catalog.conftest import make_asset


def found(actor: Actor, query: str, **options: Any) -> list[str]:
    return [hit.name for hit in search(actor=actor, query=query, **options).hits]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("orders", "orders", 0),
        ("ordres", "orders", 1),
        ("rodres", "orders", 2),
        ("oders", "orders", 1),
        ("oorders", "orders", 1),
        ("orderd", "orders", 1),
        ("ca", "abc", 3),
        ("abcdef", "uvwxyz", 3),
        ("a", "abcdef", 3),
    ],
)
def test_edits_are_counted_up_to_as_many_as_matter(one, other, expected):
    assert edits(one, other, 2) == edits(other, one, 2) == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        # transposed, missing, doubled and wrong letters: at the start, in the middle, at the end
        ("rodres", None), ("rosders", None), ("roders", "orders"), ("ordres", "orders"), ("ordesr", "orders"),
        ("oders", "orders"), ("oorders", "orders"), ("ordders", "orders"), ("orderss", "orders"),
        ("irders", "orders"), ("orxers", "orders"), ("orderz", "orders"),
        # four letters
        ("suer", "UserSessions"), ("usre", "UserSessions"), ("uzer", "UserSessions"), ("useer", "UserSessions"),
        ("sesions", "UserSessions"), ("sessoins", "UserSessions"),
        ("shipmnets", "daily_shipments"), ("hsipments", "daily_shipments"), ("shipmentts", "daily_shipments"),
        # eight letters and more may have two slips
        ("shpmnets", "daily_shipments"), ("hsipmenst", "daily_shipments"), ("chipmentz", "daily_shipments"),
        ("chpmnets", None),
        # of three letters, none
        ("tca", None), ("xta", None),
        # several words, one of them right
        ("daily shipmnets", "daily_shipments"), ("daliy shipmnets", "daily_shipments"),
        ("daily_shipmnets", "daily_shipments"), ("userSesions", "UserSessions"), ("user sesions", "UserSessions"),
        ("xyzzy shipmnets", None), ('"shipmnets"', None),
        # beyond ASCII
        ("uberweisugnen", "Überweisungen"), ("Üebrweisungen", "Überweisungen"),
        ("заакзы", "заказы"), ("закзы", "заказы"),
    ],
)  # fmt: skip
def test_a_slip_finds_what_was_meant(bob_actor: Actor, typed, meant):
    for name in ("orders", "UserSessions", "daily_shipments", "tax", "Überweisungen", "заказы"):
        make_asset(bob_actor, name, qualified_name=name)
    page = search(actor=bob_actor, query=typed)
    assert [hit.name for hit in page.hits] == ([] if meant is None else [meant])
    assert page.total == len(page.hits)
    assert all(0 < hit.score < 0.1 for hit in page.hits)


@pytest.mark.django_db
def test_what_was_meant_is_marked_counted_and_ordered_as_if_it_had_been_typed(bob_actor: Actor):
    make_asset(bob_actor, "by_column", schema=[{"name": "orders_total", "type": "int"}])
    make_asset(bob_actor, "old_orders", type="VIEW")
    make_asset(bob_actor, "orders_archive", tags=["gold"])
    make_asset(bob_actor, "orders")
    page = search(actor=bob_actor, query="ordres", with_facets=True)
    assert [hit.name for hit in page.hits] == ["orders", "orders_archive", "old_orders", "by_column"]
    assert page.hits[0].highlights["name"] == ["<em>orders</em>"]
    assert page.hits[3].highlights["columns"] == ["<em>orders</em>_total"]
    assert page.facets["type"] == {"TABLE": 3, "VIEW": 1}
    assert facets(actor=bob_actor, query="ordres", types=["VIEW"]).total == 1
    assert found(bob_actor, "ordres", limit=1, offset=1) == ["orders_archive"]
    assert found(bob_actor, "godl") == ["orders_archive"]


@pytest.mark.django_db
def test_all_that_are_as_near_are_found_and_none_that_is_further(bob_actor: Actor):
    for name in ("order", "orders", "shipment", "shipments"):
        make_asset(bob_actor, name, qualified_name=name)
    assert set(found(bob_actor, "ordes")) == {"order", "orders"}
    assert found(bob_actor, "shipmentz") == ["shipment", "shipments"]
    assert found(bob_actor, "shipmetns") == ["shipments"]


@pytest.mark.django_db
def test_a_word_counts_where_one_may_look_and_as_long_as_it_is_there(bob_actor: Actor, charlie_actor: Actor):
    mine = make_asset(bob_actor, "giraffes", qualified_name="a")
    make_asset(bob_actor, "griaffas_x", qualified_name="b", type="VIEW")
    assert found(charlie_actor, "griaffes") == []
    theirs = make_asset(charlie_actor, "giraffe", qualified_name="c")
    assert found(charlie_actor, "griaffes") == ["giraffe"]  # two edits; the word that is one edit away is not theirs
    assert found(bob_actor, "griaffes", types=["TABLE"]) == ["giraffes"]
    delete_asset(actor=bob_actor, asset=mine)
    assert found(bob_actor, "griaffes") == ["griaffas_x"]
    delete_asset(actor=charlie_actor, asset=theirs)
    assert found(charlie_actor, "griaffes") == []


@pytest.mark.django_db
def test_words_are_kept_once_and_found_by_a_statement(django_assert_num_queries):
    with django_assert_num_queries(2):
        remember(["orders", "tax", "order2", "customers", "订单", "orders"])
    assert set(Spelling.objects.values_list("word", flat=True)) == {"orders", "customers"}
    count = Spelling.objects.count()
    with django_assert_num_queries(1):
        remember({"orders", "customers"})
    with django_assert_num_queries(0):
        remember({"tax"})
    assert Spelling.objects.count() == count
    with django_assert_num_queries(1):
        near = nearest({"ordres", "costumesr"})
    assert near == {"ordres": [(1, "orders")], "costumesr": []}
    assert nearest({"costumers"}) == {"costumers": [(2, "customers")]}


@pytest.mark.django_db
def test_a_slip_takes_five_statements_and_what_is_there_none_more(bob_actor: Actor, django_assert_max_num_queries):
    for name in ("giraffes", "orders", "customers"):
        make_asset(bob_actor, name)
    with django_assert_max_num_queries(3):
        assert found(bob_actor, "giraffes") == ["giraffes"]
    with django_assert_max_num_queries(6):  # the sixth reads what is shown
        assert found(bob_actor, "griaffes") == ["giraffes"]


@pytest.mark.django_db
@pytest.mark.only_on("sqlite")
def test_a_total_of_what_is_merely_alike_is_exact_only_where_all_was_looked_at(bob_actor: Actor, monkeypatch):
    for name in ("tax_a", "tax_b", "tax_c"):
        make_asset(bob_actor, name, qualified_name=name)
    page = search(actor=bob_actor, query="taxs")
    assert (page.total, page.total_is_exact) == (3, True)
    monkeypatch.setattr("catalog.search.sqlite.SUSPECTS", 2)
    page = search(actor=bob_actor, query="taxs")
    assert (page.total, page.total_is_exact) == (2, False)
