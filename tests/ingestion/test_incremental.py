"""Incremental collections of databases read what changed, whatever it is; renames are followed."""

import psycopg
import pymysql
import pytest

from audit.models import AuditEvent
from catalog.models import Asset
from catalog.services import update_asset
from ingestion.models import SourceObject
from ingestion.services.sources import create_data_source
from tests.ingestion.conftest import run_sql

SCHEMA = [
    "CREATE TABLE a (id int PRIMARY KEY, n int)",
    "CREATE TABLE b (id int PRIMARY KEY, note varchar(20) DEFAULT 'x')",
    "CREATE TABLE c (id int PRIMARY KEY, a_id int, FOREIGN KEY (a_id) REFERENCES a (id))",
    "CREATE VIEW v AS SELECT id, n FROM a",
]


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
