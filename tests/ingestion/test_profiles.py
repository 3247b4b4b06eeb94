"""Profiles: what the values of tables are like, as the source itself computes it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from sqlalchemy import event
from sqlalchemy.engine import Engine

from catalog.models import Asset
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
    execute_task(actor=alice_actor, task=create_task(actor=alice_actor, data=body))
    job = work_next()
    assert job is not None
    job.refresh_from_db()
    assert job.error is not None
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "NOT_SUPPORTED")


def test_outsider_sees_no_profile(people, profile, charlie):
    profile(people)
    assert charlie.get(URL).json()["total"] == 0
    assert charlie.get(f"{URL}/{Profile.objects.get().pk}").status_code == 404
