"""Cron expressions of five fields in a time zone, right across changes of the clock.

The rules are those of cron: where both the day of the month and the day of the week are restricted, either
will do. A time that the clock skips in spring comes as much later as the clock was moved; one that comes
twice in autumn counts the first time only, unless every hour is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from celery.schedules import ParseException, crontab

HORIZON = timedelta(days=8 * 366)
"""The 29th of February can be eight years away."""
LONGEST = 500
"""Characters of an expression: every minute, one by one, takes 170."""


@dataclass(frozen=True, slots=True)
class Cron:
    """An expression that was read. Raises ValueError, in words for the one who wrote it."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # Sunday is 0
    either_day: bool

    @classmethod
    def read(cls, expression: str) -> Cron:
        if len(expression) > LONGEST or not expression.isascii():
            raise ValueError(f"it must have at most {LONGEST} characters, digits and letters of ASCII only")
        fields = expression.split()
        if len(fields) != 5:
            raise ValueError("it must have five fields: minute, hour, day of month, month, day of week")
        if re.search(r"/0*(?!\d)", expression):
            raise ValueError("a step must be a number from 1, as in */5")
        minute, hour, day, month, weekday = fields
        try:
            # Sunday is 0 to Celery, 7 as well to cron.
            weekday = re.sub(r"(?<![\w/])7(?!\w)", "0", weekday.replace("0-7", "0-6"))
            found: Any = crontab(minute, hour, weekday, day, month)
        except (ParseException, ValueError) as error:
            raise ValueError(str(error).rstrip(".")) from None
        return cls(
            tuple(sorted(found.minute)),
            tuple(sorted(found.hour)),
            frozenset(found.day_of_month),
            frozenset(found.month_of_year),
            frozenset(found.day_of_week),
            not day.startswith("*") and not weekday.startswith("*"),
        )

    def next_after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first time after `moment`, in UTC; None where it never comes."""
        day = moment.astimezone(zone).date()
        last = day + HORIZON
        while day <= last:
            if self._is_on(day):
                due = min((one for one in self._times(day, zone) if one > moment), default=None)
                if due is not None:
                    return due
            day += timedelta(days=1)
        return None

    def _is_on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month or in_week if self.either_day else in_month and in_week

    def _times(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        """The day's times in UTC."""
        every_hour = len(self.hours) == 24
        for hour in self.hours:
            for minute in self.minutes:
                local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
                if not every_hour:
                    yield local.astimezone(UTC)
                    continue
                for fold in (0, 1):
                    due = local.replace(fold=fold).astimezone(UTC)
                    if due.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                        yield due
