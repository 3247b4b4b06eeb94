"""Incremental collections read what changed, whatever it is; renames are followed where the source can tell."""

import psycopg
import pymysql
import pytest

from audit.models import AuditEvent
from catalog.models import Asset
from catalog.names import join_name
from catalog.services import update_asset
from ingestion import differences
from ingestion.connectors.base import AssetDraft, Batch, RelationshipDraft, SourceError
from ingestion.connectors.relational import RelationalConnector
from ingestion.models import Job, SourceObject
from ingestion.services import collections, jobs
from ingestion.services.sources import create_data_source
from ingestion.services.worker import work_next
from tests.ingestion.conftest import run_sql
from tests.ingestion.test_runs import shelf, source  # noqa: F401  fixtures

SCHEMA = [
    "CREATE TABLE a (id int PRIMARY KEY, n int)",
    "CREATE TABLE b (id int PRIMARY KEY, note varchar(20) DEFAULT 'x')",
    "CREATE TABLE c (id int PRIMARY KEY, a_id int, FOREIGN KEY (a_id) REFERENCES a (id))",
    "CREATE VIEW v AS SELECT id, n FROM a",
]


@pytest.fixture
def incremental(bob_actor, monkeypatch):
    """Collect only what changed, and tell which tables and views were read for it."""

    def run(data_source):
        task = data_source.tasks.filter(type="incremental_collection").first() or collections.create_task(
            actor=bob_actor,
            data={
                "name": "incremental",
                "datasource_id": str(data_source.pk),
                "type": "incremental_collection",
            },
        )
        read: list[str] = []
        described = RelationalConnector.described

        def spy(self, path, tables, observer):
            read.extend(table.name for table in tables)
            return described(self, path, tables, observer)

        monkeypatch.setattr(RelationalConnector, "described", spy)
        job = collections.execute_task(actor=bob_actor, task=task)
        work_next()
        monkeypatch.setattr(RelationalConnector, "described", described)
        job.refresh_from_db()
        assert job.status == "COMPLETED", job.error
        return sorted(read), job

    return run


@pytest.fixture
def postgresql(new_database, bob_actor):
    config = new_database(";".join(SCHEMA))

    def alter(*statements):
        with psycopg.connect(
            host=config["host"], port=config["port"], dbname=config["database"], user=config["username"],
            password=config.get("password"), autocommit=True,
        ) as connection:  # fmt: skip
            for statement in statements:
                connection.execute(statement)

    return create_data_source(actor=bob_actor, data={"name": "pg", "type": "postgresql", "config": config}), alter


@pytest.fixture
def mariadb(new_mariadb, bob_actor):
    config = new_mariadb(*SCHEMA)

    def alter(*statements):
        with pymysql.connect(
            host=config["host"], port=config["port"], user=config["username"], password=config.get("password", ""),
            database=config["database"], autocommit=True,
        ) as connection:  # fmt: skip
            for statement in statements:
                connection.cursor().execute(statement)

    return create_data_source(actor=bob_actor, data={"name": "my", "type": "mysql", "config": config}), alter


@pytest.fixture
def sqlite(import_dir, bob_actor):
    path = import_dir / "small.db"
    run_sql(path, ";".join(SCHEMA))
    config = {"database": "small.db"}
    made = create_data_source(actor=bob_actor, data={"name": "lite", "type": "sqlite", "config": config})
    return made, lambda *statements: run_sql(path, ";".join(statements))


