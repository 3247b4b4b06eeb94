"""Profiles: what the values of tables are like, as the source itself computes it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from sqlalchemy import event
from sqlalchemy.engine import Engine

from catalog.models import Asset
from contracts.errors import Invalid
from ingestion.connectors.registry import get_connector
from ingestion.models import JobStatus, Profile
from ingestion.services.collections import create_task, execute_task
from ingestion.services.sources import create_data_source
from ingestion.services.worker import work_next
from tests.ingestion.conftest import run_sql
from tests.ingestion.people import INSERT, TABLE, check_people, columns_of

URL = "/api/v1/profiles"


@pytest.fixture
def people(import_dir, bob_actor):
    run_sql(import_dir / "people.db", f"{TABLE.format(double='DOUBLE')}; {INSERT};")
    return create_data_source(
        actor=bob_actor, data={"name": "people", "type": "sqlite", "config": {"database": "people.db"}}
    )


def test_sqlite_table_is_profiled(people, profile):
    job = profile(people)
    assert (job.status, job.result["profiled"]) == (JobStatus.COMPLETED, 1), job.error
    check_people()


@pytest.mark.postgresql
def test_postgresql_table_is_profiled(bob_actor, new_database, profile):
    config = new_database(f"{TABLE.format(double='DOUBLE PRECISION')}; {INSERT};")
    job = profile(create_data_source(actor=bob_actor, data={"name": "pg", "type": "postgresql", "config": config}))
    assert job.status == JobStatus.COMPLETED, job.error
    check_people()


@pytest.mark.mariadb
def test_mysql_table_is_profiled(bob_actor, new_mariadb, profile):
    config = new_mariadb(TABLE.format(double="DOUBLE"), INSERT)
    job = profile(create_data_source(actor=bob_actor, data={"name": "my", "type": "mysql", "config": config}))
    assert (job.status, job.result["warnings"]) == (JobStatus.COMPLETED, []), job.error
    check_people()


@pytest.mark.mariadb
def test_shapes_are_counted_and_no_more(bob_actor, new_mariadb, profile):
    kinds = ["point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection"]
    columns = ", ".join(f"{kind}_ {kind}" for kind in kinds)
    config = new_mariadb(f"CREATE TABLE shapes (id int, {columns})", "INSERT INTO shapes (id) VALUES (1)")
    job = profile(create_data_source(actor=bob_actor, data={"name": "maria", "type": "mysql", "config": config}))
    assert job.result is not None
    assert job.result["warnings"] == []
    assert columns_of("shapes")[1]["polygon_"] == {"name": "polygon_", "type": "polygon", "nulls": 1}


@pytest.mark.postgresql
def test_odd_types_and_names_are_profiled(bob_actor, new_database, profile):
    config = new_database(
        """
        CREATE TABLE "Odd: 100% ""x"" y" ("a:b" jsonb, "%s" int[], blob bytea, flag boolean, at timestamptz, n numeric);
        INSERT INTO "Odd: 100% ""x"" y" VALUES ('{"k": 1}', '{1,2}', '\\x00', true, '2026-01-02 03:04+00', 'NaN');
        CREATE TABLE empty (id int);
        CREATE TABLE nothing ();
        """
    )
    job = profile(create_data_source(actor=bob_actor, data={"name": "pg", "type": "postgresql", "config": config}))
    assert job.result is not None
    assert (job.result["profiled"], job.result["warnings"]) == (3, [])
    _, columns = columns_of('Odd: 100% "x" y')
    assert columns["blob"] == {"name": "blob", "type": "bytea", "nulls": 0}
    assert columns["flag"]["top"] == [["true", 1]]
    assert columns["a:b"]["min"] == '{"k": 1}'
    found, columns = columns_of("empty")
    assert (found.row_count, columns["id"]["min"], columns["id"]["top"]) == (0, None, [])


def test_large_table_is_sampled(people, import_dir, profile):
    run_sql(
        import_dir / "people.db",
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 20009)"
        " INSERT INTO people SELECT i, 'x', 1 FROM n;",
    )
    profile(people, {"sample_rows": 1000})
    found, columns = columns_of()
    assert (found.row_count, found.is_sampled) == (20_004, True)
    assert 500 < found.sampled_rows < 2000
    assert columns["name"]["top"][0][0] == "x"


@pytest.mark.postgresql
def test_large_postgresql_table_is_sampled_by_the_server(bob_actor, new_database, profile):
    config = new_database(
        "CREATE TABLE big AS SELECT i AS id, repeat('x', 100) AS pad FROM generate_series(1, 50000) i; ANALYZE big;"
    )
    source = create_data_source(actor=bob_actor, data={"name": "pg", "type": "postgresql", "config": config})
    profile(source, {"sample_rows": 5000})
    found, _ = columns_of("big")
    assert (found.row_count, found.is_sampled) == (50_000, True)
    assert 1000 < found.sampled_rows < 20_000


def test_excluded_columns_are_not_looked_at(people, profile):
    statements = []

    @event.listens_for(Engine, "before_cursor_execute")
    def keep(connection, cursor, statement, *rest):
        statements.append(statement)

    profile(people, {"exclude_columns": ["people.name"]})
    event.remove(Engine, "before_cursor_execute", keep)
    _, columns = columns_of()
    assert set(columns) == {"id", "score"}
    looks = [statement for statement in statements if 'FROM "people"' in statement]
    assert len(looks) == 1  # one statement a table
    assert '"name"' not in looks[0]


def test_profiles_are_a_series(people, profile, bob, vera):
    profile(people)
    Profile.objects.update(taken_at=timezone.now() - timedelta(days=2))
    profile(people)
    asset = Asset.objects.get(name="people", type="TABLE")
    body = vera.get(URL, {"asset_id": str(asset.pk)}).json()
    assert body["total"] == 2
    assert body["data"][0]["taken_at"] > body["data"][1]["taken_at"]
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()
    assert bob.get(URL, {"start_time": yesterday}).json()["total"] == 1
    assert bob.get(URL, {"end_time": yesterday}).json()["total"] == 1
    assert bob.get(URL, {"datasource_id": str(people.pk)}).json()["total"] == 2
    assert bob.get(URL, {"datasource_id": str(asset.pk)}).json()["total"] == 0
    assert bob.get(URL, {"asset_id": "t1"}).json()["total"] == 0
    assert bob.get(URL, {"start_time": "soon"}).status_code == 400
    assert bob.get(f"{URL}/{body['data'][0]['id']}").json() == body["data"][0]


def test_table_that_was_not_collected_is_told(people, profile, import_dir, bob_actor):
    profile(people)
    run_sql(import_dir / "people.db", "CREATE TABLE new (id INTEGER);")
    execute_task(actor=bob_actor, task=people.tasks.get(type="data_profile"))
    job = work_next()
    assert job is not None
    job.refresh_from_db()
    assert job.result is not None
    assert (job.result["profiled"], job.result["unknown"]) == (1, 1)
    assert job.result["warnings"][0]["object"] == "people.people.new"


def test_own_database_is_not_profiled(alice_actor):
    source = create_data_source(
        actor=alice_actor, data={"name": "own", "type": "sqlite", "config": {"database": "self"}}
    )
    body = {"name": "profile", "datasource_id": str(source.pk), "type": "data_profile"}
    with pytest.raises(Invalid, match="own database is not profiled"):
        create_task(actor=alice_actor, data=body)
    # What was made into a task before it was refused fails.
    assert not get_connector(source.type).can_profile(source.config)
    task = create_task(actor=alice_actor, data={**body, "type": "full_collection"})
    task.type = "data_profile"
    task.save()
    execute_task(actor=alice_actor, task=task)
    job = work_next()
    assert job is not None
    job.refresh_from_db()
    assert job.error is not None
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "NOT_SUPPORTED")


@pytest.mark.parametrize(
    ("source_type", "config"),
    [
        ("redis", {"host": "127.0.0.1"}),
        ("kafka", {"host": "127.0.0.1"}),
        ("doris", {"host": "127.0.0.1"}),
        ("elasticsearch", {"host": "127.0.0.1"}),
    ],
)
def test_task_that_could_not_profile_is_refused(bob, bob_actor, source_type, config):
    data = {"name": "s", "type": source_type, "config": config}
    source = create_data_source(actor=bob_actor, data=data)
    body = {"name": "t", "datasource_id": str(source.pk), "type": "data_profile"}
    answer = bob.post("/api/v1/tasks", body, format="json")
    assert answer.status_code == 400
    assert answer.json()["details"] == (
        f"type: Data sources of type '{source_type}' are not profiled: choose another type of task."
    )
    made = bob.post("/api/v1/tasks", {**body, "type": "full_collection"}, format="json").json()
    answer = bob.put(f"/api/v1/tasks/{made['id']}", {"type": "data_profile"}, format="json")
    assert (answer.status_code, source_type in answer.json()["message"]) == (400, True)
    assert [task.type for task in source.tasks.all()] == ["full_collection"]


@pytest.mark.parametrize(
    ("source_type", "config"),
    [("mongodb", {"host": "127.0.0.1"}), ("mysql", {"host": "127.0.0.1"}), ("hive", {"host": "127.0.0.1"})],
)
def test_task_that_can_profile_is_made(bob, bob_actor, source_type, config):
    source = create_data_source(actor=bob_actor, data={"name": "s", "type": source_type, "config": config})
    body = {"name": "t", "datasource_id": str(source.pk), "type": "data_profile"}
    assert bob.post("/api/v1/tasks", body, format="json").status_code == 201


def test_outsider_sees_no_profile(people, profile, charlie):
    profile(people)
    assert charlie.get(URL).json()["total"] == 0
    assert charlie.get(f"{URL}/{Profile.objects.get().pk}").status_code == 404
