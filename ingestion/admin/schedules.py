"""Schedules as a form reads them."""

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


def schedule_from(data: Mapping[str, Any]) -> dict[str, Any]:
    """The schedule that a form's `schedule_…` fields say; empty for one that is only run by hand."""
    kind = data.get("schedule_type") or ""
    if not kind:
        return {}
    given = {name: data.get(f"schedule_{name}") for name in FIELDS[kind]}
    return {"type": kind, **{name: value for name, value in given.items() if value not in (None, "")}}
