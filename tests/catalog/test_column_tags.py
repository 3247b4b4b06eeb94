"""Tags of columns: they follow a tag that is renamed or merged, as the assets that carry it do."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.actor import Actor
from audit.models import AuditEvent
from catalog.column_tags import column_tag_keys
from catalog.jsontext import JsonText
from catalog.models import Asset, ColumnTag, Tag
from catalog.services import (
    AssetDraft,
    create_tag,
    delete_asset,
    delete_tag,
    merge_tags,
    restore_asset,
    restore_tag,
    update_asset,
    update_tag,
    upsert_assets,
)
from tests.catalog.conftest import last_event, make_asset, state_after, state_before

pytestmark = pytest.mark.django_db


def columns(outer: list[str], inner: list[str]) -> list[dict[str, Any]]:
    child = {"name": "city", "type": "text", **({"tags": inner} if inner else {})}
    return [
        {"name": "id", "type": "bigint", "description": "Not of 'tags'"},
        {"name": "address", "type": "row", **({"tags": outer} if outer else {}), "children": [child]},
    ]


def tags_of(schema: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    return schema[1].get("tags", []), schema[1]["children"][0].get("tags", [])


def again(asset: Asset) -> Asset:
    return Asset.objects.get(pk=asset.pk)


def agrees() -> bool:
    """Whether what columns are found by is what their schemas say."""
    said = {(asset.pk, key) for asset in Asset.objects.all() for key in column_tag_keys(JsonText(asset.schema))}
    return said == set(ColumnTag.objects.values_list("asset_id", "key"))


def test_a_rename_is_followed_by_columns_and_their_trail(bob_actor: Actor, charlie_actor: Actor):
    tag = create_tag(actor=bob_actor, data={"name": "Größe"})
    asset = make_asset(bob_actor, schema=columns(["grösse", "other"], ["GRÖSSE"]))
    both = make_asset(bob_actor, "both", tags=["Größe"], schema=columns([], ["Größe", "size"]))
    untouched = make_asset(bob_actor, "orders", schema=columns(["Größen"], []))
    theirs = make_asset(charlie_actor, "theirs", schema=columns(["Größe"], []))
    update_tag(actor=bob_actor, tag=tag, changes={"name": "Size"})
    assert tags_of(again(asset).schema) == (["Size", "other"], ["Size"])
    assert tags_of(again(both).schema) == ([], ["Size"])
    assert (again(asset).version, again(both).version, again(untouched).version, again(theirs).version) == (2, 2, 1, 1)
    assert again(asset).breaks == 0
    assert tags_of(state_before(asset.pk)["schema"]) == (["grösse", "other"], ["GRÖSSE"])
    assert tags_of(state_after(asset.pk)["schema"]) == (["Size", "other"], ["Size"])
    assert (last_event(asset.pk).action, last_event(asset.pk).user_name) == ("UPDATE", "Bob")
    assert state_after(both.pk)["tags"] == ["Size"]
    assert agrees()
    update_tag(actor=bob_actor, tag=tag, changes={"name": "SIZE"})
    assert tags_of(again(asset).schema) == (["SIZE", "other"], ["SIZE"])
    assert agrees()


def test_a_merge_is_followed_by_columns_each_tag_once(bob_actor: Actor):
    tag, heir = (create_tag(actor=bob_actor, data={"name": name}) for name in ("personal", "PII"))
    asset = make_asset(bob_actor, schema=columns(["pii", "x", "personal"], ["personal"]))
    gone = make_asset(bob_actor, "gone", schema=columns(["personal"], []))
    delete_asset(actor=bob_actor, asset=gone)
    events = AuditEvent.objects.filter(entity_id=gone.pk).count()
    merge_tags(actor=bob_actor, tag=tag, into=heir)
    assert tags_of(again(asset).schema) == (["PII", "x"], ["PII"])
    assert AuditEvent.objects.filter(entity_id=gone.pk).count() == events
    assert tags_of(restore_asset(actor=bob_actor, asset=gone).schema) == (["PII"], [])
    assert agrees()


def test_a_deleted_tag_stays_a_word_of_columns_and_is_the_tag_again_once_restored(bob_actor: Actor):
    tag = create_tag(actor=bob_actor, data={"name": "pii"})
    asset = make_asset(bob_actor, schema=columns(["pii"], []))
    delete_tag(actor=bob_actor, tag=tag)
    assert (tags_of(again(asset).schema), again(asset).version) == ((["pii"], []), 1)
    update_tag(actor=bob_actor, tag=restore_tag(actor=bob_actor, tag_id=tag.pk), changes={"name": "PII"})
    assert tags_of(again(asset).schema) == (["PII"], [])


def test_what_columns_are_found_by_follows_their_schemas(bob_actor: Actor):
    drafts = [AssetDraft("TABLE", name, name, schema=columns(["a", "A"], ["b"])) for name in ("one", "two")]
    upsert_assets(actor=bob_actor, drafts=[*drafts, AssetDraft("TABLE", "three", "three", schema=columns([], []))])
    assert ColumnTag.objects.count() == 4
    assert agrees()
    one = Asset.objects.get(name="one")
    update_asset(actor=bob_actor, asset=one, changes={"schema": columns(["c"], ["b"])})
    upsert_assets(actor=bob_actor, drafts=[AssetDraft("TABLE", "two", "two", schema=columns([], []))])
    assert agrees()
    assert set(ColumnTag.objects.values_list("asset_id", "key")) == {(one.pk, "b"), (one.pk, "c")}
    update_asset(actor=bob_actor, asset=one, changes={"schema": []})
    assert not ColumnTag.objects.exists()


def test_many_columns_follow_in_as_many_statements_as_few(bob_actor: Actor):
    def follow(number: int) -> int:
        drafts = [
            AssetDraft("TABLE", f"t{n}", f"{number}.{n}", schema=columns([f"x{number}"], [])) for n in range(number)
        ]
        upsert_assets(actor=bob_actor, drafts=drafts)
        tag = create_tag(actor=bob_actor, data={"name": f"x{number}"})
        with CaptureQueriesContext(connection) as captured:
            update_tag(actor=bob_actor, tag=tag, changes={"name": f"y{number}"})
        assert not Tag.objects.filter(name=f"x{number}").exists()
        assert ColumnTag.objects.filter(key=f"y{number}").count() == number
        return len(captured)

    assert follow(3) == follow(60)


def statements_to_retag(actor: Actor, prefix: str, count: int) -> int:
    """How many statements it takes to give the columns of so many assets other tags, each its own."""

    def drafts(word: str) -> list[AssetDraft]:
        names = [f"{prefix}{number}" for number in range(count)]
        return [AssetDraft("TABLE", name, name, schema=columns([f"{word} {name}"], [])) for name in names]

    upsert_assets(actor=actor, drafts=drafts("old"))
    with CaptureQueriesContext(connection) as asked:
        upsert_assets(actor=actor, drafts=drafts("new"))
    return len(asked)


def test_other_tags_on_many_columns_take_no_more_statements(bob_actor: Actor):
    assert statements_to_retag(bob_actor, "few", 2) == statements_to_retag(bob_actor, "many", 40)
    assert agrees()
