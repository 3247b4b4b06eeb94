# ruff: noqa: UP031  format() would have every brace of GraphQL written twice
"""Who may ask /graphql, and what they get."""

from __future__ import annotations

import pytest
from django.test import Client

from catalog import models
from catalog.services import create_tag
from tests.config.graphql.asking import code, data
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    "query",
    [
        'query { asset(id: "%s") { name } }',
        'query { lineage(assetId: "%s") { asset { name } } }',
        'mutation { deleteAsset(id: "%s") }',
        'mutation { addTagToAsset(assetId: "%s", tagId: "TAG") }',
        'mutation { updateAsset(id: "%s", input: {type: TABLE, name: "mine", qualifiedName: "q"}) { id } }',
        'mutation { createRelationship(input: {sourceAssetId: "%s", targetAssetId: "%s", type: USES}) { id } }',
    ],
)
def test_outsider_finds_nothing(charlie, charlie_actor, users, query):
    tag = create_tag(actor=charlie_actor, data={"name": "mine"})
    assert code(charlie, query.replace("%s", str(users.pk)).replace("TAG", str(tag.pk))) == "ASSET_NOT_FOUND"
    assert models.Asset.objects.get(pk=users.pk).version == 1


def test_outsider_lists_nothing(charlie, users):
    found = data(
        charlie, '{ assets { pagination { total } } search(query: "users") { score } tags { name } tasks { id } }'
    )
    assert found == {"assets": {"pagination": {"total": 0}}, "search": [], "tags": [], "tasks": []}


def test_viewer_writes_nothing(vera, users):
    assert data(vera, '{ asset(id: "%s") { name } }' % users.pk)["asset"]["name"] == "users"
    assert code(vera, 'mutation { deleteAsset(id: "%s") }' % users.pk) == "FORBIDDEN"
    assert code(vera, 'mutation { createTag(input: {name: "n"}) { id } }') == "FORBIDDEN"


def test_anonymous_is_refused_as_the_contract_says(anonymous):
    answer = anonymous.post("/graphql", {"query": "{ tags { name } }"}, format="json")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHORIZED")
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["X-Request-Id"]


def test_session_writes_only_with_its_csrf_token(alice_member, users):
    browser = Client(enforce_csrf_checks=True)
    assert browser.login(username="alice", password=PASSWORD)
    body = {"query": 'mutation { createTag(input: {name: "n"}) { id } }'}
    assert browser.post("/graphql", body, content_type="application/json").status_code == 403
    assert not models.Tag.objects.filter(name="n").exists()
    browser.get("/graphql", headers={"accept": "text/html"})
    token = browser.cookies["csrftoken"].value
    answer = browser.post("/graphql", body, content_type="application/json", headers={"x-csrftoken": token})
    assert answer.json()["data"]["createTag"]["id"]
