"""What the metastore's examples send is taken, and answered with what they show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Role
from contracts.examples import EXAMPLES
from contracts.examples.example import ID, OTHER_ID
from tests.conftest import make_member

pytestmark = pytest.mark.django_db

SENT = [name for name, example in EXAMPLES["metastore"].items() if example.request is not None]


@pytest.fixture(autouse=True)
def _the_product(settings: Any) -> None:
    settings.ROOT_URLCONF = "config.urls"
    settings.IMPORT_BUCKETS = ["bucket"]


def made(client: APIClient, path: str, **body: Any) -> str:
    answer = client.post(f"/v1/{path}", body, format="json")
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def others(client: APIClient, taken: str) -> dict[str, list[str]]:
    """Two of each kind that the examples speak of, under the names by which they do; none under the one `taken`."""
    schema = [{"name": "customer_id", "type": "int"}]
    assets = [
        made(client, "assets", type="TABLE", name=name, qualified_name=f"db.{name}", schema=schema) for name in "ab"
    ]
    edge = made(client, "relationships", source_asset_id=assets[1], target_asset_id=assets[0], type="USES")
    found = {"assets": assets, "relationships": [edge]}
    for path, names in (
        ("tags", ("Tag", "Other")),
        ("teams", ("data-platform", "Other")),
        ("domains", ("Finance", "Other")),
        ("glossaries", ("Business", "Other")),
    ):
        found[path] = [made(client, path, name=name) for name in names if name != taken]
    if taken != "Business":
        found["glossary-terms"] = [made(client, "glossary-terms", name="Word", glossary="Business")]
    return found


def sent(name: str, there: dict[str, list[str]]) -> tuple[str, Any]:
    """The path and the body of an example, with the ids of things that are there."""
    path = name.partition(" ")[2]
    kind = path.split("/")[1]
    named = there["assets"] if kind in {"relationships", "glossary-terms"} else there.get(kind, [])
    body = json.dumps(EXAMPLES["metastore"][name].request)
    for placeholder, key in zip((ID, OTHER_ID), named, strict=False):
        body = body.replace(placeholder, key)
    return path.replace("{id}", there.get(kind, [""])[0]), json.loads(body)


@pytest.mark.parametrize("name", SENT)
def test_what_an_example_sends_is_taken(name: str, alice: APIClient, acme: Any) -> None:
    example = EXAMPLES["metastore"][name]
    there = others(alice, str(example.request.get("name", "")) if name.startswith("POST") else "")
    path, body = sent(name, there)
    if path.startswith("/auth"):
        user = make_member(acme, "User", Role.ADMIN).user
        user.set_password("password")
        user.save()
        login = EXAMPLES["metastore"]["POST /auth/login"].request
        body = body if path == "/auth/login" else alice.post("/v1/auth/login", login, format="json").json()
        body = {key: body[key] for key in example.request}
    headers = {"X-Event-Type": "asset.created"} if path == "/ingestion/stream" else {}
    method = alice.put if name.startswith("PUT") else alice.post
    answer = method(f"/v1{path}", body, format="json", headers=headers)
    assert answer.status_code == example.status, answer.content
    assert example.response.keys() <= answer.json().keys()
    assert not answer.json().get("errors")
    for field, value in example.request.items():
        if field in example.response and value == example.response[field] and not isinstance(value, dict):
            assert answer.json()[field] == body[field]


def test_everything_that_takes_a_body_or_shows_one_thing_has_an_example() -> None:
    kinds = ("assets", "tags", "teams", "domains", "glossaries", "glossary-terms")
    for kind in kinds:
        for operation in ("GET /{}", "POST /{}", "GET /{}/{{id}}", "PUT /{}/{{id}}", "POST /{}/{{id}}/restore"):
            assert operation.format(kind) in EXAMPLES["metastore"]
