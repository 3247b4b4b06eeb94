"""A collection: test, collect in batches, note what vanished. One transaction a batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from catalog.idset import IdSet
from catalog.models import Asset, Origin, Relationship
from catalog.names import split_name
from catalog.services import retire_assets, retire_relationships, upsert_assets, upsert_relationships
from catalog.services.drafts import UpsertResult
from contracts.errors import Conflict, Invalid
from ingestion.connectors.base import Batch, CollectOptions, ConnectionResult, Connector, SourceError
from ingestion.connectors.registry import get_connector
from ingestion.models import CollectionTask, CollectionType, DataSource, SourceStatus
from ingestion.services.apart import call_apart
from ingestion.services.config import open_config, secret_names
from ingestion.services.ledger import Ledger, is_trusted
from ingestion.services.profiling import store_profiles
from ingestion.services.reading import read_apart
from ingestion.services.running import Run
from ingestion.services.sources import note_reachable
from ingestion.services.task_settings import DEFAULT_MAX_LOSS, DEFAULT_TIMEOUT, collect_options, grace_of

WARNINGS_KEPT = 100


@dataclass(slots=True)
class Tally:
    """What a run did. `removed` are the assets newly marked stale, and the stale ones deleted after their grace.

    `passed_over` are those of the unchanged that the source told of without being read.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    renamed: int = 0
    passed_over: int = 0
    stale: int = 0
    deleted: int = 0
    edges: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("created", "updated", "unchanged"), 0))
    edges_removed: int = 0
    warnings: list[dict[str, str]] = field(default_factory=list)
    warning_count: int = 0

    def warn(self, message: str, name: str = "") -> None:
        self.warning_count += 1
        if len(self.warnings) < WARNINGS_KEPT:
            self.warnings.append({"object": name, "message": message})

    def add_assets(self, result: UpsertResult) -> None:
        self.created += result.created
        self.updated += result.updated
        self.unchanged += result.unchanged
        for error in result.errors:
            self.warn(f"It was left out: {error.message}", error.qualified_name)

    def add_edges(self, result: UpsertResult) -> None:
        for name in self.edges:
            self.edges[name] += getattr(result, name)
        for error in result.errors:
            self.warn(f"An edge of it was left out: {error.message}", error.qualified_name)

    def result(self) -> dict[str, Any]:
        """As the job keeps it."""
        return {
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "renamed": self.renamed,
            "passed_over": self.passed_over,
            "removed": self.stale + self.deleted,
            "stale": self.stale,
            "deleted": self.deleted,
            "relationships": {**self.edges, "removed": self.edges_removed},
            "warnings": self.warnings,
            "warning_count": self.warning_count,
        }


@dataclass(slots=True)
class Watch:
    """The connector's observer: progress and the cancel flag go to the run, warnings and gaps to the tally."""

    run: Run
    tally: Tally
    root: str
    gaps: list[list[str]] = field(default_factory=list)
    done: int = 0

    def check(self) -> None:
        self.run.check()

    def phase(self, name: str, total: int | None = None, *, until: int = 90) -> None:
        self.done = 0
        self.run.progress(phase=name, total=total, until=until)

    def advance(self, count: int, current: str = "") -> None:
        self.done += count
        self.run.progress(done=self.done, current=current)

    def warn(self, message: str, name: str = "") -> None:
        self.tally.warn(message, name)
        self.run.log.line(message, level="warning", name=name)

    def gap(self, parts: Sequence[str], message: str) -> None:
        self.gaps.append(list(parts))
        self.warn(message, ".".join([self.root, *parts]))


def collect_for_job(run: Run) -> Mapping[str, Any]:
    """The runner of collections. Raises SourceError and the errors that end a run; then nothing is marked as gone."""
    task = run.job.task
    if task is None:
        raise Invalid("The job names no collection task")
    source = DataSource.objects.select_related("origin").get(pk=task.data_source_id)
    if source.status == SourceStatus.INACTIVE:  # since the run was asked for, or between two tries
        raise Conflict(f"The data source '{source.name}' is inactive: activate it first", code="SOURCE_INACTIVE")
    run.limit(task.config.get("timeout", DEFAULT_TIMEOUT))
    try:
        if task.type == CollectionType.PROFILE:
            return _profile(run, task, source)
        return _collect(run, task, source)
    except SourceError as error:
        note_reachable(actor=run.actor, source=source, result=ConnectionResult(False, error.message, code=error.code))
        raise


@dataclass(slots=True)
class _Opened:
    """A source that answers, and how it is to be collected."""

    connector: Connector
    config: Mapping[str, Any]
    options: CollectOptions
    watch: Watch


def _open(run: Run, task: CollectionTask, source: DataSource) -> _Opened:
    connector = get_connector(source.type)
    config = open_config(source.type, source.config, source.secrets)
    run.log.secrets = [config.get(name) for name in secret_names(source.type)]
    run.progress(phase="Connecting", until=2)
    found = call_apart(lambda: connector.test(config), check=run.check)
    note_reachable(actor=run.actor, source=source, result=found)
    return _Opened(connector, config, collect_options(source.root, task.config), Watch(run, Tally(), source.root))


def _profile(run: Run, task: CollectionTask, source: DataSource) -> Mapping[str, Any]:
    opened = _open(run, task, source)
    tally = opened.watch.tally
    with closing(read_apart(opened.connector.profile, opened.config, opened.options, opened.watch)) as found:
        counts = store_profiles(run, source.origin, found, opened.watch.warn)
    return {**counts, "warnings": tally.warnings, "warning_count": tally.warning_count}


