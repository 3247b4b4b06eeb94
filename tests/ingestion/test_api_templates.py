"""`/api/v1/templates`, as the collection page shows it."""

from typing import Any

import pytest

from audit.models import AuditEvent
from ingestion.models import DataSource, Template

URL = "/api/v1/templates"

STANDARD: dict[str, Any] = {
    "name": "mysql-standard",
    "type": "mysql",
    "description": "Standard MySQL configuration",
    "config_template": {"port": 3306, "timeout": 30, "max_conns": 10, "max_idle_conns": 5, "charset": "utf8mb4"},
}
APPLY = {
    "name": "new-datasource",
    "config_overrides": {"host": "production-host", "database": "production_db", "password": "s3cret-word"},
}


@pytest.fixture
def template(bob) -> str:
    response = bob.post(URL, STANDARD, format="json")
    assert response.status_code == 201, response.content
    return str(response.json()["id"])


def test_template_is_created_listed_and_read(bob, template):
    assert {name: bob.get(f"{URL}/{template}").json()[name] for name in STANDARD} == STANDARD
    body = bob.get(URL).json()
    assert (body.keys(), body["total"]) == ({"data", "total", "page", "page_size"}, 1)
    assert bob.get(f"{URL}?type=mysql").json()["total"] == 1
    assert bob.get(f"{URL}?type=redis").json()["total"] == 0
    refused = bob.get(f"{URL}?type=my")
    assert (refused.status_code, "'my' is not one of" in refused.json()["message"]) == (400, True)


def test_put_merges(bob, template):
    body = bob.put(f"{URL}/{template}", {"config_template": {"port": 3307, "charset": None}}, format="json").json()
    assert body["config_template"] == {"port": 3307, "timeout": 30, "max_conns": 10, "max_idle_conns": 5}


def test_apply_makes_a_data_source_with_overrides(bob, template):
    response = bob.post(f"{URL}/{template}/apply", APPLY, format="json")
    assert response.status_code == 201
    body = response.json()
    assert (body["name"], body["type"]) == ("new-datasource", "mysql")
    assert body["config"] == {**STANDARD["config_template"], **APPLY["config_overrides"], "password": "******"}  # type: ignore[dict-item]
    assert DataSource.objects.get().name == "new-datasource"
    assert bob.post(f"{URL}/{template}/apply", APPLY, format="json").status_code == 409


def test_apply_without_what_the_type_needs_names_it(bob, template):
    response = bob.post(f"{URL}/{template}/apply", {"name": "x"}, format="json")
    assert (response.status_code, "config.host" in response.json()["details"]) == (400, True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"config_template": {"password": "s3cret-word"}}, "config_template.password"),
        ({"config_template": {"port": "x"}}, "config_template.port"),
        ({"config_template": {"colour": "red"}}, "config_template.colour"),
        ({"config_template": []}, "config_template"),
        ({"type": "abacus"}, "type"),
        ({"name": ""}, "name"),
    ],
)
def test_bad_input_names_the_field(bob, changes, field):
    response = bob.post(URL, {**STANDARD, **changes}, format="json")
    assert (response.status_code, field in response.json()["details"]) == (400, True)
    assert "s3cret-word" not in response.content.decode()
    assert not Template.objects.exists()


def test_name_that_is_taken_is_a_conflict(bob, template):
    assert bob.post(URL, STANDARD, format="json").status_code == 409


def test_delete_leaves_a_trail(bob, template):
    assert bob.delete(f"{URL}/{template}").status_code == 204
    assert bob.get(f"{URL}/{template}").status_code == 404
    assert [e.action for e in AuditEvent.objects.filter(entity_id=template).order_by("id")] == ["CREATE", "DELETE"]


def requests_of(client, template):
    return [
        client.get(f"{URL}/{template}"),
        client.put(f"{URL}/{template}", {"name": "mine"}, format="json"),
        client.post(f"{URL}/{template}/apply", APPLY, format="json"),
        client.delete(f"{URL}/{template}"),
    ]


def test_outsider_viewer_and_anonymous(charlie, vera, anonymous, template):
    assert charlie.get(URL).json()["total"] == 0
    assert [response.status_code for response in requests_of(charlie, template)] == [404] * 4
    assert [response.status_code for response in requests_of(vera, template)] == [200, 403, 403, 403]
    assert [response.status_code for response in requests_of(anonymous, template)] == [401] * 4
    assert not DataSource.objects.exists()


@pytest.mark.parametrize("name", ["two\nlines", "a\tb", "bell\x07", "sep\u2028arated", "a\x85b"])
def test_name_is_one_line(bob, template, name):
    for response in (
        bob.post(URL, {**STANDARD, "name": name}, format="json"),
        bob.put(f"{URL}/{template}", {"name": name}, format="json"),
    ):
        assert (response.status_code, response.json()["details"][:5]) == (400, "name:")
    assert Template.objects.get().name == STANDARD["name"]


def test_template_that_was_called_otherwise_before_stays_editable(bob, template):
    Template.objects.filter(pk=template).update(name="two\nlines")
    body = bob.put(f"{URL}/{template}", {"name": "two\nlines", "description": "changed"}, format="json").json()
    assert (body["name"], body["description"]) == ("two\nlines", "changed")


@pytest.mark.parametrize(
    "changes", [{"name": 1}, {"type": 1}, {"description": 1.5}, {"name": True}, {"description": None}]
)
def test_wrong_type_names_the_field(bob, template, changes):
    (field,) = changes
    for response in (
        bob.post(URL, {**STANDARD, "name": "another", **changes}, format="json"),
        bob.put(f"{URL}/{template}", changes, format="json"),
    ):
        assert (response.status_code, response.json()["details"].partition(":")[0]) == (400, field)
    assert Template.objects.get().name == STANDARD["name"]


@pytest.mark.parametrize(
    ("changes", "field"), [({"name": 1}, "name"), ({"description": 1}, "description"), ({"tags": [1]}, "tags")]
)
def test_apply_with_a_wrong_type_names_the_field(bob, template, changes, field):
    response = bob.post(f"{URL}/{template}/apply", {**APPLY, **changes}, format="json")
    assert (response.status_code, response.json()["details"].startswith(field)) == (400, True)
    assert not DataSource.objects.exists()
