"""`/v1/search` and `/v1/search/facets`."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.catalog.conftest import make_asset

pytestmark = pytest.mark.django_db


@pytest.fixture
def assets(bob_actor) -> None:
    make_asset(bob_actor, "users", description="user table", tags=["PII", "Sensitive"])
    make_asset(bob_actor, "user_view", type="VIEW", tags=["PII"], owner="bob")


@pytest.mark.usefixtures("assets")
def test_hits_are_as_on_the_page(vera: APIClient):
    body = vera.get("/v1/search?q=user&type=TABLE&limit=20").json()
    assert body["total"] == 1
    assert body["total_is_exact"] is True
    (result,) = body["results"]
    assert result["asset"]["name"] == "users"
    assert result["asset"]["type"] == "TABLE"
    assert 0.9 < result["score"] <= 1
    assert result["highlights"]["name"] == ["<em>user</em>s"]
    assert result["highlights"]["description"] == ["<em>user</em> table"]


@pytest.mark.usefixtures("assets")
def test_facets_are_as_on_the_page(vera: APIClient):
    body = vera.get("/v1/search/facets?q=user").json()
    assert body["facets"] == {
        "type": {"TABLE": 1, "VIEW": 1},
        "tags": {"PII": 2, "Sensitive": 1},
        "source": {},
        "owner": {"Bob": 1},
        "domain": {},
    }
    assert vera.get("/v1/search/facets").json()["total"] == 2
    assert vera.get("/v1/search/facets?q=user&tag=Sensitive").json()["facets"]["type"] == {"TABLE": 1}


@pytest.mark.usefixtures("assets")
def test_a_search_is_limited_and_paged(vera: APIClient):
    def names(query: str) -> list[str]:
        response = vera.get(f"/v1/search?{query}")
        assert response.status_code == 200
        return [result["asset"]["name"] for result in response.json()["results"]]

    assert names("q=user") == ["users", "user_view"]
    assert names("q=user&limit=1&offset=1") == ["user_view"]
    assert names("q=user&type=VIEW,TOPIC") == names("q=user&owner=bob") == ["user_view"]
    assert names("q=user&tag=PII&tag=Sensitive") == ["users"]
    assert names("q=user&source=nowhere") == names("q=user&owner=nobody") == names("q=user&tag=none") == []
    assert names("q=user&kind=release") == []
    first = vera.get("/v1/search?q=user&limit=1").json()
    assert (first["limit"], first["offset"], first["has_more"]) == (1, 0, True)


@pytest.mark.usefixtures("assets")
def test_what_cannot_be_asked_is_refused_and_no_words_fail(vera: APIClient, charlie: APIClient, anonymous: APIClient):
    for query, field in (("", "q"), ("q=x&limit=101", "limit"), ("q=x&offset=x", "offset"), ("q=a&q=b", "q")):
        response = vera.get(f"/v1/search?{query}")
        assert response.status_code == 400
        assert field in response.json()["error"]["details"]
    many = ",".join(f"a{number}" for number in range(101))
    limits = (("kind=sofa", "kind"), ("type=SHOE", "type"), ("type=TABLE,table", "type"), ("type=DOMAIN", "type"))
    for limit, field in (*limits, (f"tag={many}", "tag"), (f"term={many}", "term"), ("kind=domain&type=VIEW", "type")):
        for path in ("search", "search/facets"):
            response = vera.get(f"/v1/{path}?q=x&{limit}")
            assert response.status_code == 400
            assert list(response.json()["error"]["details"]) == [field]
    for words in ("%22", "%27%3B--", "a%20%26%20", "%F0%9F%98%80", "x" * 5000, "%ff", "%5C", "%00", "a%00b"):
        assert vera.get(f"/v1/search?q={words}").status_code == 200
        assert vera.get(f"/v1/search/facets?q={words}").status_code == 200
    assert vera.get("/v1/search?q=us%00user").json()["total"] == vera.get("/v1/search?q=us%20user").json()["total"]
    for strict in ("q=a&tag=%00", "q=a&type=%00", "q=a&%00=b"):
        assert vera.get(f"/v1/search?{strict}").status_code == 400
    assert charlie.get("/v1/search?q=user").json()["results"] == []
    assert charlie.get("/v1/search/facets").json()["total"] == 0
    assert anonymous.get("/v1/search?q=user").status_code == 401


def test_types_are_those_of_the_kinds_that_are_looked_for(vera: APIClient):
    for query in (
        "kind=domain&type=DOMAIN",
        "kind=asset,domain&type=DOMAIN,VIEW",
        "kind=source&type=dna",
        "kind=asset,tool&type=x",
    ):
        assert vera.get(f"/v1/search?q=x&{query}").status_code == 200
