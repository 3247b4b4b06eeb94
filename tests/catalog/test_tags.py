"""Tags: renamed, merged and deleted with every asset that carries them."""

from __future__ import annotations

import pytest

from accounts.actor import Actor
from audit.models import AuditEvent
from catalog.models import Asset, SearchDocument, Tag
from catalog.services import create_tag, delete_asset, delete_tag, merge_tags, restore_asset, update_tag
from contracts.errors import Conflict, Forbidden, Invalid, NotFound
from tests.catalog.conftest import last_event, make_asset, state_after, state_before

pytestmark = pytest.mark.django_db


def names(asset: Asset) -> list[str]:
    return sorted(asset.tags.values_list("name", flat=True))


def test_a_tag_is_made_once_whatever_its_case(bob_actor: Actor, charlie_actor: Actor):
    tag = create_tag(actor=bob_actor, data={"name": "Größe", "category": "Sizes", "colour": "#AABBCC"})
    assert (tag.category, tag.colour) == ("Sizes", "#aabbcc")
    with pytest.raises(Conflict) as caught:
        create_tag(actor=bob_actor, data={"name": "GRÖSSE"})
    assert caught.value.details["tag_id"] == str(tag.pk)
    create_tag(actor=charlie_actor, data={"name": "Größe"})
    make_asset(bob_actor, tags=["grösse"])
    assert Tag.objects.filter(organization=bob_actor.tenant).count() == 1


def test_a_rename_is_followed_by_assets_search_and_trail(bob_actor: Actor):
    asset = make_asset(bob_actor, tags=["pii", "other"])
    untouched = make_asset(bob_actor, "orders", tags=["other"])
    tag = update_tag(actor=bob_actor, tag=Tag.objects.get(name="pii"), changes={"name": "PII"})
    assert tag.key == "pii"
    assert names(asset) == ["PII", "other"]
    assert state_before(asset.pk)["tags"] == ["other", "pii"]
    assert state_after(asset.pk)["tags"] == ["other", "PII"]
    assert Asset.objects.get(pk=asset.pk).version == 2
    assert Asset.objects.get(pk=untouched.pk).version == 1
    assert "PII" in SearchDocument.objects.get(entity_id=asset.pk).tags
    assert last_event(tag.pk).action == "UPDATE"


def test_describing_a_tag_leaves_its_assets_alone(bob_actor: Actor):
    asset = make_asset(bob_actor, tags=["pii"])
    tag = update_tag(actor=bob_actor, tag=Tag.objects.get(), changes={"description": "Personal", "category": "Law"})
    assert (tag.description, Asset.objects.get(pk=asset.pk).version) == ("Personal", 1)
    events = AuditEvent.objects.count()
    update_tag(actor=bob_actor, tag=tag, changes={"description": "Personal"})
    assert AuditEvent.objects.count() == events


def test_a_rename_onto_another_tag_is_a_conflict(bob_actor: Actor):
    make_asset(bob_actor, tags=["a", "b"])
    with pytest.raises(Conflict):
        update_tag(actor=bob_actor, tag=Tag.objects.get(name="a"), changes={"name": "B"})


def test_a_merge_moves_every_asset(bob_actor: Actor):
    one = make_asset(bob_actor, "one", tags=["personal"])
    both = make_asset(bob_actor, "both", tags=["personal", "PII"])
    gone = make_asset(bob_actor, "gone", tags=["personal"])
    delete_asset(actor=bob_actor, asset=gone)
    heir = Tag.objects.get(name="PII")
    merge_tags(actor=bob_actor, tag=Tag.objects.get(name="personal"), into=heir)
    assert names(one) == names(both) == ["PII"]
    assert not Tag.objects.filter(name="personal").exists()
    merged = AuditEvent.objects.get(action="MERGE")
    assert merged.after_state == {"merged_into": {"id": str(heir.pk), "name": "PII"}}
    assert state_after(one.pk)["tags"] == ["PII"]
    assert names(restore_asset(actor=bob_actor, asset=gone)) == ["PII"]
    with pytest.raises(Invalid):
        merge_tags(actor=bob_actor, tag=heir, into=heir)


def test_a_deleted_tag_leaves_its_assets(bob_actor: Actor):
    asset = make_asset(bob_actor, tags=["a", "b"])
    tag = Tag.objects.get(name="a")
    delete_tag(actor=bob_actor, tag=tag)
    assert names(asset) == ["b"]
    assert state_after(asset.pk)["tags"] == ["b"]
    assert last_event(tag.pk).action == "DELETE"
    with pytest.raises(NotFound):
        delete_tag(actor=bob_actor, tag=tag)


def test_an_outsider_and_a_viewer_change_no_tag(bob_actor: Actor, vera_actor: Actor, charlie_actor: Actor):
    tag = create_tag(actor=bob_actor, data={"name": "PII"})
    theirs = create_tag(actor=charlie_actor, data={"name": "PII"})
    for actor, refusal in ((charlie_actor, NotFound), (vera_actor, Forbidden)):
        with pytest.raises(refusal):
            update_tag(actor=actor, tag=tag, changes={"name": "x"})
        with pytest.raises(refusal):
            delete_tag(actor=actor, tag=tag)
    with pytest.raises(Invalid):
        merge_tags(actor=bob_actor, tag=tag, into=theirs)


@pytest.mark.parametrize(
    "data",
    [{}, {"name": ""}, {"name": "x" * 101}, {"name": "a", "colour": "red"}, {"name": "a", "size": 1}, {"name": "\x00"}],
)
def test_bad_tags_are_refused(bob_actor: Actor, data):
    with pytest.raises(Invalid):
        create_tag(actor=bob_actor, data=data)
    assert not Tag.objects.exists()
