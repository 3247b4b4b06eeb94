"""Batch ingestion at the metastore door."""

import json
import sys

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Asset, Relationship

BATCH = "/v1/ingestion/batch"


def asset(name, **fields):
    return {"type": "TABLE", "name": name, "qualified_name": f"prod.public.{name}", **fields}


def batch(client, rows, **options):
    return client.post(BATCH, {"assets": rows, "options": options} if options else {"assets": rows}, format="json")


def test_batch_creates_updates_and_counts(bob):
    assert batch(bob, [asset("users"), asset("orders")]).json() == {
        "processed": 2,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "errors": [],
    }
    body = batch(bob, [asset("users", description="New"), asset("orders")], upsert=True, validate=True).json()
    assert (body["updated"], body["unchanged"]) == (1, 1)


def test_batch_without_upsert_leaves_what_is_there(bob):
    batch(bob, [asset("users")])
    body = batch(bob, [asset("users", description="New"), asset("orders")], upsert=False).json()
    assert (body["created"], body["updated"], body["errors"][0]["index"]) == (1, 0, 0)
    assert Asset.objects.get(name="users").description == ""


def test_bad_row_of_a_batch_is_told_and_the_rest_is_done(bob):
    body = batch(bob, [asset("users"), {"name": "x"}, 7, asset("orders")], validate=False).json()
    assert (body["processed"], body["created"]) == (4, 2)
    assert [error["index"] for error in body["errors"]] == [1, 2]
    assert all(error["message"] for error in body["errors"])


NUL, HALF, HUGE = "a\0", "a\ud800", 2**63


@pytest.mark.parametrize(
    ("odd", "field"),
    [
        *(({"description": value}, "description") for value in (NUL, HALF)),
        *(({"qualified_name": value}, "qualified_name") for value in (NUL, HALF, HUGE)),
        *(({"metadata": {"a": [value]}}, "metadata") for value in (NUL, HALF, HUGE, -HUGE - 1, 10**5000, 1e999)),
        *(({"metadata": {value: 1}}, "metadata") for value in (NUL, HALF)),
        *(({"tags": [value]}, "tags.0") for value in (NUL, HALF, HUGE)),
        *(({"owner": value}, "owner") for value in (NUL, HALF, HUGE)),
        *(({"terms": [{"name": value}]}, "terms.0") for value in (NUL, HALF)),
        *(({"schema": [{"name": value, "type": "int"}]}, "schema.0.name") for value in (NUL, HALF, HUGE)),
        *(({"schema": [{"name": "a", "type": "int", "position": value}]}, "schema.0.position")
          for value in (HUGE, 1e999)),
        *(({"schema": [{"name": "a", "type": "int", "attributes": {"x": value}}]}, "schema.0.attributes")
          for value in (NUL, HALF, HUGE)),
        *(({value: 1}, "a\ufffd") for value in (NUL, HALF)),
    ],
)  # fmt: skip
def test_a_row_that_no_database_keeps_sinks_no_other(bob, odd, field):
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        body = json.dumps({"assets": [asset("users"), {**asset("odd"), **odd}, asset("orders")]})
    finally:
        sys.set_int_max_str_digits(limit)
    response = bob.post(BATCH, body.replace("Infinity", "1e999"), content_type="application/json")
    assert response.status_code == 200, response.content
    answer = response.json()
    assert (answer["processed"], answer["created"], [error["index"] for error in answer["errors"]]) == (3, 2, [1])
    (error,) = answer["errors"]
    assert list(error["details"]["fields"]) == [field]
    assert not {"\0", "\ud800"} & {*json.dumps(error, ensure_ascii=False)}
    assert sorted(Asset.objects.values_list("name", flat=True)) == ["orders", "users"]


def test_a_relationship_that_no_database_keeps_sinks_no_other(bob):
    rows = [
        edge("b", "a", metadata={"x": NUL}),
        {**edge("a", "b"), "source": HALF},
        edge("a", "b", metadata={"x": HUGE}),
    ]
    sent = json.dumps({"assets": [asset("a"), asset("b")], "relationships": [*rows, edge("a", "b")]})
    body = bob.post(BATCH, sent, content_type="application/json").json()
    assert (body["created"], body["relationships"]["created"]) == (2, 1)
    assert [error["index"] for error in body["relationships"]["errors"]] == [0, 1, 2]
    assert body["relationships"]["errors"][1]["qualified_name"] == "a\ufffd"


@pytest.mark.parametrize("odd", [{HALF: 1}, {NUL: 1}, {"options": {HALF: HALF}}, {"options": {"upsert": HUGE}}])
def test_what_is_odd_beside_the_rows_of_a_batch_is_a_400(bob, odd):
    response = bob.post(BATCH, json.dumps({"assets": [asset("a")], **odd}), content_type="application/json")
    assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert not Asset.objects.exists()


