"""Runs of pipelines as jobs that somebody else carries out.

A run's state is made of the moments of its transitions and of nothing else, so that events may come late, twice
and in any order: the earliest START is when it began, the latest of COMPLETE, FAIL and ABORT how it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.actor import Actor
from accounts.live import publish
from catalog.tables import update_rows
from ingestion.models import Job, JobLog, JobStatus, JobType
from ingestion.services.events import is_heard, publish_event
from ingestion.services.jobs import event_of
from ingestion.services.logs import ERROR_LENGTH
from ingestion.services.openlineage.events import Run
from ingestion.services.openlineage.reading import Reading
from ingestion.services.secrets import scrub

ENDS = {"COMPLETE": JobStatus.COMPLETED, "ABORT": JobStatus.CANCELLED, "FAIL": JobStatus.FAILED}
BEGINNINGS = {"START", "RUNNING"}
NAMES_KEPT = 1000
"""Inputs and outputs that a run remembers, each."""
MESSAGE_LENGTH = 2000
_CHANGED = ("pipeline_id", "status", "payload", "progress", "result", "error", "started_at", "finished_at")
_OUTCOMES = {JobStatus.COMPLETED: "task.succeeded", JobStatus.FAILED: "task.failed"}


def write_runs(
    *, actor: Actor, organization_id: UUID, readings: Iterable[Reading], ids: Mapping[str, UUID]
) -> dict[UUID, Job]:
    """Make and change the jobs of these events' runs, by the run's id. A constant number of statements.

    Raises IntegrityError where another makes the same run at the same time.
    """
    by_run: dict[UUID, list[Reading]] = {}
    for reading in readings:
        if reading.event.run:
            by_run.setdefault(reading.event.run.id, []).append(reading)
    if not by_run:
        return {}
    rows = Job.objects.select_for_update().filter(organization=organization_id, external_id__in=list(by_run))
    jobs = {job.external_id: job for job in rows.order_by("pk") if job.external_id}
    made, changed, ended = [], [], []
    for run_id, told in by_run.items():
        is_new = run_id not in jobs
        job = jobs.setdefault(run_id, _new_job(actor, organization_id, run_id))
        before, was_final = _state(job), JobStatus(job.status).is_final
        for reading in sorted(told, key=lambda each: each.event.at):
            if reading.event.run:
                _take(job, reading, reading.event.run, ids)
        _settle(job)
        if is_new:
            made.append(job)
        elif _state(job) != before:
            changed.append(job)
        if JobStatus(job.status).is_final and not was_final:
            ended.append(job)
    Job.objects.bulk_create(made)
    update_rows(Job, _CHANGED, [(job.pk, *_state(job)) for job in changed], keys=("id",))
    _keep_traces(jobs, by_run)
    _publish_ends(organization_id, ended)
    transaction.on_commit(partial(_tell, [*made, *changed]), robust=True)
    return jobs


def _new_job(actor: Actor, organization_id: UUID, run_id: UUID) -> Job:
    return Job(
        organization_id=organization_id,
        type=JobType.PIPELINE_RUN,
        external_id=run_id,
        author=actor.user_name[:200],
        created_by_id=actor.user_id,
    )


def _state(job: Job) -> tuple[Any, ...]:
    """What events change of a job: the values of _CHANGED. The payload is replaced, never changed in place."""
    return tuple(getattr(job, name) for name in _CHANGED)


def _take(job: Job, reading: Reading, run: Run, ids: Mapping[str, UUID]) -> None:
    """Put what an event says of its run into the job's payload."""
    event, told = reading.event, dict(job.payload)
    moments = dict(told.get("events", {}))
    moments[run.transition] = _moment(run.transition, event.at, moments.get(run.transition))
    if event.at.isoformat() >= told.get("newest", ""):
        told |= {"newest": event.at.isoformat(), "job": reading.pipeline, "producer": event.producer}
        job.pipeline_id = ids[reading.pipeline]
    told |= {"run_id": str(run.id), "events": moments}
    for key, names in (("inputs", reading.inputs), ("outputs", reading.outputs)):
        told[key] = sorted({*told.get(key, ()), *names})[:NAMES_KEPT]
    told |= _of_run(run)
    if reading.parent:
        told["parent"] = {"pipeline": reading.parent, "run_id": run.facets["parent"]["run"]["runId"]}
    told["written"] = _written(told.get("written", {}), reading)
    error = run.facets.get("errorMessage", {}).get("message")
    if error is not None and event.at.isoformat() >= told.get("error", {}).get("at", ""):
        told["error"] = {"at": event.at.isoformat(), "message": scrub(error, ())[:MESSAGE_LENGTH]}
    job.payload = told


