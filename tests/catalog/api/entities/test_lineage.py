"""`/api/v1/lineage`: edges between entities, and the graph around one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from audit.models import AuditEvent
from catalog import lineage as walking
from catalog.models import Asset, Relationship
from catalog.names import split_name
from catalog.services import create_asset, create_relationship
from tests.catalog.api.entities.conftest import call, made

SQL = "INSERT INTO spending SELECT sum(total) FROM orders"


@pytest.fixture
def asset(bob_actor) -> Callable[..., Any]:
    """An asset of this qualified name, with columns of these names."""

    def make(qualified_name: str, type_: str = "TABLE") -> Any:
        data = {"type": type_, "name": split_name(qualified_name)[-1], "qualified_name": qualified_name}
        return create_asset(actor=bob_actor, data=data)

    return make


@pytest.fixture
def orders(asset) -> Any:
    return asset("shop.sales.public.orders")


@pytest.fixture
def spending(asset) -> Any:
    return asset('shop.sales.public."spending.daily"')


def edge(source: Asset, target: Asset, /, **details: Any) -> dict[str, Any]:
    kinds = {"TABLE": "table", "VIEW": "table", "PIPELINE": "pipeline", "DASHBOARD": "dashboard"}
    ends = {"fromEntity": source, "toEntity": target}
    body: dict[str, Any] = {name: {"id": str(end.pk), "type": kinds[end.type]} for name, end in ends.items()}
    return {"edge": body | ({"lineageDetails": details} if details else {})}


def columns(*pairs: tuple[list[str], str], function: str | None = None) -> list[dict[str, Any]]:
    made_of, spent = "shop.sales.public.orders", 'shop.sales.public."spending.daily"'
    return [
        {"fromColumns": [f"{made_of}.{each}" for each in sources], "toColumn": f"{spent}.{target}"}
        | ({"function": function} if function else {})
        for sources, target in pairs
    ]


def graph(client: APIClient, path: str, code: int = 200) -> dict[str, Any]:
    response = call(client, "get", f"lineage/{path}")
    assert response.status_code == code, response.content
    found: dict[str, Any] = response.json()
    return found


def only() -> Any:
    return Relationship.objects.get()


def test_an_edge_is_put_and_found_from_both_ends(bob, orders, spending):
    details = {
        "sqlQuery": SQL,
        "columnsLineage": columns((["address.city"], '"a.b"'), (["total", "tax"], "spent"), function="sum"),
        "source": "QueryLineage",
        "description": "Every night",
    }
    assert call(bob, "put", "lineage", edge(orders, spending, **details)).status_code == 200
    assert (only().source_id, only().type, only().target_id) == (spending.pk, "DEPENDS_ON", orders.pk)
    assert only().metadata["column_mapping"] == {"spent": ["total", "tax"], "a.b": ["address.city"]}
    found = graph(bob, f"table/{orders.pk}")
    assert found["entity"]["fullyQualifiedName"] == orders.qualified_name
    assert [node["id"] for node in found["nodes"]] == [str(spending.pk)]
    assert found["upstreamEdges"] == []
    [down] = found["downstreamEdges"]
    assert (down["fromEntity"], down["toEntity"]) == (str(orders.pk), str(spending.pk))
    assert down["lineageDetails"].pop("createdAt") > 1_700_000_000_000
    assert down["lineageDetails"] == details
    [up] = graph(bob, f"table/name/{quote(spending.qualified_name)}")["upstreamEdges"]
    assert (up["fromEntity"], up["toEntity"]) == (str(orders.pk), str(spending.pk))


def test_nested_columns_come_back_as_they_were_put(bob, orders, spending):
    said = columns((["address.city", '"x.y"'], "spent"))
    call(bob, "put", "lineage", edge(orders, spending, columnsLineage=said))
    [down] = graph(bob, f"table/{orders.pk}")["downstreamEdges"]
    assert down["lineageDetails"]["columnsLineage"] == said


def test_other_doors_see_the_same_edge(bob, orders, spending):
    call(bob, "put", "lineage", edge(orders, spending, columnsLineage=columns((["total"], "spent"))))
    [step] = bob.get(f"/v1/assets/{spending.pk}/lineage?column=spent").json()["upstream"]
    assert (step["asset"]["id"], step["columns"]) == (str(orders.pk), {"spent": ["total"]})


def test_putting_again_replaces_the_details_and_keeps_what_others_said(bob, bob_actor, orders, spending):
    metadata = {"foreign_keys": [1], "column_mapping": {"a": ["b"]}}
    create_relationship(actor=bob_actor, source=spending, target=orders, type="DEPENDS_ON", metadata=metadata)
    call(bob, "put", "lineage", edge(orders, spending, sqlQuery=SQL))
    assert only().metadata == {"foreign_keys": [1], "sql": SQL}
    events = AuditEvent.objects.count()
    call(bob, "put", "lineage", edge(orders, spending, sqlQuery=SQL))
    assert AuditEvent.objects.count() == events


def test_pipelines_use_and_produce(bob, asset, orders, spending):
    load = asset("airflow.load", "PIPELINE")
    call(bob, "put", "lineage", edge(orders, load))
    call(bob, "put", "lineage", edge(load, spending))
    rows = Relationship.objects.order_by("created_at").values_list("source__name", "type", "target__name")
    assert list(rows) == [("load", "USES", "orders"), ("load", "PRODUCES", "spending.daily")]
    found = graph(bob, f"table/{orders.pk}?downstreamDepth=2&upstreamDepth=0")
    assert [node["type"] for node in found["nodes"]] == ["pipeline", "table"]
    ends = [(each["fromEntity"], each["toEntity"]) for each in found["downstreamEdges"]]
    assert ends == [(str(orders.pk), str(load.pk)), (str(load.pk), str(spending.pk))]
    assert {each["lineageDetails"]["source"] for each in found["downstreamEdges"]} == {"PipelineLineage"}


def test_pipeline_of_an_edge_is_a_reference(bob, charlie, asset, orders, spending):
    load = asset("airflow.load", "PIPELINE")
    pipeline = {"id": str(load.pk), "type": "pipeline"}
    call(bob, "put", "lineage", edge(orders, spending, pipeline=pipeline))
    [down] = graph(bob, f"table/{orders.pk}")["downstreamEdges"]
    assert down["lineageDetails"]["pipeline"]["fullyQualifiedName"] == "airflow.load"
    assert down["lineageDetails"]["pipeline"]["href"].endswith(f"/api/v1/pipelines/{load.pk}")
    nobodys = {"id": str(uuid4()), "type": "pipeline"}
    assert call(bob, "put", "lineage", edge(orders, spending, pipeline=nobodys)).status_code == 404


def test_edge_by_ids_is_got_patched_and_deleted(bob, orders, spending):
    between = f"lineage/table/{orders.pk}/table/{spending.pk}"
    lookup = f"lineage/getLineageEdge/{orders.pk}/{spending.pk}"
    assert call(bob, "get", lookup).status_code == 404
    said = columns((["total"], "spent"))
    assert call(bob, "put", between, {"columnsLineage": said}).status_code == 200
    assert made(call(bob, "get", lookup))["edge"]["columnsLineage"] == said
    more = columns((["tax"], "taxes"))[0]
    operations = [
        {"op": "add", "path": "/columnsLineage/1", "value": more},
        {"op": "add", "path": "/sqlQuery", "value": SQL},
    ]
    patched = made(call(bob, "patch", between, operations))
    assert patched["columnsLineage"] == [*said, more]
    assert only().metadata["sql"] == SQL
    assert call(bob, "delete", between).status_code == 200
    assert not Relationship.objects.exists()
    assert call(bob, "delete", between).status_code == 404
    assert call(bob, "patch", between, operations).status_code == 404


def test_edge_by_names(bob, orders, asset):
    odd = asset('shop.sales.public."sl/ash"')
    names = f"table/name/{quote(orders.qualified_name, safe='')}/table/name/{quote(odd.qualified_name, safe='')}"
    assert call(bob, "put", f"lineage/{names}", {"description": "Copied"}).status_code == 200
    assert made(call(bob, "get", f"lineage/getLineageEdge/{names}"))["edge"]["description"] == "Copied"
    found = graph(bob, f"table/name/{quote(odd.qualified_name, safe='')}")
    assert [node["id"] for node in found["nodes"]] == [str(orders.pk)]
    assert call(bob, "delete", f"lineage/{names}").status_code == 200
    assert not Relationship.objects.exists()


@pytest.mark.parametrize("by_name", [False, True])
def test_edges_of_one_source_are_deleted(bob, asset, orders, spending, by_name):
    other = asset("shop.sales.public.other")
    call(bob, "put", "lineage", edge(orders, spending, source="QueryLineage"))
    call(bob, "put", "lineage", edge(other, spending, source="Manual"))
    name = quote(spending.qualified_name)
    path = f"lineage/source/name/table/{name}" if by_name else f"lineage/table/{spending.pk}"
    assert call(bob, "delete", f"{path}/type/QueryLineage").status_code == 200
    assert only().target_id == other.pk


def test_a_walk_that_was_cut_short_says_so(bob, asset, orders, monkeypatch):
    for number in range(3):
        call(bob, "put", "lineage", edge(orders, asset(f"shop.sales.public.t{number}")))
    assert "X-Truncated" not in call(bob, "get", f"lineage/table/{orders.pk}")
    monkeypatch.setattr("catalog.api.entities.lineage.EDGES", 2)
    response = call(bob, "get", f"lineage/table/{orders.pk}")
    assert response["X-Truncated"] == "true"
    assert len(response.json()["downstreamEdges"]) == 2
    assert walking.EDGES == 1000


def test_number_of_statements_does_not_grow(bob, asset, orders, django_assert_max_num_queries):
    load = asset("airflow.load", "PIPELINE")
    pipeline = {"id": str(load.pk), "type": "pipeline"}
    for number in range(5):
        call(bob, "put", "lineage", edge(orders, asset(f"shop.sales.public.t{number}"), pipeline=pipeline))
    with django_assert_max_num_queries(12):
        assert len(graph(bob, f"table/{orders.pk}?upstreamDepth=3&downstreamDepth=3")["downstreamEdges"]) == 5


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"sqlQuery": 7}, "lineageDetails.sqlQuery"),
        ({"source": "Magic"}, "lineageDetails.source"),
        ({"nonsense": 1}, "lineageDetails.nonsense"),
        ({"pipeline": {"id": "x"}}, "lineageDetails.pipeline"),
        ({"columnsLineage": {}}, "lineageDetails.columnsLineage"),
        ({"columnsLineage": [{"toColumn": "shop.sales.public.orders.id"}]}, "columnsLineage.0.toColumn"),
        ({"columnsLineage": [{"toColumn": 'un"balanced'}]}, "columnsLineage.0.toColumn"),
        ({"columnsLineage": [{"of": 1}]}, "columnsLineage.0"),
    ],
)
def test_bad_details_are_refused_by_name(bob, orders, spending, details, words):
    response = call(bob, "put", "lineage", edge(orders, spending, **details))
    assert response.status_code == 400
    assert words in response.json()["message"]
    assert not Relationship.objects.exists()


def test_bad_edges_are_refused(bob, orders, spending):
    good = edge(orders, spending)
    assert call(bob, "put", "lineage", {**good, "more": 1}).status_code == 400
    assert call(bob, "put", "lineage", {"edge": {**good["edge"], "more": 1}}).status_code == 400
    assert call(bob, "put", "lineage", {"edge": 1}).status_code == 400
    assert call(bob, "put", "lineage", {"edge": {"fromEntity": {"type": "table"}}}).status_code == 404
    good["edge"]["toEntity"]["type"] = "pipeline"
    assert call(bob, "put", "lineage", good).status_code == 404
    good["edge"]["toEntity"]["type"] = "unicorn"
    assert call(bob, "put", "lineage", good).status_code == 400


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("table/not-an-id", 404),
        ("table/name/no.such.table", 404),
        ('table/name/un"balanced', 404),
        ("unicorn/name/x", 400),
        ("table/{pk}?upstreamDepth=11", 400),
        ("table/{pk}?downstreamDepth=-1", 400),
        ("pipeline/{pk}", 404),
    ],
)
def test_bad_questions(bob, orders, path, code):
    assert graph(bob, path.format(pk=orders.pk), code)["code"] == code


def test_outsider_and_viewer(charlie, vera, bob, orders, spending):
    between = f"lineage/table/{orders.pk}/table/{spending.pk}"
    assert call(vera, "put", "lineage", edge(orders, spending)).status_code == 403
    call(bob, "put", "lineage", edge(orders, spending))
    assert len(graph(vera, f"table/{orders.pk}")["downstreamEdges"]) == 1
    assert call(vera, "delete", between).status_code == 403
    assert call(charlie, "put", "lineage", edge(orders, spending)).status_code == 404
    assert call(charlie, "delete", between).status_code == 404
    assert call(charlie, "get", f"lineage/getLineageEdge/{orders.pk}/{spending.pk}").status_code == 404
    graph(charlie, f"table/{orders.pk}", 404)
    graph(charlie, f"table/name/{orders.qualified_name}", 404)
    assert Relationship.objects.count() == 1


def test_nobody_sees_nothing(anonymous, orders):
    graph(anonymous, f"table/{orders.pk}", 401)
