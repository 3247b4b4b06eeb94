"""Two writers of the same things at one moment: one after the other, or one refused; nothing lost or half done."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.actor import Actor
from audit.models import AuditEvent
from catalog.models import Asset, AssetTag, Relationship, Tag
from catalog.services import (
    create_relationship,
    create_tag,
    delete_asset,
    delete_relationship,
    delete_tag,
    file_contents,
    merge_tags,
    restore_asset,
    update_asset,
    update_relationship,
    update_tag,
)
from contracts.errors import Conflict, NotFound
from tests.catalog.conftest import at_once, make_asset

TIMES = pytest.mark.parametrize("number", range(4))


def actions(entity_id: Any) -> list[str]:
    return list(AuditEvent.objects.filter(entity_id=entity_id).order_by("id").values_list("action", flat=True))


def names_of(asset: Asset) -> list[str]:
    return sorted(AssetTag.objects.filter(asset=asset).values_list("tag__name", flat=True))


@pytest.mark.only_on("postgresql")  # SQLite has one writer at a time
@pytest.mark.django_db(transaction=True)
class TestTogether:
    @TIMES
    def test_a_tag_is_merged_while_it_is_put_on_an_asset(self, bob_actor: Actor, number: int):
        old, new = make_asset(bob_actor, "old", tags=["pii"]), make_asset(bob_actor, "new")
        gdpr, pii = create_tag(actor=bob_actor, data={"name": "gdpr"}), Tag.objects.get(name="pii")
        merged, tagged = at_once(
            lambda: merge_tags(actor=bob_actor, tag=pii, into=gdpr),
            lambda: update_asset(actor=bob_actor, asset=new, changes={"tags": ["pii"]}),
        )
        assert isinstance(merged, Tag), merged
        assert isinstance(tagged, Asset), tagged
        # Put on before: merged as well. After: a tag of that name is made anew.
        assert names_of(old) == ["gdpr"]
        assert names_of(new) in (["gdpr"], ["pii"])
        last = AuditEvent.objects.filter(entity_id=new.pk).latest("entity_version")
        assert (last.after_state or {})["tags"] == names_of(new)
        assert actions(pii.pk)[-1] == "MERGE"

    @TIMES
    def test_an_asset_is_deleted_while_it_is_related(self, bob_actor: Actor, number: int):
        a, b = make_asset(bob_actor, "a"), make_asset(bob_actor, "b")
        deleted, related = at_once(
            lambda: delete_asset(actor=bob_actor, asset=b),
            lambda: create_relationship(actor=bob_actor, source=a, target=b, type="USES"),
        )
        assert deleted is None
        assert isinstance(related, Relationship | NotFound), related
        edges = Relationship.objects.all()
        assert [edge.pk for edge in edges] == ([related.pk] if isinstance(related, Relationship) else [])
        for edge in edges:
            assert actions(edge.pk) == ["CREATE"]
        restore_asset(actor=bob_actor, asset=b)
        assert Relationship.objects.visible_to(bob_actor).count() == len(edges)

    @TIMES
    def test_a_tag_takes_a_name_that_is_being_made(self, bob_actor: Actor, number: int):
        tag, asset = create_tag(actor=bob_actor, data={"name": "a"}), make_asset(bob_actor, "x", tags=["a"])
        renamed, made = at_once(
            lambda: update_tag(actor=bob_actor, tag=tag, changes={"name": "b"}),
            lambda: create_tag(actor=bob_actor, data={"name": "B"}),
        )
        assert sorted(type(each).__name__ for each in (renamed, made)) == ["Conflict", "Tag"]
        assert names_of(asset) == (["a"] if isinstance(renamed, Conflict) else ["b"])
        assert Tag.objects.filter(key="b").count() == 1
        assert actions(tag.pk) == ["CREATE"] + ["UPDATE"] * (not isinstance(renamed, Conflict))

    @TIMES
    def test_a_tag_takes_a_name_that_an_asset_brings(self, bob_actor: Actor, number: int):
        tag, asset = create_tag(actor=bob_actor, data={"name": "a"}), make_asset(bob_actor, "x")
        renamed, tagged = at_once(
            lambda: update_tag(actor=bob_actor, tag=tag, changes={"name": "b"}),
            lambda: update_asset(actor=bob_actor, asset=asset, changes={"tags": ["b"]}),
        )
        assert isinstance(renamed, Tag | Conflict), renamed
        assert isinstance(tagged, Asset), tagged
        assert names_of(asset) == ["b"]
        assert Tag.objects.filter(key="b").count() == 1

    @TIMES
    def test_a_tag_is_deleted_by_two(self, bob_actor: Actor, number: int):
        make_asset(bob_actor, "x", tags=["a"])
        tag = Tag.objects.get()
        results = at_once(*[lambda: delete_tag(actor=bob_actor, tag=tag)] * 2)
        assert sorted(type(each).__name__ for each in results) == ["NoneType", "NotFound"]
        assert actions(tag.pk) == ["CREATE", "DELETE"]


# Gone since it was read ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_end_that_is_gone_is_related_to_nothing(bob_actor: Actor):
    a, b = make_asset(bob_actor, "a"), make_asset(bob_actor, "b")
    delete_asset(actor=bob_actor, asset=Asset.objects.get(pk=b.pk))
    with pytest.raises(NotFound) as refusal:
        create_relationship(actor=bob_actor, source=a, target=b, type="USES")
    assert refusal.value.details == {"asset_id": str(b.pk)}
    Asset.objects.filter(pk=b.pk).delete()
    with pytest.raises(NotFound):
        create_relationship(actor=bob_actor, source=a, target=b, type="USES")


@pytest.mark.django_db
def test_a_relationship_or_a_container_that_is_gone(bob_actor: Actor):
    a, b = make_asset(bob_actor, "a"), make_asset(bob_actor, "b")
    edge = create_relationship(actor=bob_actor, source=a, target=b, type="USES")
    delete_relationship(actor=bob_actor, relationship=Relationship.objects.get())
    with pytest.raises(NotFound):
        update_relationship(actor=bob_actor, relationship=edge, metadata={"a": 1})
    delete_asset(actor=bob_actor, asset=a)
    with pytest.raises(NotFound) as refusal:
        file_contents(actor=bob_actor, asset_id=a.pk, contents=[], types=["TABLE"])
    assert refusal.value.details == {"asset_id": str(a.pk)}
