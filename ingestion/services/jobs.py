"""The queue of background work: the rows are the queue of record, a broker only wakes a worker.

A job is PENDING until a worker claims it with one atomic UPDATE, RUNNING while that worker renews its
lease, then COMPLETED, FAILED or CANCELLED. What a worker writes is fenced by its name and the
attempt: one that lost its lease changes nothing any more.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.live import publish
from accounts.models import Role
from contracts.errors import Conflict, NotFound
from ingestion.models import CollectionTask, Job, JobStatus, JobType
from ingestion.querysets import JobQuerySet
from ingestion.services import broker
from ingestion.services.events import publish_event
from ingestion.services.processes import is_gone, worker_name

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 3
"""How often a job is begun when its workers die under it."""
RUN_JOB = "ingestion.run_job"
DISPATCH_JOBS = "ingestion.dispatch_jobs"
DISPATCH_LIMIT = 100


def enqueue(
    *,
    actor: Actor,
    type: JobType,
    payload: Mapping[str, Any],
    task: CollectionTask | None = None,
    priority: int = 5,
) -> Job:
    """Put a job in the queue; a worker is woken once the transaction has committed.

    Raises Conflict when a run of the same task is waiting or running.
    """
    actor.require(Role.EDITOR)
    job = _create(actor=actor, type=type, payload=payload, task=task, priority=priority)
    transaction.on_commit(partial(wake, job.pk), robust=True)
    return job


def begin(*, actor: Actor, type: JobType, payload: Mapping[str, Any], task: CollectionTask | None = None) -> Job:
    """A job that this very process runs (a command in the foreground): it is RUNNING from the start."""
    actor.require(Role.EDITOR)
    now = timezone.now()
    return _create(
        actor=actor,
        type=type,
        payload=payload,
        task=task,
        status=JobStatus.RUNNING,
        worker=worker_name(),
        lease_until=now + LEASE,
        started_at=now,
        attempts=1,
    )


def _create(*, actor: Actor, task: CollectionTask | None, payload: Mapping[str, Any], **fields: Any) -> Job:
    try:
        with transaction.atomic():
            return Job.objects.create(
                organization_id=actor.tenant if task is None else task.organization_id,
                task=task,
                payload=dict(payload),
                author=actor.user_name[:200],
                created_by_id=actor.user_id,
                **fields,
            )
    except IntegrityError:
        if task is None or not task.jobs.filter(status__in=(JobStatus.PENDING, JobStatus.RUNNING)).exists():
            raise
        raise Conflict(
            f"The task '{task.name}' is waiting or running already", resource="execution", task_id=str(task.pk)
        ) from None


def wake(job_id: UUID) -> bool:
    """Ask the broker to wake a worker. A broker that is down is logged: the row waits for `dispatch`."""
    return broker.send(RUN_JOB, str(job_id), what=f"job {job_id}")


def claim(job_id: UUID | None = None) -> Job | None:
    """Take the pending job of the highest priority, the oldest first (or the one named); None when there is none.

    One UPDATE decides: of two workers that want the same row, one gets it and the other looks on.
    """
    waiting = Job.objects.due().order_by("-priority", "created_at", "id")
    if job_id is not None:
        waiting = waiting.filter(pk=job_id)
    while candidate := waiting.values_list("pk", flat=True).first():
        now = timezone.now()
        taken = Job.objects.filter(pk=candidate, status=JobStatus.PENDING).update(
            status=JobStatus.RUNNING,
            worker=worker_name(),
            lease_until=now + LEASE,
            started_at=now,
            run_after=None,
            attempts=F("attempts") + 1,
        )
        if taken:
            return Job.objects.select_related("organization", "task__data_source").get(pk=candidate)
    return None


def held(job: Job) -> JobQuerySet:
    """The job's row while this claim of it holds; empty once it was lost or ended."""
    return Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING, worker=job.worker, attempts=job.attempts)


def renew(job: Job) -> bool:
    """Renew the lease; False when it was lost."""
    return bool(held(job).update(lease_until=timezone.now() + LEASE))


def complete(job: Job, result: Mapping[str, Any]) -> bool:
    """End the job well (as CANCELLED where that was asked for meanwhile); False when the lease was lost."""
    return _end(job, JobStatus.COMPLETED, result=dict(result), progress=100)


def fail(
    job: Job,
    *,
    code: str,
    message: str,
    result: Mapping[str, Any] | None = None,
    retry_in: timedelta | None = None,
) -> bool:
    """End the job with a reason and what was done until then, or put it back to be tried again after `retry_in`."""
    error = {"code": code, "message": message}
    if retry_in is not None:
        back = held(job).filter(cancel_requested=False)
        if back.update(
            status=JobStatus.PENDING, run_after=timezone.now() + retry_in, error=error, worker="", lease_until=None
        ):
            _tell(job)
            return True
    return _end(job, JobStatus.FAILED, error=error, result=dict(result) if result else None)


def end_cancelled(job: Job, result: Mapping[str, Any] | None = None) -> bool:
    return _end(job, JobStatus.CANCELLED, result=dict(result) if result else None)


