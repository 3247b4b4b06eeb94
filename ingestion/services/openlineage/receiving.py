"""OpenLineage events taken into the catalog: what they speak of, how it is related, how the runs went.

Each call is one transaction with a number of statements that does not depend on how many events there are. What
an event says is a set of facts with moments, so that the same event again, or one that comes late, changes nothing
that a newer one said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from accounts.actor import Actor
from accounts.models import Role
from catalog.services.retry import retried
from contracts.errors import Invalid, TooLarge
from ingestion.models import Job
from ingestion.services.openlineage.describing import Described, Subject
from ingestion.services.openlineage.events import read_event
from ingestion.services.openlineage.names import Places
from ingestion.services.openlineage.reading import Reading, read_in_terms
from ingestion.services.openlineage.relating import Edges
from ingestion.services.openlineage.runs import write_runs

BATCH_LIMIT = 1000
"""Events in one call."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one event is in the catalog: ids of the pipeline or the dataset, and of the job that its run is."""

    asset_id: UUID
    qualified_name: str
    job: Job | None = None


@dataclass(slots=True)
class Received:
    """What came of a batch: how many events were taken, and why others were not, by their place from 0."""

    taken: int = 0
    errors: dict[int, Invalid] = field(default_factory=dict)


def receive_event(*, actor: Actor, event: object) -> Taken:
    """Take one event. Raises Invalid (paths named), Forbidden; then nothing of it is kept."""
    actor.require(Role.EDITOR)
    read = read_event(event)
    reading = read_in_terms(read, Places(actor.tenant))
    ids, jobs = _write(actor, [reading])
    job = jobs[read.run.id] if read.run else None
    return Taken(ids[reading.speaker], reading.speaker, job)


def receive_events(*, actor: Actor, events: Sequence[object]) -> Received:
    """Take many; one that cannot be taken sinks no other. Raises TooLarge, Forbidden."""
    actor.require(Role.EDITOR)
    if len(events) > BATCH_LIMIT:
        raise TooLarge(f"A batch holds at most {BATCH_LIMIT:,} events", limit=BATCH_LIMIT)
    places = Places(actor.tenant)
    readings, received = [], Received()
    for index, given in enumerate(events):
        try:
            readings.append(read_in_terms(read_event(given), places))
        except Invalid as error:
            received.errors[index] = error
    if readings:
        _write(actor, readings)
    received.taken = len(readings)
    return received


@retried
def _write(actor: Actor, readings: Sequence[Reading]) -> tuple[dict[str, UUID], dict[UUID, Job]]:
    described = Described(actor, actor.tenant, _subjects(readings))
    described.write()
    _edges(readings, described).write(actor=actor, ids=described.ids, origin=described.origin)
    jobs = write_runs(actor=actor, organization_id=actor.tenant, readings=readings, ids=described.ids)
    described.mark()
    return described.ids, jobs


def _subjects(readings: Sequence[Reading]) -> list[Subject]:
    """Each asset once, with what all events say of it."""
    subjects: dict[str, Subject] = {}
    for reading in readings:
        for name, subject in reading.subjects.items():
            known = subjects.get(name)
            subjects[name] = subject if known is None else known.with_words_of(subject)
    return list(subjects.values())


def _edges(readings: Sequence[Reading], described: Described) -> Edges:
    edges = Edges()
    for reading in sorted(readings, key=lambda each: each.event.at):
        edges.plain |= reading.edges
        if described.is_outdated(reading.speaker, reading.event.at):
            continue
        for edge, columns in reading.mappings.items():
            edges.mappings.setdefault(edge, {})[reading.pipeline] = columns
    return edges
