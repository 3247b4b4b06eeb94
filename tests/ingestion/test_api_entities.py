"""Data sources as `services/databaseServices` of the entities contract."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import DeletedRow
from audit.models import AuditEvent
from catalog.models import Asset, Origin
from ingestion.models import DataSource
from ingestion.services.secrets import MASK, decrypt

pytestmark = pytest.mark.django_db

SERVICES = "/api/v1/services/databaseServices"
SECRET = "opensesame"
BODY: dict[str, Any] = {
    "name": "shop",
    "serviceType": "Postgres",
    "description": "What is sold.",
    "connection": {
        "config": {
            "type": "Postgres",
            "scheme": "postgresql+psycopg2",
            "username": "reader",
            "authType": {"password": SECRET},
            "hostPort": "db.example.com:5433",
            "database": "sales",
            "sslMode": "require",
            "supportsMetadataExtraction": True,
        }
    },
}


def made(response: Any) -> dict[str, Any]:
    assert response.status_code in {200, 201}, response.content
    assert SECRET not in response.content.decode()
    found: dict[str, Any] = response.json()
    return found


def post(client: APIClient, body: Any) -> Any:
    return client.post(SERVICES, body, format="json")


def patch(client: APIClient, service: dict[str, Any], *operations: dict[str, Any]) -> Any:
    return client.patch(f"{SERVICES}/{service['id']}", list(operations), format="json")


@pytest.fixture
def service(bob: APIClient) -> dict[str, Any]:
    return made(post(bob, BODY))


def test_a_service_is_a_data_source(bob: APIClient, service: dict[str, Any]):
    source = bob.get(f"/api/v1/datasources/{service['id']}").json()
    assert (source["name"], source["type"], source["status"]) == ("shop", "postgresql", "active")
    expected = {"host": "db.example.com", "port": 5433, "database": "sales", "username": "reader"}
    assert source["config"] == {**expected, "password": MASK, "sslmode": "require"}
    assert service["fullyQualifiedName"] == "shop"
    assert service["href"] == f"http://testserver{SERVICES}/{service['id']}"
    assert service["connection"]["config"] == {
        "type": "Postgres",
        "hostPort": "db.example.com:5433",
        "username": "reader",
        "database": "sales",
        "sslMode": "require",
        "authType": {"password": MASK},
        "scheme": "postgresql+psycopg2",
        "supportsMetadataExtraction": True,
    }


def test_settings_that_are_a_clients_own_are_kept_for_it(bob: APIClient, service: dict[str, Any]):
    own = {
        "schemaFilterPattern": {"includes": [], "excludes": ["^information_schema$"]},
        "ingestAllDatabases": False,
        "sslConfig": {"caCertificate": "CERT", "sslKey": "k"},
        "connectionArguments": {"token": SECRET, "rows": [{"secretKey": SECRET}]},
    }
    config = {**BODY["connection"]["config"], **own}
    put = lambda config: made(bob.put(SERVICES, {**BODY, "connection": {"config": config}}, format="json"))  # noqa: E731
    found = put(config)
    told = found["connection"]["config"]
    assert told["schemaFilterPattern"] == own["schemaFilterPattern"]
    assert told["connectionArguments"] == {"token": MASK, "rows": [{"secretKey": MASK}]}
    source = DataSource.objects.get()
    assert SECRET not in source.client_settings
    assert found["version"] == 0.2
    # What was answered, sent back, changes nothing; what is left out is gone.
    assert put({**told, "type": "Postgres"})["version"] == 0.2
    assert decrypt(DataSource.objects.get().client_settings)["connectionArguments"]["token"] == SECRET
    fewer = put(BODY["connection"]["config"])["connection"]["config"]
    assert "connectionArguments" not in fewer
    trail = AuditEvent.objects.filter(entity_type="DATA_SOURCE").values_list("before_state", "after_state")
    assert SECRET not in str(list(trail))


def test_a_data_source_is_a_service(bob: APIClient):
    body = {"name": "a.b", "type": "mysql", "config": {"host": "my.example.com"}}
    source = bob.post("/api/v1/datasources", body, format="json").json()
    found = made(bob.get(f"{SERVICES}/name/%22a.b%22"))
    assert (found["id"], found["serviceType"], found["name"]) == (source["id"], "Mysql", "a.b")
    assert bob.get(f"{SERVICES}/name/%22a.b").status_code == 400
    kafka = {"name": "events", "type": "kafka", "config": {"bootstrap_servers": "k.example.com:9092"}}
    bob.post("/api/v1/datasources", kafka, format="json")
    assert [row["name"] for row in made(bob.get(SERVICES))["data"]] == ["a.b"]


def test_a_service_without_a_connection_waits_to_be_filled(bob: APIClient):
    found = made(bob.put(SERVICES, {"name": "pushed", "serviceType": "Mysql", "tags": None}, format="json"))
    assert "connection" not in found
    path = f"/api/v1/datasources/{found['id']}"
    assert bob.get(path).json()["status"] == "inactive"
    assert bob.put(path, {"status": "active"}, format="json").status_code == 400
    tested = bob.post(f"{path}/test", {}, format="json")
    assert (tested.status_code, tested.json()["success"]) == (200, False)
    made(bob.post("/api/v1/databases", {"name": "sales", "service": "pushed"}, format="json"))
    connection = {"config": {"hostPort": "http://my.example.com:3307", "databaseSchema": "sales"}}
    again = bob.put(SERVICES, {"name": "pushed", "serviceType": "Mysql", "connection": connection}, format="json")
    assert again.status_code == 200
    assert again.json()["connection"]["config"]["hostPort"] == "my.example.com:3307"
    assert bob.put(path, {"status": "active"}, format="json").status_code == 200


def test_put_and_patch_change_it_and_count_versions(bob: APIClient, service: dict[str, Any]):
    assert service["version"] == 0.1
    changed = made(patch(bob, service, {"op": "replace", "path": "/description", "value": "Otherwise."}))
    assert (changed["description"], changed["version"]) == ("Otherwise.", 0.2)
    versions = made(bob.get(f"{SERVICES}/{service['id']}/versions"))["versions"]
    assert [(version["version"], version["description"]) for version in versions] == [
        (0.2, "Otherwise."),
        (0.1, "What is sold."),
    ]
    masked = {"op": "replace", "path": "/connection/config/authType/password", "value": "*********"}
    assert made(patch(bob, service, masked))["version"] == 0.2
    body = {**BODY, "description": None, "connection": None}
    replaced = bob.put(SERVICES, body, format="json")
    assert (replaced.status_code, "description" in replaced.json()) == (200, False)
    assert DataSource.objects.get().secrets
    stale = bob.patch(
        f"{SERVICES}/{service['id']}",
        [{"op": "add", "path": "/description", "value": "x"}],
        format="json",
        headers={"If-Match": 'W/"0.1"'},
    )
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"serviceType": "Chair"}, "serviceType"),
        ({"serviceType": None}, "serviceType"),
        ({"name": ""}, "name"),
        ({"colour": "red"}, "colour"),
        ({"connection": {"config": {"hostPort": "x:1", "database": "d", "big": "x" * 70_000}}}, "connection.config"),
        ({"connection": {"config": {"hostPort": "x:1", "database": 7}}}, "connection.config.database"),
        ({"connection": {"config": {"hostPort": "x:port", "database": "d"}}}, "hostPort"),
        ({"connection": {"config": {"database": "d"}}}, "connection.config.host"),
        ({"connection": {"config": 7}}, "connection"),
        ({"tags": [7]}, "tags"),
        ({"owners": [{"id": "x", "type": "user"}]}, "owners"),
    ],
)
def test_what_is_wrong_is_named(bob: APIClient, change: dict[str, Any], named: str):
    response = post(bob, {**BODY, **change})
    assert response.status_code == 400
    assert named in response.json()["message"]
    assert SECRET not in response.content.decode()
    assert not DataSource.objects.exists()


def test_its_type_stays(bob: APIClient, service: dict[str, Any]):
    assert post(bob, BODY).status_code == 409
    other = bob.put(SERVICES, {"name": "shop", "serviceType": "Mysql"}, format="json")
    assert (other.status_code, "serviceType" in other.json()["message"]) == (400, True)
    assert patch(bob, service, {"op": "replace", "path": "/serviceType", "value": "Mysql"}).status_code == 400
    assert patch(bob, service, {"op": "replace", "path": "/name", "value": "x"}).status_code == 400


def test_a_service_with_databases_is_deleted_only_with_recursive(bob: APIClient, service: dict[str, Any]):
    made(bob.post("/api/v1/databases", {"name": "sales", "service": "shop"}, format="json"))
    made(bob.post("/api/v1/databaseSchemas", {"name": "public", "database": "shop.sales"}, format="json"))
    path = f"{SERVICES}/{service['id']}"
    assert bob.delete(path).status_code == 400
    deleted = bob.delete(f"{path}?recursive=true&hardDelete=true")
    assert (deleted.status_code, deleted.json()["deleted"]) == (200, True)
    assert not DataSource.objects.exists()
    assert not Origin.objects.exists()
    assert not Asset.objects.filter(deleted_at=None).exists()
    assert bob.get(path).status_code == 404


def test_a_deleted_service_is_restored_without_its_password(
    bob: APIClient, charlie: APIClient, vera: APIClient, service
):
    made(bob.delete(f"{SERVICES}/{service['id']}"))
    shown = made(bob.get(f"{SERVICES}/{service['id']}?include=all"))
    assert (shown["deleted"], shown["connection"]["config"]["hostPort"]) == (True, "db.example.com:5433")
    assert "authType" not in shown["connection"]["config"]
    assert made(bob.get(f"{SERVICES}?include=deleted"))["data"] == [made(bob.get(f"{SERVICES}/name/shop?include=all"))]
    assert made(bob.get(SERVICES))["data"] == []
    assert not any(MASK in str(kept.state) or "secrets" in kept.state for kept in DeletedRow.objects.all())
    body = {"id": service["id"]}
    assert charlie.put(f"{SERVICES}/restore", body, format="json").status_code == 404
    assert vera.put(f"{SERVICES}/restore", body, format="json").status_code == 403
    back = made(bob.put(f"{SERVICES}/restore", body, format="json"))
    assert (back["deleted"], back["name"]) == (False, "shop")
    source = bob.get(f"/api/v1/datasources/{service['id']}").json()
    assert (source["status"], "secrets" in source["status_message"]) == ("inactive", True)
    given = {"status": "active", "config": {"password": SECRET}}
    assert bob.put(f"/api/v1/datasources/{service['id']}", given, format="json").json()["status"] == "active"
    assert made(bob.put(f"{SERVICES}/restore", body, format="json"))["deleted"] is False


def test_a_service_comes_back_with_the_assets_deleted_with_it(bob: APIClient, service):
    database = bob.post("/api/v1/databases", {"name": "sales", "service": "shop"}, format="json").json()
    schema = {"name": "public", "database": "shop.sales"}
    bob.post("/api/v1/databaseSchemas", schema, format="json")
    before = bob.post("/api/v1/databaseSchemas", {**schema, "name": "before"}, format="json").json()
    bob.delete(f"/api/v1/databaseSchemas/{before['id']}")
    made(bob.delete(f"{SERVICES}/{service['id']}?recursive=true"))
    assert not Asset.objects.filter(deleted_at=None).exists()
    made(bob.put(f"{SERVICES}/restore", {"id": service["id"]}, format="json"))
    names = Asset.objects.filter(deleted_at=None).values_list("qualified_name", flat=True)
    assert sorted(names) == ["shop.sales", "shop.sales.public"]
    assert bob.get(f"/api/v1/databases/{database['id']}").json()["service"]["id"] == service["id"]
    assert [event.action for event in AuditEvent.objects.of_entity(service["id"])][:2] == ["RESTORE", "DELETE"]


def test_a_service_whose_name_is_taken_is_not_restored(bob: APIClient, service):
    made(bob.delete(f"{SERVICES}/{service['id']}"))
    made(post(bob, BODY))
    refused = bob.put(f"{SERVICES}/restore", {"id": service["id"]}, format="json")
    assert (refused.status_code, "shop" in refused.json()["message"]) == (409, True)
    assert made(bob.delete(f"{SERVICES}/{service['id']}?hardDelete=true"))["deleted"] is True
    assert bob.put(f"{SERVICES}/restore", {"id": service["id"]}, format="json").status_code == 404


def test_outsiders_and_viewers(charlie: APIClient, vera: APIClient, service: dict[str, Any]):
    path = f"{SERVICES}/{service['id']}"
    assert charlie.get(path).status_code == 404
    assert charlie.get(f"{SERVICES}/name/shop").status_code == 404
    assert charlie.delete(path).status_code == 404
    assert made(vera.get(path))["name"] == "shop"
    assert vera.delete(path).status_code == 403
    assert patch(vera, service, {"op": "add", "path": "/description", "value": "x"}).status_code == 403
    assert post(vera, {**BODY, "name": "other"}).status_code == 403


def test_a_page_costs_the_same_whatever_it_holds(bob: APIClient, django_assert_num_queries):
    for name in ("a", "b", "c"):
        made(post(bob, {**BODY, "name": name}))
    bob.get(f"{SERVICES}?limit=1")
    for limit in (1, 3):
        with django_assert_num_queries(4):
            bob.get(f"{SERVICES}?limit={limit}&fields=*")
