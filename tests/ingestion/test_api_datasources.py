"""`/api/v1/datasources`, as the collection page shows it."""

import json
from typing import Any

import pytest
from django.db import connection

from audit.models import AuditEvent
from ingestion.models import DataSource
from ingestion.services.collections import create_task
from ingestion.services.config import open_config

URL = "/api/v1/datasources"
PASSWORD = "correct-horse-🐴"

PRODUCTION: dict[str, Any] = {
    "name": "production-db",
    "type": "postgresql",
    "description": "Production database",
    "config": {
        "host": "localhost",
        "port": 5433,
        "database": "production",
        "username": "admin",
        "password": PASSWORD,
        "timeout": 30,
        "max_conns": 10,
        "max_idle_conns": 5,
    },
    "tags": ["production"],
}


def post(client, body, url=URL):
    return client.post(url, body, format="json")


@pytest.fixture
def production(bob) -> str:
    response = post(bob, PRODUCTION)
    assert response.status_code == 201, response.content
    return str(response.json()["id"])


def opened(pk: str) -> dict[str, object]:
    source = DataSource.objects.get(pk=pk)
    return open_config(source.type, source.config, source.secrets)


def test_create_answers_with_the_source(bob):
    body = post(bob, PRODUCTION).json()
    assert (body["name"], body["type"], body["status"]) == ("production-db", "postgresql", "active")
    assert body["config"]["password"] == "******"
    assert body["created_at"].endswith("Z")


def test_list_is_in_the_shape_of_the_page(bob, production):
    body = bob.get(URL).json()
    assert body.keys() == {"data_sources", "total", "page", "page_size"}
    assert (body["total"], body["page"], body["page_size"]) == (1, 1, 20)
    assert body["data_sources"][0]["id"] == production


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("type=postgresql", 1),
        ("type=mysql", 0),
        ("status=active", 1),
        ("status=inactive", 0),
        ("name=ODUCT", 1),
        ("name=staging", 0),
        ("page=2", 0),
    ],
)
def test_list_can_be_filtered(bob, production, query, found):
    assert len(bob.get(f"{URL}?{query}").json()["data_sources"]) == found


def test_sources_of_a_connector_that_is_gone_are_still_found(bob, production):
    DataSource.objects.filter(pk=production).update(type="folder")
    assert bob.get(f"{URL}?type=folder").json()["total"] == 1


@pytest.mark.parametrize("query", ["status=sleeping", "type=postgres", "page_size=101", "page=0", "page=x"])
def test_bad_query_is_a_400_in_the_shape_of_the_page(bob, query):
    response = bob.get(f"{URL}?{query}")
    assert response.status_code == 400
    assert response.json().keys() == {"code", "message", "details", "request_id"}
    assert response.json()["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize("host", ["::1", "fe80:0::ffff:10.0.0.1", "db-1.example.com", "10.0.0.1"])
def test_host_is_a_name_or_an_address_of_either_kind(bob, host):
    changes = {"config": {**PRODUCTION["config"], "host": host}}
    assert bob.post(URL, {**PRODUCTION, **changes}, format="json").status_code == 201


def test_whole_number_written_as_a_fraction_reaches_the_driver_as_one(bob, production):
    bob.put(f"{URL}/{production}", {"config": {"port": 5433.0}}, format="json")
    assert repr(opened(production)["port"]) == "5433"


def test_put_merges_the_config_and_keeps_the_secret(bob, production):
    changes = {"name": "renamed", "config": {"host": "new-host", "port": 3306}, "tags": ["updated"]}
    body = bob.put(f"{URL}/{production}", changes, format="json").json()
    assert (body["name"], body["tags"], body["config"]["host"]) == ("renamed", ["updated"], "new-host")
    assert (body["config"]["database"], body["config"]["password"]) == ("production", "******")
    assert opened(production)["password"] == PASSWORD


def test_mask_sent_back_leaves_the_secret_as_it_was(bob, production):
    shown = bob.get(f"{URL}/{production}").json()["config"]
    assert bob.put(f"{URL}/{production}", {"config": shown}, format="json").status_code == 200
    assert opened(production)["password"] == PASSWORD


def test_secret_can_be_replaced_and_removed(bob, production):
    bob.put(f"{URL}/{production}", {"config": {"password": "other"}}, format="json")
    assert opened(production)["password"] == "other"
    body = bob.put(f"{URL}/{production}", {"config": {"password": None, "max_conns": None}}, format="json").json()
    assert {"password", "max_conns"}.isdisjoint(body["config"])
    assert "password" not in opened(production)


def test_secret_is_nowhere_but_encrypted(bob, production, caplog):
    source = DataSource.objects.get(pk=production)
    everything = [
        bob.get(URL).content.decode(),
        bob.get(f"{URL}/{production}").content.decode(),
        bob.post(f"{URL}/{production}/test").content.decode(),
        repr(source.__dict__),
        json.dumps(list(AuditEvent.objects.values("before_state", "after_state"))),
        caplog.text,
    ]
    assert all(PASSWORD not in text and "correct-horse" not in text for text in everything)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"config": {"host": "h"}}, "config.database"),
        ({"config": {**PRODUCTION["config"], "port": "high"}}, "config.port"),
        ({"config": {**PRODUCTION["config"], "port": 70000}}, "config.port"),
        ({"config": {**PRODUCTION["config"], "colour": "red"}}, "config.colour"),
        ({"config": {**PRODUCTION["config"], "host": "a/b"}}, "config.host"),
        ({"config": {**PRODUCTION["config"], "host": "db:5432"}}, "config.host: It must be: A name or an address"),
        ({"config": {**PRODUCTION["config"], "password": "******"}}, "config.password"),
        ({"config": {**PRODUCTION["config"], "password": 7355608}}, "config.password"),
        ({"config": []}, "config"),
        ({"type": "abacus"}, "type"),
        ({"type": None}, "type"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"tags": "production"}, "tags"),
        ({"tags": [{}]}, "tags"),
        ({"status": "error"}, "status"),
        ({"owner": "me"}, "owner"),
    ],
)
def test_bad_input_names_the_field_and_shows_no_secret(bob, changes, field):
    response = post(bob, {**PRODUCTION, **changes})
    assert response.status_code == 400, response.content
    assert field in response.json()["details"]
    assert PASSWORD not in response.content.decode()
    assert "7355608" not in response.content.decode()
    assert not DataSource.objects.exists()


