"""Numbers as drawings: how long runs took, how a table's profiles went."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ingestion.models import Job, JobStatus, Profile

WIDTH, HEIGHT = 600, 80
RUNS_DRAWN = 30
FEWEST_PLACES = 15
"""Few runs are not drawn as wide blocks."""
_COLOURS = {JobStatus.COMPLETED: "var(--good)", JobStatus.FAILED: "var(--bad)"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One run, in the drawing's units."""

    job: Job
    x: float
    y: float
    width: float
    height: float
    colour: str


def duration_chart(jobs: Iterable[Job]) -> dict[str, Any] | None:
    """How long runs took, the newest on the right; None where fewer than two have ended."""
    ended = [job for job in jobs if job.duration is not None][:RUNS_DRAWN][::-1]
    if len(ended) < 2:
        return None
    durations = sorted(job.duration or 0.0 for job in ended)
    places = max(len(ended), FEWEST_PLACES)
    longest, step = durations[-1] or 1, WIDTH / places
    bars = []
    for place, job in enumerate(ended, places - len(ended)):
        height = max(HEIGHT * (job.duration or 0) / longest, 1)
        colour = _COLOURS.get(JobStatus(job.status), "var(--muted)")
        bars.append(Bar(job, place * step, HEIGHT - height, step * 0.8, height, colour))
    return {"bars": bars, "longest": durations[-1], "median": median(durations)}


def points(values: Sequence[float | None], *, width: int = WIDTH, height: int = HEIGHT, top: float = 0) -> str:
    """The points of an SVG polyline through the values that are there; `top` is the least height of the scale."""
    highest = max([value for value in values if value is not None] + [top]) or 1
    step = width / max(len(values) - 1, 1)
    told = [
        (place * step, height - height * value / highest) for place, value in enumerate(values) if value is not None
    ]
    if len(told) == 1:
        told.append((float(width), told[0][1]))
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in told)


def profile_series(profiles: Sequence[Profile]) -> dict[str, Any]:
    """A table's profiles, given newest first: rows over time, and each column of the last one with its nulls' share."""
    oldest_first, last = profiles[::-1], profiles[0]
    nulls = [
        {one["name"]: 100 * one["nulls"] / (profile.sampled_rows or 1) for one in profile.columns}
        for profile in oldest_first
    ]
    return {
        "last": last,
        "count": len(profiles),
        "first": oldest_first[0],
        "rows": points([profile.row_count for profile in oldest_first]),
        "most": max(profile.row_count for profile in profiles),
        "dots": [
            {"profile": profile, "x": place * WIDTH / max(len(profiles) - 1, 1)}
            for place, profile in enumerate(oldest_first)
        ],
        "columns": [
            {
                **one,
                "null_share": nulls[-1][one["name"]],
                "nulls_over_time": points([told.get(one["name"]) for told in nulls], width=100, height=20, top=100),
            }
            for one in last.columns
        ],
    }
