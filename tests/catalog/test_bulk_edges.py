"""Many relationships at once, and what a collection no longer finds."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from accounts.actor import Actor
from audit.models import AuditEvent
from catalog.models import Asset, Origin, Relationship, SearchDocument
from catalog.services import (
    AssetDraft,
    RelationshipDraft,
    retire_assets,
    retire_relationships,
    upsert_assets,
    upsert_relationships,
)
from contracts.errors import Forbidden

pytestmark = pytest.mark.django_db


def assets(actor: Actor, *names: str, origin: Origin | None = None) -> dict[str, UUID]:
    drafts = [AssetDraft(type="TABLE", name=name, qualified_name=name) for name in names]
    return upsert_assets(actor=actor, drafts=drafts, origin=origin).ids


def test_edges_are_made_once_and_their_metadata_follows(bob_actor: Actor):
    ids = assets(bob_actor, "a", "b")
    draft = RelationshipDraft("a", "b", "DEPENDS_ON", {"sql": "select 1"})
    assert upsert_relationships(actor=bob_actor, drafts=[draft]).created == 1
    events = AuditEvent.objects.count()
    assert upsert_relationships(actor=bob_actor, drafts=[draft]).unchanged == 1
    assert AuditEvent.objects.count() == events
    result = upsert_relationships(actor=bob_actor, drafts=[RelationshipDraft("a", "b", "DEPENDS_ON", {"sql": "2"})])
    assert result.updated == 1
    edge = Relationship.objects.get()
    assert edge.metadata == {"sql": "2"}
    assert (edge.source_id, edge.target_id) == (ids["a"], ids["b"])
    assert (edge.upstream_id, edge.downstream_id) == (ids["b"], ids["a"])
    assert result.ids == {"a DEPENDS_ON b": edge.pk}
    actions = AuditEvent.objects.filter(entity_id=edge.pk).order_by("id").values_list("action", flat=True)
    assert list(actions) == ["CREATE", "UPDATE"]


def test_an_end_that_is_not_there_is_an_error_of_its_row(bob_actor: Actor, charlie_actor: Actor):
    assets(bob_actor, "a", "b")
    assets(charlie_actor, "theirs")
    result = upsert_relationships(
        actor=bob_actor,
        drafts=[
            RelationshipDraft("a", "theirs", "USES"),
            RelationshipDraft("a", "b", "LIKES"),
            RelationshipDraft("a", "b", "USES"),
            RelationshipDraft("a", "b", "USES"),
            RelationshipDraft("a", "b\x00", "USES"),
        ],
    )
    assert result.created == 1
    assert [(error.index, error.qualified_name) for error in result.errors] == [
        (0, "theirs"),
        (1, "a"),
        (3, "a"),
        (4, "a"),
    ]


def test_a_viewer_may_not_relate(bob_actor: Actor, vera_actor: Actor):
    assets(bob_actor, "a", "b")
    with pytest.raises(Forbidden):
        upsert_relationships(actor=vera_actor, drafts=[RelationshipDraft("a", "b", "USES")])
    assert not Relationship.objects.exists()


def test_what_is_no_longer_found_goes_stale_then_is_deleted(bob_actor: Actor, origin: Origin):
    ids = assets(bob_actor, "seen", "lost", origin=origin)
    assets(bob_actor, "handmade")
    seen = {ids["seen"]}
    week = timedelta(days=7)
    assert retire_assets(actor=bob_actor, origin=origin, seen=seen, grace=week).stale == 1
    lost = Asset.objects.get(name="lost")
    assert lost.stale_since is not None
    assert lost.last_seen_at == origin.collected_at
    again = retire_assets(actor=bob_actor, origin=origin, seen=seen, grace=week)
    assert (again.stale, again.deleted) == (0, 0)
    assert retire_assets(actor=bob_actor, origin=origin, seen=seen, grace=timedelta(0)).deleted == 1
    assert Asset.objects.get(name="lost").deleted_at is not None
    assert not SearchDocument.objects.filter(entity_id=lost.pk).exists()
    assert set(Asset.objects.filter(deleted_at=None).values_list("name", flat=True)) == {"seen", "handmade"}
    actions = AuditEvent.objects.filter(entity_id=lost.pk).order_by("id").values_list("action", "entity_version")
    assert list(actions) == [("CREATE", 1), ("UPDATE", 2), ("DELETE", 3)]


def test_what_is_found_again_is_stale_no_more(bob_actor: Actor, origin: Origin):
    ids = assets(bob_actor, "t", origin=origin)
    retire_assets(actor=bob_actor, origin=origin, seen=set(), grace=timedelta(days=7))
    result = upsert_assets(actor=bob_actor, drafts=[AssetDraft("TABLE", "t", "t")], origin=origin)
    assert (result.updated, result.ids) == (1, ids)
    assert Asset.objects.get().stale_since is None


def test_edges_that_are_no_longer_found_are_deleted(bob_actor: Actor, origin: Origin):
    assets(bob_actor, "a", "b", "c", origin=origin)
    drafts = [RelationshipDraft("a", "b", "USES"), RelationshipDraft("a", "c", "USES")]
    result = upsert_relationships(actor=bob_actor, drafts=drafts, origin=origin)
    upsert_relationships(actor=bob_actor, drafts=[RelationshipDraft("b", "c", "RELATED_TO")])
    seen = {result.ids["a USES b"]}
    assert retire_relationships(actor=bob_actor, origin=origin, seen=seen) == 1
    assert retire_relationships(actor=bob_actor, origin=origin, seen=seen) == 0
    assert {str(edge) for edge in Relationship.objects.all()} == {"a USES b", "b RELATED_TO c"}
