"""What a source, or two people at once, can do to a run: real servers, a real line between."""

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from django.db import InterfaceError, OperationalError, connections

from catalog.models import Asset
from ingestion.models import Job, JobStatus
from ingestion.services import collections, jobs, running, sources
from ingestion.services.schedules import run_due
from ingestion.services.sources import create_data_source
from ingestion.services.worker import work_next
from tests.conftest import client_of
from tests.ingestion.line import line_to
from tests.own_servers import own_postgresql


@pytest.fixture(scope="module")
def guarded_postgresql():
    """A PostgreSQL that asks for a password."""
    with own_postgresql(password="s3cret-word") as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE t (id int PRIMARY KEY)")
        yield {"host": "127.0.0.1", "port": server.port, "database": "postgres", "password": server.password}


@pytest.mark.postgresql
def test_wrong_password_says_so_and_is_shown_nowhere(guarded_postgresql, bob_actor, bob, collect):
    config = {**guarded_postgresql, "password": "wr0ng-word"}
    source = create_data_source(actor=bob_actor, data={"name": "prod", "type": "postgresql", "config": config})
    result = sources.test_connection(actor=bob_actor, source=source)
    assert (result.success, result.code) == (False, "AUTHENTICATION_FAILED")
    assert result.message == "PostgreSQL refused the user 'postgres': check user name and password"
    job = collect(source, {"retry_count": 5})
    assert (job.status, job.attempts, job.error["code"]) == (JobStatus.FAILED, 1, "AUTHENTICATION_FAILED")
    detail = bob.get(f"/api/v1/tasks/{job.task_id}/executions/{job.pk}").content.decode()
    assert "wr0ng-word" not in detail + job.error["message"]


@pytest.mark.postgresql
def test_right_password_is_taken_and_none_is_told_apart(guarded_postgresql, bob_actor, collect):
    source = create_data_source(
        actor=bob_actor, data={"name": "prod", "type": "postgresql", "config": guarded_postgresql}
    )
    assert collect(source).status == JobStatus.COMPLETED
    without = {name: value for name, value in guarded_postgresql.items() if name != "password"}
    other = create_data_source(actor=bob_actor, data={"name": "none", "type": "postgresql", "config": without})
    assert sources.test_connection(actor=bob_actor, source=other).code == "AUTHENTICATION_FAILED"


# A line that is not what it was ---------------------------------------------------------------------


TABLES = [f"CREATE TABLE t{i} (id int PRIMARY KEY, a text, b text, c text)" for i in range(12)]


@pytest.fixture
def config(new_database):
    return {**new_database(";".join(TABLES)), "sslmode": "disable"}


@pytest.fixture
def line(config):
    with line_to(config["host"], config["port"]) as line:
        yield line


@pytest.fixture
def distant(config, line, bob_actor):
    far = {**config, "host": "127.0.0.1", "port": line.port}
    return create_data_source(actor=bob_actor, data={"name": "far", "type": "postgresql", "config": far})


@pytest.mark.postgresql
def test_line_cut_in_the_middle_keeps_whole_batches_marks_nothing_and_is_tried_again(line, distant, collect):
    config = {"batch_size": 2, "retry_count": 2}
    whole = collect(distant, config)
    assert whole.status == JobStatus.COMPLETED
    said = line.said
    line.heal()
    line.after = said // 2
    job = collect(distant, config)
    assert (job.status, job.error["code"], job.attempts) == (JobStatus.PENDING, "CONNECTION_LOST", 1)
    assert job.run_after is not None
    assert not Asset.objects.exclude(stale_since=None).exists()
    distant.refresh_from_db()
    assert distant.status == "error"
    line.heal()
    Job.objects.update(run_after=None)
    work_next()
    job.refresh_from_db()
    assert (job.status, job.attempts, job.error) == (JobStatus.COMPLETED, 2, None)
    assert job.result["removed"] == 0
    distant.refresh_from_db()
    assert distant.status == "active"


@pytest.mark.mariadb
def test_line_to_mariadb_cut_in_the_middle_is_told_as_such(new_mariadb, bob_actor, collect):
    config = new_mariadb(*TABLES)
    with line_to(config["host"], config["port"]) as line:
        far = {**config, "host": "127.0.0.1", "port": line.port}
        source = create_data_source(actor=bob_actor, data={"name": "far", "type": "mysql", "config": far})
        assert collect(source, {"batch_size": 2}).status == JobStatus.COMPLETED
        said = line.said
        line.heal()
        line.after = said // 2
        job = collect(source, {"batch_size": 2})
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "CONNECTION_LOST")
    assert not Asset.objects.exclude(stale_since=None).exists()


