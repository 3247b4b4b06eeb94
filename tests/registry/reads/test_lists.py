"""Searches and lists: what they find, their filters, order and pages."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.actor import Actor
from registry.models import Entry, Version
from tests.registry.entries import put
from tests.registry.reads.asking import body

pytestmark = pytest.mark.django_db


def test_searches_both_kinds(anonymous: APIClient, insulin: Version, blast: Version) -> None:
    answer = body(anonymous, "/search?q=insulin&type=data_source&organism=human&format=fasta")
    (source,) = answer["data"]["data_sources"]
    assert answer["data"]["tools"] == []
    assert answer["data"]["total"] == 1
    assert source["available_formats"] == ["fasta", "xml"]
    assert (source["external_version"], source["url"]) == ("2025_01", "/sources/acme/P01308")
    assert answer["meta"]["query"] == "insulin"
    assert answer["meta"]["filters"] == {"type": ["data_source"], "organism": "human", "format": "fasta"}
    assert answer["meta"]["pagination"]["total"] == 1
    found = body(anonymous, "/search?q=similarity")["data"]
    assert (found["data_sources"], found["tools"][0]["slug"]) == ([], "blast")


@pytest.mark.parametrize(
    "query", ["organism=mouse", "format=csv", "type=tool", "organism=human&format=csv", "organism=10090"]
)
def test_search_filters_narrow_down(anonymous: APIClient, insulin: Version, query: str) -> None:
    assert body(anonymous, f"/search?q=insulin&{query}")["data"]["total"] == 0


@pytest.mark.parametrize("organism", ["human", "Homo sapiens", "homo%20SAPIENS", "9606"])
def test_organisms_are_found_by_any_name(anonymous: APIClient, insulin: Version, organism: str) -> None:
    assert body(anonymous, f"/search?q=insulin&organism={organism}")["data"]["total"] == 1
    assert body(anonymous, f"/sources?organism={organism}")["meta"]["pagination"]["total"] == 1


@pytest.mark.parametrize(
    "query", ["/search", "/search?q=", "/search?q=a&type=dataset", "/sources?sort=secret", "/sources?page=0",
              "/sources?page=10001", "/sources?limit=101", "/sources?limit=x", "/sources?org=%00"]
)  # fmt: skip
def test_queries_that_mean_nothing_are_400(anonymous: APIClient, insulin: Version, query: str) -> None:
    assert body(anonymous, query, 400)["error"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("org=acme", 3),
        ("org=nowhere", 0),
        ("type=protein", 1),
        ("type=protein,genome", 2),
        ("format=fasta", 2),
        ("format=csv", 1),
        ("tag=hormone", 1),
        ("tag=Hormone&tag=protein", 1),
        ("tag=hormone&tag=none", 0),
        ("organism=mouse", 1),
        ("organism=123456789012345", 0),
        ("type=protein&organism=human&format=fasta&tag=hormone&org=acme", 1),
    ],
)
def test_lists_filter(anonymous: APIClient, insulin: Version, bob_actor: Actor, query: str, total: int) -> None:
    put(bob_actor, "acme:mm39@1.0", type="genome", organism="Mus musculus")
    put(bob_actor, "acme:table@1.0", {"a.csv": b"a,b\n"}, type="dataset")
    answer = body(anonymous, f"/sources?{query}")
    assert answer["meta"]["pagination"]["total"] == len(answer["data"]) == total


def test_lists_filter_by_many_labels(anonymous: APIClient, bob_actor: Actor) -> None:
    """More of them than are looked for one by one: all must be carried, in whatever case and however often said."""
    tags = [f"tag{number}" for number in range(12)]
    put(bob_actor, "acme:all@1.0", tags=tags)
    put(bob_actor, "acme:most@1.0", tags=tags[:-1])
    for said, slugs in ((tags, ["all"]), (tags[:-1], ["all", "most"]), ([*tags, "TAG0"], ["all"]), ([*tags, "x"], [])):
        answer = body(anonymous, "/sources?" + "&".join(f"tag={tag}" for tag in said))
        assert [row["slug"] for row in answer["data"]] == slugs


def test_lists_sort_by_several_fields(anonymous: APIClient, bob_actor: Actor) -> None:
    for slug, downloads, name in (("a", 5, "Z"), ("b", 9, "Y"), ("c", 5, "X")):
        put(bob_actor, f"acme:{slug}@1.0", name=name)
        Entry.objects.filter(slug=slug).update(downloads=downloads)

    def order(sort: str) -> list[str]:
        return [row["slug"] for row in body(anonymous, f"/sources?sort={sort}")["data"]]

    assert order("") == ["a", "b", "c"]
    assert order("-downloads,name") == ["b", "c", "a"]
    assert order("downloads,-name") == ["a", "c", "b"]
    assert order("name") == ["c", "b", "a"]
    assert order("-created_at") == ["c", "b", "a"]


def test_pages_meet_without_gaps(anonymous: APIClient, bob_actor: Actor) -> None:
    for number in range(5):
        put(bob_actor, f"acme:s{number}@1.0")
    seen = []
    for page in (1, 2, 3):
        answer = body(anonymous, f"/sources?limit=2&page={page}")
        seen += [row["slug"] for row in answer["data"]]
        assert answer["meta"]["pagination"]["has_next"] is (page < 3)
    assert seen == ["s0", "s1", "s2", "s3", "s4"]
