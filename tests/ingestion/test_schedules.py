"""Schedules: cron across changes of the clock, once per tick, one catch-up after a downtime."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from ingestion import tasks
from ingestion.models import CollectionTask, Job, JobStatus
from ingestion.services import collections, schedules
from ingestion.services.cron import Cron
from ingestion.services.schedules import in_words, next_run
from ingestion.services.worker import work_next

NEW_YORK = ZoneInfo("America/New_York")


def times(expression, after, count, zone=NEW_YORK):
    """The next times as the zone's clock shows them, with the offset from UTC in hours."""
    cron, found = Cron.read(expression), []
    moment = datetime.fromisoformat(after).replace(tzinfo=zone)
    for _ in range(count):
        due = cron.next_after(moment, zone)
        assert due is not None
        moment = due
        local = moment.astimezone(zone)
        offset = local.utcoffset() or timedelta()
        found.append(f"{local:%m-%d %H:%M} {offset.total_seconds() / 3600:+.0f}")
    return found


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("0 0 * * *", "2026-01-31 12:00", ["02-01 00:00 -5", "02-02 00:00 -5"]),
        ("*/20 9-10 * * *", "2026-01-05 10:30", ["01-05 10:40 -5", "01-06 09:00 -5"]),
        ("0 12 * * 1-5", "2026-01-02 12:00", ["01-05 12:00 -5", "01-06 12:00 -5"]),
        ("0 12 * * 7", "2026-01-02 12:00", ["01-04 12:00 -5", "01-11 12:00 -5"]),
        ("0 12 * * 6-7", "2026-01-02 12:00", ["01-03 12:00 -5", "01-04 12:00 -5", "01-10 12:00 -5"]),
        ("0 0 29 2 *", "2026-01-01 00:00", ["02-29 00:00 -5"]),
        ("0 0 13 * 5", "2026-01-08 00:00", ["01-09 00:00 -5", "01-13 00:00 -5", "01-16 00:00 -5"]),
        ("0 0 1 1 *", "2026-01-01 00:00", ["01-01 00:00 -5"]),
    ],
)
def test_cron_fields_mean_what_they_mean_to_cron(expression, after, expected):
    assert times(expression, after, len(expected)) == expected


def test_time_that_the_clock_skips_in_spring_comes_later_that_day():
    assert times("30 2 * * *", "2026-03-07 00:00", 3) == ["03-07 02:30 -5", "03-08 03:30 -4", "03-09 02:30 -4"]


def test_time_that_comes_twice_in_autumn_runs_once():
    assert times("30 1 * * *", "2026-10-31 00:00", 3) == ["10-31 01:30 -4", "11-01 01:30 -4", "11-02 01:30 -5"]


def test_what_runs_every_hour_runs_in_both_hours_of_autumn_and_in_no_hour_that_is_not():
    assert times("30 * * * *", "2026-11-01 00:00", 4) == [
        "11-01 00:30 -4",
        "11-01 01:30 -4",
        "11-01 01:30 -5",
        "11-01 02:30 -5",
    ]
    assert times("30 * * * *", "2026-03-08 01:00", 2) == ["03-08 01:30 -5", "03-08 03:30 -4"]


@pytest.mark.parametrize(
    "expression",
    ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "a * * * *", "* * 0 * *", "0 0 31 2 *"],
)
def test_expression_that_cannot_be_read_or_never_comes_is_an_error(expression):
    with pytest.raises(ValueError, match=r"\w"):
        Cron.read(expression)


def test_interval_does_not_drift_and_leaps_over_what_was_missed():
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    schedule = {"type": "interval", "interval": 60}
    assert next_run(schedule, begun + timedelta(seconds=3), since=begun) == begun + timedelta(seconds=60)
    assert next_run(schedule, begun + timedelta(seconds=601), since=begun) == begun + timedelta(seconds=660)


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({}, "Only by hand"),
        ({"type": "once", "run_at": "2030-01-31T02:00:00Z"}, "Once, at 2030-01-31 02:00 UTC"),
        ({"type": "once", "run_at": "2030-01-31T02:00:00+08:00"}, "Once, at 2030-01-31 02:00 UTC+08:00"),
        ({"type": "interval", "interval": 3600}, "Every hour"),
        ({"type": "interval", "interval": 90}, "Every 90 seconds"),
        ({"type": "interval", "interval": 172_800}, "Every 2 days"),
        ({"type": "cron", "cron_expr": "0 0 * * *", "timezone": "Asia/Shanghai"}, "Every day at 00:00, Asia/Shanghai"),
        ({"type": "cron", "cron_expr": "0 2 * * 1-5", "timezone": "UTC"}, "At 02:00, Monday through Friday, UTC"),
        ({"type": "cron", "cron_expr": "*/5 * * * *", "timezone": "UTC"}, "Every 5 minutes, UTC"),
        ({"type": "cron", "cron_expr": "*/99 * * * *", "timezone": "UTC"}, "By the clock: */99 * * * *, UTC"),
        ({"type": "cron", "cron_expr": "0 0 * * */7", "timezone": "UTC"}, "By the clock: 0 0 * * */7, UTC"),
        ({"type": "cron", "cron_expr": "3,*/5 * * * *", "timezone": "UTC"}, "By the clock: 3,*/5 * * * *, UTC"),
    ],
)
def test_schedule_in_words(schedule, words):
    assert in_words(schedule) == words


