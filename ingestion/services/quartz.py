"""Our schedules as Quartz says them, which is what DolphinScheduler's schedules are written in.

Quartz has seven fields, seconds first and years last; Sunday is 1; and a day is told either by the month or by the
week, the other being `?`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from django.utils.dateparse import parse_datetime

from contracts.errors import Invalid
from ingestion.services.cron import Cron

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class Timing:
    """A Quartz expression and the IANA zone it is meant in."""

    expression: str
    zone: str


def timing_of(schedule: Mapping[str, Any]) -> Timing | None:
    """The schedule's timing; None for what no schedule runs. Raises Invalid for what Quartz cannot say."""
    match schedule.get("type"):
        case "cron":
            return Timing(_of_cron(schedule["cron_expr"]), schedule["timezone"])
        case "interval":
            return Timing(_of_interval(schedule["interval"]), "UTC")
        case "once":
            moment = parse_datetime(schedule["run_at"])
            if moment is not None:
                return Timing(f"{moment.astimezone(UTC):%-S %-M %-H %-d %-m ? %Y}", "UTC")
    return None


def _of_cron(expression: str) -> str:
    cron = Cron.read(expression)
    any_day, any_weekday = len(cron.days) == 31, len(cron.weekdays) == 7
    if not any_day and not any_weekday:
        reason = "DolphinScheduler takes days of the month or days of the week, not both: make two tasks."
        raise Invalid(fields={"schedule.cron_expr": [reason]})
    day = "?" if any_day and not any_weekday else _list(cron.days, 31)
    weekday = "?" if any_weekday else _list((one + 1 for one in cron.weekdays), 7)
    return f"0 {_list(cron.minutes, 60)} {_list(cron.hours, 24)} {day} {_list(cron.months, 12)} {weekday} *"


def _list(numbers: Iterable[int], whole: int) -> str:
    found = sorted(numbers)
    return "*" if len(found) == whole else ",".join(map(str, found))


def _of_interval(seconds: int) -> str:
    """A step that divides the minute, the hour or the day: others would be uneven at its end."""
    if seconds < _MINUTE and _MINUTE % seconds == 0:
        return f"0/{seconds} * * * * ? *"
    minutes, hours = seconds // _MINUTE, seconds // _HOUR
    if seconds % _MINUTE == 0 and _HOUR % seconds == 0:
        return f"0 0/{minutes} * * * ? *" if seconds < _HOUR else "0 0 * * * ? *"
    if seconds % _HOUR == 0 and _DAY % seconds == 0:
        return f"0 0 0/{hours} * * ? *" if seconds < _DAY else "0 0 0 * * ? *"
    reason = "DolphinScheduler takes an interval that divides the minute, the hour or the day evenly."
    raise Invalid(fields={"schedule.interval": [reason]})