def _moment(transition: str, at: datetime, known: str | None) -> str:
    """The first moment of a beginning, the last of an end."""
    said = at.isoformat()
    if known is None:
        return said
    return max(said, known) if transition in ENDS else min(said, known)


def _of_run(run: Run) -> dict[str, Any]:
    nominal = run.facets.get("nominalTime", {})
    words = {"nominalStartTime": "nominal_start", "nominalEndTime": "nominal_end"}
    return {word: nominal[key] for key, word in words.items() if nominal.get(key)}


def _written(known: Mapping[str, Any], reading: Reading) -> dict[str, dict[str, int]]:
    """Rows and bytes that each output was given; events count up, so the largest is the last."""
    written = {name: dict(counts) for name, counts in known.items()}
    for name, dataset in zip(reading.outputs, reading.event.outputs, strict=True):
        for key, word in (("rowCount", "rows"), ("size", "bytes")):
            if key in dataset.statistics:
                counts = written.setdefault(name, {})
                counts[word] = max(counts.get(word, 0), dataset.statistics[key])
    return written


def _settle(job: Job) -> None:
    """Make the job's state of what its payload holds."""
    told = job.payload
    moments: dict[str, str] = told["events"]
    ends = sorted((moment, transition) for transition, moment in moments.items() if transition in ENDS)
    beginnings = [moment for transition, moment in moments.items() if transition in BEGINNINGS]
    job.started_at = datetime.fromisoformat(moments.get("START") or min(beginnings)) if beginnings else None
    job.finished_at = datetime.fromisoformat(ends[-1][0]) if ends else None
    job.status = ENDS[ends[-1][1]] if ends else JobStatus.RUNNING if beginnings else JobStatus.PENDING
    job.progress = 100 if job.status == JobStatus.COMPLETED else 0
    job.error = None
    if job.status == JobStatus.FAILED:
        message = told.get("error", {}).get("message") or "The run failed; its producer did not say why"
        job.error = {"code": "RUN_FAILED", "message": message}
    job.result = {"inputs": len(told["inputs"]), "outputs": len(told["outputs"])}
    for word in ("rows", "bytes"):
        counts = [counts[word] for counts in told["written"].values() if word in counts]
        if counts:
            job.result[f"{word}_written"] = sum(counts)


def _keep_traces(jobs: Mapping[UUID, Job], by_run: Mapping[UUID, Sequence[Reading]]) -> None:
    """Keep the stack traces of runs that failed, as the errors of our own runs are kept."""
    rows = {}
    for run_id, told in by_run.items():
        for reading in told:
            facet = reading.event.run.facets.get("errorMessage", {}) if reading.event.run else {}
            trace = facet.get("stackTrace")
            if trace:
                rows[run_id] = JobLog(job=jobs[run_id], error=scrub(trace, ())[:ERROR_LENGTH])
    JobLog.objects.bulk_create(rows.values(), update_conflicts=True, unique_fields=["job"], update_fields=["error"])


def _publish_ends(organization_id: UUID, jobs: Sequence[Job]) -> None:
    """Tell the webhooks how runs ended, in the transaction that says so."""
    if not jobs or not is_heard(organization_id):
        return
    for job in jobs:
        event = _OUTCOMES.get(JobStatus(job.status))
        if event:
            publish_event(organization_id=organization_id, event=event, data=partial(_ended, job))


def _ended(job: Job) -> dict[str, Any]:
    return {
        "execution_id": str(job.pk),
        "kind": job.type,
        "status": job.status,
        "pipeline_id": str(job.pipeline_id),
        "pipeline": job.payload["job"],
        "run_id": str(job.external_id),
        "started_at": job.started_at.isoformat() if job.started_at else None,
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
        "counts": job.result,
        "error": job.error,
    }


def _tell(jobs: Sequence[Job]) -> None:
    for job in jobs:
        publish(job.organization_id, f"task.progress:{job.pk}", event_of(job))
