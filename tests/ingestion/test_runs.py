"""What a run may do to the catalog, whatever the source: with connectors made for the purpose."""

import weakref
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import AuditEvent
from catalog.models import Asset, Origin, Relationship
from catalog.names import join_name
from catalog.services import retiring, update_asset, upsert_relationships
from contracts.errors import Conflict, Forbidden, NotFound
from ingestion.connectors import registry
from ingestion.connectors.base import AssetDraft, Batch, ConnectionResult, Connector, RelationshipDraft, SourceError
from ingestion.models import DataSource, Job, JobStatus
from ingestion.services import collections, jobs, runs
from ingestion.services.sources import create_data_source, delete_data_source, update_data_source
from ingestion.services.worker import work_next


class Shelf(Connector):
    """A third party's connector: a list of names, and whatever happens in between."""

    type = "shelf"
    title = "Shelf"
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"token": {"type": "string", "writeOnly": True}},
    }
    names: list[str] = []
    steps: list[object] = []

    def test(self, config):
        return ConnectionResult(True, "There", 1, "Shelf 1", "1")

    def collect(self, config, options, observer):
        observer.phase("Books", len(self.names))
        for name in self.names:
            observer.check()
            yield Batch(
                [AssetDraft("DATASET", name, join_name(options.root, name), "", {"token_length": len(config["token"])})]
            )
            observer.advance(1, name)
        for step in self.steps:
            if isinstance(step, Exception):
                raise step
            if isinstance(step, Batch):
                yield step
            elif callable(step):
                observer.aside.call(step, observer.observer)  # in the run's thread, which has the test's database


@pytest.fixture
def shelf(monkeypatch):
    connector = Shelf()
    connector.names, connector.steps = [f"b{number}" for number in range(10)], []
    find = registry.get_connector
    for module in ("ingestion.services.config", "ingestion.services.runs", "ingestion.services.sources"):
        monkeypatch.setattr(f"{module}.get_connector", lambda name: connector if name == "shelf" else find(name))
    return connector


@pytest.fixture
def source(shelf, bob_actor) -> DataSource:
    return create_data_source(actor=bob_actor, data={"name": "lib", "type": "shelf", "config": {"token": "t0ken"}})


def stale() -> set[str]:
    return set(Asset.objects.exclude(stale_since=None).filter(deleted_at=None).values_list("name", flat=True))


def test_connector_is_given_its_secrets_and_batches_reach_the_catalog(source, collect):
    job = collect(source)
    assert (job.status, job.result["created"]) == (JobStatus.COMPLETED, 10)
    assert Asset.objects.filter(origin_id=source.pk, metadata__token_length=5).count() == 10
    assert Origin.objects.get(pk=source.pk).collected_at is not None


def test_vanished_are_marked_stale_and_come_back(source, shelf, collect):
    collect(source)
    shelf.names = shelf.names[2:]
    job = collect(source)
    assert (job.result["removed"], job.result["stale"], stale()) == (2, 2, {"b0", "b1"})
    shelf.names = ["b0", *shelf.names]
    job = collect(source)
    assert (job.result["removed"], stale()) == (0, {"b1"})


def test_stale_are_deleted_after_the_grace(source, shelf, collect):
    collect(source)
    shelf.names = shelf.names[1:]
    collect(source)
    job = collect(source, {"grace": 0})
    assert (job.result["deleted"], Asset.objects.filter(deleted_at=None).count()) == (1, 9)


def test_stale_stay_until_the_grace_is_over(source, shelf, collect):
    collect(source)
    shelf.names = shelf.names[1:]
    collect(source)
    for days, left in ((6, 10), (8, 9)):
        Asset.objects.filter(name="b0").update(stale_since=timezone.now() - timedelta(days=days))
        collect(source)
        assert Asset.objects.filter(deleted_at=None).count() == left, "a week, where the task says nothing else"


def test_share_that_may_vanish_is_three_tenths(source, shelf, collect):
    collect(source)
    shelf.names = shelf.names[3:]
    assert collect(source).result["stale"] == 3


