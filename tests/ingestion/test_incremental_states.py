"""What an incremental collection of any connector knows of the runs before it, and when it trusts that."""

import re

import pytest
from sqlglot import expressions, parse_one

from catalog.models import Asset
from catalog.names import join_name
from ingestion import differences
from ingestion.connectors import states
from ingestion.connectors.base import AssetDraft, Batch, RelationshipDraft, SourceError
from ingestion.models import Job, SourceObject
from ingestion.services import collections, jobs
from ingestion.services.worker import work_next
from tests.ingestion.test_runs import shelf, source  # noqa: F401  fixtures


def told(connector, names, state="1", edges=()):
    """A batch of the shelf's books, with what it can tell of change."""
    known = [join_name("lib", name) for name in names]
    return Batch(
        [AssetDraft("DATASET", name, join_name("lib", name), "", {}) for name in names],
        list(edges),
        identities={name: f"id of {name}" for name in known},
        states=dict.fromkeys(known, state),
    )


@pytest.fixture
def run_incremental(source, bob_actor):  # noqa: F811
    def run():
        task = source.tasks.filter(type="incremental_collection").first() or collections.create_task(
            actor=bob_actor,
            data={"name": "inc", "datasource_id": str(source.pk), "type": "incremental_collection"},
        )
        job = collections.execute_task(actor=bob_actor, task=task)
        work_next()
        job.refresh_from_db()
        return job

    return run


class Asking:
    """A step of the shelf that keeps what the run knew when it came by."""

    def __init__(self, connector):
        self.known: set[str] | None = None
        collect = type(connector).collect

        def asked(config, options, observer):
            self.known = options.known and options.known.unchanged({"lib.x": "1", "lib.y": "1"})
            return collect(connector, config, options, observer)

        connector.collect = asked


def test_states_are_known_only_once_all_was_given(source, shelf, collect, run_incremental):  # noqa: F811
    ask = Asking(shelf)
    shelf.names, shelf.steps = [], [told(shelf, ["x"]), told(shelf, ["y"], state="0")]
    collect(source)
    assert ask.known is None, "a full collection asks nothing"
    run_incremental()
    assert ask.known == {"lib.x"}


def test_object_whose_edge_was_left_out_is_read_again(source, shelf, collect, run_incremental):  # noqa: F811
    ask = Asking(shelf)
    edge = RelationshipDraft("lib.x", "lib.elsewhere", "DEPENDS_ON")
    shelf.names, shelf.steps = [], [told(shelf, ["x", "y"], edges=[edge])]
    collect(source)
    run_incremental()
    assert ask.known == {"lib.y"}


def test_after_a_run_that_broke_off_everything_is_read(source, shelf, collect, run_incremental):  # noqa: F811
    ask = Asking(shelf)
    shelf.names, shelf.steps = [], [told(shelf, ["x", "y"])]
    collect(source)
    shelf.steps = [told(shelf, ["x"], state="2"), SourceError("The line went dead")]
    assert collect(source).status == "FAILED"
    shelf.steps = [told(shelf, ["x", "y"])]
    run_incremental()
    assert ask.known is None
    run_incremental()
    assert ask.known == {"lib.x", "lib.y"}


def test_source_that_was_down_costs_no_reading(source, shelf, collect, run_incremental):  # noqa: F811
    ask = Asking(shelf)
    shelf.names, shelf.steps = [], [told(shelf, ["x", "y"])]
    collect(source)
    shelf.steps = [SourceError("Down", code="CONNECTION_FAILED")]
    run_incremental()
    shelf.steps = []
    run_incremental()
    assert ask.known == {"lib.x", "lib.y"}


def test_run_whose_worker_was_lost_is_not_trusted(source, shelf, collect, run_incremental):  # noqa: F811
    ask = Asking(shelf)
    shelf.names, shelf.steps = [], [told(shelf, ["x", "y"])]
    job = collect(source)
    Job.objects.filter(pk=job.pk).update(
        status="RUNNING", attempts=jobs.MAX_ATTEMPTS, lease_until=None, result=None, worker="elsewhere:1:1"
    )
    jobs.recover_jobs()
    run_incremental()
    assert ask.known is None


