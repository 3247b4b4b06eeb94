"""Every page of the admin for everybody: who gets in, and who is not even told that something is there."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client

from accounts.models import Membership, Organization
from tests.adminkit import World, make_superuser, make_world, page, session_of

LISTS = [
    ("accounts_team", "viewer"),
    ("catalog_domain", "viewer"),
    ("catalog_glossary", "viewer"),
    ("catalog_glossaryterm", "viewer"),
    ("catalog_asset", "viewer"),
    ("catalog_tag", "viewer"),
    ("catalog_relationship", "viewer"),
    ("ingestion_datasource", "viewer"),
    ("ingestion_collectiontask", "viewer"),
    ("ingestion_job", "viewer"),
    ("audit_auditevent", "viewer"),
    ("accounts_user", "viewer"),
    ("accounts_organization", "viewer"),
    ("accounts_apikey", "admin"),
    ("ingestion_template", "viewer"),
    ("ingestion_webhook", "admin"),
    ("accounts_deletedrow", "viewer"),
]
ADDS = [
    ("accounts_team", "admin"),
    ("catalog_domain", "editor"),
    ("catalog_glossary", "editor"),
    ("catalog_glossaryterm", "editor"),
    ("catalog_asset", "editor"),
    ("catalog_tag", "editor"),
    ("catalog_relationship", "editor"),
    ("ingestion_datasource", "editor"),
    ("ingestion_collectiontask", "editor"),
    ("accounts_user", "admin"),
    ("accounts_apikey", "admin"),
    ("ingestion_template", "editor"),
    ("ingestion_webhook", "admin"),
    ("accounts_organization", "superuser"),
    ("ingestion_job", "nobody"),
    ("audit_auditevent", "nobody"),
    ("accounts_deletedrow", "nobody"),
]
THINGS = [
    ("accounts_team", "team"),
    ("catalog_domain", "domain"),
    ("catalog_glossary", "glossary"),
    ("catalog_glossaryterm", "term"),
    ("catalog_asset", "asset"),
    ("catalog_tag", "tag"),
    ("catalog_relationship", "relationship"),
    ("ingestion_datasource", "source"),
    ("ingestion_collectiontask", "task"),
    ("ingestion_job", "job"),
    ("audit_auditevent", "event"),
    ("accounts_user", "user"),
    ("accounts_organization", "organization"),
    ("accounts_apikey", "key"),
    ("ingestion_template", "template"),
    ("ingestion_webhook", "webhook"),
    ("accounts_deletedrow", "deleted"),
]
READABLE = {"catalog_asset_lineage": "asset", "ingestion_job_progress": "job"}
POSTED = {
    "catalog_asset_describe_columns": "asset",
    "catalog_asset_restore": "asset",
    "catalog_asset_say_term": "asset",
    "catalog_asset_unsay_term": "asset",
    "catalog_tag_merge": "tag",
    "ingestion_datasource_test": "source",
    "ingestion_datasource_run": "source",
    "ingestion_collectiontask_run": "task",
    "ingestion_collectiontask_start": "task",
    "ingestion_collectiontask_stop": "task",
    "ingestion_collectiontask_pause": "task",
    "ingestion_collectiontask_resume": "task",
    "ingestion_job_cancel": "job",
    "accounts_apikey_revoke": "key",
    "accounts_user_reset_password": "user",
    "ingestion_webhook_ping": "webhook",
    "ingestion_webhook_rotate": "webhook",
    "ingestion_webhook_redeliver": "webhook",
}
SECRETIVE = ("key", "webhook")
"""What only administrators see at all."""
RANKS = ["viewer", "editor", "admin", "superuser", "nobody"]


@pytest.fixture
def world(alice_member: Membership) -> World:
    return make_world(alice_member)


@pytest.fixture
def people(
    acme: Organization,
    alice_member: Membership,
    bob_member: Membership,
    vera_member: Membership,
) -> dict[str, Client]:
    return {
        "viewer": session_of(vera_member),
        "editor": session_of(bob_member),
        "admin": session_of(alice_member),
        "superuser": session_of(make_superuser(acme)),
    }


def test_these_tables_speak_of_every_page_we_own() -> None:
    ours = {"catalog", "ingestion", "accounts", "audit"}
    models = (model._meta for model in admin.site._registry)
    registered = {f"{meta.app_label}_{meta.model_name}" for meta in models if meta.app_label in ours}
    assert registered == {name for name, _ in LISTS} == {name for name, _ in ADDS} == {name for name, _ in THINGS}


@pytest.mark.parametrize(("name", "least"), LISTS)
def test_lists_open_for_the_role(name: str, least: str, people: dict[str, Client], world: World) -> None:
    for role, client in people.items():
        expected = 200 if RANKS.index(role) >= RANKS.index(least) else 403
        assert client.get(page(f"{name}_changelist")).status_code == expected, role


@pytest.mark.parametrize(("name", "least"), ADDS)
def test_adding_is_for_the_role(name: str, least: str, people: dict[str, Client]) -> None:
    for role, client in people.items():
        expected = 200 if RANKS.index(role) >= RANKS.index(least) else 403
        assert client.get(page(f"{name}_add")).status_code == expected, role


@pytest.mark.parametrize(("name", "thing"), THINGS)
def test_members_open_their_things(name: str, thing: str, people: dict[str, Client], world: World) -> None:
    url = page(f"{name}_change", getattr(world, thing).pk)
    for role, client in people.items():
        expected = 403 if thing in SECRETIVE and role in ("viewer", "editor") else 200
        assert client.get(url).status_code == expected, role


@pytest.mark.parametrize(("name", "thing"), THINGS)
def test_a_viewer_changes_and_deletes_nothing(name: str, thing: str, people: dict[str, Client], world: World) -> None:
    key = getattr(world, thing).pk
    assert people["viewer"].post(page(f"{name}_change", key), {"name": "x"}).status_code == 403
    assert people["viewer"].post(page(f"{name}_delete", key), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(("name", "thing"), THINGS)
def test_an_outsider_is_sent_away_from_every_thing(
    name: str, thing: str, charlie_member: Membership, world: World
) -> None:
    outsider, key = session_of(charlie_member), getattr(world, thing).pk
    for suffix in ("change", "delete"):
        response = outsider.get(page(f"{name}_{suffix}", key))
        sent_home = response.status_code == 302 and response["Location"] == page("index")
        assert sent_home or response.status_code == 403, suffix
        assert str(getattr(world, thing)) not in response.content.decode()


@pytest.mark.parametrize(("name", "thing"), [*READABLE.items(), *POSTED.items()])
def test_an_outsider_finds_no_view_of_a_thing(name: str, thing: str, charlie_member: Membership, world: World) -> None:
    outsider, url = session_of(charlie_member), page(name, getattr(world, thing).pk)
    assert outsider.get(url).status_code == 404
    assert outsider.post(url).status_code == 404


@pytest.mark.parametrize(("name", "thing"), THINGS)
def test_an_outsider_lists_nothing_of_others(name: str, thing: str, charlie_member: Membership, world: World) -> None:
    shown = session_of(charlie_member).get(page(f"{name}_changelist"))
    assert shown.status_code == 200
    assert getattr(world, thing).pk not in {row.pk for row in shown.context["cl"].result_list}


@pytest.mark.parametrize(("name", "thing"), POSTED.items())
def test_what_changes_something_wants_a_post_and_a_role(
    name: str, thing: str, people: dict[str, Client], world: World
) -> None:
    url = page(name, getattr(world, thing).pk)
    refused = people["viewer"].post(url)
    if thing in SECRETIVE:
        assert refused.status_code == 404
    else:
        assert people["editor"].get(url).status_code == 405
        assert refused.status_code == 403 or "role" in _told(people["viewer"], refused)


def _told(client: Client, response: object) -> str:
    """What the page says to which one was sent back."""
    answer = client.get(response["Location"])  # type: ignore[index]
    return " ".join(str(message) for message in answer.context["messages"])


@pytest.mark.parametrize("name", [f"{name}_changelist" for name, _ in LISTS] + ["index"])
def test_the_anonymous_are_asked_to_sign_in(name: str, db: None) -> None:
    response = Client().get(page(name))
    assert response.status_code == 302
    assert response["Location"].startswith(page("login"))


def test_ids_that_are_none_are_no_errors(people: dict[str, Client], world: World) -> None:
    for name, _ in THINGS:
        for bad in ("x", "0", "%00", "a" * 300):
            assert people["superuser"].get(page(f"{name}_changelist") + f"{bad}/change/").status_code in (302, 404)


def test_wild_filters_are_no_errors(people: dict[str, Client], world: World) -> None:
    wild = "q=%00'%22*&type=%00&tags=x&origin=y&owner=z&described=?&state=w&status=v&entity=u&since=99999999&p=-1&o=9"
    for name, _ in LISTS:
        response = people["superuser"].get(f"{page(f'{name}_changelist')}?{wild}", follow=True)
        assert response.status_code == 200, name
