"""When tasks run: the next time of each is kept in its row, and whoever comes first takes it.

Beat asks every 10 seconds (`ingestion.dispatch_jobs`). A due time is taken by one UPDATE that moves the
task to its next time, in the transaction that queues the run: however many beats and workers there are,
a tick runs once, and after a downtime only one of those that were missed does.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cron_descriptor import ExpressionDescriptor, FormatException, Options
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.actor import system_actor
from contracts.errors import Conflict
from ingestion.models import CollectionTask, JobType, SchedulerType, SourceStatus, TaskStatus
from ingestion.services import jobs
from ingestion.services.cron import Cron

logger = logging.getLogger(__name__)

AT_ONCE = 1000
"""Tasks that are begun in one round."""


def next_run(schedule: Mapping[str, Any], after: datetime, *, since: datetime | None = None) -> datetime | None:
    """The schedule's first time after `after`; None where there is none any more.

    Intervals are counted from `since`, so that they do not drift.
    """
    match schedule.get("type"):
        case "once":
            moment = parse_datetime(schedule["run_at"])
            return moment if moment is not None and moment > after else None
        case "interval":
            step = timedelta(seconds=schedule["interval"])
            begun = since or after
            return begun + step * max((after - begun) // step + 1, 1)
        case "cron":
            return Cron.read(schedule["cron_expr"]).next_after(after, ZoneInfo(schedule["timezone"]))
    return None


def set_next_run(task: CollectionTask) -> None:
    """Set when an unsaved change of the task makes it run next; None while it rests.

    A time that was missed by a `once` is not made up for: nobody asked for it then. What another scheduler
    runs has no time here.
    """
    runs = task.status == TaskStatus.ACTIVE and task.scheduler_type == SchedulerType.BUILTIN
    task.next_run_at = next_run(task.schedule, timezone.now()) if runs else None


def run_due(*, now: datetime | None = None) -> int:
    """Queue a run of every task whose time has come; returns how many were queued."""
    now = now or timezone.now()
    due = CollectionTask.objects.filter(next_run_at__lte=now, status=TaskStatus.ACTIVE).order_by("next_run_at")
    queued = 0
    for task in due.select_related("organization", "data_source")[:AT_ONCE]:
        try:
            queued += _run(task, now)
        except (ValueError, LookupError):  # such as a time zone that this machine does not know
            logger.exception("The schedule of task %s cannot be read", task.pk)
    return queued


@transaction.atomic
def _run(task: CollectionTask, now: datetime) -> bool:
    tick = task.next_run_at
    following = next_run(task.schedule, now, since=tick)
    taken = CollectionTask.objects.filter(pk=task.pk, next_run_at=tick, status=TaskStatus.ACTIVE)
    if tick is None or not taken.update(next_run_at=following):
        return False
    if task.data_source.status == SourceStatus.INACTIVE:
        return False
    payload = {
        "trigger": "schedule",
        "scheduled_for": tick.isoformat(),
        "retries": task.config.get("retry_count", 0),
    }
    try:
        jobs.enqueue(
            actor=system_actor(task.organization, name="Schedule"),
            type=JobType.COLLECTION,
            payload=payload,
            task=task,
        )
    except Conflict:
        logger.warning("Task %s was still at its last run at %s: that time was passed over", task.pk, tick)
        return False
    return True


def in_words(schedule: Mapping[str, Any]) -> str:
    """The schedule as a person says it: "Every day at 00:00, Asia/Shanghai"."""
    match schedule.get("type"):
        case "immediate":
            return "Once, when it was made"
        case "once":
            moment = parse_datetime(schedule["run_at"])
            return f"Once, at {moment:%Y-%m-%d %H:%M %Z}" if moment else "Once"
        case "interval":
            return f"Every {_duration(schedule['interval'])}"
        case "cron":
            return f"{_cron_in_words(schedule['cron_expr'])}, {schedule['timezone']}"
    return "Only by hand"


_RANGES = (60, 24, 31, 12, 7)
"""How many minutes, hours, days, months, days of the week there are: a step that is longer is none."""


def _cron_in_words(expression: str) -> str:
    """What a cron expression says; itself where there are no words for it, or wrong ones."""
    fields = expression.split()
    options = Options()
    options.use_24hour_time_format = True
    try:
        words = str(ExpressionDescriptor(expression, options).get_description())
    except FormatException:
        words = ""
    if not words or any(_is_odd(field, most) for field, most in zip(fields, _RANGES, strict=True)):
        return f"By the clock: {' '.join(fields)}"
    # "At 00:00" leaves out how often.
    return words.replace("At ", "Every day at ", 1) if fields[2:] == ["*", "*", "*"] else words


def _is_odd(field: str, most: int) -> bool:
    """Whether it has a step of which the words would be wrong: within a list, or a longer one than there is."""
    step = field.partition("/")[2]
    return bool(step) and ("," in field or int(step) >= most)


def _duration(seconds: int) -> str:
    for size, word in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0:
            count = seconds // size
            return word if count == 1 else f"{count} {word}s"
    return f"{seconds} seconds"