def test_run_that_lost_more_than_the_share_marks_nothing_and_says_so(source, shelf, collect):
    collect(source)
    shelf.names = shelf.names[4:]
    job = collect(source)
    assert (job.status, job.result["removed"], stale()) == (JobStatus.COMPLETED, 0, set())
    assert "4 of 10 known objects were not found" in job.result["warnings"][0]["message"]
    job = collect(source, {"max_loss": 0.4})
    assert job.result["removed"] == 4


def test_what_is_new_makes_the_share_that_vanished_no_smaller(source, shelf, collect):
    collect(source)
    shelf.names = [*shelf.names[4:], *(f"new{number}" for number in range(10))]
    job = collect(source)
    assert (job.result["created"], job.result["removed"]) == (10, 0)
    assert "4 of 10 known objects were not found" in job.result["warnings"][0]["message"]


def test_run_that_fails_in_the_middle_keeps_its_batches_and_marks_nothing(source, shelf, collect):
    collect(source)
    shelf.names, shelf.steps = ["b0", "new"], [SourceError("The line went dead", code="CONNECTION_LOST")]
    job = collect(source)
    assert (job.status, job.error) == (
        JobStatus.FAILED,
        {"code": "CONNECTION_LOST", "message": "The line went dead"},
    )
    assert (job.result["created"], stale()) == (1, set())
    source.refresh_from_db()
    assert (source.status, source.status_message) == ("error", "The line went dead")


def test_batch_is_written_whole_or_not_at_all(source, shelf, collect, monkeypatch):
    def fail_at_the_second(*, actor, drafts, origin):
        if drafts:
            raise RuntimeError("the power went")
        return upsert_relationships(actor=actor, drafts=drafts, origin=origin)

    monkeypatch.setattr(runs, "upsert_relationships", fail_at_the_second)
    shelf.steps = [Batch([AssetDraft("DATASET", "last", "lib.last")], [RelationshipDraft("lib.b0", "lib.b1", "USES")])]
    job = collect(source)
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "INTERNAL_ERROR")
    assert set(Asset.objects.values_list("name", flat=True)) == set(shelf.names), (
        "all of the first, nothing of the last"
    )
    assert not AuditEvent.objects.filter(entity_name="lib.last").exists()


def test_run_that_takes_too_long_marks_nothing(source, shelf, collect):
    collect(source)
    shelf.names = shelf.names[:8]
    shelf.steps = [lambda observer: observer.run.limit(-1), lambda observer: observer.check()]
    job = collect(source)
    assert (job.status, job.error["code"], stale()) == (JobStatus.FAILED, "TIMEOUT", set())


def test_what_a_person_wrote_is_left_alone_whatever_the_source_says(source, shelf, collect, bob_actor, bob_member):
    def book(description, column):
        columns = [{"name": "page", "type": "int", "description": column}, {"name": "line", "type": "int"}]
        return Batch([AssetDraft("DATASET", "book", "lib.book", description, {}, columns, tags=["source"])])

    shelf.names, shelf.steps = [], [book("From the source", "Number")]
    collect(source)
    noted = [{"name": "page", "type": "int", "description": "Counted from 0", "tags": ["odd"]}]
    changes = {"description": "By hand", "tags": ["mine"], "owner": str(bob_member.user_id), "schema": noted}
    update_asset(actor=bob_actor, asset=Asset.objects.get(name="book"), changes=changes)
    shelf.steps = [book("Said otherwise", "Said otherwise")]
    job = collect(source)
    found = Asset.objects.get(name="book")
    assert (found.description, found.owner_id) == ("By hand", bob_member.user_id)
    assert [tag.name for tag in found.tags.all()] == ["mine"]
    page, line = found.schema
    assert (page["description"], page["tags"], line["name"]) == ("Counted from 0", ["odd"], "line")
    assert job.result["updated"] == 1, "the column that was missing"
    assert collect(source).result["unchanged"] == 1


def test_source_is_active_again_after_a_good_run(source, shelf, collect):
    shelf.steps = [SourceError("Down")]
    collect(source)
    shelf.steps = []
    collect(source)
    source.refresh_from_db()
    assert (source.status, source.status_message) == ("active", "")


