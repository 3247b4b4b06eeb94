"""Celery's doors to the queue. A message only wakes a worker: the rows say what there is to do."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from ingestion.services import deliveries, jobs, pruning, schedules
from ingestion.services.worker import work_next


@shared_task(name=jobs.RUN_JOB)
def run_job(job_id: str) -> str | None:
    """Carry out the most urgent pending job (`job_id` is the one that woke us); answers which it was."""
    job = work_next()
    if job is not None:
        jobs.wake_for_next()
    return str(job.pk) if job else None


@shared_task(name=jobs.DISPATCH_JOBS)
def dispatch_jobs() -> int:
    """Every 10 s by beat: queue what is due, take back what lapsed, wake workers; answers how many jobs wait."""
    schedules.run_due()
    deliveries.dispatch()
    return jobs.dispatch()


@shared_task(name=deliveries.DELIVER)
def deliver_webhook(delivery_id: str) -> bool:
    """Post one message to its webhook; answers whether it arrived."""
    return deliveries.attempt(UUID(delivery_id))


@shared_task(name="ingestion.prune")
def prune() -> dict[str, int]:
    """Remove the records that were kept long enough; answers how many of each kind."""
    return pruning.prune(door="task")
