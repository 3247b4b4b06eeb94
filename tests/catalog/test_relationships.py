"""One relationship: create, change, delete."""

from __future__ import annotations

import pytest

from accounts.actor import Actor
from catalog.models import Relationship
from catalog.services import create_relationship, delete_asset, delete_relationship, update_relationship
from contracts.errors import Conflict, Forbidden, Invalid, NotFound
from tests.catalog.conftest import at_once, last_event, make_asset, state_after

pytestmark = pytest.mark.django_db


def test_two_assets_are_related_once_by_each_type(bob_actor: Actor):
    a, b = make_asset(bob_actor, "a"), make_asset(bob_actor, "b")
    mapping = {"column_mapping": {"x": ["y"]}}
    edge = create_relationship(actor=bob_actor, source=a, target=b, type="DEPENDS_ON", metadata=mapping)
    assert (edge.source_id, edge.target_id, edge.metadata) == (a.pk, b.pk, mapping)
    assert state_after(edge.pk)["source"] == {"id": str(a.pk), "qualified_name": "prod.public.a"}
    with pytest.raises(Conflict) as caught:
        create_relationship(actor=bob_actor, source=a, target=b, type="DEPENDS_ON")
    assert caught.value.details == {"relationship_id": str(edge.pk)}
    create_relationship(actor=bob_actor, source=b, target=a, type="DEPENDS_ON")
    create_relationship(actor=bob_actor, source=a, target=a, type="RELATED_TO")
    assert Relationship.objects.count() == 3


def test_metadata_is_replaced_and_the_end_is_on_the_trail(bob_actor: Actor):
    edge = create_relationship(
        actor=bob_actor, source=make_asset(bob_actor, "a"), target=make_asset(bob_actor, "b"), type="USES"
    )
    assert update_relationship(actor=bob_actor, relationship=edge, metadata={"k": 1}).metadata == {"k": 1}
    delete_relationship(actor=bob_actor, relationship=edge)
    assert not Relationship.objects.exists()
    event = last_event(edge.pk)
    assert (event.action, event.after_state) == ("DELETE", None)
    with pytest.raises(NotFound):
        delete_relationship(actor=bob_actor, relationship=edge)


def test_strangers_and_the_deleted_cannot_be_related(bob_actor: Actor, vera_actor: Actor, charlie_actor: Actor):
    mine, other = make_asset(bob_actor, "a"), make_asset(bob_actor, "b")
    theirs = make_asset(charlie_actor, "theirs")
    with pytest.raises(NotFound):
        create_relationship(actor=bob_actor, source=mine, target=theirs, type="USES")
    with pytest.raises(Forbidden):
        create_relationship(actor=vera_actor, source=mine, target=other, type="USES")
    edge = create_relationship(actor=bob_actor, source=mine, target=other, type="USES")
    with pytest.raises(NotFound):
        delete_relationship(actor=charlie_actor, relationship=edge)
    with pytest.raises(NotFound):
        update_relationship(actor=charlie_actor, relationship=edge, metadata={})
    delete_asset(actor=bob_actor, asset=other)
    other.refresh_from_db()
    with pytest.raises(NotFound):
        create_relationship(actor=bob_actor, source=mine, target=other, type="DEPENDS_ON")


def test_bad_relationships_are_refused(bob_actor: Actor):
    a, b = make_asset(bob_actor, "a"), make_asset(bob_actor, "b")
    with pytest.raises(Invalid) as caught:
        create_relationship(actor=bob_actor, source=a, target=b, type="LIKES")
    assert "type" in caught.value.fields
    with pytest.raises(Invalid) as caught:
        create_relationship(actor=bob_actor, source=a, target=b, type="USES", metadata={"n": 2**70})
    assert "metadata" in caught.value.fields


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_time_one_meets_a_conflict(bob_actor: Actor):
    a, b = make_asset(bob_actor, "a"), make_asset(bob_actor, "b")
    results = at_once(
        *[lambda: create_relationship(actor=bob_actor, source=a, target=b, type="USES") for _ in range(3)]
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "Conflict", "Relationship"]
    assert Relationship.objects.count() == 1