@pytest.fixture
def scheduled(shop_source, bob_actor):
    def make(**schedule):
        data = {"name": "nightly", "datasource_id": str(shop_source.pk), "schedule": schedule}
        return collections.create_task(actor=bob_actor, data=data)

    return make


def due(task, **ago):
    CollectionTask.objects.filter(pk=task.pk).update(next_run_at=timezone.now() - timedelta(**ago))


def test_task_knows_its_next_time(scheduled):
    task = scheduled(type="cron", cron_expr="0 0 * * *", timezone="Asia/Shanghai")
    local = task.next_run_at.astimezone(ZoneInfo("Asia/Shanghai"))
    assert (local.hour, local.minute) == (0, 0)
    assert timedelta() < task.next_run_at - timezone.now() <= timedelta(days=1)


def test_due_task_is_queued_by_beat_and_collected(scheduled):
    task = scheduled(type="interval", interval=60)
    assert tasks.dispatch_jobs() == 0
    due(task, seconds=1)
    assert tasks.dispatch_jobs() == 1
    work_next()
    job = Job.objects.get()
    assert (job.status, job.author, job.payload["trigger"]) == (JobStatus.COMPLETED, "Schedule", "schedule")
    task.refresh_from_db()
    assert task.next_run_at > timezone.now()


def test_tick_runs_once_however_many_ask(scheduled, monkeypatch):
    task = scheduled(type="interval", interval=60)
    due(task, seconds=1)
    first = CollectionTask.objects.select_related("organization", "data_source").get()
    second = CollectionTask.objects.select_related("organization", "data_source").get()
    now = timezone.now()
    assert schedules._run(first, now)
    work_next()
    assert not schedules._run(second, now)
    assert Job.objects.count() == 1


def test_interval_does_not_drift_by_when_it_is_asked_for(scheduled):
    task = scheduled(type="interval", interval=60)
    tick = task.next_run_at
    schedules.run_due(now=tick + timedelta(seconds=25))
    task.refresh_from_db()
    assert task.next_run_at == tick + timedelta(seconds=60)


def test_of_more_than_one_round_takes_those_that_waited_longest_come_first(
    scheduled, shop_source, bob_actor, monkeypatch
):
    late = scheduled(type="interval", interval=60)
    data = {"name": "later", "datasource_id": str(shop_source.pk), "schedule": {"type": "interval", "interval": 60}}
    later = collections.create_task(actor=bob_actor, data=data)
    due(late, seconds=1)
    due(later, seconds=9)
    monkeypatch.setattr(schedules, "AT_ONCE", 1)
    assert schedules.run_due() == 1
    assert Job.objects.get().task_id == later.pk


def test_downtime_is_made_up_for_once(scheduled):
    task = scheduled(type="interval", interval=60)
    due(task, days=3)
    for _ in range(3):
        schedules.run_due()
        work_next()
    assert Job.objects.count() == 1


def test_schedule_that_cannot_be_read_any_more_holds_up_no_other(scheduled, shop_source, bob_actor):
    broken = scheduled(type="interval", interval=60)
    data = {"name": "sound", "datasource_id": str(shop_source.pk), "schedule": {"type": "interval", "interval": 60}}
    sound = collections.create_task(actor=bob_actor, data=data)
    gone = {"type": "cron", "cron_expr": "0 0 * * *", "timezone": "Mars/Olympus_Mons"}  # by another list of zones
    CollectionTask.objects.filter(pk=broken.pk).update(schedule=gone)
    due(broken, seconds=2)
    due(sound, seconds=1)
    assert tasks.dispatch_jobs() == 1
    assert Job.objects.get().task_id == sound.pk


def test_task_that_is_still_running_passes_over_its_time(scheduled):
    task = scheduled(type="interval", interval=60)
    for _ in range(2):
        due(task, seconds=1)
        schedules.run_due()
    assert Job.objects.count() == 1
    task.refresh_from_db()
    assert task.next_run_at > timezone.now()


def test_once_runs_once(scheduled):
    at = timezone.now() + timedelta(hours=1)
    task = scheduled(type="once", run_at=at.isoformat())
    assert task.next_run_at == at
    assert schedules.run_due(now=at) == 1
    task.refresh_from_db()
    assert task.next_run_at is None


def test_once_in_the_past_never_runs(scheduled):
    task = scheduled(type="once", run_at="2020-01-01T00:00:00Z")
    assert task.next_run_at is None


def test_paused_stopped_and_inactive_are_not_run(scheduled, bob_actor, shop_source):
    task = scheduled(type="interval", interval=60)
    task = collections.pause_task(actor=bob_actor, task=task)
    assert task.next_run_at is None
    task = collections.resume_task(actor=bob_actor, task=task)
    assert task.next_run_at is not None
    shop_source.status = "inactive"
    shop_source.save()
    due(task, seconds=1)
    assert schedules.run_due() == 0
    assert collections.stop_task(actor=bob_actor, task=task).next_run_at is None
    assert not Job.objects.exists()


def test_new_schedule_moves_the_next_time(scheduled, bob_actor):
    task = scheduled(type="interval", interval=86_400)
    changed = collections.update_task(
        actor=bob_actor, task=task, changes={"schedule": {"type": "interval", "interval": 60}}
    )
    assert changed.next_run_at < task.next_run_at
    kept = collections.update_task(actor=bob_actor, task=changed, changes={"name": "other"})
    assert kept.next_run_at == changed.next_run_at
