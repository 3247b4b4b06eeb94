"""OpenLineage events as they come: checked against the specification (2-0-2), then read into plain values.

`event.schema.json` holds the events and the standard facets that the catalog reads; a facet that it does not
name is accepted, as the specification asks, and passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import jsonschema_rs
import orjson
from django.utils.dateparse import parse_datetime

from contracts.errors import Invalid

PROBLEMS_TOLD = 10
_SCHEMA = Path(__file__).with_name("event.schema.json")

Facets = Mapping[str, Mapping[str, Any]]


class Name(NamedTuple):
    """How OpenLineage names a job or a dataset."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Dataset:
    name: Name
    facets: Facets
    statistics: Mapping[str, Any] = field(default_factory=dict)
    """Of an output: `rowCount`, `size` (bytes), `fileCount` of what this run wrote."""


@dataclass(frozen=True, slots=True)
class Run:
    """`transition` is START, RUNNING, COMPLETE, ABORT, FAIL or OTHER."""

    id: UUID
    transition: str
    facets: Facets


@dataclass(frozen=True, slots=True)
class Event:
    """A RunEvent has a run and a job, a JobEvent a job alone, a DatasetEvent neither but one dataset."""

    at: datetime
    producer: str
    run: Run | None = None
    job: Name | None = None
    job_facets: Facets = field(default_factory=dict)
    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()
    dataset: Dataset | None = None

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        return (*self.inputs, *self.outputs, *([self.dataset] if self.dataset else []))

    @property
    def parent(self) -> Name | None:
        """The job whose run started this one."""
        job = self.run.facets.get("parent", {}).get("job") if self.run else None
        return Name(job["namespace"], job["name"]) if job else None


def read_event(given: object) -> Event:
    """The event. Raises Invalid, with the path of each of the first problems: `inputs.0.name`."""
    if not isinstance(given, dict):
        raise Invalid("An event must be an object", resource="event")
    if not given.keys() & {"run", "job", "dataset"}:
        raise Invalid("An event needs a run with its job, a job, or a dataset", resource="event")
    if not _validator().is_valid(given):
        raise Invalid(fields=_problems(given), resource="event")
    run = given.get("run")
    job = given.get("job")
    return Event(
        at=_moment(given["eventTime"]),
        producer=given["producer"],
        run=Run(UUID(run["runId"]), given.get("eventType", "OTHER"), _facets(run)) if run else None,
        job=_name(job) if job else None,
        job_facets=_facets(job) if job else {},
        inputs=tuple(_dataset(each) for each in given.get("inputs", ())),
        outputs=tuple(_dataset(each) for each in given.get("outputs", ())),
        dataset=_dataset(given["dataset"]) if "dataset" in given else None,
    )


@lru_cache(maxsize=1)
def _validator() -> Any:
    schema = orjson.loads(_SCHEMA.read_bytes())
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, mask="the value")


def _problems(given: Any) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    for error in _validator().iter_errors(given):
        path = ".".join(str(step) for step in error.instance_path) or "event"
        problems.setdefault(path, []).append(f"{error.message}.")
        if len(problems) == PROBLEMS_TOLD:
            break
    return problems


def _moment(text: str) -> datetime:
    """RFC 3339, which the schema has checked as far as the calendar; a leap second is the next one."""
    try:
        moment = parse_datetime(text.upper().replace(":60", ":59"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Invalid(fields={"eventTime": ["This is no moment such as 2026-01-31T02:00:00Z."]}, resource="event")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Invalid(fields={"eventTime": ["This is out of range."]}, resource="event") from None


def _name(given: Mapping[str, Any]) -> Name:
    return Name(given["namespace"], given["name"])


def _dataset(given: Mapping[str, Any]) -> Dataset:
    return Dataset(_name(given), _facets(given), given.get("outputFacets", {}).get("outputStatistics", {}))


def _facets(given: Mapping[str, Any]) -> Facets:
    facets: Facets = given.get("facets", {})
    return facets
