"""The page of all doors: its examples answer, its files are those of the server, strangers see none of it."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from catalog.services import create_asset
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def asset(alice_actor):
    return create_asset(actor=alice_actor, data={"type": "TABLE", "name": "users", "qualified_name": "db.users"})


def page_of(name: str) -> str:
    browser = Client()
    assert browser.login(username=name, password=PASSWORD)
    answer = browser.get("/admin/doors/")
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_examples_are_about_what_the_reader_sees(alice_member, charlie_member, asset):
    assert page_of("alice").count(str(asset.pk)) >= 5
    assert str(asset.pk) not in page_of("charlie")


def test_the_graphql_example_answers(alice, alice_member, asset):
    (body,) = re.findall(r"-d '(\{\"query\".*?\})'</code>", page_of("alice"))
    answer = alice.generic("POST", "/graphql", body, content_type="application/json").json()
    assert answer["data"]["asset"] == {"name": "users", "tags": [], "lineage": {"upstream": []}}


def test_every_file_can_be_downloaded(client, alice_member, asset):
    links = re.findall(r'href="([^"]+)" download', page_of("alice"))
    assert links == ["/graphql/schema.graphql", "/protos/ingestion.proto", "/protos/metadata.proto"]
    for link in links:
        assert client.get(link).status_code == 200
    assert "rpc GetAsset(GetAssetRequest) returns (Asset);" in client.get(links[2]).content.decode()
    assert client.get("/protos/settings.py").status_code == 404


def test_every_service_is_named(alice_member, asset):
    page = page_of("alice")
    for name in ("MetadataService", "DataSourceService", "TaskService", "TemplateService", "WatchService"):
        assert name in page


def test_strangers_are_sent_to_sign_in(client):
    answer = client.get("/admin/doors/")
    assert (answer.status_code, "/admin/login/" in answer["Location"]) == (302, True)
