"""The page of what was deleted and is kept apart: restored, and let go."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.actor import Actor
from accounts.models import DeletedRow, Membership
from accounts.services import remove_member
from catalog.models import LostLink, Tag
from catalog.services import create_tag, delete_category, delete_tag
from ingestion.models import DataSource
from ingestion.services.removing import delete_with_contents
from ingestion.services.sources import create_data_source
from tests.adminkit import make_asset, messages_of, page, session_of

LIST = "accounts_deletedrow_changelist"


def act(client: Client, action: str, *rows: DeletedRow, **more: str) -> Any:
    selected = [str(row.pk) for row in rows]
    return client.post(page(LIST), {"action": action, "_selected_action": selected, **more}, follow=True)


@pytest.fixture
def browser_of_alice(alice_member: Membership) -> Client:
    return session_of(alice_member)


@pytest.fixture
def kept(alice_actor: Actor, vera_member: Membership) -> list[DeletedRow]:
    make_asset(alice_actor, "orders", tags=["Worn"])
    delete_tag(actor=alice_actor, tag=Tag.objects.get(name="Worn"))
    create_tag(actor=alice_actor, data={"name": "one", "category": "Group"})
    delete_category(actor=alice_actor, organization_id=alice_actor.tenant, category="Group")
    remove_member(actor=alice_actor, membership=vera_member)
    config = {"host": "db.example.com", "database": "d", "username": "u", "password": "opensesame"}
    source = create_data_source(actor=alice_actor, data={"name": "shop", "type": "postgresql", "config": config})
    delete_with_contents(actor=alice_actor, source=source)
    return list(DeletedRow.objects.exclude(kind="TAG", key="group.one"))


def test_everything_is_restored(browser_of_alice: Client, kept: list[DeletedRow], vera_member: Membership) -> None:
    text = browser_of_alice.get(page(LIST)).content.decode()
    assert all(name in text for name in ("Worn", "Group", "vera", "shop", "Data source", "Member"))
    assert "opensesame" not in text
    assert len(kept) == 4
    assert "4 deleted things restored." in messages_of(act(browser_of_alice, "restore_selected", *kept))
    assert set(Tag.objects.values_list("name", flat=True)) == {"Worn", "one"}
    assert Tag.objects.get(name="Worn").assets.count() == 1
    assert Membership.objects.get(user=vera_member.user).role == "viewer"
    assert DataSource.objects.get().status == "inactive"
    assert not DeletedRow.objects.exists()


def test_what_is_refused_is_told(
    browser_of_alice: Client, kept: list[DeletedRow], bob_member: Membership, charlie_member: Membership
) -> None:
    member = next(row for row in kept if row.kind == "MEMBER")
    assert "role" in messages_of(act(session_of(bob_member), "restore_selected", member))[0]
    act(session_of(charlie_member), "restore_selected", *kept)
    assert DeletedRow.objects.filter(pk__in=[row.pk for row in kept]).count() == 4
    act(browser_of_alice, "delete_selected", *kept, post="yes")
    assert not DeletedRow.objects.exclude(key="group.one").exists()
    assert not LostLink.objects.exists()


def test_a_page_says_what_comes_back_and_restores_it(
    browser_of_alice: Client, kept: list[DeletedRow], vera_member: Membership
) -> None:
    source = next(row for row in kept if row.kind == "DATA_SOURCE")
    text = browser_of_alice.get(page("accounts_deletedrow_change", source.pk)).content.decode()
    assert "inactive until it is given its secrets again" in text
    assert "shop (data source)" in text
    assert "Delete deleted thing" not in text
    restore = page("accounts_deletedrow_restore", source.pk)
    assert browser_of_alice.get(restore).status_code == 405
    response = browser_of_alice.post(restore, follow=True)
    assert "is back" in messages_of(response)[0]
    assert DataSource.objects.get().name == "shop"


def test_outsiders_and_those_who_may_not_restore_nothing_by_its_page(
    kept: list[DeletedRow], bob_member: Membership, charlie_member: Membership
) -> None:
    member = next(row for row in kept if row.kind == "MEMBER")
    restore = page("accounts_deletedrow_restore", member.pk)
    assert session_of(charlie_member).post(restore).status_code == 404
    assert "role" in messages_of(session_of(bob_member).post(restore, follow=True))[0]
    assert DeletedRow.objects.filter(pk=member.pk).exists()


def test_an_empty_list_says_so_and_offers_what_there_is(browser_of_alice: Client) -> None:
    empty = browser_of_alice.get(page(LIST)).content.decode()
    assert "No deleted things" in empty
    assert "Show all" not in empty
    searched = browser_of_alice.get(page(LIST) + "?q=worn").content.decode()
    assert "Nothing matches" in searched
    assert "Show all" in searched
