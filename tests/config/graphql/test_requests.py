# ruff: noqa: UP031  format() would have every brace of GraphQL written twice
"""/graphql over HTTP: what goes wrong with a request, and what else is served there."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from catalog import models
from config.graphql.schema import schema
from tests.config.graphql.asking import ask

pytestmark = pytest.mark.django_db(transaction=True)


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