def test_cancelled_run_marks_nothing(source, shelf, collect, bob_actor):
    collect(source)
    shelf.names = shelf.names[:8]
    shelf.steps = [
        lambda observer: setattr(observer.run, "every", 0),
        lambda observer: jobs.cancel(actor=bob_actor, job=Job.objects.get(status="RUNNING")),
        lambda observer: observer.check(),
    ]
    job = collect(source)
    assert (job.status, stale()) == (JobStatus.CANCELLED, set())


def test_what_is_behind_a_gap_is_not_missed(source, shelf, collect):
    collect(source)
    shelf.names = shelf.names[1:]
    shelf.steps = [lambda observer: observer.gap(["b0"], "No privilege")]
    job = collect(source)
    assert (job.result["removed"], job.result["warnings"]) == (0, [{"object": "lib.b0", "message": "No privilege"}])


def test_only_a_whole_collection_moves_the_time_assets_were_last_seen(source, shelf, collect):
    def collected_at():
        return Origin.objects.get(pk=source.pk).collected_at

    collect(source)
    first = collected_at()
    shelf.names, shelf.steps = shelf.names[1:], [lambda observer: observer.gap(["b0"], "No privilege")]
    collect(source)
    assert collected_at() == first
    shelf.steps = []
    collect(source)
    assert collected_at() > first
    assert Asset.objects.get(name="b0").last_seen_at == first


def test_incremental_run_marks_nothing(source, shelf, collect, bob_actor):
    collect(source)
    shelf.names = shelf.names[1:]
    task = collections.create_task(
        actor=bob_actor,
        data={"name": "inc", "datasource_id": str(source.pk), "type": "incremental_collection"},
    )
    collections.execute_task(actor=bob_actor, task=task)
    work_next()
    assert stale() == set()


def test_batch_that_cannot_be_written_is_told_and_the_rest_goes_on(source, shelf, collect):
    shelf.steps = [
        Batch(
            [AssetDraft("DATASET", "x" * 300, "lib.long"), AssetDraft("DATASET", "fine", "lib.fine")],
            [RelationshipDraft("lib.fine", "lib.nowhere", "DEPENDS_ON")],
        )
    ]
    job = collect(source)
    assert (job.status, job.result["created"], job.result["warning_count"]) == (JobStatus.COMPLETED, 11, 2)
    assert {warning["object"] for warning in job.result["warnings"]} == {"lib.long", "lib.nowhere"}


def test_what_cannot_be_stored_any_more_is_not_missed(source, shelf, collect):
    shelf.steps = [Batch([AssetDraft("DATASET", "long", "lib.long", "Short")])]
    collect(source)
    shelf.steps = [Batch([AssetDraft("DATASET", "long", "lib.long", "x" * 200_000)])]
    job = collect(source)
    assert (job.result["stale"], [one["object"] for one in job.result["warnings"]]) == (0, ["lib.long"])
    assert (stale(), Asset.objects.get(name="long").description) == (set(), "Short")


def test_warnings_are_counted_in_full_and_kept_in_part(source, shelf, collect):
    shelf.steps = [lambda observer: [observer.warn(f"w{number}") for number in range(250)]]
    job = collect(source)
    assert (job.result["warning_count"], len(job.result["warnings"])) == (250, 100)


def test_source_that_is_unreachable_for_good_fails_after_its_retries(source, shelf, collect):
    shelf.steps = [SourceError("Down", code="CONNECTION_FAILED", retry=True)]
    job = collect(source, {"retry_count": 1})
    assert (job.status, job.error["code"]) == (JobStatus.PENDING, "CONNECTION_FAILED")
    Job.objects.update(run_after=None)
    work_next()
    job.refresh_from_db()
    assert (job.status, job.attempts) == (JobStatus.FAILED, 2)


def test_source_that_was_made_inactive_is_not_tried_again(source, shelf, collect, bob_actor):
    shelf.steps = [SourceError("Down", code="CONNECTION_FAILED", retry=True)]
    job = collect(source, {"retry_count": 1})
    update_data_source(actor=bob_actor, source=source, changes={"status": "inactive"})
    Job.objects.update(run_after=None)
    shelf.steps, shelf.names = [], ["b10"]
    work_next()
    job.refresh_from_db()
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "SOURCE_INACTIVE")
    assert not Asset.objects.filter(name="b10").exists()


