"""Downloads by day as bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, Sum
from django.utils import timezone

from registry.models import DownloadDay

DAYS = 60
HEIGHT = 80


@dataclass(frozen=True, slots=True)
class Bar:
    """One day, in units of the drawing: `x` from the left, `y` from the top."""

    day: date
    count: int
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    bars: list[Bar]
    total: int
    most: int


def downloads_chart(condition: Q) -> Chart:
    """The downloads of the last days of the versions that the condition on DownloadDay lets through. One query."""
    first = timezone.now().date() - timedelta(days=DAYS - 1)
    rows = DownloadDay.objects.filter(condition, day__gte=first).values("day").annotate(downloads=Sum("count"))
    return chart({row["day"]: row["downloads"] for row in rows.order_by("day")}, first, DAYS)


def chart(counts: Mapping[date, int], first: date, days: int) -> Chart:
    """Every day has its bar, those without downloads one of no height."""
    most = max(counts.values(), default=0)
    bars = []
    for place in range(days):
        day = first + timedelta(days=place)
        count = counts.get(day, 0)
        height = round(HEIGHT * count / most, 2) if most else 0.0
        bars.append(Bar(day, count, place * 10, HEIGHT - height, height))
    return Chart(bars, sum(counts.values()), most)