# (statements, the tables and views that are read for it)
CHANGES = {
    "postgresql": [
        ("ALTER TABLE a ADD COLUMN extra text", {"a"}),
        ("ALTER TABLE b ALTER COLUMN note SET DEFAULT 'y'", {"b"}),
        ("ALTER TABLE b ALTER COLUMN note DROP DEFAULT", {"b"}),
        ("ALTER TABLE b ALTER COLUMN note SET NOT NULL", {"b"}),
        ("ALTER TABLE b ALTER COLUMN note TYPE varchar(40)", {"b"}),
        ("COMMENT ON COLUMN a.n IS 'how many'", {"a"}),
        ("COMMENT ON TABLE b IS 'notes'", {"b"}),
        ("CREATE INDEX b_by_note ON b (note)", {"b"}),
        ("ALTER INDEX b_by_note RENAME TO b_by_words", {"b"}),
        ("DROP INDEX b_by_words", {"b"}),
        ("ALTER TABLE c DROP CONSTRAINT c_a_id_fkey", {"c"}),
        ("ALTER TABLE a RENAME COLUMN n TO number", {"a", "v"}),
        ("CREATE OR REPLACE VIEW v AS SELECT id, number AS n FROM a WHERE id > 1", {"v"}),
        ("CREATE TABLE d (id int)", {"d"}),
        ("CREATE TYPE mood AS ENUM ('glad'); ALTER TABLE d ADD COLUMN mood mood", {"d"}),
        ("ALTER TYPE mood RENAME TO humour", {"d"}),
        ("INSERT INTO a VALUES (1, 1)", set()),
        ("VACUUM a", {"a"}),  # and counts its rows
        ("VACUUM a", set()),
        ("GRANT SELECT ON b TO PUBLIC; REVOKE SELECT ON b FROM PUBLIC", {"b"}),
    ],
    "mariadb": [
        ("ALTER TABLE a ADD COLUMN extra text", {"a"}),
        ("ALTER TABLE b ALTER COLUMN note SET DEFAULT 'y'", {"b"}),
        ("ALTER TABLE b MODIFY note varchar(40)", {"b"}),
        ("ALTER TABLE a MODIFY n int COMMENT 'how many'", {"a", "v"}),
        ("ALTER TABLE b COMMENT 'notes'", {"b"}),
        ("CREATE INDEX b_by_note ON b (note)", {"b"}),
        ("DROP INDEX b_by_note ON b", {"b"}),
        ("ALTER TABLE c DROP FOREIGN KEY c_ibfk_1", {"c"}),
        ("CREATE OR REPLACE VIEW v AS SELECT id, n FROM a WHERE id > 1", {"v"}),
        ("CREATE TABLE d (id int)", {"d"}),
        ("INSERT INTO a (id, n) VALUES (1, 1)", set()),
    ],
    "sqlite": [
        ("ALTER TABLE a ADD COLUMN extra text", {"a", "v"}),
        ("CREATE INDEX b_by_note ON b (note)", {"b", "v"}),
        ("DROP INDEX b_by_note", {"b", "v"}),
        ("ALTER TABLE a RENAME COLUMN n TO number", {"a", "v"}),
        ("CREATE TABLE d (id int)", {"d", "v"}),
        ("INSERT INTO a (id) VALUES (1)", set()),
    ],
}


@pytest.mark.parametrize(
    "engine",
    [pytest.param("postgresql", marks=pytest.mark.postgresql), pytest.param("mariadb", marks=pytest.mark.mariadb),
     "sqlite"],
)  # fmt: skip
def test_only_what_changed_is_read_and_nothing_is_missed(engine, request, incremental, collect):
    data_source, alter = request.getfixturevalue(engine)
    collect(data_source)
    read, job = incremental(data_source)
    assert (read, job.result["passed_over"]) == ([], 4), "a full collection leaves the states behind"
    for statement, expected in CHANGES[engine]:
        alter(*statement.split("; "))
        read, job = incremental(data_source)
        if engine == "mariadb" and statement.startswith("INSERT"):
            assert set(read) <= {"a"}, "the estimate of rows may have moved"
        else:
            assert set(read) == expected, statement
        whole = collect(data_source)
        left = {name: whole.result[name] for name in ("created", "updated", "stale")}
        assert left == {"created": 0, "updated": 0, "stale": 0}, f"{statement}: {left}"