def test_name_that_is_taken_is_a_conflict(bob, production):
    response = post(bob, PRODUCTION)
    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
    assert "production-db" in response.json()["message"]


def test_type_cannot_be_changed(bob, production):
    assert bob.put(f"{URL}/{production}", {"type": "sqlite"}, format="json").status_code == 400


def test_delete_is_blocked_by_tasks(bob, bob_actor, production):
    task = create_task(actor=bob_actor, data={"name": "nightly", "datasource_id": production})
    response = bob.delete(f"{URL}/{production}")
    assert (response.status_code, response.json()["code"]) == (409, "CONFLICT")
    assert "1 collection task" in response.json()["message"]
    assert response.json()["details"] == f"data_source_id={production}; tasks={task.pk}"
    task.delete()
    assert bob.delete(f"{URL}/{production}").status_code == 204
    assert bob.get(f"{URL}/{production}").status_code == 404


def test_test_of_a_source_that_is_down_is_an_answer_not_an_error(bob):
    pk = post(bob, {**PRODUCTION, "config": {"host": "127.0.0.1", "port": 1, "database": "d"}}).json()["id"]
    response = bob.post(f"{URL}/{pk}/test")
    assert response.status_code == 200
    body = response.json()
    assert body.keys() >= {"success", "message", "latency", "server_info", "version"}
    assert body["success"] is False
    assert "127.0.0.1:1 refused the connection" in body["message"]
    assert bob.get(f"{URL}/{pk}").json()["status"] == "error"


def test_test_of_a_source_that_answers(bob, shop_source):
    body = bob.post(f"{URL}/{shop_source.pk}/test").json()
    assert (body["success"], body["message"]) == (True, "Connection successful")
    assert isinstance(body["latency"], int)
    assert body["server_info"] == f"SQLite {body['version']}"


def test_batch_status_sets_what_it_can_and_names_the_rest(bob, production, charlie):
    foreign = post(charlie, PRODUCTION).json()["id"]
    body = post(bob, {"ids": [production, foreign, "ds-3"], "status": "inactive"}, url=f"{URL}/batch/status").json()
    assert (body["total"], body["success"], body["failed"]) == (3, 1, 2)
    assert [error["id"] for error in body["errors"]] == [foreign, "ds-3"]
    assert bob.get(f"{URL}/{production}").json()["status"] == "inactive"
    assert charlie.get(f"{URL}/{foreign}").json()["status"] == "active"


