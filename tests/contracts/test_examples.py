"""The OpenAPI schema shows the examples of the contracts' pages, and each is as the schema says."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest
from drf_spectacular.generators import SchemaGenerator

from contracts.examples import EXAMPLES, Example


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    generator: Any = SchemaGenerator(urlconf="config.urls")
    found: dict[str, Any] = generator.get_schema(request=None, public=True)
    return found


def operations(schema: dict[str, Any], contract: str) -> dict[str, list[dict[str, Any]]]:
    """The operations of a contract by their names in EXAMPLES; some are mounted twice."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            if operation["tags"] == [contract]:
                name = re.sub(r"^(?:/api)?/v\d", "", path)
                found.setdefault(f"{method.upper()} {name}", []).append(operation)
    return found


def as_json_schema(node: Any) -> Any:
    """A piece of OpenAPI 3.0 as JSON Schema: null where it is allowed, nothing that is not named.

    What an example leaves out is no fault: the pages show "..." in places.
    """
    if isinstance(node, list):
        return [as_json_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {
        name: as_json_schema(each) for name, each in node.items() if not (name == "required" and type(each) is list)
    }
    if "properties" in made and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return {"anyOf": [made, {"type": "null"}]} if made.get("nullable") is True else made


def problems(schema: dict[str, Any], media: dict[str, Any]) -> list[str]:
    components = as_json_schema(schema["components"])
    validator = jsonschema_rs.Draft4Validator({**as_json_schema(media["schema"]), "components": components})
    (shown,) = media["examples"].values()
    return [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(shown["value"])]


@pytest.mark.parametrize(
    ("contract", "name", "example"),
    [(contract, name, example) for contract, named in EXAMPLES.items() for name, example in named.items()],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_example_is_shown_and_is_as_the_schema_says(
    schema: dict[str, Any], contract: str, name: str, example: Example
) -> None:
    for operation in operations(schema, contract)[name]:
        if example.request is not None:
            for media in operation["requestBody"]["content"].values():
                assert not problems(schema, media)
        if example.response is not None:
            assert not problems(schema, operation["responses"][str(example.status)]["content"]["application/json"])


def test_what_is_not_as_the_schema_says_would_be_found(schema: dict[str, Any]) -> None:
    answer = operations(schema, "metastore")["GET /tags"][0]["responses"]["200"]["content"]["application/json"]
    wrong = {"data": [{"id": 7, "colours": []}], "pagination": {}}
    assert len(problems(schema, {**answer, "examples": {"Wrong": {"value": wrong}}})) == 2
