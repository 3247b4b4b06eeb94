"""Organizations: who makes and changes them, and what may not be taken twice."""

import threading

import pytest
from django.db import connection

from accounts.actor import Actor, system_actor
from accounts.models import Membership, Organization, Role
from accounts.services import create_api_key, create_organization, delete_organization, update_organization
from accounts.tokens import credential_of
from audit.diff import changes
from audit.models import AuditEvent
from catalog.models import Origin
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from ingestion.models import DataSource


def test_operator_makes_an_organization(operator, trail):
    made = create_organization(actor=operator, slug="my-lab.2", name=" My Lab ")
    assert (made.slug, made.name, made.is_public) == ("my-lab.2", "My Lab", True)
    assert trail() == [("CREATE", "ORGANIZATION", "My Lab")]
    assert AuditEvent.objects.get().organization_id == made.pk


def test_name_is_the_slug_where_none_is_given(operator):
    assert create_organization(actor=operator, slug="lab").name == "lab"


@pytest.mark.parametrize("slug", ["lab", "LAB"])
def test_slug_is_taken_whatever_the_case(operator, slug, trail):
    create_organization(actor=operator, slug="Lab")
    with pytest.raises(Conflict, match="taken"):
        create_organization(actor=operator, slug=slug)
    assert Organization.objects.count() == len(trail()) == 1


@pytest.mark.parametrize("slug", ["", "-lab", "lab-", "a b", "a/b", "é", "a" * 101, "a\x00b"])
def test_bad_slug_is_refused(operator, slug):
    with pytest.raises(Invalid) as refusal:
        create_organization(actor=operator, slug=slug)
    assert "slug" in refusal.value.fields
    assert not Organization.objects.exists()


def test_administrator_founds_another_and_administers_it(alice_actor, alice_member):
    made = create_organization(actor=alice_actor, slug="lab")
    assert Membership.objects.get(organization=made).user == alice_member.user
    assert Membership.objects.get(organization=made).role == Role.ADMIN


def test_key_founds_for_its_maker(alice_actor, acme, alice_member):
    key = create_api_key(actor=alice_actor, organization=acme, name="loader", role="admin").key
    made = create_organization(actor=credential_of(key, door="rest").actor, slug="lab")
    assert [member.user for member in made.memberships.all()] == [alice_member.user]


def test_key_whose_maker_is_gone_founds_nothing(operator, acme):
    key = create_api_key(actor=operator, organization=acme, name="loader", role="admin").key
    with pytest.raises(Forbidden):
        create_organization(actor=credential_of(key, door="rest").actor, slug="lab")
    assert not Organization.objects.filter(slug="lab").exists()


def test_editor_and_anonymous_make_none(bob_actor):
    with pytest.raises(Forbidden):
        create_organization(actor=bob_actor, slug="lab")
    with pytest.raises(Unauthenticated):
        create_organization(actor=Actor(kind="anonymous"), slug="lab")


def test_only_the_operator_makes_one_of_the_system(alice_actor, operator):
    with pytest.raises(Forbidden):
        create_organization(actor=alice_actor, slug="lab", is_system=True)
    assert create_organization(actor=operator, slug="lab", is_system=True).is_system


def test_change_is_on_the_trail_with_both_states(alice_actor, acme):
    update_organization(actor=alice_actor, organization=acme, changes={"name": "Acme Inc", "is_public": False})
    event = AuditEvent.objects.get()
    assert {change.path for change in changes(event.before_state, event.after_state)} == {"name", "is_public"}
    assert Organization.objects.get(pk=acme.pk).is_public is False


def test_change_to_the_same_is_none(alice_actor, acme, trail):
    update_organization(actor=alice_actor, organization=acme, changes={"name": "Acme"})
    assert trail() == []


def test_rename_to_a_taken_slug_is_a_conflict(alice_actor, acme, other):
    with pytest.raises(Conflict):
        update_organization(actor=alice_actor, organization=acme, changes={"slug": "OTHER"})
    assert Organization.objects.get(pk=acme.pk).slug == "acme"


@pytest.mark.parametrize("changes", [{"is_system": True}, {"id": 1}, {"website": "no url"}, {"name": ""}])
def test_what_cannot_be_changed_is_refused(alice_actor, acme, changes, trail):
    with pytest.raises(Invalid) as refusal:
        update_organization(actor=alice_actor, organization=acme, changes=changes)
    assert refusal.value.fields.keys() == changes.keys()
    assert trail() == []


def test_outsider_and_editor_change_nothing(charlie_actor, bob_actor, acme):
    with pytest.raises(NotFound):
        update_organization(actor=charlie_actor, organization=acme, changes={"name": "x"})
    with pytest.raises(Forbidden):
        update_organization(actor=bob_actor, organization=acme, changes={"name": "x"})


def test_administrators_do_not_delete_organizations(alice_actor, charlie_actor, acme):
    with pytest.raises(Forbidden):
        delete_organization(actor=alice_actor, organization=acme)
    with pytest.raises(NotFound):
        delete_organization(actor=charlie_actor, organization=acme)


def test_organization_with_data_sources_is_not_deleted_in_passing(operator, acme, trail):
    origin = Origin.objects.create(organization=acme, name="warehouse", type="sqlite")
    DataSource.objects.create(organization=acme, origin=origin, name="warehouse", type="sqlite")
    with pytest.raises(Conflict, match="still has data sources"):
        delete_organization(actor=operator, organization=acme)
    assert Organization.objects.filter(pk=acme.pk).exists()
    assert trail() == []


def test_visibility(alice_actor, charlie_actor, acme, other, operator):
    other.is_public = False
    other.save()
    assert list(Organization.objects.visible_to(alice_actor)) == [acme]
    assert list(Organization.objects.readable_by(alice_actor)) == [acme]
    assert list(Organization.objects.readable_by(charlie_actor)) == [acme, other]
    assert list(Organization.objects.visible_to(operator)) == [acme, other]


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_wins_and_the_other_hears_of_a_conflict(operator):
    barrier, outcomes = threading.Barrier(2), []

    def make():
        try:
            barrier.wait(60)
            create_organization(actor=operator, slug="lab")
            outcomes.append("made")
        except Conflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=make) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["conflict", "made"]
    assert AuditEvent.objects.count() == 1


def test_system_makes_one_without_a_member(acme):
    made = create_organization(actor=system_actor(acme), slug="lab")
    assert not made.memberships.exists()
