"""Filters declared with django-filter, at a route that has many of them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from contracts.filtering import moment_from
from tests.adminkit import make_asset


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T12:00:00 02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-02-31", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_moment_is_read_in_utc_unless_it_says_otherwise(text: str, moment: datetime | None) -> None:
    assert moment_from(text) == moment


@pytest.fixture
def _our_routes(settings) -> None:
    settings.ROOT_URLCONF = "config.urls"


@pytest.mark.usefixtures("_our_routes")
def test_every_parameter_that_means_nothing_is_named(alice) -> None:
    answer = alice.get("/v1/audits?since=yesterday&entity_id=7&action=UPDATE")
    assert answer.status_code == 400
    assert set(answer.json()["error"]["details"]) == {"since", "entity_id"}


@pytest.mark.usefixtures("_our_routes")
def test_an_empty_parameter_filters_nothing(alice, bob_actor) -> None:
    make_asset(bob_actor, "orders")
    every, empty = (alice.get(f"/v1/audits{query}").json() for query in ("", "?action=&since=&entity_id="))
    assert every["pagination"]["total"] == empty["pagination"]["total"] > 0


@pytest.mark.usefixtures("_our_routes")
@pytest.mark.parametrize("query", ["?typ=TABLE", "?_=1700000000", "?type=", "?type=&tag=&search=&limit="])
def test_a_parameter_that_is_not_known_or_says_nothing_narrows_nothing(alice, bob_actor, query) -> None:
    make_asset(bob_actor, "orders")
    answer = alice.get(f"/v1/assets{query}")
    assert (answer.status_code, answer.json()) == (200, alice.get("/v1/assets").json())


@pytest.mark.usefixtures("_our_routes")
@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("type=table", "type"),
        ("type=TABLE,", ""),
        ("type=TABLE,odd", "type"),
        ("sort=size", "sort"),
        ("sort=name:up", "sort"),
        ("fields=odd", "fields"),
        ("created_after=yesterday", "created_after"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("offset=-1", "offset"),
        ("limit=1&limit=2", "limit"),
        ("search=a&search=b", "search"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named(alice, query, name) -> None:
    answer = alice.get(f"/v1/assets?{query}")
    assert answer.status_code == (400 if name else 200)
    assert not name or list(answer.json()["error"]["details"]) == [name]


@pytest.mark.usefixtures("_our_routes")
def test_the_openapi_schema_and_the_browsable_api_show_the_filters(alice) -> None:
    operation = alice.get("/api/schema?format=json").json()["paths"]["/v1/audits"]["get"]
    said = {each["name"]: each for each in operation["parameters"]}
    assert {"entity_type", "entity_id", "user", "created_after", "until", "limit", "cursor"} <= set(said)
    assert said["user"]["description"] == "Who did it."
    page = alice.get("/v1/audits", HTTP_ACCEPT="text/html").content.decode()
    assert 'name="entity_type"' in page
    assert ">created_after:<" in page


@pytest.mark.usefixtures("_our_routes")
def test_several_values_are_repeated_or_have_commas_between(bob, alice) -> None:
    for name in ("gold", "silver", "lead"):
        bob.post("/v1/tags", {"name": name, "category": f"the {name}"}, format="json")
    for query in (
        "category=the gold,the silver",
        "category=the gold&category=the silver",
        "category=,the gold,,the silver,",
    ):
        assert alice.get(f"/v1/tags?{query}").json()["pagination"]["total"] == 2, query


@pytest.mark.usefixtures("_our_routes")
@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/tasks?status=PENDING,tired", "status"),
        ("/v1/relationships?asset_id=7", "asset_id"),
        ("/api/v2/products?sort=-name,colour", "sort"),
    ],
)
def test_one_value_of_several_that_means_nothing_is_refused(alice, path: str, parameter: str) -> None:
    answer = alice.get(path)
    assert answer.status_code == 400
    said = answer.json()
    assert set(said.get("details") or said["error"]["details"]) == {parameter}


@pytest.mark.usefixtures("_our_routes")
@pytest.mark.parametrize("query", ["/api/v1/sources?tag=", "/api/v1/sources?format=", "/v1/assets?tag="])
def test_more_values_than_can_be_looked_for_are_refused(alice, query: str) -> None:
    path, _, name = query.rstrip("=").partition("?")
    words = [f"w{number}" for number in range(101)]
    assert alice.get(f"{path}?" + "&".join(f"{name}={word}" for word in words[:100])).status_code == 200
    answer = alice.get(f"{path}?" + "&".join(f"{name}={word}" for word in words))
    assert answer.status_code == 400
    assert "At most 100 values; these are 101." in str(answer.json())


@pytest.mark.usefixtures("_our_routes")
@pytest.mark.parametrize("body", [{"query": {"start": "2024-01-01"}}, {"include": ["metadata"]}])
def test_a_search_refuses_what_it_would_not_heed(alice, body: dict[str, object]) -> None:
    assert alice.post("/api/v2/search/releases", body, format="json").status_code == 400


@pytest.mark.usefixtures("_our_routes")
@pytest.mark.parametrize(
    "query", ["since=2026-01-01&since=2026-02-01", "request_id=a&request_id=b", "cursor={0}&cursor={1}"]
)
def test_several_values_of_a_filter_that_takes_one_are_refused_by_name(alice, query) -> None:
    answer = alice.get(f"/v1/audits?{query.format(uuid4(), uuid4())}")
    assert answer.status_code == 400
    assert list(answer.json()["error"]["details"]) == [query.partition("=")[0]]
