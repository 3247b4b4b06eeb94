"""Schedules as a form reads them and as people say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEDULES = [
    ("", "Only by hand"),
    ("immediate", "Once, right now"),
    ("once", "Once, at a time"),
    ("cron", "By the clock (cron)"),
    ("interval", "Every so often"),
]
FIELDS = {"immediate": (), "once": ("run_at",), "cron": ("cron_expr", "timezone"), "interval": ("interval",)}
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def schedule_from(data: Mapping[str, Any]) -> dict[str, Any]:
    """The schedule that a form's `schedule_…` fields say; empty for one that is only run by hand."""
    kind = data.get("schedule_type") or ""
    if not kind:
        return {}
    given = {name: data.get(f"schedule_{name}") for name in FIELDS[kind]}
    return {"type": kind, **{name: value for name, value in given.items() if value not in (None, "")}}


def in_words(schedule: Mapping[str, Any]) -> str:
    """`every day at 02:00, Asia/Shanghai`, `every 10 minutes`, `only by hand`."""
    match schedule.get("type"):
        case "interval":
            return f"every {_interval(int(schedule.get('interval', 0)))}"
        case "once":
            return f"once, at {schedule.get('run_at', '')}"
        case "immediate":
            return "once, when it was made"
        case "cron":
            return f"{_cron(str(schedule.get('cron_expr', '')))}, {schedule.get('timezone', 'UTC')}"
    return "only by hand"


def _interval(seconds: int) -> str:
    for size, unit in UNITS:
        if seconds and seconds % size == 0:
            count = seconds // size
            return unit if count == 1 else f"{count} {unit}s"
    return "0 seconds"


def _cron(expression: str) -> str:
    """The common ones in words, any other as it is."""
    fields = expression.split()
    if len(fields) != 5:
        return expression
    minute, hour, day, month, weekday = fields
    if month == "*" and minute.isdigit():
        if (hour, day, weekday) == ("*", "*", "*"):
            return f"every hour at {int(minute)} past"
        days = _days(day, weekday)
        if hour.isdigit() and days:
            return f"{days} at {int(hour):02}:{int(minute):02}"
    return f"cron {expression}"


def _days(day: str, weekday: str) -> str:
    if (day, weekday) == ("*", "*"):
        return "every day"
    if day == "*" and weekday.isdigit() and int(weekday) < len(WEEKDAYS):
        return f"every {WEEKDAYS[int(weekday)]}"
    return f"on day {int(day)} of every month" if weekday == "*" and day.isdigit() else ""
