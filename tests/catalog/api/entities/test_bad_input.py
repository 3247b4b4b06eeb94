"""What the entities contract refuses of a request, and what of other doors' writing it does not answer."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.catalog.api.entities.conftest import call, made

pytestmark = pytest.mark.django_db

TABLE = {"name": "t", "databaseSchema": "shop.sales.public", "columns": []}
TOPIC = {"name": "t", "service": "bus"}
PIPELINE = {"name": "p", "service": "flow"}


@pytest.mark.parametrize("value", [0, ""])
@pytest.mark.parametrize("field", ["owners", "followers", "dataProducts"])
def test_only_what_is_empty_says_nothing(bob: APIClient, schema, field: str, value: Any):
    response = call(bob, "post", "tables", {**TABLE, field: value})
    assert response.status_code == 400
    assert field in response.json()["message"]


@pytest.mark.parametrize(
    ("collection", "body", "field"),
    [
        ("tables", {**TABLE, "aliases": ["a", None]}, "aliases"),
        ("tables", {**TABLE, "tableConstraints": [{"constraintType": "LOOSE"}]}, "tableConstraints.0.constraintType"),
        ("tables", {**TABLE, "tableConstraints": [{"constraintType": ["UNIQUE"]}]}, "constraintType"),
        ("tables", {**TABLE, "tableConstraints": [{"relationshipType": "MANY"}]}, "relationshipType"),
        ("tables", {**TABLE, "tableConstraints": [{"referredColumns": "a.b"}]}, "referredColumns"),
        ("topics", {**TOPIC, "partitions": 1.5}, "partitions"),
        ("topics", {**TOPIC, "partitions": -1}, "partitions"),
        ("topics", {**TOPIC, "cleanupPolicies": ["burn"]}, "cleanupPolicies"),
        ("topics", {**TOPIC, "cleanupPolicies": [["delete"]]}, "cleanupPolicies"),
        ("pipelines", {**PIPELINE, "tasks": ["extract"]}, "tasks"),
        ("pipelines", {**PIPELINE, "concurrency": True}, "concurrency"),
        ("containers", {"name": "c", "service": "s3", "fileFormats": [1]}, "fileFormats"),
        ("glossaries", {"name": "g", "owners": 0}, "owners"),
        ("domains", {"name": "d", "parent": {"type": "domain"}}, "parent"),
        ("tags", {"name": "a", "classification": "b", "style": 0}, "style"),
        ("tags", {"name": "a", "classification": "b", "style": {"color": 0}}, "style.color"),
        ("services/databaseServices", {"name": "s", "serviceType": "Postgres", "connection": 0}, "connection"),
    ],
)
def test_what_a_field_cannot_hold_is_refused_by_name(bob: APIClient, schema, collection: str, body: Any, field: str):
    response = call(bob, "post", collection, body)
    assert (response.status_code, response.json()["code"]) == (400, 400), response.content
    assert field in response.json()["message"]
    assert call(bob, "put", collection, body).status_code == 400


def test_what_fields_can_hold_is_kept(bob: APIClient, schema):
    constraints = [{"constraintType": "FOREIGN_KEY", "columns": ["a"], "referredColumns": ["shop.sales.public.b.c"]}]
    table = made(call(bob, "post", "tables", {**TABLE, "aliases": ["u"], "tableConstraints": constraints}))
    assert (table["aliases"], table["tableConstraints"]) == (["u"], constraints)
    topic = made(call(bob, "post", "topics", {**TOPIC, "partitions": 3, "cleanupPolicies": ["compact", "delete"]}))
    assert (topic["partitions"], topic["cleanupPolicies"]) == (3, ["compact", "delete"])


def test_synonyms_that_are_no_list_are_refused(bob: APIClient):
    made(call(bob, "post", "glossaries", {"name": "g"}))
    for wrong in (0, "", "one"):
        body = {"name": "t", "glossary": "g", "synonyms": wrong}
        assert call(bob, "post", "glossaryTerms", body).status_code == 400


def test_what_another_door_wrote_is_answered_only_where_the_public_schema_has_it(bob: APIClient):
    pipeline = made(call(bob, "post", "pipelines", {**PIPELINE, "state": "Active"}))
    path = f"/v1/assets/{pipeline['id']}"
    bob.put(path, {"metadata": {"state": "asleep", "tasks": ["extract"], "concurrency": "two"}}, format="json")
    found = call(bob, "get", f"pipelines/{pipeline['id']}?fields=*").json()
    assert not {"state", "tasks", "concurrency"} & found.keys()


@pytest.mark.parametrize("collection", ["tables", "teams"])
def test_an_unknown_field_beside_the_star_is_refused(bob: APIClient, collection: str):
    assert call(bob, "get", f"{collection}?fields=*").status_code == 200
    response = call(bob, "get", f"{collection}?fields=*,colour")
    assert response.status_code == 400
    assert "colour" in response.json()["message"]


@pytest.mark.parametrize("given", ["0.1", "v1", '"'])
def test_an_if_match_that_cannot_be_read_changes_nothing(bob: APIClient, table, given: str):
    operation = {"op": "replace", "path": "/description", "value": "Else."}
    response = call(bob, "patch", f"tables/{table['id']}", [operation], **{"If-Match": given})
    assert response.status_code == 400
    assert "If-Match" in response.json()["message"]
    assert call(bob, "delete", f"tables/{table['id']}", **{"If-Match": given}).status_code == 400
    assert call(bob, "get", f"tables/{table['id']}").json()["description"] == table["description"]


@pytest.mark.parametrize("value", [[1], {"a": 1}, [["x"]], 7])
def test_metadata_that_another_door_wrote_breaks_no_list(bob: APIClient, table, value: Any):
    bob.put(f"/v1/assets/{table['id']}", {"metadata": {"kind": value, "constraints": value}}, format="json")
    [found] = call(bob, "get", "tables?fields=*").json()["data"]
    assert found["tableType"] == "Regular"


@pytest.mark.parametrize("value", [[1], {"a": 1}, 7, True])
def test_attributes_that_another_door_wrote_are_answered_only_where_they_fit(bob: APIClient, value: Any):
    attributes = dict.fromkeys(("data_type", "data_length", "constraint", "display_name"), value)
    schema = [{"name": "a", "type": "text", "attributes": attributes}]
    for type_, collection, field in (("TABLE", "tables", "columns"), ("INDEX", "searchIndexes", "fields")):
        body = {"type": type_, "name": "n", "qualified_name": f"x.{type_}", "schema": schema}
        assert bob.post("/v1/assets", body, format="json").status_code == 201
        [found] = call(bob, "get", f"{collection}?fields=*").json()["data"]
        shown = found[field][0]
        assert (shown["dataType"], shown.get("displayName"), shown.get("constraint")) == ("TEXT", None, None)
        assert shown.get("dataLength") == (7 if value == 7 and field == "columns" else None)


@pytest.mark.parametrize("value", [[1], {"a": 1}, 7, "x", [["x"]]])
def test_an_edge_that_another_door_described_is_read(bob: APIClient, table, value: Any):
    other = made(call(bob, "post", "tables", {"name": "o", "databaseSchema": "shop.sales.public", "columns": []}))
    names = ("lineage_source", "pipeline", "column_functions", "nested_columns", "temp_tables", "by", "sql")
    body = {"source_asset_id": other["id"], "target_asset_id": table["id"], "type": "DEPENDS_ON"}
    metadata = {**dict.fromkeys(names, value), "column_mapping": {"a": ["id"]}}
    assert bob.post("/v1/relationships", {**body, "metadata": metadata}, format="json").status_code == 201
    [edge] = call(bob, "get", f"lineage/table/{other['id']}").json()["upstreamEdges"]
    assert edge["lineageDetails"]["source"] in {"Manual", "OpenLineage"}
    assert edge["lineageDetails"]["columnsLineage"][0]["toColumn"] == "shop.sales.public.o.a"


@pytest.mark.parametrize("source", [["Manual"], {"a": 1}, 5, "Hearsay"])
def test_a_source_of_lineage_that_there_is_not_is_refused(bob: APIClient, table, source: Any):
    ends = {"fromEntity": {"id": table["id"], "type": "table"}, "toEntity": {"id": table["id"], "type": "table"}}
    response = call(bob, "put", "lineage", {"edge": {**ends, "lineageDetails": {"source": source}}})
    assert response.status_code == 400
    assert "lineageDetails.source" in response.json()["message"]


@pytest.mark.parametrize("path", ["tables/name/x", "tables/deleteStale", "users/name/x", "users/deleteStale"])
def test_put_is_answered_where_the_contract_has_it_only(bob: APIClient, path: str):
    assert call(bob, "put", path, {}).status_code == 405


def test_put_on_a_lineage_is_not_allowed(bob: APIClient, table):
    assert call(bob, "put", f"lineage/table/{table['id']}", {}).status_code == 405


def test_nobody_deletes_by_leaving_out_what_was_seen(bob: APIClient, table):
    scope = {"scopeFqn": "shop.sales.public", "scopeEntityType": "databaseSchema"}
    response = call(bob, "delete", "tables/deleteStale", scope)
    assert response.status_code == 400
    assert "seenFqns" in response.json()["message"]
    response = call(bob, "delete", "tables/deleteStale?dryRun=true", {**scope, "seenFqns": []})
    assert response.status_code == 400
    assert call(bob, "get", f"tables/{table['id']}").status_code == 200


@pytest.mark.parametrize(("collection", "body"), [("tables", TABLE), ("glossaries", {"name": "g"})])
def test_a_dry_run_is_refused_and_writes_nothing(bob: APIClient, schema, collection: str, body: dict[str, Any]):
    response = call(bob, "put", f"{collection}/bulk?dryRun=true", [body])
    assert (response.status_code, "dryRun" in response.json()["message"]) == (400, True)
    assert call(bob, "get", collection).json()["data"] == []
    assert call(bob, "put", f"{collection}/bulk?dryRun=false", [body]).json()["status"] == "success"