def _end(job: Job, status: JobStatus, **fields: Any) -> bool:
    fields |= {"finished_at": timezone.now(), "lease_until": None, "phase": ""}
    if status == JobStatus.COMPLETED:
        fields["error"] = None
    with transaction.atomic():
        mine = held(job)
        ended = mine.filter(cancel_requested=False).update(status=status, **fields)
        if ended and status in _EVENTS:
            _publish_end(job, status)
        if not ended:
            ended = mine.update(status=JobStatus.CANCELLED, **fields)
    if ended:
        _tell(job)
    return bool(ended)


_EVENTS = {JobStatus.COMPLETED: "task.succeeded", JobStatus.FAILED: "task.failed"}


def _publish_end(job: Job, status: JobStatus) -> None:
    """Tell the webhooks how a job ended, in the transaction that ends it."""
    publish_event(organization_id=job.organization_id, event=_EVENTS[status], data=lambda: _ended(job))


def _ended(job: Job) -> dict[str, Any]:
    row = Job.objects.select_related("task__data_source").get(pk=job.pk)
    counts = {name: count for name, count in (row.result or {}).items() if isinstance(count, int)}
    return {
        "execution_id": str(row.pk),
        "kind": row.type,
        "status": row.status,
        "task_id": str(row.task_id) if row.task_id else None,
        "task": row.task.name if row.task else None,
        "data_source_id": str(row.task.data_source_id) if row.task else None,
        "data_source": row.task.data_source.name if row.task else None,
        "started_at": row.started_at.isoformat() if row.started_at else None,
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
        "attempts": row.attempts,
        "counts": counts,
        "error": row.error,
    }


@transaction.atomic
def cancel(*, actor: Actor, job: Job) -> Job:
    """Cancel: a waiting job at once, a running one at its next step (it then ends as CANCELLED, whatever it did).

    Raises Conflict when the job has ended, and for a run that is carried out elsewhere.
    """
    if not Job.objects.visible_to(actor).filter(pk=job.pk).exists():
        raise NotFound(resource="task", task_id=str(job.pk))
    actor.require(Role.EDITOR)
    if job.external_id is not None:
        raise Conflict("It is carried out elsewhere: cancel it there", resource="task", task_id=str(job.pk))
    waiting = Job.objects.filter(pk=job.pk, status=JobStatus.PENDING)
    if waiting.update(status=JobStatus.CANCELLED, cancel_requested=True, finished_at=timezone.now()):
        transaction.on_commit(partial(_tell, job))
    elif not Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING).update(cancel_requested=True):
        job.refresh_from_db()
        raise Conflict(f"The task has ended: it is {job.status}", resource="task", task_id=str(job.pk))
    job.refresh_from_db()
    return job


def recover_jobs() -> int:
    """Take back running jobs whose lease has lapsed, or whose process on this machine is gone; returns how many.

    Each is put back in the queue, or failed with a reason after its last attempt. A live process,
    also another one on this machine, keeps what it runs.
    """
    now, count = timezone.now(), 0
    for job in Job.objects.ours().filter(status=JobStatus.RUNNING).select_related("organization"):
        if job.lease_until is not None and job.lease_until >= now and not is_gone(job.worker):
            continue
        count += _take_back(job, now)
    return count


def _take_back(job: Job, now: datetime) -> bool:
    mine = held(job).filter(Q(lease_until=job.lease_until))
    fields: dict[str, Any] = {"worker": "", "lease_until": None}
    if job.cancel_requested:
        taken = mine.update(status=JobStatus.CANCELLED, finished_at=now, **fields)
    elif job.attempts < MAX_ATTEMPTS:
        taken = mine.update(status=JobStatus.PENDING, run_after=None, **fields)
    else:
        message = f"The worker stopped in the middle of it, {job.attempts} times"
        error = {"code": "WORKER_LOST", "message": message}
        with transaction.atomic():
            taken = mine.update(status=JobStatus.FAILED, finished_at=now, error=error, **fields)
            if taken:
                _publish_end(job, JobStatus.FAILED)
    if taken:
        logger.warning("Took back job %s from the worker %s (attempt %d)", job.pk, job.worker, job.attempts)
        _tell(job)
    return bool(taken)


def dispatch() -> int:
    """Recover what lapsed and wake workers for what waits; returns how many jobs wait."""
    recover_jobs()
    waiting = list(Job.objects.due().order_by("-priority", "created_at", "id")[:DISPATCH_LIMIT])
    for job in waiting:
        if not wake(job.pk):
            break
    return len(waiting)


def wake_for_next() -> None:
    """Wake a worker for the next job in line, if there is one: this worker's place is free again."""
    job_id = Job.objects.due().order_by("-priority", "created_at", "id").values_list("pk", flat=True).first()
    if job_id is not None:
        wake(job_id)


def event_of(job: Job) -> dict[str, Any]:
    """What the sockets that follow `task.progress:<id>` hear."""
    return {
        "type": "task.progress",
        "task_id": str(job.pk),
        "status": job.status,
        "progress": job.progress,
        "phase": job.phase,
        "done": job.done,
        "total": job.total,
        "error": job.error,
        "result": job.result,
    }


def _tell(job: Job) -> None:
    job.refresh_from_db()
    publish(job.organization_id, f"task.progress:{job.pk}", event_of(job))
