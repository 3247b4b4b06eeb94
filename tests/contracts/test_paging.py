"""Lists: what a page asks for, and what each contract answers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import Organization
from contracts import paging
from contracts.paging import Window, in_total_order, rows_of
from tests.contracts.urls import PREFIXES

SLUGS = [f"s{number:03}" for number in range(45)]


@pytest.fixture
def things(acme: Organization) -> list[str]:
    """Acme and 45 more, in the order that the views list them."""
    Organization.objects.bulk_create(Organization(slug=slug, name="Same") for slug in SLUGS)
    return ["acme", *SLUGS]


def slugs(rows: list[dict[str, Any]]) -> list[str]:
    return [row["slug"] for row in rows]


def test_metastore_answers_data_and_pagination(editor: APIClient, things: list[str]) -> None:
    answer = editor.get("/v1/things").json()
    assert answer.keys() == {"data", "pagination"}
    assert slugs(answer["data"]) == things[:20]
    assert answer["pagination"] == {"total": 46, "limit": 20, "offset": 0, "has_more": True}
    answer = editor.get("/v1/things?limit=10&offset=40").json()
    assert slugs(answer["data"]) == things[40:]
    assert answer["pagination"] == {"total": 46, "limit": 10, "offset": 40, "has_more": False}


def test_an_offset_past_the_end_is_an_empty_page(editor: APIClient, things: list[str]) -> None:
    answer = editor.get(f"/v1/things?offset={2**63 - 1}").json()
    assert answer["data"] == []
    assert answer["pagination"] == {"total": 46, "limit": 20, "offset": 2**63 - 1, "has_more": False}


def test_collection_answers_under_the_views_key(editor: APIClient, things: list[str]) -> None:
    answer = editor.get("/api/v1/datasources/things?page=3&page_size=20").json()
    assert answer.keys() == {"data_sources", "total", "page", "page_size"}
    assert slugs(answer["data_sources"]) == things[40:]
    assert (answer["total"], answer["page"], answer["page_size"]) == (46, 3, 20)


def test_registry_answers_in_its_envelope(editor: APIClient, things: list[str]) -> None:
    answer = editor.get("/api/v1/sources/things?page=2&limit=20").json()
    assert answer["success"] is True
    assert slugs(answer["data"]) == things[20:40]
    assert answer["meta"] == {
        "pagination": {"page": 2, "per_page": 20, "total": 46, "pages": 3, "has_next": True, "has_prev": True}
    }


def test_registry_wraps_one_thing_without_meta(editor: APIClient, acme: Organization) -> None:
    answer = editor.get(f"/api/v1/sources/things/{acme.pk}").json()
    assert answer == {"success": True, "data": {"id": str(acme.pk), "slug": "acme", "name": "Acme"}}


def links_of(answer: Any) -> dict[str, dict[str, list[str]]]:
    """rel → the query of its link, which must be absolute."""
    found = {}
    for link, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', answer["Link"]):
        assert link.startswith("http://testserver/api/v2/things?")
        found[rel] = parse_qs(urlsplit(link).query)
    return found


def test_releases_answers_items_links_and_a_count(editor: APIClient, things: list[str]) -> None:
    answer = editor.get("/api/v2/things?page=2&limit=20&q=a%26b")
    assert answer.json().keys() == {"items", "total", "page", "limit"}
    assert slugs(answer.json()["items"]) == things[20:40]
    assert answer["X-Total-Count"] == "46"
    links = links_of(answer)
    assert {rel: query["page"] for rel, query in links.items()} == {
        "first": ["1"],
        "prev": ["1"],
        "next": ["3"],
        "last": ["3"],
    }
    assert all(query["q"] == ["a&b"] and query["limit"] == ["20"] for query in links.values())


@pytest.mark.parametrize(("page", "rels"), [(1, {"first", "next", "last"}), (3, {"first", "prev", "last"})])
def test_releases_links_only_where_there_is_a_page(
    page: int, rels: set[str], editor: APIClient, things: list[str]
) -> None:
    assert links_of(editor.get(f"/api/v2/things?page={page}")).keys() == rels


def test_an_empty_list_in_each_contract(editor: APIClient) -> None:
    said = {name: editor.get(f"{prefix}/things?nothing") for name, prefix in PREFIXES.items()}
    assert {answer.status_code for answer in said.values()} == {200}
    assert said["metastore"].json()["pagination"] == {"total": 0, "limit": 20, "offset": 0, "has_more": False}
    assert said["registry"].json()["meta"]["pagination"] == {
        "page": 1,
        "per_page": 20,
        "total": 0,
        "pages": 0,
        "has_next": False,
        "has_prev": False,
    }
    assert links_of(said["releases"]).keys() == {"first", "last"}
    assert said["entities"].json() == {"data": [], "paging": {"before": None, "after": None, "total": 0}}


LIMITS = {
    "metastore": "limit",
    "collection": "page_size",
    "registry": "limit",
    "releases": "limit",
    "entities": "limit",
}
BAD = ["0", "-1", "abc", "1.5", "1e2", "\u0663", "9" * 40, " 5", "+5", "0x10", "NaN", "null"]


@pytest.mark.parametrize("name", PREFIXES)
def test_a_limit_that_is_none_or_too_large_is_400(name: str, editor: APIClient) -> None:
    path, limit = f"{PREFIXES[name]}/things", LIMITS[name]
    most = 1000 if name == "entities" else 100
    assert editor.get(path, {limit: str(most)}).status_code == 200
    for bad in [*BAD, str(most + 1)]:
        answer = editor.get(path, {limit: bad})
        assert answer.status_code == 400, bad
        assert limit in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "place"),
    [("metastore", "offset"), ("collection", "page"), ("registry", "page"), ("releases", "page")],
)
def test_a_place_that_is_none_is_400(name: str, place: str, editor: APIClient) -> None:
    for bad in BAD:
        if (place, bad) != ("offset", "0"):
            assert editor.get(f"{PREFIXES[name]}/things", {place: bad}).status_code == 400, bad


def test_registry_pages_end_at_ten_thousand(editor: APIClient) -> None:
    assert editor.get("/api/v1/sources/things?page=10000").status_code == 200
    answer = editor.get("/api/v1/sources/things?page=10001")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("name", ["collection", "releases"])
def test_the_largest_page_is_an_empty_one(name: str, editor: APIClient) -> None:
    answer = editor.get(f"{PREFIXES[name]}/things", {"page": str(2**63 // 100 - 1)})
    assert answer.status_code == 200


# Deep pages --------------------------------------------------------------------------------------

ORDERS = [("slug",), ("-slug",), ("name",), ("-name", "slug"), ("name", "-slug"), ("-created_at", "-pk")]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_deep_pages_hold_every_row_once_and_in_order(order: tuple[str, ...], things, monkeypatch) -> None:
    monkeypatch.setattr(paging, "DEEP", 3)
    queryset = Organization.objects.order_by(*order)
    expected = list(in_total_order(queryset))
    for limit in (1, 7, 45, 100):
        pages = [rows_of(queryset, Window(offset, limit), 46) for offset in range(0, 50, limit)]
        assert [row for page in pages for row in page] == expected


def test_rows_of_equal_values_have_an_order_of_their_own(things) -> None:
    assert in_total_order(Organization.objects.order_by("name")).query.order_by == ("name", "pk")
    assert in_total_order(Organization.objects.order_by("-name")).query.order_by == ("-name", "-pk")
    assert in_total_order(Organization.objects.order_by("-id")).query.order_by == ("-id",)
    assert in_total_order(Organization.objects.all()).query.order_by == ("slug", "pk")
    falling = in_total_order(Organization.objects.order_by(F("name").desc()))
    assert falling.query.order_by[-1] == "-pk"


def test_a_deep_page_reads_keys_first_and_from_the_nearer_end(things, monkeypatch) -> None:
    monkeypatch.setattr(paging, "DEEP", 3)
    with CaptureQueriesContext(connection) as said:
        rows = rows_of(Organization.objects.order_by("slug"), Window(40, 5), 46)
    assert [row.slug for row in rows] == things[40:45]
    keys, full = (query["sql"] for query in said.captured_queries)
    assert "DESC" in keys
    assert "OFFSET 1" in keys
    assert "description" not in keys
    assert "description" in full
    assert "OFFSET" not in full


def test_what_the_queryset_selects_along_stays_selected(things, monkeypatch) -> None:
    monkeypatch.setattr(paging, "DEEP", 3)
    queryset = Organization.objects.order_by("slug").annotate(shout=F("slug")).only("slug")
    row = rows_of(queryset, Window(10, 1), 46)[0]
    assert row.shout == things[10]
    assert "description" in row.get_deferred_fields()


def test_a_row_that_went_between_keys_and_rows_is_left_out(things, monkeypatch) -> None:
    monkeypatch.setattr(paging, "DEEP", 3)
    queryset = Organization.objects.order_by("slug")
    before = rows_of(queryset, Window(5, 3), 46)

    class Vanishing(type(queryset)):  # type: ignore[misc]
        def filter(self, *args: Any, **kwargs: Any) -> Any:
            return super().filter(*args, **kwargs).exclude(pk=before[1].pk)

    queryset.__class__ = Vanishing
    assert rows_of(queryset, Window(5, 3), 46) == [before[0], before[2]]
