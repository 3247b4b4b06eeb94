"""The collections that are filed under a service's name: dashboards with their charts, and the others."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from catalog.services import AssetDraft, upsert_assets
from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db


@pytest.fixture
def charts(bob: APIClient) -> list[dict[str, Any]]:
    bodies = [{"name": name, "service": "looker", "chartType": "Bar"} for name in ("a", "b")]
    return [made(call(bob, "post", "charts", body)) for body in bodies]


def test_a_dashboard_contains_its_charts(bob: APIClient, charts):
    body = {"name": "Sales", "service": "looker", "dashboardType": "Report", "project": "shop"}
    first = made(call(bob, "put", "dashboards", {**body, "charts": ["looker.a", "looker.b"]}))
    assert first["fullyQualifiedName"] == "looker.Sales"
    assert (first["service"]["name"], first["service"]["type"]) == ("looker", "dashboardService")
    assert [chart["href"] for chart in first["charts"]] == [chart["href"] for chart in charts]
    assert (first["dashboardType"], first["project"]) == ("Report", "shop")
    fewer = made(call(bob, "put", "dashboards", {**body, "charts": ["looker.b"]}))
    assert [chart["name"] for chart in fewer["charts"]] == ["b"]
    lost = call(bob, "put", "dashboards", {**body, "charts": ["looker.nowhere"]})
    assert (lost.status_code, "looker.nowhere" in lost.json()["message"]) == (404, True)
    assert call(bob, "put", "dashboards", {**body, "charts": [7]}).status_code == 400
    assert call(bob, "put", "dashboards", {**body, "dashboardType": "Chair"}).status_code == 400
    assert call(bob, "delete", f"dashboards/{first['id']}").status_code == 400
    assert call(bob, "delete", f"dashboards/{first['id']}?recursive=true").status_code == 200


def test_a_patch_changes_what_a_dashboard_contains(bob: APIClient, charlie: APIClient, charts):
    dashboard = made(call(bob, "put", "dashboards", {"name": "Sales", "service": "looker", "charts": ["looker.a"]}))
    url = f"dashboards/{dashboard['id']}"

    def patch(*operations: dict[str, Any]) -> Any:
        return call(bob, "patch", url, list(operations))

    added = made(patch({"op": "add", "path": "/charts/-", "value": {"id": charts[1]["id"], "type": "chart"}}))
    assert [chart["name"] for chart in added["charts"]] == ["a", "b"]
    told = {"op": "add", "path": "/description", "value": "Sold."}
    fewer = made(patch({"op": "remove", "path": "/charts/0"}, told))
    assert ([chart["name"] for chart in fewer["charts"]], fewer["description"]) == (["b"], "Sold.")
    assert [chart["name"] for chart in made(call(bob, "get", f"{url}?fields=charts"))["charts"]] == ["b"]
    swapped = made(patch({"op": "replace", "path": "/charts/0", "value": "looker.a"}))
    assert [chart["name"] for chart in swapped["charts"]] == ["a"]
    assert made(patch({"op": "remove", "path": "/charts"}))["charts"] == []
    theirs = made(call(charlie, "post", "charts", {"name": "c", "service": "looker"}))
    for value, status in (
        ([{"id": theirs["id"], "type": "chart"}], 400),
        (["looker.nowhere"], 404),
        (["looker.Sales"], 404),
        ([7], 400),
        ("looker.a", 400),
        ([{"name": "a"}], 400),
    ):
        charts_too = {"op": "add", "path": "/charts", "value": value}
        refused = patch({"op": "replace", "path": "/description", "value": "No."}, charts_too)
        assert refused.status_code == status, (value, refused.content)
    shown = made(call(bob, "get", f"{url}?fields=charts"))
    assert (shown["charts"], shown["description"]) == ([], "Sold.")


FIELD = {"name": "id", "dataType": "LONG", "description": "The key."}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("pipelines", {"tasks": [{"name": "load", "downstreamTasks": []}], "scheduleInterval": "0 1 * * *"}),
        ("topics", {"partitions": 3, "replicationFactor": 2, "cleanupPolicies": ["delete"]}),
        (
            "topics",
            {"partitions": 1, "messageSchema": {"schemaType": "Avro", "schemaFields": [FIELD]}},
        ),
        ("containers", {"prefix": "/raw", "size": 12, "dataModel": {"isPartitioned": False, "columns": [FIELD]}}),
        ("searchIndexes", {"fields": [FIELD], "searchIndexSettings": {"shards": 1}}),
        ("datasets", {"columns": [FIELD], "sourceUrl": "https://example.com/d"}),
    ],
)
def test_what_a_request_says_comes_back(bob: APIClient, charlie: APIClient, path: str, body: dict[str, Any]):
    found = made(call(bob, "post", path, {"name": "one", "service": "svc", "displayName": "One", **body}))
    assert found["fullyQualifiedName"] == "svc.one"
    assert found["displayName"] == "One"
    for field, value in body.items():
        told = found[field]
        if isinstance(value, dict):
            told = {name: told[name] for name in value}
        shown = str(told)
        assert all(str(part) in shown for part in _leaves(value)), (field, told)
    asset = bob.get(f"/v1/assets/{found['id']}").json()
    if FIELD["name"] in str(body) and path != "pipelines":
        assert (asset["schema"][0]["name"], asset["schema"][0]["description"]) == ("id", "The key.")
    operation = {"op": "replace", "path": "/displayName", "value": "Two"}
    assert made(call(bob, "patch", f"{path}/{found['id']}", [operation]))["displayName"] == "Two"
    assert made(call(bob, "get", f"{path}/name/svc.one?fields=*"))["version"] == 0.2
    assert charlie.get(f"/api/v1/{path}/{found['id']}").status_code == 404
    assert call(bob, "post", path, {"name": "x", "service": "svc", **body, "colour": 1}).status_code == 400


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaves(inner)]
    return [value]


def test_containers_lie_in_each_other(bob: APIClient):
    outer = made(call(bob, "post", "containers", {"name": "lake", "service": "s3"}))
    body = {"name": "raw", "service": "s3", "parent": "s3.lake"}
    inner = made(call(bob, "post", "containers", body))
    assert inner["fullyQualifiedName"] == "s3.lake.raw"
    assert inner["parent"]["id"] == outer["id"]
    shown = made(call(bob, "get", f"containers/{outer['id']}?fields=children"))
    assert [child["name"] for child in shown["children"]] == ["raw"]


def test_fields_of_topics_and_indexes_say_what_their_public_types_hold(vera: APIClient, alice_actor):
    schema: list[dict[str, Any]] = [
        {"name": "id", "type": "integer", "nullable": False, "position": 1},
        {"name": "word", "type": "keyword", "children": [{"name": "raw", "type": "varchar(20)"}]},
    ]
    drafts = [AssetDraft(type_, "x", f"{type_}.x", schema=schema) for type_ in ("INDEX", "TOPIC")]
    upsert_assets(actor=alice_actor, drafts=drafts)
    index = made(call(vera, "get", "searchIndexes/name/INDEX.x"))["fields"]
    assert [(one["dataType"], "constraint" in one, "ordinalPosition" in one) for one in index] == [
        ("INTEGER", False, False),
        ("KEYWORD", False, False),
    ]
    assert index[1]["children"][0]["dataType"] == "UNKNOWN"
    topic = made(call(vera, "get", "topics/name/TOPIC.x"))["messageSchema"]["schemaFields"]
    assert [one["dataType"] for one in topic] == ["INT", "UNKNOWN"]
