"""What stays of a data source: its origin, its name, and the edges that a run could not see."""

import pytest

from catalog.models import Asset, Origin, Relationship
from catalog.names import join_name
from contracts.errors import Conflict
from ingestion.connectors.base import AssetDraft, Batch, RelationshipDraft
from ingestion.services import collections, sources
from tests.ingestion.test_runs import shelf, source  # noqa: F401  fixtures


def test_origin_goes_with_a_source_that_brought_nothing(source, bob_actor):  # noqa: F811
    sources.delete_data_source(actor=bob_actor, source=source)
    assert not Origin.objects.filter(pk=source.pk).exists()


def test_origin_stays_while_there_are_assets_of_it(source, collect, bob_actor):  # noqa: F811
    collect(source)
    collections.delete_task(actor=bob_actor, task=source.tasks.get())
    sources.delete_data_source(actor=bob_actor, source=source)
    assert Origin.objects.filter(pk=source.pk).exists()
    assert Asset.objects.filter(origin_id=source.pk).count() == 10


def test_origin_is_called_as_its_source_is(source, bob_actor):  # noqa: F811
    sources.update_data_source(actor=bob_actor, source=source, changes={"name": "library"})
    assert Origin.objects.get(pk=source.pk).name == "library"


def test_edges_of_what_is_behind_a_gap_stay(source, shelf, collect):  # noqa: F811
    edges = [
        RelationshipDraft(join_name("lib", start), join_name("lib", "b9"), "DEPENDS_ON") for start in ("b0", "b1", "b2")
    ]
    shelf.steps = [Batch(relationships=edges)]
    collect(source)
    shelf.names = shelf.names[1:]
    shelf.steps = [lambda observer: observer.gap(["b0"], "No privilege"), Batch(relationships=edges[1:2])]
    job = collect(source)
    left = Relationship.objects.select_related("source")
    assert sorted(edge.source.name for edge in left) == ["b0", "b1"]
    assert job.result["relationships"]["removed"] == 1


def test_name_that_another_organization_uses_too_is_not_blamed(source, collect, bob_actor, charlie_actor):  # noqa: F811
    """What is in the way is the root of our own source, which has been renamed since."""
    collect(source)
    sources.update_data_source(actor=bob_actor, source=source, changes={"name": "library"})
    data = {"name": "lib", "type": "shelf", "config": {"token": "t0ken"}}
    sources.create_data_source(actor=charlie_actor, data=data)
    with pytest.raises(Conflict, match="Assets of another data source are filed under 'lib'"):
        sources.create_data_source(actor=bob_actor, data=data)


def test_batch_that_was_stored_in_part_leaves_a_gap(source, shelf, collect):  # noqa: F811
    collect(source)
    bad = AssetDraft("DATASET", "b0", join_name("lib", "b0"), "", {"nul": "\x00"})
    shelf.names, shelf.steps = shelf.names[1:], [Batch([bad])]
    job = collect(source)
    assert job.result["warning_count"] == 1
    assert (job.result["removed"], Asset.objects.get(name="b0").stale_since) == (0, None)
