"""`/v1/assets`, as the metastore contract's page has it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import ApiKey, Role
from accounts.tokens import make_key
from catalog.asking import SORTS
from catalog.models import Asset
from catalog.services import AssetDraft, upsert_assets

pytestmark = pytest.mark.django_db

USERS: dict[str, Any] = {
    "type": "TABLE",
    "name": "users",
    "qualified_name": "prod.public.users",
    "description": "User table",
    "metadata": {"database": "prod", "schema": "public", "row_count": 1000000},
    "tags": ["PII", "Sensitive"],
    "schema": [{"name": "id", "type": "UUID", "nullable": False}],
}


def post(client: APIClient, url: str, body: Any) -> Any:
    return client.post(url, body, format="json")


def put(client: APIClient, url: str, body: Any, **headers: str) -> Any:
    return client.put(url, body, format="json", headers=headers)


@pytest.fixture
def users(bob: APIClient) -> dict[str, Any]:
    response = post(bob, "/v1/assets", USERS)
    assert response.status_code == 201
    created: dict[str, Any] = response.json()
    return created


def test_an_asset_is_created_and_read_as_on_the_page(bob: APIClient, vera: APIClient, users, bob_member):
    response = vera.get(f"/v1/assets/{users['id']}")
    assert response.status_code == 200
    asset = response.json()
    assert asset == users
    for field, value in USERS.items():
        assert asset[field] == value, field
    assert asset["created_by"] == {"id": str(bob_member.user_id), "name": "Bob"}
    assert asset["created_at"] == asset["updated_at"]
    assert asset["created_at"].endswith("Z")
    assert asset["version"] == 1
    assert response["ETag"] == '"1"'


def test_a_list_is_as_on_the_page(bob: APIClient, users):
    body = bob.get("/v1/assets?type=TABLE&tag=PII&limit=20&offset=0&sort=updated_at:desc").json()
    assert body["pagination"] == {"total": 1, "limit": 20, "offset": 0, "has_more": False}
    (item,) = body["data"]
    assert "schema" not in item
    assert {name: users[name] for name in item} == item


def test_an_update_is_partial_and_merges_metadata(bob: APIClient, users):
    url = f"/v1/assets/{users['id']}"
    response = put(bob, url, {"description": "Updated description", "metadata": {"row_count": 2000000, "schema": None}})
    assert response.status_code == 200
    asset = response.json()
    assert asset["description"] == "Updated description"
    assert asset["metadata"] == {"database": "prod", "row_count": 2000000}
    assert asset["tags"] == USERS["tags"]
    assert (asset["version"], response["ETag"]) == (2, '"2"')
    assert bob.get(url).json() == asset


def test_a_deleted_asset_is_gone_and_its_name_is_free(bob: APIClient, users):
    url = f"/v1/assets/{users['id']}"
    response = bob.delete(url)
    assert (response.status_code, response.content) == (204, b"")
    assert bob.get(url).status_code == 404
    assert bob.delete(url).status_code == 404
    assert bob.get("/v1/assets").json()["data"] == []
    assert post(bob, "/v1/assets", USERS).status_code == 201


def test_what_is_not_there_is_said_as_on_the_page(bob: APIClient):
    missing = "0190d2b4-1111-7000-8000-000000000000"
    for key in (missing, "no-id"):
        for response in (bob.get(f"/v1/assets/{key}"), bob.delete(f"/v1/assets/{key}"),
                         put(bob, f"/v1/assets/{key}", {}), bob.get(f"/v1/assets/{key}/lineage")):  # fmt: skip
            assert response.status_code == 404
            assert response.json() == {
                "error": {
                    "code": "ASSET_NOT_FOUND",
                    "message": f"Asset with id '{key}' not found",
                    "details": {"asset_id": key},
                }
            }


def test_a_name_that_is_taken_is_a_conflict(bob: APIClient, users):
    response = post(bob, "/v1/assets", USERS)
    assert response.status_code == 409
    error = response.json()["error"]
    assert error["code"] == "ASSET_CONFLICT"
    assert error["details"]["qualified_name"] == "prod.public.users"


@pytest.mark.parametrize("how", ["header", "body"])
def test_a_version_that_is_not_current_is_a_conflict(bob: APIClient, users, how):
    url = f"/v1/assets/{users['id']}"

    def change(version: int, text: str) -> Any:
        if how == "header":
            return put(bob, url, {"description": text}, **{"If-Match": f'"{version}"'})
        return put(bob, url, {"description": text, "version": version})

    assert change(1, "first").status_code == 200
    response = change(1, "second")
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "VERSION_CONFLICT"
    assert response.json()["error"]["details"]["current_version"] == 2
    assert bob.delete(url, headers={"If-Match": '"1"'}).status_code == 409
    assert bob.get(url).json()["description"] == "first"
    assert change(2, "third").status_code == 200
    assert bob.delete(url, headers={"If-Match": '"3"'}).status_code == 204


def test_who_has_the_version_gets_304(bob: APIClient, users):
    url = f"/v1/assets/{users['id']}"
    assert bob.get(url, headers={"If-None-Match": '"1"'}).status_code == 304
    put(bob, url, {"description": "x"})
    assert bob.get(url, headers={"If-None-Match": '"1"'}).status_code == 200


def test_an_asset_is_found_by_its_qualified_name(bob: APIClient, charlie: APIClient, users):
    assert bob.get("/v1/assets/name/prod.public.users").json() == users
    odd = post(bob, "/v1/assets", {"type": "TOPIC", "name": "x", "qualified_name": 'a/b."c d"/é?'}).json()
    assert bob.get("/v1/assets/name/a%2Fb.%22c%20d%22%2F%C3%A9%3F").json() == odd
    response = charlie.get("/v1/assets/name/prod.public.users")
    assert response.status_code == 404
    assert response.json()["error"]["details"] == {"qualified_name": "prod.public.users"}


@pytest.fixture
def many(bob_actor, users, origin) -> None:
    drafts = [
        AssetDraft(kind, f"{kind.lower()}_{n}", f"w.{kind.lower()}_{n}", tags=[f"t{n}", "all"])
        for kind in ("TABLE", "VIEW", "TOPIC")
        for n in range(3)
    ]
    upsert_assets(actor=bob_actor, drafts=drafts, origin=origin)


def names(client: APIClient, query: str) -> list[str]:
    response = client.get(f"/v1/assets?{query}")
    assert response.status_code == 200, response.json()
    body = response.json()
    assert body["pagination"]["total"] == len(body["data"])
    return sorted(item["name"] for item in body["data"])


@pytest.mark.usefixtures("many")
def test_lists_are_filtered(bob: APIClient, acme, bob_member):
    assert names(bob, "type=VIEW") == ["view_0", "view_1", "view_2"]
    assert len(names(bob, "type=VIEW&type=TOPIC")) == len(names(bob, "type=VIEW,TOPIC")) == 6
    assert names(bob, "tag=t1") == names(bob, "tag=T1") == ["table_1", "topic_1", "view_1"]
    assert names(bob, "tag=t1&tag=all&type=VIEW") == names(bob, "tag=t1,all&type=VIEW") == ["view_1"]
    assert names(bob, "tag=t1&tag=t2") == names(bob, "tag=nothing") == []
    tag = Asset.objects.get(name="view_2").tags.get(name="t2")
    assert names(bob, f"tag={tag.pk}") == ["table_2", "topic_2", "view_2"]
    assert names(bob, "search=topic") == ["topic_0", "topic_1", "topic_2"]
    assert names(bob, "search=opic_2") == ["topic_2"]
    assert names(bob, "search=user&type=TABLE") == ["users"]
    assert names(bob, "search=%22%26%7C%00x".replace("%00", "")) == []
    assert len(names(bob, "source=Warehouse")) == 9
    assert names(bob, "source=Elsewhere") == names(bob, "owner=me") == []
    put(bob, f"/v1/assets/{Asset.objects.get(name='users').pk}", {"owner": "bob@example.com"})
    for owner in ("me", "BOB@example.com", "bob", "BOB", str(bob_member.user_id)):
        assert names(bob, f"owner={owner}") == ["users"]


@pytest.mark.usefixtures("many")
def test_lists_are_filtered_by_time(bob: APIClient):
    Asset.objects.filter(name="view_0").update(created_at=datetime(2020, 5, 1, tzinfo=UTC))
    assert names(bob, "created_before=2020-05-02") == ["view_0"]
    assert names(bob, "created_after=2020-05-01&created_before=2020-05-01T00:00:01Z") == ["view_0"]
    assert names(bob, "created_before=2020-05-01T00:00:00Z") == []
    assert "view_0" not in names(bob, "created_after=2020-05-01T02:00:01+02:00")
    assert len(names(bob, "updated_after=2020-01-01")) == 10
    assert names(bob, "updated_before=2020-01-01T00:00:00") == []


@pytest.mark.only_on("sqlite")  # whose plans depend on no statistics
@pytest.mark.parametrize("way", ["asc", "desc"])
@pytest.mark.parametrize("field", SORTS)
def test_no_order_of_a_list_sorts_the_whole_catalog(bob: APIClient, field: str, way: str):
    post(bob, "/v1/assets", USERS)
    with CaptureQueriesContext(connection) as queries:
        assert bob.get(f"/v1/assets?sort={field}:{way}&limit=2").status_code == 200
    [listed] = [query["sql"] for query in queries if query["sql"].endswith(" LIMIT 2")]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {listed}")
        plan = [words for _, parent, _, words in cursor.fetchall() if not parent]
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan, plan


@pytest.mark.usefixtures("many")
def test_lists_are_sorted_and_paged(bob: APIClient):
    def page(query: str) -> list[str]:
        return [item["name"] for item in bob.get(f"/v1/assets?{query}").json()["data"]]

    assert page("sort=name:asc&limit=2") == page("sort=name&limit=2") == ["table_0", "table_1"]
    assert page("sort=name:desc&limit=2") == ["view_2", "view_1"]
    assert page("sort=type:desc,name:asc&limit=1") == ["view_0"]
    assert page("sort=qualified_name&limit=1") == ["users"]
    everything = [name for offset in range(0, 12, 3) for name in page(f"limit=3&offset={offset}")]
    assert len(everything) == len(set(everything)) == 10
    body = bob.get("/v1/assets?limit=3&offset=3").json()
    assert body["pagination"] == {"total": 10, "limit": 3, "offset": 3, "has_more": True}
    assert bob.get("/v1/assets?offset=100").json()["data"] == []


@pytest.mark.parametrize("path", ["/v1/assets/{id}", "/v1/assets/name/{qualified_name}"])
def test_fields_of_one_asset_can_be_chosen(bob: APIClient, users, path: str):
    answer = bob.get(path.format(**users) + "?fields=name,schema")
    assert list(answer.json()) == ["id", "name", "schema"]
    refused = bob.get(path.format(**users) + "?fields=secret")
    assert (refused.status_code, list(refused.json()["error"]["details"])) == (400, ["fields"])


def test_fields_can_be_chosen(bob: APIClient, users):
    (item,) = bob.get("/v1/assets?fields=name,schema").json()["data"]
    assert item == {"id": users["id"], "name": "users", "schema": USERS["schema"]}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("type=SOFA", "type"),
        ("limit=101", "limit"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("offset=-1", "offset"),
        ("sort=colour", "sort"),
        ("sort=name:up", "sort"),
        ("created_after=yesterday", "created_after"),
        ("created_before=2024-13-01", "created_before"),
        ("created_before=0001-01-01T00:00:00%2B12:00", "created_before"),
        ("fields=secret", "fields"),
        ("search=a&search=b", "search"),
        ("offset=1&offset=2", "offset"),
        (f"tag={','.join(map(str, range(101)))}", "tag"),
        (f"term={','.join(map(str, range(101)))}", "term"),
    ],
)
def test_a_query_that_means_nothing_is_refused(bob: APIClient, query, field):
    response = bob.get(f"/v1/assets?{query}")
    assert response.status_code == 400
    assert field in response.json()["error"]["details"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "type"),
        ({**USERS, "type": "SOFA"}, "type"),
        ({**USERS, "name": ""}, "name"),
        ({**USERS, "qualified_name": "x" * 1001}, "qualified_name"),
        ({**USERS, "metadata": [1]}, "metadata"),
        ({**USERS, "schema": [{"name": "a", "type": "int", "nullable": "no"}]}, "schema.0.nullable"),
        ({**USERS, "tags": "PII"}, "tags"),
        ({**USERS, "tags": [{"name": "x"}]}, "tags.0"),
        ({**USERS, "owner": "nobody"}, "owner"),
        ({**USERS, "colour": "red"}, "colour"),
        ({**USERS, "id": "1"}, "id"),
    ],
)
def test_bad_bodies_are_refused_by_field(bob: APIClient, body, field):
    response = post(bob, "/v1/assets", body)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["code"] == "VALIDATION_ERROR"
    assert field in error["details"]
    assert not Asset.objects.exists()


@pytest.mark.parametrize(
    "body", [b" ", b"[]", b"{", b'{"name": "\\u0000"}', b'"x"', b"\xff", b"[" * 10_000, b'{"a":1e999}']
)
def test_bodies_that_are_no_objects_are_refused(bob: APIClient, users, body):
    for method, url in ((bob.post, "/v1/assets"), (bob.put, f"/v1/assets/{users['id']}")):
        response = method(url, data=body, content_type="application/json")
        assert response.status_code == 400
        assert set(response.json()["error"]) == {"code", "message", "details"}


def test_roles_and_strangers(vera, charlie, anonymous, users):
    url = f"/v1/assets/{users['id']}"
    for client, reads, writes in ((vera, 200, 403), (charlie, 404, 404), (anonymous, 401, 401)):
        assert client.get(url).status_code == reads
        assert client.get(f"{url}/lineage").status_code == reads
        assert put(client, url, {"description": "x"}).status_code == writes
        assert client.delete(url).status_code == writes
    assert post(vera, "/v1/assets", {**USERS, "qualified_name": "v"}).status_code == 403
    assert post(anonymous, "/v1/assets", USERS).status_code == 401
    assert anonymous.get("/v1/assets").status_code == 401
    assert charlie.get("/v1/assets").json()["data"] == []
    assert Asset.objects.get().description == "User table"


def test_a_program_may_write_with_its_key(anonymous: APIClient, acme, alice_member):
    key, prefix, hashed = make_key()
    ApiKey.objects.create(organization=acme, name="loader", role=Role.EDITOR, prefix=prefix, key_hash=hashed)
    anonymous.credentials(HTTP_X_API_KEY=key)
    created = post(anonymous, "/v1/assets", USERS)
    assert created.status_code == 201
    assert created.json()["created_by"] is None


def test_reads_take_few_statements(bob: APIClient, users, many, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        assert bob.get(f"/v1/assets/{users['id']}").status_code == 200
    with django_assert_max_num_queries(4):
        assert len(bob.get("/v1/assets?limit=100&fields=schema,tags").json()["data"]) == 10
    with django_assert_max_num_queries(6):
        bob.get("/v1/assets?limit=100&tag=t1&tag=all&search=view&type=VIEW")


def test_an_edge_leads_through_the_lineage_as_on_the_page(bob: APIClient, charlie: APIClient, users):
    source = post(bob, "/v1/assets", {"type": "TABLE", "name": "source_table", "qualified_name": "s"}).json()
    board = post(bob, "/v1/assets", {"type": "DASHBOARD", "name": "dashboard", "qualified_name": "d"}).json()
    post(bob, "/v1/relationships", edge(users, source, "DEPENDS_ON", {"column_mapping": {"id": ["uid"]}}))
    post(bob, "/v1/relationships", edge(board, users, "USES"))
    body = bob.get(f"/v1/assets/{users['id']}/lineage?depth=2&direction=both").json()
    assert body["asset"]["id"] == users["id"]
    assert body["asset"]["name"] == "users"
    (up,), (down,) = body["upstream"], body["downstream"]
    assert up["asset"]["name"] == "source_table"
    assert up["relationship"]["type"] == "DEPENDS_ON"
    assert up["relationship"]["metadata"] == {"column_mapping": {"id": ["uid"]}}
    assert (down["asset"]["name"], down["relationship"]["type"], down["depth"]) == ("dashboard", "USES", 1)
    assert body["truncated"] is False
    only = bob.get(f"/v1/assets/{users['id']}/lineage?direction=upstream").json()
    assert (len(only["upstream"]), only["downstream"]) == (1, [])
    assert charlie.get(f"/v1/assets/{users['id']}/lineage").status_code == 404
    for query in (
        "depth=0",
        "depth=11",
        "depth=x",
        "depth=1&depth=2",
        "direction=sideways",
        "direction=upstream,downstream",
        "limit=0",
        "limit=10001",
    ):
        response = bob.get(f"/v1/assets/{users['id']}/lineage?{query}")
        assert response.status_code == 400
        assert query.split("=")[0] in response.json()["error"]["details"]


def edge(source: dict[str, Any], target: dict[str, Any], type_: str, metadata: Any = None) -> dict[str, Any]:
    body = {"source_asset_id": source["id"], "target_asset_id": target["id"], "type": type_}
    return body if metadata is None else {**body, "metadata": metadata}


def test_a_filter_takes_whatever_can_be_typed(bob: APIClient, users):
    for name in ("search", "tag", "owner", "source", "domain", "term"):
        for value in ('"', "%", "a' OR 1=1 --", "😀", "x" * 10_000, "()&|!<>", "a,,b", "\\"):
            answer = bob.get("/v1/assets", {name: value})
            assert answer.status_code == 200, (name, value, answer.content)
            assert answer.json()["data"] == []
    refused = bob.get("/v1/assets", {"created_after": "soon", "type": "SHOE", "sort": "name:up"})
    assert refused.status_code == 400
    assert set(refused.json()["error"]["details"]) == {"created_after", "type", "sort"}


def test_the_browsable_api_offers_the_filters_as_a_form(bob: APIClient, users):
    page = bob.get("/v1/assets", HTTP_ACCEPT="text/html").content.decode()
    for name in ("type", "tag", "search", "owner", "created_after", "sort"):
        assert f'name="{name}"' in page