def test_stale_asset_is_read_again(source, shelf, collect, run_incremental):  # noqa: F811
    ask = Asking(shelf)
    shelf.names, shelf.steps = [], [told(shelf, ["x", "y"])]
    collect(source)
    shelf.steps = [told(shelf, ["y"])]
    collect(source, {"max_loss": 1})
    run_incremental()
    assert ask.known == {"lib.y"}


def test_another_version_of_ours_reads_everything_once(source, shelf, collect, run_incremental, settings):  # noqa: F811
    ask = Asking(shelf)
    shelf.names, shelf.steps = [], [told(shelf, ["x", "y"])]
    collect(source)
    settings.VERSION = "99.0"
    run_incremental()
    assert ask.known == set()
    run_incremental()
    assert ask.known == {"lib.x", "lib.y"}


def test_second_run_writes_no_state(source, shelf, collect, django_assert_max_num_queries):  # noqa: F811
    shelf.names, shelf.steps = [], [told(shelf, ["x", "y"])]
    collect(source)
    before = list(SourceObject.objects.order_by("pk").values_list("pk", "state", "identity"))
    with django_assert_max_num_queries(200) as captured:
        collect(source)
    assert not [one["sql"] for one in captured if 'INTO "ingestion_sourceobject"' in one["sql"]]
    assert list(SourceObject.objects.order_by("pk").values_list("pk", "state", "identity")) == before


def test_name_that_somebody_else_has_is_not_taken(source, shelf, collect, alice_actor):  # noqa: F811
    shelf.names, shelf.steps = [], [told(shelf, ["x", "y"])]
    collect(source)
    x = Asset.objects.get(name="x")
    batch = told(shelf, ["y", "z"])
    batch.identities = {"lib.y": "id of lib.x", "lib.z": "id of lib.y"}
    shelf.steps = [batch]
    job = collect(source, {"max_loss": 1})
    assert (job.result["renamed"], job.result["created"], job.result["removed"]) == (2, 0, 0)
    assert Asset.objects.get(name="y").pk == x.pk
    swapped = told(shelf, ["y", "z"])
    swapped.identities = {"lib.y": "id of lib.y", "lib.z": "id of lib.x"}
    shelf.steps = [swapped]
    job = collect(source)
    assert (job.result["renamed"], job.result["created"]) == (0, 0), "of two that change places each keeps its name"
    assert set(SourceObject.objects.values_list("asset__name", "identity")) == {
        ("y", "id of lib.y"), ("z", "id of lib.x"),
    }  # fmt: skip


def test_renames_are_in_the_diff(source, shelf, collect, alice_actor):  # noqa: F811
    shelf.names, shelf.steps = [], [told(shelf, ["x"])]
    collect(source)
    batch = told(shelf, ["new"])
    batch.identities = {"lib.new": "id of lib.x"}
    shelf.steps = [batch]
    job = collect(source)
    counts = differences.count_changes(alice_actor, job)
    assert counts == {"appeared": 0, "changed": 0, "renamed": 1, "vanished": 0}


def columns_of(expression):
    return {f"{column.table}.{column.name}" for column in expression.find_all(expressions.Column)}


@pytest.mark.parametrize(
    ("statement", "dialect", "read"),
    [
        (states._SQLSERVER, "tsql", {"foreign_keys", "foreign_key_columns"}),
        (states._ORACLE, "oracle", {"all_constraints", "all_cons_columns"}),
    ],
)
def test_state_tells_how_that_is_called_which_foreign_keys_refer_to(statement, dialect, read):
    """No date of a table tells that another was renamed. The servers cannot be had here: it is the SQL that is read."""
    said = re.sub(r":(\w+)", r"'\1'", str(statement.text).replace(":names", "('names')"))
    tree = parse_one(said, read=dialect)
    assert read <= {table.name for table in tree.find_all(expressions.Table)}
    aliases = {one.alias: one for one in tree.find_all(expressions.Alias)}
    assert "f.referred" in columns_of(aliases["told"])
    called = columns_of(aliases["referred"])
    assert called >= ({"rs.name", "r.name", "rc.name"} if dialect == "tsql" else {"r.owner", "r.table_name"})