def test_wrong_password_is_not_tried_again(source, shelf, collect):
    shelf.steps = [SourceError("Wrong password", code="AUTHENTICATION_FAILED")]
    assert collect(source, {"retry_count": 5}).status == JobStatus.FAILED


def test_renamed_source_keeps_the_names_of_its_assets(source, collect, bob_actor):
    collect(source)
    update_data_source(actor=bob_actor, source=source, changes={"name": "library"})
    job = collect(source)
    assert (job.result["created"], job.result["unchanged"], job.result["removed"]) == (0, 10, 0)
    assert Origin.objects.get(pk=source.pk).name == "library"
    with pytest.raises(Conflict, match="filed under"):
        create_data_source(actor=bob_actor, data={"name": "lib", "type": "shelf", "config": {"token": "t"}})


def test_assets_of_a_deleted_source_stay_with_their_origin(source, collect, bob_actor):
    collect(source)
    collections.delete_task(actor=bob_actor, task=source.tasks.get())
    delete_data_source(actor=bob_actor, source=source)
    assert Asset.objects.filter(origin_id=source.pk).count() == 10


def test_trail_names_who_asked_for_the_run(source, collect, bob, bob_member):
    collect(source)
    event = AuditEvent.objects.filter(entity_type="ASSET").first()
    assert event is not None
    assert (event.user_id, event.user_name, event.door) == (bob_member.user_id, "Bob", "job")


def test_outsider_and_viewer_cannot_run_a_task(source, bob_actor, charlie_actor, vera_actor):
    task = collections.full_collection_of(actor=bob_actor, source=source)
    with pytest.raises(NotFound):
        collections.execute_task(actor=charlie_actor, task=task)
    with pytest.raises(Forbidden):
        collections.execute_task(actor=vera_actor, task=task)
    with pytest.raises(NotFound):
        collections.collect_now(actor=charlie_actor, source=source)


class WeighedBatch(Batch):
    """A batch that can be told to be gone: it has no slots."""


def test_run_holds_one_batch_at_a_time(source, shelf, collect, monkeypatch):
    made: list[weakref.ref[Batch]] = []

    def batches(config, options, observer):
        for number in range(200):
            assert [at for at, each in enumerate(made) if each() is not None] == [], "no batch before this one is kept"
            name = f"n{number}"
            batch = WeighedBatch([AssetDraft("DATASET", name, join_name(options.root, name))])
            made.append(weakref.ref(batch))
            yield batch
            del batch

    monkeypatch.setattr(shelf, "collect", batches)
    job = collect(source)
    assert (job.status, job.result["created"], len(made)) == (JobStatus.COMPLETED, 200, 200)
    assert (collect(source).result["unchanged"], len(made)) == (200, 400)


def test_what_vanished_is_marked_and_deleted_in_parts(source, shelf, collect, monkeypatch):
    monkeypatch.setattr(retiring, "AT_A_TIME", 2)
    edges = [RelationshipDraft("lib.b0", f"lib.b{number}", "USES") for number in range(1, 10)]
    shelf.steps = [Batch(relationships=edges)]
    collect(source)
    shelf.names, shelf.steps = shelf.names[:5], [Batch(relationships=edges[:4])]
    held: list[int] = []

    def counted(read):
        def count(ids):
            held.append(len(ids))
            return read(ids)

        return count

    for name in ("read_by_id", "read_edges"):
        monkeypatch.setattr(retiring, name, counted(getattr(retiring, name)))
    job = collect(source, {"max_loss": 1})
    assert (job.result["stale"], stale()) == (5, {f"b{number}" for number in range(5, 10)})
    assert (job.result["relationships"]["removed"], Relationship.objects.count()) == (5, 4)
    assert held == [2, 2, 1, 2, 2, 1]
    assert collect(source, {"grace": 0, "max_loss": 1}).result["deleted"] == 5
