"""Names of organizations, people and keys are one line; what has another sort of name already may keep it."""

from __future__ import annotations

import pytest

from accounts.actor import Actor, operator_actor
from accounts.models import ApiKey, Membership, Organization, User
from accounts.services import (
    create_api_key,
    create_member,
    create_organization,
    update_organization,
    update_user,
)
from contracts.errors import Invalid

ODD = ["two\nlines", "two\r\nlines", "a\ttab", "bell\x07", "next\x85line", "line\u2028separator", "\x7f"]

pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("name", ODD)]


def test_an_organization_has_a_name_of_one_line(acme: Organization, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_organization(actor=operator_actor(), slug="new", name=name + "x")
    assert list(refused.value.fields) == ["name"]
    with pytest.raises(Invalid):
        update_organization(actor=operator_actor(), organization=acme, changes={"name": name})
    Organization.objects.filter(pk=acme.pk).update(name=name)
    changes = {"name": name, "description": "Changed"}
    assert update_organization(actor=operator_actor(), organization=acme, changes=changes).description == "Changed"


def test_a_person_has_a_name_of_one_line(
    alice_actor: Actor, acme: Organization, bob_member: Membership, name: str
) -> None:
    bob = bob_member.user
    with pytest.raises(Invalid) as refused:
        create_member(actor=alice_actor, organization=acme, email="new@example.com", role="viewer", name=name)
    assert list(refused.value.fields) == ["name"]
    with pytest.raises(Invalid):
        update_user(actor=operator_actor(), user=bob, changes={"name": name})
    User.objects.filter(pk=bob.pk).update(name=name)
    changed = update_user(actor=operator_actor(), user=bob, changes={"name": name, "email": "other@example.com"})
    assert (changed.name, changed.email) == (name, "other@example.com")


def test_a_key_has_a_name_of_one_line(alice_actor: Actor, acme: Organization, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_api_key(actor=alice_actor, organization=acme, name=f"a{name}z", role="editor")
    assert list(refused.value.fields) == ["name"]
    assert not ApiKey.objects.exists()