def test_a_batch_that_is_no_json_says_where(bob):
    for body in ('{"assets": [1,}', '{"assets": ["\\ud800", NaN]}', '{"assets": ["\\u0000"], "options": nul}'):
        response = bob.post(BATCH, body, content_type="application/json")
        assert (response.status_code, response.json()["error"]["code"]) == (400, "BAD_REQUEST")
        assert "line 1 column" in response.json()["error"]["message"]


def test_batch_over_the_limit_is_refused_whole(bob):
    response = batch(bob, [asset(str(number)) for number in range(10_001)])
    assert response.status_code == 413
    assert not Asset.objects.exists()


@pytest.mark.parametrize("body", [{}, {"assets": {}}, {"assets": [], "options": {"upsert": "maybe"}}, {"rows": []}])
def test_malformed_batch_is_a_400(bob, body):
    assert bob.post(BATCH, body, format="json").status_code == 400


def test_empty_batch_does_nothing(bob):
    assert batch(bob, []).json()["processed"] == 0


def test_viewer_and_anonymous_do_not_ingest(vera, anonymous):
    assert batch(vera, [asset("users")]).status_code == 403
    assert batch(anonymous, [asset("users")]).status_code == 401
    assert not Asset.objects.exists()


def edge(source, target, **fields):
    return {"source": f"prod.public.{source}", "target": f"prod.public.{target}", "type": "DEPENDS_ON", **fields}


def related(client, assets, edges, **options):
    body = {"assets": assets, "relationships": edges, "options": options}
    return client.post(BATCH, body, format="json")


def test_relationships_travel_beside_their_assets(bob):
    edges = [edge("b", "a", metadata={"column_mapping": {"id": ["id"]}}), edge("a", "b", type="USES")]
    body = related(bob, [asset("a"), asset("b")], edges).json()
    assert (body["created"], body["errors"]) == (2, [])
    assert body["relationships"] == {"processed": 2, "created": 2, "updated": 0, "unchanged": 0, "errors": []}
    assert Relationship.objects.get(type="DEPENDS_ON").metadata == {"column_mapping": {"id": ["id"]}}
    body = related(bob, [], [edge("b", "a"), edge("a", "b", type="USES")]).json()["relationships"]
    assert (body["updated"], body["unchanged"]) == (1, 1)
    body = related(bob, [], [edge("b", "a")], upsert=False).json()["relationships"]
    assert body["errors"][0]["message"] == "There is this relationship already"


def test_a_bad_relationship_of_a_batch_is_told_and_the_rest_is_done(bob, charlie):
    batch(charlie, [asset("theirs")])
    rows = [
        edge("a", "theirs"), 7, {"source": "x"}, edge("a", "b", type="LOVES"), edge("a", "b", colour="red"),
        edge("a", "b"), edge("a", "b"), edge("a", "b", metadata=[]), {**edge("a", "b"), "source": 5},
    ]  # fmt: skip
    body = related(bob, [asset("a"), asset("b")], rows).json()["relationships"]
    assert (body["processed"], body["created"]) == (9, 1)
    assert [error["index"] for error in body["errors"]] == [0, 1, 2, 3, 4, 6, 7, 8]
    told = [error["details"].get("fields", {}) for error in body["errors"]]
    assert [sorted(fields) for fields in told] == [
        ["target"], [], ["target", "type"], ["type"], ["colour"], [], ["metadata"], ["source"],
    ]  # fmt: skip
    assert body["errors"][5]["details"] == {"first_index": 5}


def test_relationships_of_a_batch_have_limits_and_rights(bob, vera):
    assert related(bob, [], [edge("a", "b")] * 10_001).status_code == 413
    refused: tuple[object, ...] = (5, {}, "x", None)
    for bad in refused:
        assert related(bob, [asset("a")], bad).status_code == 400, bad
    assert not Asset.objects.exists()
    assert related(vera, [], [edge("a", "b")]).status_code == 403


def test_relationships_of_a_batch_cost_the_same_statements_however_many(bob):
    costs = []
    for count in (3, 2, 40):  # the first one meets words that are new to the search
        assets = [asset(f"t{count}_{number}") for number in range(count)]
        edges = [edge(f"t{count}_{number}", f"t{count}_0") for number in range(1, count)]
        with CaptureQueriesContext(connection) as queries:
            assert related(bob, assets, edges).json()["relationships"]["created"] == count - 1
        costs.append(len(queries))
    assert costs[1] == costs[2]


def test_the_form_of_a_batch_offers_its_defaults(bob):
    page = bob.get(BATCH, HTTP_ACCEPT="text/html").content.decode()
    assert "&quot;upsert&quot;: true" in page
    assert "&quot;validate&quot;: true" in page
