"""What a collection task may be told: how to collect, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import available_timezones

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive

from contracts.errors import Invalid
from ingestion.connectors.base import CollectOptions, JsonSchema
from ingestion.services.config import check, with_integers
from ingestion.services.cron import Cron

_PATTERNS = {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 200}, "maxItems": 1000}

MAX_GRACE = 100 * 366 * 86_400  # seconds; what is to be kept for ever

TASK_CONFIG_SCHEMA: JsonSchema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "include_schemas": {**_PATTERNS, "title": "Schemas to collect", "description": "Shell patterns; all if empty."},
        "exclude_schemas": {**_PATTERNS, "title": "Schemas to leave out"},
        "include_tables": {**_PATTERNS, "title": "Tables to collect", "description": "`name` or `schema.name`."},
        "exclude_tables": {**_PATTERNS, "title": "Tables to leave out"},
        "batch_size": {"type": "integer", "minimum": 1, "maximum": 10_000, "title": "Objects a batch"},
        "timeout": {"type": "integer", "minimum": 1, "maximum": 604_800, "title": "Time limit in seconds"},
        "retry_count": {"type": "integer", "minimum": 0, "maximum": 20, "title": "Tries again when it is unreachable"},
        "max_loss": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "title": "Largest share that may vanish",
            "description": "A run that misses more of what was there marks nothing as stale.",
        },
        "grace": {
            "type": "integer",
            "minimum": 0,
            "maximum": MAX_GRACE,
            "title": "Grace in seconds",
            "description": "What has been stale for longer is deleted.",
        },
        "exclude_columns": {
            **_PATTERNS,
            "title": "Columns a profile leaves out",
            "description": "Personal data, for one: `email`, `customers.*` or `public.customers.email`.",
        },
        "sample_rows": {
            "type": "integer",
            "minimum": 100,
            "maximum": 10_000_000,
            "title": "Rows a profile looks at",
            "description": "A table that is larger is sampled.",
        },
        "top_values": {"type": "integer", "minimum": 0, "maximum": 50, "title": "Most frequent values a profile keeps"},
    },
}

DEFAULT_BATCH_SIZE = 1000
DEFAULT_TIMEOUT = 3600  # seconds
DEFAULT_MAX_LOSS = 0.3
DEFAULT_SAMPLE = 100_000  # rows
DEFAULT_TOP = 10
DEFAULT_GRACE = 7 * 86_400  # seconds

SCHEDULE_TYPES = ("immediate", "once", "cron", "interval")
MIN_INTERVAL = 10  # seconds
_SCHEDULE_FIELDS = {
    "immediate": {"type"},
    "once": {"type", "run_at"},
    "cron": {"type", "cron_expr", "timezone"},
    "interval": {"type", "interval"},
}


def merge_task_config(changes: Any, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The task's settings with these laid over; a null removes one. Raises Invalid, which names each as `config.x`."""
    if not isinstance(changes, Mapping):
        raise Invalid(fields={"config": ["It must be an object."]})
    whole = {name: value for name, value in {**(config or {}), **changes}.items() if value is not None}
    check(TASK_CONFIG_SCHEMA, whole, prefix="config")
    return with_integers(TASK_CONFIG_SCHEMA, whole)


def collect_options(root: str, config: Mapping[str, Any]) -> CollectOptions:
    return CollectOptions(
        root=root,
        include_schemas=config.get("include_schemas", ()),
        exclude_schemas=config.get("exclude_schemas", ()),
        include_tables=config.get("include_tables", ()),
        exclude_tables=config.get("exclude_tables", ()),
        batch_size=config.get("batch_size", DEFAULT_BATCH_SIZE),
        exclude_columns=config.get("exclude_columns", ()),
        sample_rows=config.get("sample_rows", DEFAULT_SAMPLE),
        top_values=config.get("top_values", DEFAULT_TOP),
    )


def grace_of(config: Mapping[str, Any]) -> timedelta:
    return timedelta(seconds=config.get("grace", DEFAULT_GRACE))


def check_schedule(value: Any) -> dict[str, Any]:
    """A schedule as it is kept; empty for a task that is only run by hand. Raises Invalid, naming `schedule.x`."""
    if value in (None, {}):
        return {}
    if not isinstance(value, Mapping):
        raise Invalid(fields={"schedule": ["It must be an object."]})
    kind = value.get("type")
    if kind not in SCHEDULE_TYPES:
        raise Invalid(fields={"schedule.type": [f"It must be one of {', '.join(SCHEDULE_TYPES)}."]})
    given = {name: item for name, item in value.items() if item not in (None, "")}
    unknown = given.keys() - set().union(*_SCHEDULE_FIELDS.values())
    if unknown:
        raise Invalid(fields={f"schedule.{name}": ["There is no such field."] for name in sorted(unknown)})
    kept = {name: item for name, item in given.items() if name in _SCHEDULE_FIELDS[kind]}
    if kind == "once":
        _check_run_at(kept.get("run_at"))
    elif kind == "cron":
        kept.setdefault("timezone", "UTC")
        _check_cron(kept.get("cron_expr"), kept["timezone"])
    elif kind == "interval":
        _check_interval(kept.get("interval"))
    return kept


def _check_cron(expression: Any, zone: Any) -> None:
    if not isinstance(zone, str) or zone not in available_timezones():
        raise Invalid(fields={"schedule.timezone": ["It must be an IANA time zone, such as Asia/Shanghai."]})
    try:
        Cron.read(expression if isinstance(expression, str) else "")
    except ValueError as error:
        raise Invalid(fields={"schedule.cron_expr": [f"It cannot be read: {error}."]}) from None


def _check_run_at(value: Any) -> None:
    try:
        moment = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or is_naive(moment):
        raise Invalid(fields={"schedule.run_at": ["It must be a time with a zone, such as 2026-01-31T02:00:00Z."]})
    if not 1 < moment.year < 9999:
        # In another zone it would be of a year that no calendar has.
        raise Invalid(fields={"schedule.run_at": ["It is out of range."]})


def _check_interval(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not MIN_INTERVAL <= value <= 366 * 86_400:
        raise Invalid(fields={"schedule.interval": [f"It must be whole seconds, at least {MIN_INTERVAL}."]})
