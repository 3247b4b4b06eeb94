"""`/api/v1/services/testConnectionDefinitions`: what a client tries before it collects."""

import pytest

from catalog.api.entities.shapes import SERVICE_TYPES

URL = "/api/v1/services/testConnectionDefinitions/name"


@pytest.mark.parametrize("service", sorted(set(SERVICE_TYPES.values())))
def test_every_service_has_a_definition(vera, service):
    body = vera.get(f"{URL}/{service}.testConnectionDefinition").json()
    assert (body["name"], body["fullyQualifiedName"]) == (service, f"{service}.testConnectionDefinition")
    first, *others = body["steps"]
    assert (first["name"], first["mandatory"], first["shortCircuit"]) == ("CheckAccess", True, True)
    assert {step["name"] for step in others} in ({"GetSchemas", "GetTables", "GetViews"}, set())


@pytest.mark.parametrize("name", ["Postgres", "Unicorn.testConnectionDefinition", ".testConnectionDefinition"])
def test_others_have_none(vera, name):
    response = vera.get(f"{URL}/{name}")
    assert (response.status_code, response.json()["code"]) == (404, 404)


def test_nobody_is_told_nothing(anonymous):
    assert anonymous.get(f"{URL}/Postgres.testConnectionDefinition").status_code == 401
