"""Databases, schemas and tables: made, read, replaced; and the same assets at the other doors."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from catalog.models import Asset, Origin, Relationship
from catalog.services import AssetDraft, RelationshipDraft, upsert_assets, upsert_relationships
from tests.catalog.api.entities.conftest import COLUMNS, call, made

pytestmark = pytest.mark.django_db

USERS: dict[str, Any] = {"name": "users", "databaseSchema": "shop.sales.public", "columns": COLUMNS}


def test_a_table_is_answered_with_its_containers_and_absolute_links(vera: APIClient, table, schema, database, shop):
    found = made(call(vera, "get", f"tables/{table['id']}"))
    assert found["fullyQualifiedName"] == "shop.sales.public.users"
    assert found["version"] == 0.1
    assert found["href"] == f"http://testserver/api/v1/tables/{table['id']}"
    for field, other in (("databaseSchema", schema), ("database", database)):
        assert found[field]["id"] == other["id"]
        assert found[field]["href"] == other["href"]
    assert found["service"]["id"] == str(shop.pk)
    assert found["service"]["href"].startswith("http://testserver/api/v1/services/databaseServices/")
    assert found["serviceType"] == "Postgres"
    assert found["tableType"] == "Regular"
    assert isinstance(found["updatedAt"], int)
    assert found["columns"][0]["fullyQualifiedName"] == "shop.sales.public.users.id"
    assert "owners" not in found
    assert "tags" not in found


def test_what_is_always_answered_has_its_length_and_its_version(vera: APIClient, table):
    response = call(vera, "get", f"tables/{table['id']}")
    assert int(response["Content-Length"]) == len(response.content)
    assert response["ETag"] == 'W/"0.1"'


def test_the_same_asset_is_at_the_other_doors(bob: APIClient, vera: APIClient, table):
    asset = vera.get(f"/v1/assets/{table['id']}").json()
    assert asset["type"] == "TABLE"
    assert asset["qualified_name"] == "shop.sales.public.users"
    assert asset["schema"][0] == {"name": "id", "type": "bigint", "nullable": False, "position": 1, "primary_key": True}
    assert asset["schema"][1]["type"] == "varchar(200)"
    bob.put(f"/v1/assets/{table['id']}", {"description": "Said there."}, format="json")
    again = made(call(vera, "get", "tables/name/shop.sales.public.users"))
    assert again["description"] == "Said there."
    assert again["version"] == 0.2
    edge = Relationship.objects.get(target=table["id"])
    assert (edge.type, edge.source.qualified_name) == ("CONTAINS", "shop.sales.public")


def test_what_a_collection_brought_is_a_table_here(vera: APIClient, alice_actor, shop: Origin):
    upsert_assets(
        actor=alice_actor,
        origin=shop,
        drafts=[
            AssetDraft("DATABASE", "sales", "shop.sales"),
            AssetDraft("SCHEMA", "public", "shop.sales.public"),
            AssetDraft(
                "VIEW",
                "t.0",
                'shop.sales.public."t.0"',
                metadata={"kind": "materialized view", "definition": "SELECT 1", "row_count": 7},
                schema=[
                    {"name": "a", "type": "character varying(20)", "nullable": True, "position": 1},
                    {"name": "b", "type": "integer[]", "nullable": False},
                    {"name": "c", "type": "timestamp with time zone"},
                    {"name": "d.e", "type": "some_enum", "description": "Odd."},
                ],
            ),
        ],
    )
    edges = [("shop.sales", "shop.sales.public"), ("shop.sales.public", 'shop.sales.public."t.0"')]
    drafts = [RelationshipDraft(source, target, "CONTAINS") for source, target in edges]
    upsert_relationships(actor=alice_actor, origin=shop, drafts=drafts)
    path = quote('shop.sales.public."t.0"')
    found = made(call(vera, "get", f"tables/name/{path}?fields=schemaDefinition,extension"))
    assert (found["name"], found["tableType"]) == ("t.0", "MaterializedView")
    assert found["schemaDefinition"] == "SELECT 1"
    assert found["extension"] == {"row_count": 7}
    assert found["database"]["name"] == "sales"
    told = [(column["dataType"], column.get("dataLength"), column.get("constraint")) for column in found["columns"]]
    expected = [("VARCHAR", 20, "NULL"), ("ARRAY", None, "NOT_NULL"), ("TIMESTAMPZ", None, None)]
    assert told == [*expected, ("UNKNOWN", None, None)]
    assert found["columns"][1]["arrayDataType"] == "INT"
    assert found["columns"][3]["fullyQualifiedName"] == 'shop.sales.public."t.0"."d.e"'


def test_every_field_of_a_request_comes_back(bob: APIClient, schema, bob_member):
    body = {
        **USERS,
        "displayName": "Users",
        "description": "Who buys.",
        "tableType": "Partitioned",
        "tableConstraints": [
            {"constraintType": "PRIMARY_KEY", "columns": ["id"]},
            {"constraintType": "UNIQUE", "columns": ["email"]},
        ],
        "tablePartition": {"columns": [{"columnName": "id", "intervalType": "TIME-UNIT"}]},
        "schemaDefinition": "CREATE TABLE users ()",
        "retentionPeriod": "P30D",
        "sourceUrl": "https://example.com/users",
        "fileFormat": "csv",
        "owners": [{"id": str(bob_member.user_id), "type": "user"}],
        "tags": [{"tagFQN": "PII.Sensitive", "source": "Classification", "labelType": "Manual", "state": "Confirmed"}],
        "extension": {"team": "sales"},
        "columns": [
            {
                "name": "home",
                "dataType": "STRUCT",
                "displayName": "Home",
                "dataTypeDisplay": "struct<street:string>",
                "description": "Where.",
                "tags": [{"tagFQN": "PII.Sensitive"}],
                "children": [{"name": "street", "dataType": "STRING", "dataLength": 80, "constraint": "UNIQUE"}],
            },
            {"name": "odd", "dataType": "INT", "dataTypeDisplay": "fancy", "jsonSchema": "{}"},
        ],
    }
    found = made(call(bob, "post", "tables", body))
    for field in body.keys() - {"databaseSchema", "owners", "tags", "columns"}:
        assert found[field] == body[field], field
    assert [(owner["name"], owner["type"]) for owner in found["owners"]] == [("bob", "user")]
    assert [tag["tagFQN"] for tag in found["tags"]] == ["PII.Sensitive"]
    home, odd = found["columns"]
    assert home["tags"][0]["tagFQN"] == "PII.Sensitive"
    assert home["displayName"] == "Home"
    assert home["children"][0] | {"tags": None} == {
        "name": "street",
        "dataType": "STRING",
        "dataLength": 80,
        "dataTypeDisplay": "string(80)",
        "constraint": "UNIQUE",
        "fullyQualifiedName": "shop.sales.public.users.home.street",
        "tags": None,
    }
    assert (odd["dataType"], odd["dataTypeDisplay"], odd["jsonSchema"]) == ("INT", "fancy", "{}")
    assert made(call(bob, "get", f"tables/{found['id']}?fields=*")) == found


def test_put_creates_and_then_replaces(bob: APIClient, schema):
    first = call(bob, "put", "tables", {**USERS, "description": "Once.", "sourceUrl": "https://a.example"})
    assert first.status_code == 201
    again = call(bob, "put", "tables", {**USERS, "description": "Once.", "sourceUrl": "https://a.example"})
    assert again.status_code == 200
    assert again.json()["version"] == 0.1
    replaced = call(bob, "put", "tables", {**USERS, "columns": COLUMNS[:2]})
    assert replaced.status_code == 200
    assert replaced.json()["id"] == first.json()["id"]
    assert "description" not in replaced.json()
    assert "sourceUrl" not in replaced.json()
    assert replaced.json()["version"] == 1.1  # a column is gone


def test_put_on_an_id_replaces_or_creates(bob: APIClient, charlie: APIClient, table):
    path = f"tables/{table['id']}"
    assert call(bob, "put", path, {**USERS, "description": "New."}).json()["description"] == "New."
    assert call(bob, "put", path, {**USERS, "name": "other"}).status_code == 400
    fresh = "0190a000-0000-7000-8000-000000000001"
    created = call(bob, "put", f"tables/{fresh}", {**USERS, "name": "other"})
    assert (created.status_code, created.json()["id"]) == (201, fresh)
    assert call(charlie, "put", path, USERS).status_code == 404


def test_nulls_are_as_if_not_said(bob: APIClient, schema):
    body = {**USERS, "displayName": None, "owners": None, "tags": None, "domains": None, "dataProducts": []}
    assert call(bob, "put", "tables", body).status_code == 201


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"columns": [{"name": "a", "dataType": "INT", "colour": 1}]}, "columns.0.colour"),
        ({"columns": [{"name": "a", "dataType": "FANCY"}]}, "columns.0.dataType"),
        ({"columns": [{"dataType": "INT"}]}, "columns.0.name"),
        ({"columns": [{"name": "a", "dataType": "INT"}] * 2}, "columns.1.name"),
        ({"columns": None}, "columns"),
        ({"columns": "all"}, "columns"),
        ({"tableType": "Chair"}, "tableType"),
        ({"name": "  "}, "name"),
        ({"name": 7}, "name"),
        ({"name": "n" * 256}, "name"),
        ({"description": 7}, "description"),
        ({"databaseSchema": 'shop."sales'}, "databaseSchema"),
        ({"databaseSchema": None}, "databaseSchema"),
        ({"tags": [{"name": "PII"}]}, "tags.0"),
        ({"owners": [{"id": "0190a000-0000-7000-8000-000000000001", "type": "user"}]}, "owners"),
        ({"owners": [{"id": "0190a000-0000-7000-8000-000000000001", "type": "team"}]}, "owners"),
        ({"domains": ["sales"]}, "domains"),
        ({"extension": {"definition": "x"}}, "schemaDefinition"),
        ({"tableConstraints": [{"constraintType": "PRIMARY_KEY", "colour": 1}]}, "tableConstraints.0.colour"),
    ],
)
def test_what_is_wrong_is_named(bob: APIClient, schema, change: dict[str, Any], named: str):
    response = call(bob, "post", "tables", {**USERS, **change})
    assert response.status_code == 400
    assert response.json().keys() == {"code", "message"}
    assert response.json()["code"] == 400
    assert named in response.json()["message"]
    assert not Asset.objects.filter(type="TABLE").exists()


def test_a_parent_that_is_not_there(bob: APIClient, schema):
    assert call(bob, "post", "tables", {**USERS, "databaseSchema": "shop.sales.nowhere"}).status_code == 404
    assert call(bob, "post", "databaseSchemas", {"name": "x", "database": "shop.nowhere"}).status_code == 404
    assert call(bob, "post", "databases", {"name": "x", "service": "nowhere"}).status_code == 404
    assert not Asset.objects.filter(name="x").exists()


def test_a_name_that_is_taken_is_a_conflict(bob: APIClient, table):
    response = call(bob, "post", "tables", USERS)
    assert (response.status_code, response.json()["code"]) == (409, 409)


def test_names_with_dots_and_quotes(bob: APIClient, schema):
    made(call(bob, "post", "databaseSchemas", {"name": "a.b", "database": "shop.sales"}))
    body = {**USERS, "databaseSchema": 'shop.sales."a.b"', "name": 'odd "t.0"/x'}
    found = made(call(bob, "post", "tables", body))
    assert found["fullyQualifiedName"] == 'shop.sales."a.b"."odd ""t.0""/x"'
    path = f"tables/name/{quote(found['fullyQualifiedName'], safe='')}"
    assert made(call(bob, "get", path))["id"] == found["id"]
    # Quotes where none are needed are the same name.
    assert made(call(bob, "get", "databaseSchemas/name/shop.%22sales%22.public"))["name"] == "public"


@pytest.mark.parametrize("name", ['shop."sales', 'shop.sales"', "shop..x", '"'])
def test_unbalanced_quotes_are_a_bad_request(vera: APIClient, table, name: str):
    response = call(vera, "get", f"tables/name/{quote(name, safe='')}")
    assert response.status_code == 400
    assert "quotes" in response.json()["message"]


def test_fields_that_are_none(vera: APIClient, table):
    response = call(vera, "get", f"tables/{table['id']}?fields=owners,colour")
    assert response.status_code == 400
    assert "colour" in response.json()["message"]
    assert call(vera, "get", f"tables/{table['id']}?fields=usageSummary,joins,votes").status_code == 200


def test_an_entity_is_found_in_its_own_collection_only(vera: APIClient, table, schema):
    assert call(vera, "get", f"databases/{table['id']}").status_code == 404
    assert call(vera, "get", f"tables/{schema['id']}").status_code == 404
    assert call(vera, "get", "tables/none").status_code == 404


def test_outsiders_and_viewers(charlie: APIClient, vera: APIClient, anonymous: APIClient, table):
    assert call(charlie, "get", f"tables/{table['id']}").json() == {
        "code": 404,
        "message": f"There is no table '{table['id']}'",
    }
    assert call(charlie, "get", "tables/name/shop.sales.public.users").status_code == 404
    assert made(call(charlie, "get", "tables"))["data"] == []
    assert call(charlie, "post", "tables", USERS).status_code == 404
    assert call(vera, "post", "tables", {**USERS, "name": "x"}).status_code == 403
    assert call(anonymous, "get", "tables").status_code == 401


def test_a_program_leaves_alone_what_a_person_wrote(bob: APIClient, alice: APIClient, table):
    key = alice.post("/api/v1/organizations/acme/api-keys", {"name": "bot", "role": "editor"}, format="json").json()
    bot = APIClient()
    bot.credentials(HTTP_X_API_KEY=key["data"]["key"])
    body = {**USERS, "description": "Found.", "columns": [{**column, "description": "Found."} for column in COLUMNS]}
    replaced = made(call(bot, "put", "tables", body))
    assert replaced["description"] == "Who buys."
    assert [column["description"] for column in replaced["columns"]] == ["Found.", "Where to write to.", "Found."]
    # What the program itself wrote, it may write again.
    other = {**body, "name": "orders"}
    made(call(bot, "put", "tables", other))
    assert made(call(bot, "put", "tables", {**other, "description": "Otherwise."}))["description"] == "Otherwise."
