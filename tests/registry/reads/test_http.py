"""Caches, other sites, limits, and what a list costs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.actor import Actor
from accounts.models import Membership
from registry.models import Entry, Version
from tests.conftest import PASSWORD
from tests.registry.entries import INSULIN, put
from tests.registry.reads.asking import API, PATHS, body

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", [*PATHS, "/sources", "/organizations", "/stats", "/search?q=insulin"])
def test_answers_can_be_cached_and_revalidated(
    path: str, anonymous: APIClient, vera: APIClient, insulin: Version, blast: Version
) -> None:
    answer = anonymous.get(f"{API}{path}")
    assert answer["Cache-Control"] == "public, max-age=3600"
    again = anonymous.get(f"{API}{path}", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    for header in ("ETag", "Cache-Control", "Vary"):
        assert again[header] == answer[header], header
    assert not again.has_header("Content-Length")
    assert "private" in vera.get(f"{API}{path}")["Cache-Control"]


def test_a_304_costs_one_small_query(anonymous: APIClient, insulin: Version, django_assert_num_queries: Any) -> None:
    etag = anonymous.get(f"{API}/sources/acme/P01308")["ETag"]
    with django_assert_num_queries(1) as ran:
        answer = anonymous.get(f"{API}/sources/acme/P01308", headers={"If-None-Match": etag})
    assert answer.status_code == 304
    assert isinstance(ran, CaptureQueriesContext)
    assert "metadata" not in ran.captured_queries[0]["sql"]


def test_the_tag_changes_with_the_answer(anonymous: APIClient, bob_actor: Actor, insulin: Version) -> None:
    path = f"{API}/sources/acme/P01308"
    before = anonymous.get(path)["ETag"]
    Entry.objects.update(downloads=1)
    counted = anonymous.get(path)["ETag"]
    put(bob_actor, "acme:P01308@1.6")
    published = anonymous.get(path, headers={"If-None-Match": counted})
    assert published.status_code == 200
    assert len({before, counted, published["ETag"]}) == 3
    assert "Last-Modified" in published


def test_lists_cost_a_constant_number_of_queries(
    anonymous: APIClient, bob_actor: Actor, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        put(bob_actor, f"acme:s{number}@1.0", {"a.fasta": INSULIN})
    with django_assert_max_num_queries(3):
        assert len(body(anonymous, "/sources")["data"]) == 6


def test_browsers_of_all_sites_may_read(anonymous: APIClient, insulin: Version) -> None:
    answer = anonymous.get(f"{API}/sources/acme/P01308", headers={"Origin": "https://elsewhere.example"})
    assert answer["Access-Control-Allow-Origin"] == "*"
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    preflight = anonymous.options(f"{API}/sources", headers=asked)
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS"):
        assert method in preflight["Access-Control-Allow-Methods"]
    for header in ("content-type", "authorization", "x-api-key", "if-none-match", "range", "x-checksum-sha256"):
        assert header in preflight["Access-Control-Allow-Headers"].lower()
    for header in ("ETag", "Retry-After", "Content-Range", "X-RateLimit-Remaining"):
        assert header in answer["Access-Control-Expose-Headers"]


def test_browsers_of_all_sites_may_sign_in(anonymous: APIClient) -> None:
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}
    assert anonymous.options(f"{API}/auth/token", headers=asked)["Access-Control-Allow-Origin"] == "*"
    for path in ("/auth/login", "/datasources"):  # of other contracts, which promise no such thing
        assert not anonymous.options(f"{API}{path}", headers=asked).has_header("Access-Control-Allow-Origin")


def test_the_anonymous_are_limited(anonymous: APIClient, settings: Any, insulin: Version) -> None:
    settings.RATE_REGISTRY_ANONYMOUS = "2/hour"
    client = APIClient(REMOTE_ADDR="10.9.8.7")
    assert client.get(f"{API}/stats")["X-RateLimit-Remaining"] == "1"
    client.get(f"{API}/stats")
    refused = client.get(f"{API}/stats")
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert set(refused.json()["error"]["details"]) == {"limit", "reset_at"}
    assert int(refused["Retry-After"]) > 0


def test_who_has_used_up_what_the_anonymous_may_ask_can_still_sign_in(alice_member: Membership, settings: Any) -> None:
    settings.RATE_REGISTRY_ANONYMOUS, settings.RATE_REGISTRY_AUTHENTICATED = "1/hour", "4/hour"
    client = APIClient(REMOTE_ADDR="10.9.8.6")
    client.get(f"{API}/stats")
    assert client.get(f"{API}/stats").status_code == 429
    login = {"username": "alice", "password": PASSWORD}
    signed_in = client.post(f"{API}/auth/token", login, format="json")
    assert (signed_in.status_code, signed_in["X-RateLimit-Remaining"]) == (200, "3")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {signed_in.json()['data']['token']}")
    assert client.get(f"{API}/stats").status_code == 200