@pytest.mark.postgresql
def test_renamed_table_stays_itself(postgresql, collect, incremental, bob, bob_actor):
    data_source, alter = postgresql
    collect(data_source)
    table = Asset.objects.get(name="a")
    update_asset(actor=bob_actor, asset=table, changes={"description": "Apples", "tags": ["fruit"]})
    alter("ALTER TABLE a RENAME TO apples")
    read, job = incremental(data_source)
    assert set(read) == {"apples", "c", "v"}, "what refers to it names it"
    assert (job.result["renamed"], job.result["created"]) == (1, 0)
    renamed = Asset.objects.get(pk=table.pk)
    assert (renamed.name, renamed.description, renamed.stale_since) == ("apples", "Apples", None)
    assert renamed.qualified_name == table.qualified_name.removesuffix("a") + "apples"
    assert [tag.name for tag in renamed.tags.all()] == ["fruit"]
    assert AuditEvent.objects.filter(entity_id=table.pk, action="CREATE").exists()
    task = data_source.tasks.get(type="incremental_collection")
    (change,) = bob.get(f"/api/v1/tasks/{task.pk}/executions/{job.pk}/changes?kind=renamed").json()["data"]
    assert (change["asset_id"], change["qualified_name"]) == (str(table.pk), renamed.qualified_name)
    assert change["former_name"] == table.qualified_name
    assert collect(data_source).result["removed"] == 0
    found = bob.get("/v1/search", {"q": "apples", "type": "TABLE"}).json()["results"]
    assert [one["asset"]["id"] for one in found] == [str(table.pk)]


@pytest.mark.postgresql
def test_renamed_schema_takes_its_tables_along(postgresql, collect):
    data_source, alter = postgresql
    collect(data_source)
    before = dict(Asset.objects.values_list("name", "pk"))
    alter("ALTER SCHEMA public RENAME TO store")
    job = collect(data_source)
    assert (job.result["renamed"], job.result["created"], job.result["removed"]) == (5, 0, 0)
    after = dict(Asset.objects.values_list("name", "pk"))
    assert after == {("store" if name == "public" else name): key for name, key in before.items()}


@pytest.mark.postgresql
def test_table_put_in_the_place_of_another_has_its_name_and_so_its_history(postgresql, collect):
    """The usual way to replace a table: the name is what stays."""
    data_source, alter = postgresql
    collect(data_source)
    table = Asset.objects.get(name="b")
    alter("CREATE TABLE b_new (id int)")
    collect(data_source)
    alter("DROP TABLE b", "ALTER TABLE b_new RENAME TO b")
    job = collect(data_source)
    assert (job.result["renamed"], job.result["stale"]) == (0, 1)
    found = Asset.objects.get(name="b")
    assert (found.pk, [column["name"] for column in found.schema]) == (table.pk, ["id"])
    alter("ALTER TABLE b RENAME TO bees")
    assert collect(data_source).result["renamed"] == 1
    assert Asset.objects.get(name="bees").pk == table.pk


@pytest.mark.postgresql
def test_tables_that_move_up_one_after_the_other_are_all_followed(postgresql, collect):
    data_source, alter = postgresql
    collect(data_source)
    before = {name: Asset.objects.get(name=name).pk for name in "abc"}
    alter("ALTER TABLE c RENAME TO d", "ALTER TABLE b RENAME TO c", "ALTER TABLE a RENAME TO b")
    job = collect(data_source)
    assert (job.result["renamed"], job.result["created"]) == (3, 0)
    assert {name: Asset.objects.get(name=name).pk for name in "bcd"} == {
        "b": before["a"], "c": before["b"], "d": before["c"],
    }  # fmt: skip


@pytest.mark.postgresql
def test_database_restored_under_the_same_name_is_another(postgresql, collect, new_database, bob_actor):
    """Its numbers may be those of other tables."""
    data_source, _ = postgresql
    collect(data_source)
    known = set(SourceObject.objects.exclude(identity="").values_list("identity", flat=True))
    other = create_data_source(
        actor=bob_actor, data={"name": "pg2", "type": "postgresql", "config": new_database(";".join(SCHEMA))}
    )
    collect(other)
    again = set(SourceObject.objects.filter(origin_id=other.pk).values_list("identity", flat=True))
    assert not known & again


# Any connector ------------------------------------------------------------------------------------


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
    before = list(SourceObject.objects.values_list("pk", "state", "identity"))
    with django_assert_max_num_queries(200) as captured:
        collect(source)
    assert not [one["sql"] for one in captured if 'INTO "ingestion_sourceobject"' in one["sql"]]
    assert list(SourceObject.objects.values_list("pk", "state", "identity")) == before


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
