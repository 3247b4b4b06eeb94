"""One column's lineage, what a change would touch, the way between two assets."""

from __future__ import annotations

from uuid import UUID

import pytest

from accounts.actor import Actor
from catalog.services import AssetDraft, RelationshipDraft, upsert_assets, upsert_relationships
from catalog.tracing import column_lineage, impact, mapping_of, shortest_way
from contracts.errors import Invalid, NotFound

pytestmark = pytest.mark.django_db

TYPES = {"raw": "TABLE", "clean": "VIEW", "report": "VIEW", "board": "DASHBOARD", "other": "TABLE"}


@pytest.fixture
def ids(bob_actor: Actor) -> dict[str, UUID]:
    """raw → clean → report → board, and other → report; `mail` is made of raw's `email`."""
    drafts = [AssetDraft(type_, name, name) for name, type_ in TYPES.items()]
    drafts[0].schema = [{"name": "email", "type": "text"}, {"name": "id", "type": "int"}]
    made = upsert_assets(actor=bob_actor, drafts=drafts).ids
    edges = [
        RelationshipDraft("clean", "raw", "DEPENDS_ON", {"column_mapping": {"mail": ["email"], "key": ["id"]}}),
        RelationshipDraft("report", "clean", "DEPENDS_ON", {"column_mapping": {"who": ["mail", "key"], "n": "key"}}),
        RelationshipDraft("report", "other", "USES", {"column_mapping": {"who": ["x"]}}),
        RelationshipDraft("report", "board", "PRODUCES"),
        RelationshipDraft("raw", "board", "USES", {"column_mapping": {"email": ["nothing"]}}),
    ]
    assert not upsert_relationships(actor=bob_actor, drafts=edges).errors
    return made


def test_a_column_is_followed_through_the_mappings(bob_actor: Actor, ids):
    found = column_lineage(actor=bob_actor, asset_id=ids["report"], column="who", depth=5, direction="upstream")
    assert [(step.step.asset.name, step.depth, step.columns) for step in found.upstream] == [
        ("clean", 1, {"who": ["mail", "key"]}),
        ("other", 1, {"who": ["x"]}),
        ("raw", 2, {"mail": ["email"], "key": ["id"]}),
        ("board", 3, {"email": ["nothing"]}),
    ]
    assert found.downstream == []
    down = column_lineage(actor=bob_actor, asset_id=ids["raw"], column="email", depth=5, direction="downstream")
    assert [(step.step.asset.name, step.columns) for step in down.downstream] == [
        ("clean", {"mail": ["email"]}),
        ("report", {"who": ["mail"]}),
    ]
    near = column_lineage(actor=bob_actor, asset_id=ids["raw"], column="email", depth=1, direction="downstream")
    assert len(near.downstream) == 1


def test_a_column_that_is_not_there_is_refused(bob_actor: Actor, charlie_actor: Actor, ids):
    with pytest.raises(Invalid) as caught:
        column_lineage(actor=bob_actor, asset_id=ids["raw"], column="e-mail", depth=2)
    assert "column" in caught.value.fields
    with pytest.raises(NotFound):
        column_lineage(actor=charlie_actor, asset_id=ids["raw"], column="email", depth=2)


@pytest.mark.parametrize("mapping", [None, [], "x", 5, {"a": None}, {"a": 5}, {"a": {"b": "c"}}])
def test_what_is_no_mapping_carries_no_column(mapping):
    assert all(not names for names in mapping_of({"column_mapping": mapping}).values())
    assert mapping_of({}) == {}
    assert mapping_of({"column_mapping": {"a": "b", "c": ["d", 5]}}) == {"a": ["b"], "c": ["d"]}


def test_impact_is_everything_downstream_once(bob_actor: Actor, charlie_actor: Actor, ids):
    found = impact(actor=bob_actor, asset_id=ids["raw"])
    assert [(node.name, depth) for node, depth in found.assets] == [("clean", 1), ("report", 2), ("board", 3)]
    assert found.by_type == {"VIEW": 2, "DASHBOARD": 1}
    assert not found.truncated
    assert impact(actor=bob_actor, asset_id=ids["raw"], limit=1).truncated
    with pytest.raises(NotFound):
        impact(actor=charlie_actor, asset_id=ids["raw"])


def test_the_shortest_way_is_found_in_either_direction(bob_actor: Actor, ids):
    down = shortest_way(actor=bob_actor, source_id=ids["clean"], target_id=ids["board"])
    assert (down.direction, [step.asset.name for step in down.steps]) == ("downstream", ["report", "board"])
    up = shortest_way(actor=bob_actor, source_id=ids["clean"], target_id=ids["raw"])
    assert (up.direction, [step.asset.name for step in up.steps]) == ("upstream", ["raw"])
    # board is downstream of raw in three steps, and upstream of it in one.
    short = shortest_way(actor=bob_actor, source_id=ids["raw"], target_id=ids["board"])
    assert (short.direction, len(short.steps)) == ("upstream", 1)
    alone = upsert_assets(actor=bob_actor, drafts=[AssetDraft("TABLE", "alone", "alone")]).ids["alone"]
    none = shortest_way(actor=bob_actor, source_id=ids["raw"], target_id=alone)
    assert (none.direction, none.steps, none.truncated) == (None, [], False)
    itself = shortest_way(actor=bob_actor, source_id=ids["raw"], target_id=ids["raw"])
    assert (itself.direction, itself.steps, itself.truncated) == (None, [], False)


def test_a_way_to_what_cannot_be_seen_is_not_found(bob_actor: Actor, charlie_actor: Actor, ids):
    theirs = upsert_assets(actor=charlie_actor, drafts=[AssetDraft("TABLE", "t", "t")]).ids["t"]
    for source, target in ((ids["raw"], theirs), (theirs, ids["raw"])):
        with pytest.raises(NotFound):
            shortest_way(actor=bob_actor, source_id=source, target_id=target)
