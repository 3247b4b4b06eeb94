"""One event in the catalog's terms: which assets it speaks of, what it says of them, how they are related."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog.validation import clean_relationship
from contracts.errors import Invalid
from ingestion.services.openlineage import facets
from ingestion.services.openlineage.describing import Subject
from ingestion.services.openlineage.events import Dataset, Event, Name
from ingestion.services.openlineage.names import Places, job_name, short
from ingestion.services.openlineage.relating import Columns, Edge


@dataclass(slots=True)
class Reading:
    """`pipeline` and `parent` are qualified names, empty where there is none; so are the keys of `subjects`."""

    event: Event
    pipeline: str = ""
    parent: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    subjects: dict[str, Subject] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)
    mappings: dict[Edge, Columns] = field(default_factory=dict)
    _names: dict[Name, str] = field(default_factory=dict)

    @property
    def speaker(self) -> str:
        """The asset whose newest event decides about the mappings."""
        dataset = self.event.dataset
        return self.pipeline or (self._names[dataset.name] if dataset else "")

    def place(self, name: Name, places: Places, symlinks: list[Name] | None = None) -> str:
        """The qualified name of a dataset, which is among the subjects from now on."""
        if name not in self._names:
            found = places.of(name, symlinks or [])
            notes = {"namespace": name.namespace, "name": name.name}
            if found.qualified_name in (self.pipeline, self.parent):
                raise Invalid(f"A job and a dataset are both called {found.qualified_name}", resource="event")
            subject = Subject(found.qualified_name, found.name, found.type, found.origin_id, notes)
            self.subjects.setdefault(found.qualified_name, subject)
            self._names[name] = found.qualified_name
        return self._names[name]


def read_in_terms(event: Event, places: Places) -> Reading:
    """The event as the catalog will take it. Raises Invalid for what could not be stored."""
    reading = Reading(event)
    if event.job:
        reading.pipeline = _pipeline(reading, event.job, facets.of_job(event))
    if event.parent and event.parent != event.job:
        reading.parent = _pipeline(reading, event.parent, facets.Said())
        reading.edges.add(Edge(reading.parent, "CONTAINS", reading.pipeline))
    for dataset in event.datasets:
        name = reading.place(dataset.name, places, facets.symlinks(dataset))
        reading.subjects[name].said.append((event.at, facets.of_dataset(dataset)))
    reading.inputs = [reading.place(each.name, places) for each in event.inputs]
    reading.outputs = [reading.place(each.name, places) for each in event.outputs]
    reading.edges |= {Edge(reading.pipeline, "USES", name) for name in reading.inputs}
    reading.edges |= {Edge(reading.pipeline, "PRODUCES", name) for name in reading.outputs}
    for dataset in event.datasets:
        _map_columns(reading, dataset, places)
    _check(reading)
    return reading


def _pipeline(reading: Reading, job: Name, said: facets.Said) -> str:
    name = job_name(job)
    notes = {"namespace": job.namespace, "name": job.name}
    reading.subjects[name] = Subject(name, short(job.name), "PIPELINE", None, notes, [(reading.event.at, said)])
    return name


def _map_columns(reading: Reading, dataset: Dataset, places: Places) -> None:
    target = reading.place(dataset.name, places)
    for source, columns in facets.column_sources(dataset).items():
        name = reading.place(source, places)
        if name != target:
            known = reading.mappings.setdefault(Edge(target, "DEPENDS_ON", name), {})
            for column, sources in columns.items():
                known[column] = sorted({*known.get(column, ()), *sources})


def _check(reading: Reading) -> None:
    for subject in reading.subjects.values():
        subject.check()
    for columns in reading.mappings.values():
        clean_relationship({"type": "DEPENDS_ON", "metadata": {"column_mapping": columns, "by": {"": columns}}})
