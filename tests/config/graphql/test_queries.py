"""Every query of the contract's page."""

from __future__ import annotations

import re
from typing import Any

import pytest

from accounts.services import create_team
from catalog import models
from catalog.services import create_concept
from config.graphql.schema import schema
from tests.config.graphql.asking import code, data

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = [
    "asset(id: ID!): Asset",
    "search(query: String!",
    "lineage(assetId: ID!",
    "task(id: ID!): BackgroundTask",
    "createAsset(input: AssetInput!): Asset",
    "updateAsset(id: ID!, input: AssetInput!): Asset",
    "deleteAsset(id: ID!): Boolean",
    "createRelationship(input: RelationshipInput!): Relationship",
    "deleteRelationship(id: ID!): Boolean",
    "createTag(input: TagInput!): Tag",
    "addTagToAsset(assetId: ID!, tagId: ID!): Boolean",
    "removeTagFromAsset(assetId: ID!, tagId: ID!): Boolean",
    "createTask(input: TaskInput!): BackgroundTask",
    "cancelTask(id: ID!): Boolean",
    "assetUpdated(assetId: ID!): Asset",
    "taskProgress(taskId: ID!): TaskProgress",
    "): AssetConnection",
    "): [SearchResult]",
    "): LineageGraph",
    "): [Tag]",
    "): [BackgroundTask]",
    "tags: [Tag!]!",
    "schema: [SchemaElement!]",
    "upstream: [LineageEdge!]!",
    "source: Asset!",
    "metadata: JSON",
]


def test_schema_has_what_the_page_names():
    text = re.sub(r" = (null|\d+)", "", schema.as_str())
    assert [line for line in PAGE if line not in text] == []


def test_the_pages_first_example_answers(alice, users, view):
    query = """
    query { asset(id: "%s") {
      id name type description
      tags { id name category }
      lineage(depth: 2) {
        upstream { asset { id name } relationship { type } }
        downstream { asset { id name } relationship { type } }
      } } }"""
    asset = data(alice, query % users.pk)["asset"]
    assert (asset["id"], asset["name"], asset["type"]) == (str(users.pk), "users", "TABLE")
    assert [(tag["name"], tag["category"]) for tag in asset["tags"]] == [("PII", "Sensitive")]
    step = {"asset": {"id": str(view.pk), "name": "user view"}, "relationship": {"type": "DEPENDS_ON"}}
    assert asset["lineage"] == {"upstream": [], "downstream": [step]}


def test_the_pages_second_example_answers(alice, users, view):
    query = 'query { search(query: "user", filters: { type: TABLE }) { asset { id name type } score } }'
    (hit,) = data(alice, query)["search"]
    assert hit["asset"] == {"id": str(users.pk), "name": "users", "type": "TABLE"}
    assert 0 < hit["score"] <= 1


def test_every_field_of_an_asset(alice, users):
    query = """query Q($id: ID!) { asset(id: $id) { qualifiedName metadata version createdAt updatedAt staleSince
      createdBy { id name } owner { id } source { id }
      schema { name type nullable primaryKey children { name children { name } } } } }"""
    asset = data(alice, query, id=str(users.pk))["asset"]
    assert asset["metadata"] == {"rows": 3}
    assert asset["createdBy"]["name"] == "Alice"
    assert asset["schema"][0]["children"] == [{"name": "x", "children": []}]
    assert asset["createdAt"].startswith("20")


def test_an_asset_has_an_owner_a_domain_and_terms(alice, alice_actor, charlie, users):
    create_team(actor=alice_actor, data={"name": "stewards", "display_name": "Stewards"})
    create_concept(actor=alice_actor, model=models.Domain, data={"name": "Finance"})
    create_concept(actor=alice_actor, model=models.Glossary, data={"name": "Business"})
    create_concept(actor=alice_actor, model=models.GlossaryTerm, data={"name": "Customer", "glossary": "Business"})
    update = """mutation M($id: ID!, $input: AssetInput!) { updateAsset(id: $id, input: $input) {
      owner { name type } domain { fullyQualifiedName } terms { name status column } } }"""
    named = {"type": "TABLE", "name": users.name, "qualifiedName": users.qualified_name}
    terms = [{"term": "Customer"}, {"term": "business.customer", "column": users.schema[0]["name"]}]
    given = {**named, "owner": "stewards", "domain": "finance", "terms": terms}
    changed = data(alice, update, id=str(users.pk), input=given)["updateAsset"]
    assert changed["owner"] == {"name": "Stewards", "type": "team"}
    assert changed["domain"] == {"fullyQualifiedName": "Finance"}
    assert [one["column"] for one in changed["terms"]] == [None, users.schema[0]["name"]]
    query = "query Q($filter: AssetFilter) { assets(filter: $filter) { data { name } } }"
    for filter in ({"owner": "stewards"}, {"domain": "Finance"}, {"term": "customer"}):
        assert data(alice, query, filter=filter)["assets"]["data"] == [{"name": users.name}]
        assert data(charlie, query, filter=filter)["assets"]["data"] == []
    assert data(alice, query, filter={"owner": "me"})["assets"]["data"] == []


def test_assets_are_filtered_and_paged(alice, users, view):
    query = """query Q($filter: AssetFilter, $page: Pagination) { assets(filter: $filter, pagination: $page) {
      data { name } pagination { total limit offset hasMore } } }"""

    def names(page: Any = None, **filter: Any) -> list[str]:
        found = data(alice, query, filter=filter, page=page)["assets"]
        return [asset["name"] for asset in found["data"]]

    assert names() == ["user view", "users"]
    assert names(type="TABLE") == ["users"]
    assert names(tags=["pii"]) == names(tags=[str(models.Tag.objects.get().pk)]) == ["users"]
    assert names(search="view") == ["user view"]
    assert names(sort="name:desc") == ["users", "user view"]
    found = data(alice, query, page={"limit": 1, "offset": 1})["assets"]
    assert found["pagination"] == {"total": 2, "limit": 1, "offset": 1, "hasMore": False}
    for page in ({"limit": 101}, {"limit": 0}, {"offset": -1}):
        assert code(alice, query, page=page) == "BAD_REQUEST"
    assert code(alice, query, filter={"type": "TABEL"}) == "VALIDATION_ERROR"