def test_types_show_the_schema_of_their_config(vera):
    body = {row["type"]: row for row in vera.get(f"{URL}/types").json()}
    assert body["postgresql"]["config_schema"]["properties"]["password"]["writeOnly"] is True


def test_every_change_is_on_the_trail_with_masks(bob, production):
    bob.put(f"{URL}/{production}", {"config": {"password": "other"}, "description": "New"}, format="json")
    bob.delete(f"{URL}/{production}")
    events: Any = AuditEvent.objects.filter(entity_id=production).order_by("id")
    assert [event.action for event in events] == ["CREATE", "UPDATE", "DELETE"]
    assert events[1].before_state["description"] == "Production database"
    assert events[1].after_state["config"]["password"] == "******"


def test_unchanged_put_leaves_no_event(bob, production):
    bob.put(f"{URL}/{production}", {"name": "production-db"}, format="json")
    assert AuditEvent.objects.filter(entity_id=production).count() == 1


def requests_of(client, pk):
    return [
        client.get(f"{URL}/{pk}"),
        client.put(f"{URL}/{pk}", {"name": "mine"}, format="json"),
        client.post(f"{URL}/{pk}/test"),
        client.delete(f"{URL}/{pk}"),
    ]


def test_outsider_sees_and_touches_nothing(charlie, production):
    assert charlie.get(URL).json()["total"] == 0
    assert [response.status_code for response in requests_of(charlie, production)] == [404] * 4
    assert charlie.get(f"{URL}/{production}").json()["code"] == "NOT_FOUND"


def test_viewer_reads_and_changes_nothing(vera, production):
    assert vera.get(URL).json()["total"] == 1
    assert [response.status_code for response in requests_of(vera, production)] == [200, 403, 403, 403]
    assert post(vera, {**PRODUCTION, "name": "x"}).status_code == 403
    assert post(vera, {"ids": [production], "status": "inactive"}, url=f"{URL}/batch/status").status_code == 403


def test_anonymous_is_asked_who_they_are(anonymous, production):
    assert [response.status_code for response in requests_of(anonymous, production)] == [401] * 4


def test_own_database_is_for_admins_only(bob, alice):
    body = {"name": "self", "type": "sqlite", "config": {"database": "self"}}
    assert post(bob, body).status_code == 403
    assert post(alice, body).status_code == 201


@pytest.mark.parametrize("said", ["sqlite", "postgresql"])
def test_own_database_is_of_the_type_of_its_engine(alice, said):
    made = post(alice, {"name": "self", "type": said, "config": {"database": "self", "timeout": 20}})
    assert made.status_code == 201, made.content
    assert made.json()["type"] == ("postgresql" if connection.vendor == "postgresql" else "sqlite")
    assert made.json()["config"] == {"database": "self", "timeout": 20}
    told = alice.post(f"{URL}/{made.json()['id']}/test").json()
    assert told["success"], told
    assert told["server_info"].lower().startswith(made.json()["type"])


def test_source_of_another_kind_does_not_become_the_own_database(alice):
    """Of the type that the own database is not: with that type it would say what it is not."""
    other, config = (
        ("sqlite", {"database": "a.db"})
        if connection.vendor == "postgresql"
        else ("postgresql", {"host": "localhost", "database": "a"})
    )
    made = post(alice, {"name": "x", "type": other, "config": config}).json()
    changes = {"config": {"database": "self", "host": None}}
    answer = alice.put(f"{URL}/{made['id']}", changes, format="json")
    assert (answer.status_code, "config.database" in answer.json()["details"]) == (400, True)
    assert alice.get(f"{URL}/{made['id']}").json()["config"] == config


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"name": 1}, "name"), ({"type": 1}, "type"), ({"description": 1}, "description"), ({"tags": [1]}, "tags")],
)
def test_wrong_type_names_the_field(bob, production, changes, field):
    for response in (
        post(bob, {**PRODUCTION, "name": "another", **changes}),
        bob.put(f"{URL}/{production}", changes, format="json"),
    ):
        assert (response.status_code, response.json()["details"].startswith(field)) == (400, True)
    assert DataSource.objects.get().name == PRODUCTION["name"]


def test_ids_of_a_batch_are_strings(bob):
    response = post(bob, {"ids": [1], "status": "inactive"}, f"{URL}/batch/status")
    assert (response.status_code, response.json()["details"].startswith("ids")) == (400, True)
