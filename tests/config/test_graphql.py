# ruff: noqa: UP031  format() would have every brace of GraphQL written twice
"""/graphql over HTTP: every query and mutation of the contract's page, its limits, and what goes wrong."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from graphql import get_introspection_query
from rest_framework.test import APIClient

from accounts.services import create_team
from catalog import models
from catalog.services import (
    AssetDraft,
    RelationshipDraft,
    create_asset,
    create_concept,
    create_tag,
    upsert_assets,
    upsert_relationships,
)
from config.graphql import limits
from config.graphql.schema import schema
from ingestion.models import Job
from tests.conftest import PASSWORD

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


def ask(client: Any, query: str, status: int = 200, **variables: Any) -> Any:
    answer = client.post("/graphql", {"query": query, "variables": variables}, format="json")
    assert answer.status_code == status, answer.content
    return answer.json()


def data(client: Any, query: str, **variables: Any) -> Any:
    answer = ask(client, query, **variables)
    assert "errors" not in answer, answer
    return answer["data"]


def code(client: Any, query: str, status: int = 200, **variables: Any) -> str:
    answer = ask(client, query, status, **variables)
    return str(answer["errors"][0]["extensions"]["code"])


@pytest.fixture
def users(alice_actor):
    create_tag(actor=alice_actor, data={"name": "PII", "category": "Sensitive"})
    fields = {
        "type": "TABLE",
        "name": "users",
        "qualified_name": "prod.users",
        "description": "User table",
        "metadata": {"rows": 3},
        "tags": ["PII"],
        "schema": [{"name": "id", "type": "UUID", "nullable": False, "children": [{"name": "x", "type": "INT"}]}],
    }
    return create_asset(actor=alice_actor, data=fields)


@pytest.fixture
def view(alice_actor, users):
    asset = create_asset(actor=alice_actor, data={"type": "VIEW", "name": "user view", "qualified_name": "prod.v"})
    draft = RelationshipDraft("prod.v", "prod.users", "DEPENDS_ON", {"k": 1})
    upsert_relationships(actor=alice_actor, drafts=[draft])
    return asset


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


def test_an_asset_lives_its_life(alice, users):
    create = "mutation M($input: AssetInput!) { createAsset(input: $input) { id version tags { name } metadata } }"
    given: dict[str, Any] = {
        "type": "TABLE",
        "name": "t",
        "qualifiedName": "prod.t",
        "metadata": {"a": 1, "b": 2},
        "tags": ["new"],
    }
    made = data(alice, create, input=given)["createAsset"]
    assert (made["version"], made["tags"]) == (1, [{"name": "new"}])
    update = """mutation M($id: ID!, $input: AssetInput!) { updateAsset(id: $id, input: $input) {
      version metadata description tags { name } schema { name type } } }"""
    element = {"name": "id", "type": "INT"}
    given = {"type": "TABLE", "name": "t", "qualifiedName": "prod.t", "metadata": {"a": None}, "schema": [element]}
    changed = data(alice, update, id=made["id"], input=given)["updateAsset"]
    assert changed == {
        "version": 2,
        "metadata": {"b": 2},
        "description": "",
        "tags": [{"name": "new"}],
        "schema": [element],
    }
    assert code(alice, update, id=made["id"], input={**given, "name": "n", "version": 1}) == "VERSION_CONFLICT"
    assert code(alice, create, input=given) == "ASSET_CONFLICT"
    delete = "mutation M($id: ID!) { deleteAsset(id: $id) }"
    assert data(alice, delete, id=made["id"]) == {"deleteAsset": True}
    gone = ask(alice, delete, id=made["id"])
    assert gone["data"] == {"deleteAsset": None}
    assert gone["errors"][0]["extensions"] == {"code": "ASSET_NOT_FOUND", "details": {"asset_id": made["id"]}}
    assert gone["errors"][0]["path"] == ["deleteAsset"]


def test_tags_are_made_put_on_and_taken_off(alice, users):
    made = data(alice, 'mutation { createTag(input: {name: "gold", category: "Tier"}) { id name category } }')
    tag = made["createTag"]["id"]
    put = "mutation M($a: ID!, $t: ID!) { addTagToAsset(assetId: $a, tagId: $t) }"
    off = "mutation M($a: ID!, $t: ID!) { removeTagFromAsset(assetId: $a, tagId: $t) }"
    for _ in range(2):
        assert data(alice, put, a=str(users.pk), t=tag) == {"addTagToAsset": True}
    held = 'query Q($id: ID!) { asset(id: $id) { version tags { name } } tags(filter: {category: "Tier"}) { name } }'
    found = data(alice, held, id=str(users.pk))
    assert found["asset"] == {"version": 2, "tags": [{"name": "gold"}, {"name": "PII"}]}
    assert found["tags"] == [{"name": "gold"}]
    data(alice, off, a=str(users.pk), t=tag)
    assert data(alice, held, id=str(users.pk))["asset"]["tags"] == [{"name": "PII"}]
    assert code(alice, put, a=str(users.pk), t=str(uuid4())) == "TAG_NOT_FOUND"
    assert code(alice, 'mutation { createTag(input: {name: "GOLD"}) { id } }') == "TAG_CONFLICT"


def test_relationships_are_made_and_deleted(alice, users, view):
    make = """mutation M($input: RelationshipInput!) { createRelationship(input: $input) {
      id type metadata source { name } target { name } } }"""
    ends = {"sourceAssetId": str(view.pk), "targetAssetId": str(users.pk)}
    edge = data(alice, make, input={**ends, "type": "USES", "metadata": {"m": 1}})["createRelationship"]
    assert (edge["source"], edge["target"], edge["metadata"]) == ({"name": "user view"}, {"name": "users"}, {"m": 1})
    assert code(alice, make, input={**ends, "type": "USES"}) == "RELATIONSHIP_CONFLICT"
    assert code(alice, make, input={**ends, "type": "PRODUCES", "metadata": [1]}) == "VALIDATION_ERROR"
    delete = "mutation M($id: ID!) { deleteRelationship(id: $id) }"
    assert data(alice, delete, id=edge["id"]) == {"deleteRelationship": True}
    assert code(alice, delete, id=edge["id"]) == "RELATIONSHIP_NOT_FOUND"


def test_tasks_are_made_read_and_cancelled(alice, settings, tmp_path):
    settings.IMPORT_DIR = tmp_path
    (tmp_path / "a.ndjson").write_text("{}")
    make = "mutation M($input: TaskInput!) { createTask(input: $input) { id status type priority payload } }"
    payload = {"source": "file:///a.ndjson"}
    made = data(alice, make, input={"type": "BULK_INGESTION", "payload": payload})["createTask"]
    assert (made["status"], made["priority"], made["payload"]["format"]) == ("PENDING", 5, "ndjson")
    assert data(alice, "mutation M($id: ID!) { cancelTask(id: $id) }", id=made["id"]) == {"cancelTask": True}
    read = """query Q($id: ID!) { task(id: $id) { status progress error { code } finishedAt }
      tasks(filter: {status: CANCELLED}) { id } }"""
    found = data(alice, read, id=made["id"])
    assert (found["task"]["status"], found["tasks"]) == ("CANCELLED", [{"id": made["id"]}])
    assert code(alice, make, input={"type": "BULK_INGESTION"}) == "VALIDATION_ERROR"
    assert code(alice, "mutation M($id: ID!) { cancelTask(id: $id) }", id=str(uuid4())) == "TASK_NOT_FOUND"


@pytest.mark.parametrize(
    "query",
    [
        'query { asset(id: "%s") { name } }',
        'query { lineage(assetId: "%s") { asset { name } } }',
        'mutation { deleteAsset(id: "%s") }',
        'mutation { addTagToAsset(assetId: "%s", tagId: "TAG") }',
        'mutation { updateAsset(id: "%s", input: {type: TABLE, name: "mine", qualifiedName: "q"}) { id } }',
        'mutation { createRelationship(input: {sourceAssetId: "%s", targetAssetId: "%s", type: USES}) { id } }',
    ],
)
def test_outsider_finds_nothing(charlie, charlie_actor, users, query):
    tag = create_tag(actor=charlie_actor, data={"name": "mine"})
    assert code(charlie, query.replace("%s", str(users.pk)).replace("TAG", str(tag.pk))) == "ASSET_NOT_FOUND"
    assert models.Asset.objects.get(pk=users.pk).version == 1


def test_outsider_lists_nothing(charlie, users):
    found = data(
        charlie, '{ assets { pagination { total } } search(query: "users") { score } tags { name } tasks { id } }'
    )
    assert found == {"assets": {"pagination": {"total": 0}}, "search": [], "tags": [], "tasks": []}


def test_viewer_writes_nothing(vera, users):
    assert data(vera, '{ asset(id: "%s") { name } }' % users.pk)["asset"]["name"] == "users"
    assert code(vera, 'mutation { deleteAsset(id: "%s") }' % users.pk) == "FORBIDDEN"
    assert code(vera, 'mutation { createTag(input: {name: "n"}) { id } }') == "FORBIDDEN"


def test_anonymous_is_refused_as_the_contract_says(anonymous):
    answer = anonymous.post("/graphql", {"query": "{ tags { name } }"}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHORIZED")
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["X-Request-Id"]


def test_session_writes_only_with_its_csrf_token(alice_member, users):
    browser = Client(enforce_csrf_checks=True)
    assert browser.login(username="alice", password=PASSWORD)
    body = {"query": 'mutation { createTag(input: {name: "n"}) { id } }'}
    assert browser.post("/graphql", body, content_type="application/json").status_code == 403
    assert not models.Tag.objects.filter(name="n").exists()
    browser.get("/graphql", headers={"accept": "text/html"})
    token = browser.cookies["csrftoken"].value
    answer = browser.post("/graphql", body, content_type="application/json", headers={"x-csrftoken": token})
    assert answer.json()["data"]["createTag"]["id"]


def test_get_reads_and_never_writes(alice, users):
    answer = alice.get(
        "/graphql", {"query": "query Q($n: Int) { tags(pagination: {limit: $n}) { name } }", "variables": '{"n": 5}'}
    )
    assert answer.json() == {"data": {"tags": [{"name": "PII"}]}}
    answer = alice.get("/graphql", {"query": 'mutation { deleteAsset(id: "%s") }' % users.pk})
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert models.Asset.objects.get(pk=users.pk).deleted_at is None


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (b"{", 400, "BAD_REQUEST"),
        (b"[]", 400, "BAD_REQUEST"),
        (b"{}", 400, "BAD_REQUEST"),
        (b'{"query": 7}', 400, "BAD_REQUEST"),
        (b'{"query": "{ tags { name } }", "variables": []}', 400, "BAD_REQUEST"),
        (b'{"query": "{ tags { name }"}', 200, "BAD_REQUEST"),
        (b'{"query": "{ nonsense }"}', 200, "VALIDATION_ERROR"),
        (b'{"query": "query A { tags { name } } query B { tags { name } }"}', 200, "BAD_REQUEST"),
        (b'{"query": "subscription { taskProgress(taskId: 1) { status } }"}', 400, "BAD_REQUEST"),
        (b'{"query": "{ asset(id: \\"no id\\") { name } }"}', 200, "ASSET_NOT_FOUND"),
        (b'{"query": "{ asset(id: \\"\\\\u0000\\") { name } }"}', 200, "ASSET_NOT_FOUND"),
        (b'{"query": "{ search(query: \\"\\\\u0000\\") { score } }"}', 200, None),
        (b'{"query": "{ ...F } fragment F on Query { ...F }"}', 200, "VALIDATION_ERROR"),
        (b'{"query": "{ lineage(assetId: \\"x\\", depth: 99999999999) { truncated } }"}', 200, "VALIDATION_ERROR"),
        (b"\xff\xfe", 400, "BAD_REQUEST"),
    ],
)
def test_bad_request_is_told(alice, body, status, expected):
    answer = alice.generic("POST", "/graphql", body, content_type="application/json")
    assert answer.status_code == status, answer.content
    if expected:
        assert answer.json()["errors"][0]["extensions"]["code"] == expected


def test_query_that_fails_half_way_keeps_the_other_half(alice, users):
    answer = ask(alice, '{ good: asset(id: "%s") { name } bad: asset(id: "%s") { name } }' % (users.pk, uuid4()))
    assert answer["data"] == {"good": {"name": "users"}, "bad": None}
    assert [error["path"] for error in answer["errors"]] == [["bad"]]


def test_bug_says_nothing(alice, users, monkeypatch):
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr("catalog.schema.assets_page", broken)
    alice.raise_request_exception = False
    answer = ask(alice, "{ assets { data { id } } tags { name } }")
    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL_ERROR"
    assert "hunter2" not in str(answer)
    assert answer["data"]["tags"] == [{"name": "PII"}]


def nested(levels: int) -> str:
    return "{ assets { data {" + " lineage { upstream { asset {" * levels + " id " + "} } }" * levels + "} } }"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (nested(6), "QUERY_TOO_DEEP"),
        (nested(4).replace("assets", "assets(pagination: {limit: 100})"), "QUERY_TOO_COSTLY"),
        ("{" + " ".join(f"a{n}: tags {{ name }}" for n in range(limits.ALIASES + 1)) + "}", "TOO_MANY_ALIASES"),
        ("{" + " tags { name }" * 1000 + "}", "BAD_REQUEST"),
        ("{ __schema " + "{ types { fields { type " * 7 + "{ name }" + "} } }" * 7 + "}", "QUERY_TOO_DEEP"),
        (
            "{ ...F0 }"
            + "".join(f"fragment F{n} on Query {{ a: tags {{ name }} ...F{n + 1} ...F{n + 1} }}" for n in range(60))
            + "fragment F60 on Query { tags { name } }",
            "TOO_MANY_ALIASES",
        ),
    ],
)
def test_too_much_is_refused_before_it_runs(alice, django_assert_max_num_queries, query, expected):
    with django_assert_max_num_queries(2):  # who asks
        assert code(alice, query) == expected


def test_limit_in_a_variable_counts(alice):
    query = "query Q($p: Pagination) " + nested(4).replace("assets", "assets(pagination: $p)")
    assert code(alice, query, p={"limit": 100}) == "QUERY_TOO_COSTLY"
    assert "errors" not in ask(alice, query, p={"limit": 1})


def test_introspection_of_an_editor_passes(alice):
    found = data(alice, get_introspection_query(descriptions=True))
    assert found["__schema"]["queryType"]["name"] == "Query"


def test_a_query_costs_as_many_statements_for_many_as_for_few(alice, alice_actor, django_assert_num_queries):
    def grow(first: int, last: int) -> None:
        drafts = [AssetDraft("TABLE", f"t{n}", f"db.t{n}", tags=["a", "b"]) for n in range(first, last)]
        upsert_assets(actor=alice_actor, drafts=drafts)
        edges = [RelationshipDraft(f"db.t{n}", f"db.t{n - 1}", "DEPENDS_ON") for n in range(max(first, 1), last)]
        upsert_relationships(actor=alice_actor, drafts=edges)

    query = """{ assets(pagination: {limit: 100}, filter: {sort: "name"}) { data {
      name tags { name } schema { name } createdBy { name }
      lineage(depth: 1) { upstream { asset { name tags { name } } relationship { source { name } } } } } } }"""
    grow(0, 3)
    # Who asks, keys, rows, total; tags, schemas, lineage (start, two ways); the next assets, their tags, the sources.
    with django_assert_num_queries(10):
        assert len(data(alice, query)["assets"]["data"]) == 3
    grow(3, 60)
    with django_assert_num_queries(10):
        found = data(alice, query)["assets"]["data"]
    assert len(found) == 60
    steps = {each["name"]: [step["asset"]["name"] for step in each["lineage"]["upstream"]] for each in found}
    assert (steps["t0"], steps["t1"], steps["t59"]) == ([], ["t0"], ["t58"])
    assert found[5]["lineage"]["upstream"][0]["relationship"]["source"]["name"] == found[5]["name"]


def test_lineage_of_many_is_that_of_each(alice, alice_actor):
    drafts = [AssetDraft("TABLE", f"t{n}", f"db.t{n}") for n in range(8)]
    upsert_assets(actor=alice_actor, drafts=drafts)
    pairs = [(0, 1), (1, 2), (2, 0), (3, 1), (4, 3), (5, 4), (6, 5), (6, 0)]  # with a cycle
    edges = [RelationshipDraft(f"db.t{a}", f"db.t{b}", "USES") for a, b in pairs]
    upsert_relationships(actor=alice_actor, drafts=edges)
    shape = "{ upstream { depth asset { name } relationship { id } } downstream { depth asset { name } } truncated }"
    together = data(alice, "{ assets { data { id lineage(depth: 3) %s } } }" % shape)["assets"]["data"]
    for asset in together:
        alone = data(alice, "query Q($id: ID!) { lineage(assetId: $id, depth: 3) %s }" % shape, id=asset["id"])
        assert asset["lineage"] == alone["lineage"]


def test_too_many_requests_are_told(settings, alice):
    settings.RATE_METASTORE = "1/minute"
    ask(alice, "{ tags { name } }")
    assert code(alice, "{ tags { name } }", 429) == "RATE_LIMIT_EXCEEDED"


def test_editor_is_served_from_here_alone(client):
    page = client.get("/graphql", headers={"accept": "text/html,application/xhtml+xml"})
    assert page.status_code == 200
    named = re.findall(r'(?:src|href)="([^"]+)"', page.content.decode())
    assert len(named) >= 6
    assert all(name.startswith("/static/") for name in named)
    for name in named:
        assert client.get(name).status_code == 200, name


def test_schema_can_be_downloaded(client):
    answer = client.get("/graphql/schema.graphql")
    assert answer.content.decode().strip() == schema.as_str().strip()


def test_nothing_runs_twice(alice: APIClient) -> None:
    data(alice, 'mutation { a: createTag(input: {name: "a"}) { id } b: createTag(input: {name: "b"}) { id } }')
    assert models.Tag.objects.count() == 2
    assert Job.objects.count() == 0
