"""The OpenAPI schema covers what is routed, by contract, and its pages need nothing but this server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.plumbing import get_doc
from drf_spectacular.validation import validate_schema

from contracts.base import ContractView
from contracts.entity_kept import KeptRows
from contracts.entity_views import RowEntities
from contracts.ownership import contract_of
from contracts.views import ContractViewSet, ListsAndRetrieves
from tests.contracts.urls import CONTRACTS, PREFIXES

ERRORS = {f"{name.capitalize()}Error" for name in CONTRACTS}


def generate(settings: Any, urlconf: str) -> dict[str, Any]:
    settings.ROOT_URLCONF = urlconf
    generator: Any = SchemaGenerator()
    schema: dict[str, Any] = generator.get_schema(request=None, public=True)
    return schema


@pytest.fixture
def ours(settings) -> dict[str, Any]:
    """The schema of the application's own routes."""
    GENERATOR_STATS.reset()
    return generate(settings, "config.urls")


@pytest.fixture
def tiny(settings) -> dict[str, Any]:
    """The schema of the tests' tiny views, in all five contracts."""
    return generate(settings, "tests.contracts.urls")


def operations(schema: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of everything below the contracts' paths."""
    return [
        (path, method, found)
        for path, item in schema["paths"].items()
        for method, found in item.items()
        if contract_of(path)
    ]


def test_our_schema_is_valid_and_generated_without_a_warning(ours: dict[str, Any]) -> None:
    assert not GENERATOR_STATS
    validate_schema(ours)
    assert "/api/v1/health" in ours["paths"]


def test_every_operation_is_tagged_by_the_contract_of_its_path(ours: dict[str, Any]) -> None:
    for path, method, operation in operations(ours):
        owner = contract_of(path)
        assert owner is not None
        assert operation["tags"] == [owner.contract], f"{method} {path}"


def test_every_operation_has_its_contracts_error(ours: dict[str, Any]) -> None:
    for path, method, operation in operations(ours):
        name = f"{operation['tags'][0].capitalize()}Error"
        for codes in ("4XX", "5XX"):
            schema = operation["responses"][codes]["content"]["application/json"]["schema"]
            assert schema == {"$ref": f"#/components/schemas/{name}"}, f"{method} {path}"


def test_operations_have_names_of_their_own(ours: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(ours)]
    assert len(names) == len(set(names))


def test_every_operation_says_what_it_is_of_and_not_how_it_is_made(ours: dict[str, Any]) -> None:
    inner = {get_doc(kind) for kind in (ContractView, ContractViewSet, ListsAndRetrieves, RowEntities, KeptRows)}
    for path, method, operation in operations(ours):
        assert operation.get("description"), f"{method} {path}"
        assert operation["description"] not in inner, f"{method} {path}"


def test_unrouted_paths_and_the_schema_itself_are_not_in_it(ours: dict[str, Any]) -> None:
    assert not ours["paths"].keys() & {"/api/schema", "/api/docs", "/api/redoc"}
    assert all(path.startswith(("/v1/", "/api/v1/", "/api/v2/")) for path, _, _ in operations(ours))


def test_lists_have_the_shape_and_the_parameters_of_their_contract(tiny: dict[str, Any]) -> None:
    expected = {
        "metastore": ({"data", "pagination"}, {"limit", "offset"}),
        "collection": ({"data_sources", "total", "page", "page_size"}, {"page", "page_size"}),
        "registry": ({"success", "data", "meta"}, {"page", "limit"}),
        "releases": ({"items", "total", "page", "limit"}, {"page", "limit"}),
        "entities": ({"data", "paging"}, {"limit", "after", "before"}),
    }
    for name, (keys, parameters) in expected.items():
        operation = tiny["paths"][f"{PREFIXES[name]}/things"]["get"]
        assert {parameter["name"] for parameter in operation["parameters"]} == parameters
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        page = tiny["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert page["properties"].keys() == keys


def test_the_registry_wraps_one_thing_and_others_do_not(tiny: dict[str, Any]) -> None:
    for name, prefix in PREFIXES.items():
        answer = tiny["paths"][f"{prefix}/things/{{id}}"]["get"]["responses"]["200"]
        schema = answer["content"]["application/json"]["schema"]
        assert ("success" in schema.get("properties", {})) == (name == "registry")


def test_errors_described_are_errors_answered(tiny: dict[str, Any], nobody) -> None:
    """Each contract's real 404 has the required properties of its component and no others."""
    for name, prefix in PREFIXES.items():
        component = tiny["components"]["schemas"][f"{name.capitalize()}Error"]
        body = nobody.get(f"{prefix}/nothing").json()
        assert set(component["required"]) <= body.keys() <= component["properties"].keys()
        if "error" in body and isinstance(body["error"], dict):
            assert body["error"].keys() == component["properties"]["error"]["properties"].keys()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/vnd.oai.openapi+json"),
        ("application/json", "application/json"),
        ("application/yaml", "application/yaml"),
    ],
)
def test_the_schema_is_public_in_json_and_yaml(accept: str, kind: str, client: Client, settings) -> None:
    settings.ROOT_URLCONF = "config.urls"
    answer = client.get("/api/schema", headers={"accept": accept})
    assert answer.status_code == 200
    assert answer["Content-Type"] == kind
    assert b"/api/v1/health" in answer.content
    assert not answer.has_header("X-RateLimit-Limit")
    again = client.get("/api/schema", headers={"accept": accept, "if-none-match": answer["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("page", ["/api/docs", "/api/redoc"])
def test_the_pages_load_from_this_server_alone(page: str, client: Client, settings) -> None:
    settings.ROOT_URLCONF = "config.urls"
    answer = client.get(page)
    assert answer.status_code == 200
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)""", answer.content.decode())
    assert loaded
    for address in loaded:
        assert address.startswith("/")
        assert client.get(address).status_code == 200, address
    assert not re.search(r"https?://", answer.content.decode())
