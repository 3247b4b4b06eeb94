"""What an asset is made from, and what is made from it."""

from __future__ import annotations

from uuid import UUID

import pytest

from accounts.actor import Actor
from catalog.lineage import Step, lineage
from catalog.models import Asset
from catalog.services import (
    AssetDraft,
    RelationshipDraft,
    delete_asset,
    restore_asset,
    upsert_assets,
    upsert_relationships,
)
from contracts.errors import Invalid, NotFound
from tests.catalog.conftest import make_asset

pytestmark = pytest.mark.django_db


def graph(actor: Actor, *edges: str) -> dict[str, UUID]:
    """Assets and edges as `a DEPENDS_ON b`."""
    words = [edge.split() for edge in edges]
    drafts = [RelationshipDraft(source, target, type_) for source, type_, target in words]
    names = sorted({name for draft in drafts for name in (draft.source, draft.target)})
    ids = upsert_assets(actor=actor, drafts=[AssetDraft("TABLE", name, name) for name in names]).ids
    assert not upsert_relationships(actor=actor, drafts=drafts).errors
    return ids


def steps(walk: list[Step]) -> list[tuple[int, str]]:
    return [(step.depth, step.asset.name) for step in walk]


def test_each_type_of_relationship_points_its_way(bob_actor: Actor):
    ids = graph(
        bob_actor,
        "x DEPENDS_ON up1",
        "x USES up2",
        "up3 PRODUCES x",
        "down1 DEPENDS_ON x",
        "down2 USES x",
        "x PRODUCES down3",
        "x CONTAINS part",
        "whole CONTAINS x",
        "x RELATED_TO friend",
    )
    found = lineage(actor=bob_actor, asset_id=ids["x"])
    assert steps(found.upstream) == [(1, "up1"), (1, "up2"), (1, "up3")]
    assert steps(found.downstream) == [(1, "down1"), (1, "down2"), (1, "down3")]
    assert not found.truncated
    produced = found.upstream[2]
    assert (produced.type, produced.source_id, produced.target_id) == ("PRODUCES", ids["up3"], ids["x"])


def test_depth_bounds_the_walk_and_each_edge_comes_once(bob_actor: Actor):
    # A diamond with a shortcut: d is reached over b, over c, and directly.
    ids = graph(bob_actor, "a USES b", "a USES c", "b USES d", "c USES d", "a USES d", "d USES e", "e USES f")
    assert steps(lineage(actor=bob_actor, asset_id=ids["a"], depth=1).upstream) == [(1, "b"), (1, "c"), (1, "d")]
    assert steps(lineage(actor=bob_actor, asset_id=ids["a"]).upstream) == [
        (1, "b"), (1, "c"), (1, "d"), (2, "d"), (2, "d"), (2, "e"),
    ]  # fmt: skip
    far = lineage(actor=bob_actor, asset_id=ids["a"], depth=10)
    assert len(far.upstream) == 7
    assert len({step.relationship_id for step in far.upstream}) == 7
    assert steps(far.upstream)[-1] == (3, "f")
    assert far.downstream == []


def test_cycles_end(bob_actor: Actor):
    ids = graph(bob_actor, "a USES b", "b USES c", "c USES a", "a USES a")
    found = lineage(actor=bob_actor, asset_id=ids["a"], depth=10)
    assert steps(found.upstream) == [(1, "a"), (1, "b"), (2, "c"), (3, "a")]
    assert len(found.downstream) == 4


def test_one_direction_only(bob_actor: Actor):
    ids = graph(bob_actor, "a USES b", "b USES c")
    assert lineage(actor=bob_actor, asset_id=ids["b"], direction="upstream").downstream == []
    assert lineage(actor=bob_actor, asset_id=ids["b"], direction="downstream").upstream == []


def test_a_limit_that_was_hit_is_told(bob_actor: Actor):
    ids = graph(bob_actor, *[f"a USES b{n}" for n in range(6)], *[f"b{n} USES c" for n in range(6)])
    cut = lineage(actor=bob_actor, asset_id=ids["a"], limit=8)
    assert (len(cut.upstream), cut.truncated) == (8, True)
    assert [step.depth for step in cut.upstream] == [1] * 6 + [2] * 2
    whole = lineage(actor=bob_actor, asset_id=ids["a"], limit=12)
    assert (len(whole.upstream), whole.truncated) == (12, False)


def test_a_deleted_asset_interrupts_until_it_is_restored(bob_actor: Actor):
    ids = graph(bob_actor, "a USES b", "b USES c", "a USES d")
    middle = Asset.objects.get(pk=ids["b"])
    delete_asset(actor=bob_actor, asset=middle)
    assert steps(lineage(actor=bob_actor, asset_id=ids["a"], depth=5).upstream) == [(1, "d")]
    assert lineage(actor=bob_actor, asset_id=ids["c"], depth=5).downstream == []
    with pytest.raises(NotFound):
        lineage(actor=bob_actor, asset_id=ids["b"])
    restore_asset(actor=bob_actor, asset=middle)
    assert len(lineage(actor=bob_actor, asset_id=ids["a"], depth=5).upstream) == 3


def test_an_outsider_sees_no_lineage(bob_actor: Actor, charlie_actor: Actor):
    asset = make_asset(bob_actor)
    with pytest.raises(NotFound) as caught:
        lineage(actor=charlie_actor, asset_id=asset.pk)
    assert caught.value.details == {"asset_id": str(asset.pk)}


@pytest.mark.parametrize(
    ("field", "value"), [("depth", 0), ("depth", 11), ("limit", 0), ("limit", 10_001), ("direction", "sideways")]
)
def test_limits_out_of_range_are_refused(bob_actor: Actor, field, value):
    asset = make_asset(bob_actor)
    options = {field: value}
    with pytest.raises(Invalid) as caught:
        lineage(actor=bob_actor, asset_id=asset.pk, **options)
    assert list(caught.value.fields) == [field]


def test_lineage_takes_one_statement_for_each_direction(bob_actor: Actor, django_assert_num_queries):
    ids = graph(bob_actor, "a USES b", "b USES c", "c USES a")
    with django_assert_num_queries(3):
        lineage(actor=bob_actor, asset_id=ids["a"], depth=10)
