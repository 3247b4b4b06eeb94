"""Several assets that are one: what is merged, what is deleted, what the trail says."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from accounts.actor import Actor
from accounts.services import create_team
from catalog.models import Asset, Domain, Glossary, GlossaryTerm, Relationship
from catalog.services import create_concept, create_relationship, merge_assets, restore_asset, update_asset
from contracts.errors import Forbidden, Invalid, NotFound, Stale
from tests.adminkit import messages_of, page, session_of
from tests.catalog.conftest import last_event, make_asset, state_after

pytestmark = pytest.mark.django_db

COLUMNS = [{"name": "id", "type": "int"}]


def edges(*assets: Asset) -> set[tuple[str, str, str]]:
    rows = Relationship.objects.filter(source__deleted_at=None, target__deleted_at=None)
    return set(rows.values_list("source__name", "type", "target__name"))


def relate(actor: Actor, source: Asset, type: str, target: Asset, **metadata: Any) -> None:
    create_relationship(actor=actor, source=source, target=target, type=type, metadata=metadata)


def test_what_was_said_of_duplicates_goes_to_the_one_that_stays(alice_actor: Actor, bob_actor: Actor):
    create_team(actor=alice_actor, data={"name": "stewards"})
    create_concept(actor=bob_actor, model=Domain, data={"name": "Finance"})
    create_concept(actor=bob_actor, model=Glossary, data={"name": "Business"})
    for name in ("Customer", "Key"):
        create_concept(actor=bob_actor, model=GlossaryTerm, data={"name": name, "glossary": "Business"})
    terms = ["Customer", {"name": "Key", "column": "id"}, {"name": "Key", "column": "x"}]
    keep = make_asset(bob_actor, "users", tags=["a"], schema=COLUMNS, owner="bob")
    other = make_asset(
        bob_actor,
        "users2",
        tags=["b"],
        description="People",
        owner="stewards",
        domain="Finance",
        schema=[*COLUMNS, {"name": "x", "type": "int"}],
        terms=terms,
    )
    merged = merge_assets(actor=bob_actor, keep=keep, duplicates=[other.pk])
    assert (merged.description, merged.owner_id, merged.domain.name) == ("People", bob_actor.user_id, "Finance")  # type: ignore[union-attr]
    assert [tag.name for tag in merged.tags.all()] == ["a", "b"]
    said = [(link["name"], link["column"]) for link in state_after(keep.pk)["terms"]]
    assert said == [("Business.Customer", None), ("Business.Key", "id")]
    assert (merged.version, merged.curated) == (2, ["description", "domain", "owner", "tags", "terms"])
    assert last_event(other.pk).action == "DELETE"
    other.refresh_from_db()
    assert other.deleted_at is not None
    assert restore_asset(actor=bob_actor, asset=other).description == "People"


def test_relationships_move_once_and_never_onto_themselves(bob_actor: Actor):
    keep, one, two, source, view = (make_asset(bob_actor, name) for name in ("keep", "one", "two", "source", "view"))
    relate(bob_actor, keep, "DEPENDS_ON", source, column_mapping={"a": ["x"]})
    relate(bob_actor, one, "DEPENDS_ON", source, column_mapping={"a": ["y"], "b": ["z"]})
    relate(bob_actor, view, "USES", one, column_mapping={"v": ["a"]})
    relate(bob_actor, view, "USES", two, note="by hand", column_mapping={"w": ["a"]})
    relate(bob_actor, one, "RELATED_TO", keep)
    relate(bob_actor, one, "RELATED_TO", two)
    merge_assets(actor=bob_actor, keep=keep, duplicates=[one.pk, two.pk])
    assert edges() == {("keep", "DEPENDS_ON", "source"), ("view", "USES", "keep")}
    assert Relationship.objects.count() == 2
    told = {edge.type: edge.metadata for edge in Relationship.objects.all()}
    assert told["DEPENDS_ON"]["column_mapping"] == {"a": ["x"], "b": ["z"]}
    assert told["USES"]["note"] == "by hand"
    assert told["USES"]["column_mapping"] == {"v": ["a"], "w": ["a"]}
    assert Asset.objects.get(pk=keep.pk).version == 1


def test_nothing_is_merged_with_itself_strangers_or_too_late(bob_actor: Actor, vera_actor: Actor, charlie_actor: Actor):
    keep, other = make_asset(bob_actor), make_asset(bob_actor, "other")
    theirs = make_asset(charlie_actor)
    for ids in ([], [keep.pk], [uuid4() for _ in range(101)]):
        with pytest.raises(Invalid):
            merge_assets(actor=bob_actor, keep=keep, duplicates=ids)
    for ids in ([theirs.pk], [other.pk, uuid4()]):
        with pytest.raises(NotFound):
            merge_assets(actor=bob_actor, keep=keep, duplicates=ids)
    with pytest.raises(NotFound):
        merge_assets(actor=charlie_actor, keep=keep, duplicates=[other.pk])
    with pytest.raises(Forbidden):
        merge_assets(actor=vera_actor, keep=keep, duplicates=[other.pk])
    with pytest.raises(Stale):
        merge_assets(actor=bob_actor, keep=keep, duplicates=[other.pk], expected_version=3)
    assert Asset.objects.filter(deleted_at=None).count() == 3


def test_a_merge_over_rest(bob, vera, charlie, bob_actor: Actor):
    keep, other = make_asset(bob_actor), make_asset(bob_actor, "other", tags=["x"])
    url, body = f"/v1/assets/{keep.pk}/merge", {"asset_ids": [str(other.pk)]}
    assert charlie.post(url, body, format="json").json()["error"]["code"] == "ASSET_NOT_FOUND"
    assert vera.post(url, body, format="json").status_code == 403
    bad: list[tuple[Any, str]] = [
        ({}, "asset_ids"),
        ({"asset_ids": "x"}, "asset_ids"),
        ({"asset_ids": ["x"]}, "asset_ids"),
        ({"asset_ids": [str(keep.pk)]}, "asset_ids"),
        ({**body, "size": 1}, "size"),
    ]
    for wrong, field in bad:
        answer = bob.post(url, wrong, format="json")
        assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [field])
    stale = bob.post(url, body, format="json", headers={"If-Match": '"7"'})
    assert stale.json()["error"]["code"] == "VERSION_CONFLICT"
    answer = bob.post(url, body, format="json", headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["tags"], answer["ETag"]) == (200, ["x"], '"2"')
    assert bob.get(f"/v1/assets/{other.pk}").status_code == 404


def test_a_curator_chooses_which_one_stays(bob_member, bob_actor: Actor):
    browser = session_of(bob_member)
    one, two = make_asset(bob_actor, "one", tags=["x"]), make_asset(bob_actor, "two", description="The one we use")
    url = page("catalog_asset_changelist")
    asked = {"action": "merge_selected", "_selected_action": [str(one.pk)]}
    assert "Choose 2" in messages_of(browser.post(url, asked, follow=True))[0]
    asked["_selected_action"] = [str(one.pk), str(two.pk)]
    text = browser.post(url, asked).content.decode()
    assert "The one that stays" in text
    assert str(two.pk) in text
    for told in ("prod.public.one (Table, by hand)", "prod.public.two (Table, by hand, described)"):
        assert text.count(told) == 1
    done = browser.post(url, {**asked, "apply": "1", "keep": str(two.pk)}, follow=True)
    assert messages_of(done) == ["1 asset merged into the one that stays."]
    assert [asset.name for asset in Asset.objects.visible_to(bob_actor)] == ["two"]
    assert update_asset(actor=bob_actor, asset=two, changes={}).tags.get().name == "x"