@pytest.mark.postgresql
def test_line_that_falls_silent_does_not_hold_the_run_for_ever(line, distant, collect):
    """The driver waits for an answer that never comes: the run does not."""
    collect(distant, {"batch_size": 2})
    line.heal()
    line.after, line.falls_silent = 10_000, True
    job = collect(distant, {"timeout": 1, "batch_size": 2})
    assert (job.status, job.error) == (
        JobStatus.FAILED,
        {"code": "TIMEOUT", "message": "It took longer than the 1 seconds its task allows"},
    )
    assert not Asset.objects.exclude(stale_since=None).exists()


# Two at once ----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_many_executes_at_the_same_time_one_is_accepted(shop_source, bob_actor, bob_member):
    task = collections.full_collection_of(actor=bob_actor, source=shop_source)
    gate, answers = threading.Barrier(6), []
    clients = [client_of(bob_member) for _ in range(6)]

    def post(client):
        gate.wait(60)
        answers.append(client.post(f"/api/v1/tasks/{task.pk}/execute").status_code)
        connections.close_all()

    threads = [threading.Thread(target=post, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [202, 409, 409, 409, 409, 409]
    assert Job.objects.count() == 1


# The clock is changed -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Zurich", datetime(2026, 3, 29)),  # 02:00 becomes 03:00
        ("Europe/Zurich", datetime(2026, 10, 25)),  # 03:00 becomes 02:00
        ("America/New_York", datetime(2026, 3, 8)),  # 02:00 becomes 03:00
        ("America/New_York", datetime(2026, 11, 1)),  # 02:00 becomes 01:00
    ],
    ids=str,
)
def test_clock_change_loses_no_run_and_doubles_none(zone, change, shop_source, bob_actor):
    place = ZoneInfo(zone)
    begin = (change - timedelta(hours=12)).replace(tzinfo=place).astimezone(UTC)
    end = (change + timedelta(hours=36)).replace(tzinfo=place).astimezone(UTC)
    tasks = {}
    for expression in ("30 2 * * *", "30 1 * * *", "0 3 * * *", "0 * * * *", "*/30 * * * *"):
        task = collections.create_task(
            actor=bob_actor,
            data={
                "name": expression,
                "datasource_id": str(shop_source.pk),
                "schedule": {"type": "cron", "cron_expr": expression, "timezone": zone},
            },
        )
        task.next_run_at = begin
        task.save()
        tasks[task.pk] = expression
    # The tick that stands for "now" is not one of the schedule's.
    run_due(now=begin)
    Job.objects.all().delete()
    ran: dict[str, list[datetime]] = {expression: [] for expression in tasks.values()}
    now = begin
    while now < end:
        now += timedelta(minutes=30)
        run_due(now=now)
        for task_id, payload in Job.objects.values_list("task_id", "payload"):
            ran[tasks[task_id]].append(datetime.fromisoformat(payload["scheduled_for"]))
        Job.objects.all().delete()
    for expression in ("30 2 * * *", "30 1 * * *", "0 3 * * *"):
        days = [moment.astimezone(place).date() for moment in ran[expression]]
        assert days == [change.date(), change.date() + timedelta(days=1)], expression
    hours = int((end - begin) / timedelta(hours=1))
    assert ran["0 * * * *"] == [begin + timedelta(hours=number) for number in range(1, hours + 1)]
    assert ran["*/30 * * * *"] == [begin + timedelta(minutes=30 * number) for number in range(1, 2 * hours + 1)]


@pytest.mark.django_db(transaction=True)
def test_lease_is_renewed_on_a_new_connection_when_one_breaks(shop_source, bob_actor, monkeypatch):
    collections.collect_now(actor=bob_actor, source=shop_source)
    job = jobs.claim()
    assert job is not None
    renew, answers, renewed = jobs.renew, [InterfaceError("closed"), OperationalError("gone")], threading.Event()

    def shaky(job):
        if answers:
            raise answers.pop()
        renewed.set()
        return renew(job)

    monkeypatch.setattr(jobs, "renew", shaky)
    run = running.Run(job)
    with running.heartbeat(run, every=0.02):
        assert renewed.wait(60)
    assert not run.lost.is_set()
