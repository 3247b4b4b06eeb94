"""What is found, in which order, and how it is shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import ANONYMOUS, Actor
from catalog.models import Asset
from catalog.search import Document, facets, index_documents, matching, remove_documents, search
from catalog.services import delete_asset, update_asset
from tests.catalog.conftest import make_asset

pytestmark = pytest.mark.django_db


def found(actor: Actor, query: str, **options: Any) -> list[str]:
    page = search(actor=actor, query=query, **options)
    assert page.total >= len(page.hits)
    return [hit.name for hit in page.hits]


def test_words_of_names_are_found_however_they_are_joined(bob_actor: Actor):
    for name in ("user_events", "UserSessions", "HTTPServerLog", "orders2024", "customer.dotted-name"):
        make_asset(bob_actor, name)
    assert set(found(bob_actor, "user")) == {"user_events", "UserSessions"}
    assert found(bob_actor, "events") == ["user_events"]
    assert found(bob_actor, "server") == ["HTTPServerLog"]
    assert found(bob_actor, "http log") == ["HTTPServerLog"]
    assert found(bob_actor, "2024") == ["orders2024"]
    assert found(bob_actor, "dotted") == ["customer.dotted-name"]
    assert found(bob_actor, "USER EVENTS") == found(bob_actor, "userevents") == ["user_events"]
    assert found(bob_actor, "user_sessions") == ["UserSessions"]


@pytest.mark.parametrize("query", ["prod.public.orders", "PROD.Public.Orders", "  prod.public.orders "])
def test_a_whole_qualified_name_finds_its_asset_first(bob_actor: Actor, query: str):
    make_asset(bob_actor, "orders", qualified_name="prod.public.orders")
    make_asset(bob_actor, "orders", qualified_name="prod.public.orders.orders")
    make_asset(bob_actor, "prod public orders checks", qualified_name="checks.prod.public.orders")
    page = search(actor=bob_actor, query=query)
    assert page.hits[0].path == "prod.public.orders"
    assert (page.hits[0].score, page.total) == (1.0, 3)


def test_the_last_word_is_a_beginning_and_the_others_are_whole(bob_actor: Actor):
    make_asset(bob_actor, "customer_orders")
    assert found(bob_actor, "customer ord") == ["customer_orders"]
    assert found(bob_actor, "cust") == ["customer_orders"]
    assert found(bob_actor, "cust zebra") == []


def test_parts_of_words_are_found_where_words_are_not(bob_actor: Actor):
    make_asset(bob_actor, "customers")
    make_asset(bob_actor, "tomatoes")
    assert found(bob_actor, "tom") == ["tomatoes", "customers"]
    assert found(bob_actor, "stomer") == ["customers"]
    assert found(bob_actor, "%") == found(bob_actor, "_") == []
    assert found(bob_actor, "s%m") == []


def test_a_misspelled_name_is_found_where_nothing_else_is(bob_actor: Actor):
    make_asset(bob_actor, "customers")
    make_asset(bob_actor, "invoices")
    assert found(bob_actor, "custmers") == ["customers"]
    assert found(bob_actor, "xylophone") == []
    page = search(actor=bob_actor, query="custmers")
    assert 0 < page.hits[0].score < 0.1


def test_chinese_is_found_by_words_of_any_length(bob_actor: Actor):
    make_asset(bob_actor, "用户订单表", description="每个用户的订单明细数据")
    make_asset(bob_actor, "商品")
    for query in ("用户", "订单", "单表", "用户订单", "户", "表", "订单明细", "用户 明细"):
        assert found(bob_actor, query) == ["用户订单表"], query
    assert found(bob_actor, "户用") == found(bob_actor, "用单") == []
    assert search(actor=bob_actor, query="订单").hits[0].highlights["name"] == ["用户<em>订单</em>表"]


def test_accents_and_case_make_no_difference(bob_actor: Actor):
    make_asset(bob_actor, "Überweisungen_Café")
    for query in ("uberweisungen", "ÜBERWEISUNGEN", "cafe", "cafe\u0301"):
        assert found(bob_actor, query) == ["Überweisungen_Café"], query


def test_columns_tags_and_descriptions_are_found_after_names(bob_actor: Actor):
    make_asset(bob_actor, "by_description", description="about the zebra")
    make_asset(bob_actor, "by_column", schema=[{"name": "zebra_id", "type": "int"}])
    make_asset(bob_actor, "by_tag", tags=["zebra"])
    make_asset(bob_actor, "zebra")
    make_asset(bob_actor, "zebra_stripes")
    make_asset(bob_actor, "old_zebra")
    names = found(bob_actor, "zebra")
    assert names[:3] == ["zebra", "zebra_stripes", "old_zebra"]
    assert set(names[3:]) == {"by_description", "by_column", "by_tag"}
    assert names[-1] == "by_description"
    scores = [hit.score for hit in search(actor=bob_actor, query="zebra").hits]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == 1.0
    assert all(0 <= score <= 1 for score in scores)


def test_phrases_are_found_in_order_and_not_across_columns(bob_actor: Actor):
    make_asset(bob_actor, "a", description="the gross margin of each order")
    make_asset(bob_actor, "b", description="margin gross")
    make_asset(bob_actor, "c", schema=[{"name": "gross", "type": "int"}, {"name": "margin", "type": "int"}])
    assert found(bob_actor, '"gross margin"') == ["a"]
    assert set(found(bob_actor, "gross margin")) == {"a", "b", "c"}
    assert found(bob_actor, '"gross margin') == found(bob_actor, "gross margin")


def test_highlights_are_safe_html(bob_actor: Actor):
    make_asset(
        bob_actor,
        "<script>users",
        description="a <b>user</b> table & more " * 40,
        tags=["user's"],
        schema=[{"name": "user_id", "type": "int"}, {"name": "x", "type": "int"}],
    )
    highlights = search(actor=bob_actor, query="user").hits[0].highlights
    assert highlights["name"] == ["&lt;script&gt;<em>user</em>s"]
    assert highlights["columns"] == ["<em>user</em>_id"]
    assert highlights["tags"] == ["<em>user</em>&#x27;s"]
    assert "&lt;b&gt;<em>user</em>&lt;/b&gt;" in highlights["description"][0]
    assert all("<b>" not in fragment for fragment in highlights["description"])
    assert 1 <= len(highlights["description"]) <= 3
    assert max(map(len, highlights["description"])) < 400


def test_the_pages_own_example(bob_actor: Actor):
    make_asset(bob_actor, "users", description="user table")
    (hit,) = search(actor=bob_actor, query="user").hits
    assert hit.highlights["name"] == ["<em>user</em>s"]
    assert hit.highlights["description"] == ["<em>user</em> table"]
    assert 0.9 < hit.score < 1


def test_filters_limit_what_is_found(bob_actor: Actor, origin):
    make_asset(bob_actor, "zebra_one", tags=["PII", "c++"])
    make_asset(bob_actor, "zebra_two", type="VIEW", tags=["C"], owner="bob")
    assert found(bob_actor, "zebra", types=["VIEW"]) == ["zebra_two"]
    assert set(found(bob_actor, "zebra", types=["VIEW", "TABLE"])) == {"zebra_one", "zebra_two"}
    assert found(bob_actor, "zebra", tags=["pii"]) == ["zebra_one"]
    assert found(bob_actor, "zebra", tags=["c"]) == ["zebra_two"]
    assert found(bob_actor, "zebra", owners=[bob_actor.user_id or origin.pk]) == ["zebra_two"]
    assert found(bob_actor, "zebra", kinds=["source"]) == []
    assert set(found(bob_actor, "", types=["VIEW"])) == {"zebra_two"}


def test_facets_count_what_was_found(bob_actor: Actor):
    make_asset(bob_actor, "zebra_one", tags=["PII", "gold"], owner="bob")
    make_asset(bob_actor, "zebra_two", type="VIEW", tags=["PII"])
    make_asset(bob_actor, "other", tags=["PII"])
    counts = facets(actor=bob_actor, query="zebra")
    assert counts.facets == {
        "type": {"TABLE": 1, "VIEW": 1},
        "tags": {"PII": 2, "gold": 1},
        "source": {},
        "owner": {"Bob": 1},
        "domain": {},
    }
    assert list(counts.facets["tags"]) == ["PII", "gold"]
    assert (counts.total, counts.total_is_exact, counts.hits) == (2, True, [])
    assert facets(actor=bob_actor, query="").facets["type"] == {"TABLE": 2, "VIEW": 1}
    assert facets(actor=bob_actor, query="nothing like it").facets["type"] == {}


def test_pages_do_not_overlap(bob_actor: Actor):
    for n in range(7):
        make_asset(bob_actor, f"zebra_{n}")
    pages = [found(bob_actor, "zebra", limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert len({name for page in pages for name in page}) == 7
    assert found(bob_actor, "zebra", limit=3, offset=10**9) == []


def test_the_index_follows_every_change(bob_actor: Actor):
    asset = make_asset(bob_actor, "giraffe", qualified_name="q1")
    update_asset(actor=bob_actor, asset=asset, changes={"name": "zebra", "qualified_name": "q2"})
    assert found(bob_actor, "giraffe") == []
    assert found(bob_actor, "zebra") == ["zebra"]
    delete_asset(actor=bob_actor, asset=asset)
    assert found(bob_actor, "zebra") == []
    assert found(bob_actor, "zeb") == []


def test_another_organization_finds_nothing_of_it_but_what_is_public(
    bob_actor: Actor, charlie_actor: Actor, acme, charlie_member
):
    asset = make_asset(bob_actor, "zebra", tags=["PII"])
    assert found(charlie_actor, "zebra") == found(charlie_actor, "zeb") == found(charlie_actor, "zebrx") == []
    assert facets(actor=charlie_actor, query="").total == 0
    assert found(ANONYMOUS, "zebra") == []
    public = Document(charlie_member.pk, acme.pk, "source", "", "zebra genomes", is_public=True)
    index_documents([public])
    assert found(charlie_actor, "zebra") == found(ANONYMOUS, "zebra") == ["zebra genomes"]
    assert found(bob_actor, "zebra") == ["zebra", "zebra genomes"]
    remove_documents([public.entity_id])
    assert found(ANONYMOUS, "zebra") == []
    assert found(bob_actor, f"public o{acme.pk.hex} kasset") == []
    assert search(actor=bob_actor, query="zebra").hits[0].id == asset.pk


def test_an_exact_name_is_first_among_more_than_are_ranked(bob_actor: Actor, monkeypatch):
    monkeypatch.setattr("catalog.search.engine.CANDIDATES", 5)
    monkeypatch.setattr("catalog.search.postgresql.CANDIDATES", 5)
    monkeypatch.setattr("catalog.search.sqlite._LIMIT", "LIMIT 6")
    for n in range(12):
        make_asset(bob_actor, f"old_zebra_{n}")
    make_asset(bob_actor, "zebra")
    page = search(actor=bob_actor, query="zebra")
    assert page.hits[0].name == "zebra"
    assert (page.total, page.total_is_exact) == (6, False)


@pytest.mark.parametrize(
    "query",
    [
        '"', '""', '"a', "'", "a'b", "\\", "a\\", "a & b | !c", "a:*", "a <-> b", "NEAR(a b)", "a NOT b", "-a", "^a",
        "a*", "name : a", "(", ")", "{a} : b", "%", "_", "\x00", "a\x00b", "😀", "a😀b", "\ud800", "x" * 10_000,
        "a " * 5000, '"' * 999, "'; DROP TABLE catalog_asset; --", "٣٤", "\u200b", "ﬁ", "AND", "OR OR", "İ", "ß" * 300,
        "数" * 9000, "a\nb\tc", "\u0301", "%s", "%(x)s", "{}", "$1", "?", "e\u0301" * 300, "1e5", "0x1F",
        "a" * 39 + "_b",
    ],
)  # fmt: skip
def test_no_query_fails(bob_actor: Actor, query):
    make_asset(bob_actor, "a_b_c", description="a b c")
    page = search(actor=bob_actor, query=query, with_facets=True)
    assert page.total_is_exact
    assert page.total in {0, 1}
    ids: Any = matching(actor=bob_actor, query=query)
    if ids is not None:
        assert Asset.objects.filter(pk__in=ids).count() in {0, 1}


def test_assets_can_be_filtered_by_words(bob_actor: Actor, charlie_actor: Actor):
    make_asset(bob_actor, "zebra_one", schema=[{"name": "stripes", "type": "int"}])
    make_asset(bob_actor, "other")
    make_asset(charlie_actor, "zebra_two")

    def names(query: str) -> list[str]:
        ids: Any = matching(actor=bob_actor, query=query)
        return list(Asset.objects.filter(pk__in=ids).values_list("name", flat=True))

    assert names("zebra") == names("ebra") == names("stripes") == ["zebra_one"]
    assert names("nothing") == names("!!!") == []
    assert matching(actor=bob_actor, query="  ") is None


def test_a_rare_word_takes_three_statements_and_a_page_two(bob_actor: Actor, django_assert_max_num_queries):
    for n in range(25):
        make_asset(bob_actor, f"zebra_{n}")
    make_asset(bob_actor, "giraffe")
    with django_assert_max_num_queries(2):
        assert len(found(bob_actor, "zebra")) == 20
    with django_assert_max_num_queries(3):
        assert found(bob_actor, "giraffe") == ["giraffe"]


@pytest.mark.only_on("sqlite")  # how it goes about it
@pytest.mark.parametrize("query", ["rders", "ordesr"])
def test_parts_are_looked_for_once_and_not_for_each_document(bob_actor: Actor, query: str):
    make_asset(bob_actor, "customer_orders")
    with CaptureQueriesContext(connection) as seen:
        assert found(bob_actor, query, kinds=["asset"]) == ["customer_orders"]
        words: Any = matching(actor=bob_actor, query=query)
        assert Asset.objects.filter(pk__in=words).exists() == (query == "rders")
    asked = [statement["sql"] for statement in seen.captured_queries if "catalog_search_parts p" in statement["sql"]]
    assert asked
    with connection.cursor() as cursor:
        for sql in asked:
            cursor.execute("EXPLAIN QUERY PLAN " + sql)
            steps = [detail for *_, detail in cursor.fetchall() if detail.startswith("SCAN p ")]
            assert steps
            assert not any(":=" in step for step in steps), steps  # FTS5's mark of a lookup by rowid