def _collect(run: Run, task: CollectionTask, source: DataSource) -> Mapping[str, Any]:
    began, actor = timezone.now(), run.actor
    opened = _open(run, task, source)
    connector, options, watch = opened.connector, opened.options, opened.watch
    tally, ledger = watch.tally, Ledger(source.origin)
    is_incremental = task.type == CollectionType.INCREMENTAL
    if is_incremental and is_trusted(source, run.job):
        options = replace(options, known=ledger)
    with closing(read_apart(connector.collect, opened.config, options, watch)) as batches:
        seen, seen_edges = _write(run, watch, ledger, batches)
    if not is_incremental:
        run.check()
        run.progress(phase="Looking for what is gone", until=99)
        census = _Census(source.origin, connector, options, watch.gaps, seen)
        if _retire(actor, task, census, seen_edges, tally):
            Origin.objects.filter(pk=source.origin_id).update(collected_at=began)
    return tally.result()


def _write(run: Run, watch: Watch, ledger: Ledger, batches: Iterable[Batch]) -> tuple[IdSet, IdSet]:
    """Write each batch in one transaction; returns the ids of all assets and all edges that were read.

    What could not be stored as it is now is there all the same: what was known of it stays.
    """
    seen, seen_edges = IdSet(), IdSet()
    for batch in batches:
        assets, edges = _write_batch(run, watch.tally, ledger, batch)
        seen.update(assets.ids.values())
        seen_edges.update(edges.ids.values())
        watch.gaps += filter(None, (_path_of(error.qualified_name) for error in assets.errors))
        for error in (*assets.errors, *edges.errors):
            run.log.line(f"It was left out: {error.message}", level="warning", name=error.qualified_name)
        del batch, assets, edges  # not kept while the next one is read
        run.check()
    return seen, seen_edges


def _path_of(qualified_name: str) -> list[str]:
    """The name's parts after the root; empty where they cannot be read."""
    try:
        return split_name(qualified_name)[1:]
    except ValueError:
        return []


def _write_batch(run: Run, tally: Tally, ledger: Ledger, batch: Batch) -> tuple[UpsertResult, UpsertResult]:
    actor, origin = run.actor, ledger.origin
    with transaction.atomic():
        renamed = ledger.follow_renames(actor=actor, identities=batch.identities, drafts=batch.assets)
        assets = upsert_assets(actor=actor, drafts=batch.assets, origin=origin)
        edges = upsert_relationships(actor=actor, drafts=batch.relationships, origin=origin)
        ledger.identify(assets.ids, batch.identities)
        # What an edge was left out of is read again: the other end may be there next time.
        unsettled = {batch.relationships[error.index].source for error in edges.errors}
        ledger.settle({name: state for name, state in batch.states.items() if name not in unsettled})
    tally.add_assets(assets)
    tally.renamed += renamed
    tally.unchanged += len(batch.unchanged)
    tally.passed_over += len(batch.unchanged)
    tally.add_edges(edges)
    run.result = tally.result()
    return assets, edges


@dataclass(slots=True)
class _Census:
    """What a run saw, and what it could not have seen: outside its patterns, or behind a gap."""

    origin: Origin
    connector: Connector
    options: CollectOptions
    gaps: list[list[str]]
    seen: IdSet

    def count(self) -> tuple[IdSet, int, int]:
        """(ids that are not to be marked, how many are missing, how many of all there could be)."""
        kept, missing = self.seen.copy(), 0
        living = Asset.objects.filter(origin=self.origin, deleted_at=None).order_by()
        for pk, name, stale in living.values_list("pk", "qualified_name", "stale_since").iterator(chunk_size=5000):
            if pk in kept:
                continue
            if self._is_out_of_sight(name):
                kept.add(pk)
            elif stale is None:
                missing += 1
        return kept, missing, missing + len(self.seen)

    def edges_elsewhere(self) -> Iterator[UUID]:
        """The origin's edges that leave an asset this run did not see: it could not have seen these either."""
        edges = Relationship.objects.filter(origin=self.origin).values_list("pk", "source_id")
        return (pk for pk, source in edges.iterator(chunk_size=5000) if source not in self.seen)

    def _is_out_of_sight(self, qualified_name: str) -> bool:
        parts = _path_of(qualified_name)
        if not parts:
            return False
        behind_gap = any(parts[: len(gap)] == gap for gap in self.gaps)
        return behind_gap or not self.connector.covers(parts, self.options)


def _retire(actor: Actor, task: CollectionTask, census: _Census, seen_edges: IdSet, tally: Tally) -> bool:
    """Mark what is gone, unless too much is: then a mistake at the source is likelier than its emptiness.

    Returns whether it was a whole collection: one that could see everything that is known of the source.
    """
    kept, missing, total = census.count()
    allowed = float(task.config.get("max_loss", DEFAULT_MAX_LOSS))
    known_before = total - tally.created
    if missing and missing > allowed * known_before:
        tally.warn(
            f"{missing} of {known_before} known objects were not found, more than the {allowed:.0%} that may vanish "
            "in one run (max_loss): nothing was marked as stale"
        )
        return False
    grace = grace_of(task.config)
    with transaction.atomic():
        retired = retire_assets(actor=actor, origin=census.origin, seen=kept, grace=grace)
        seen_edges.update(census.edges_elsewhere())
        tally.edges_removed = retire_relationships(actor=actor, origin=census.origin, seen=seen_edges)
    tally.stale, tally.deleted = retired.stale, retired.deleted
    return len(kept) == len(census.seen)
