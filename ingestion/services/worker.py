"""Carrying out jobs: claim the next, run what its type says, end it with a result or a reason."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError

from contracts.errors import DomainError, Unavailable
from ingestion.models import Job, JobType
from ingestion.services import jobs
from ingestion.services.bulk import ingest_from_payload
from ingestion.services.running import Cancelled, LeaseLost, Run, heartbeat
from ingestion.services.runs import collect_for_job

logger = logging.getLogger(__name__)

Runner = Callable[[Run], Mapping[str, Any]]

RUNNERS: dict[str, Runner] = {
    JobType.COLLECTION: collect_for_job,
    JobType.BULK_INGESTION: ingest_from_payload,
}


def work_next() -> Job | None:
    """Carry out the pending job of the highest priority; None when nothing waits."""
    job = jobs.claim()
    if job is not None:
        execute(job)
    return job


def execute(job: Job, *, run: Run | None = None) -> None:
    """Run a job that this process has claimed, and end it. Never raises for what the job itself did.

    When the application's own database goes away the error is raised: the lease lapses and the job
    is taken back, which is all that can be done without a database.
    """
    run = run or Run(job)
    with heartbeat(run):
        try:
            result = RUNNERS[job.type](run)
            run.log.line("Done")
            run.flush()
        except Cancelled as error:
            _say(run, error)
            jobs.end_cancelled(job, run.result)
        except LeaseLost:
            logger.warning("Stopped job %s: another worker has it", job.pk)
        except DomainError as error:
            _say(run, error)
            reason = {"code": code_of(error), "message": error.message}
            jobs.fail(job, **reason, result=run.result, retry_in=_retry_in(job, error))
        except (OperationalError, InterfaceError):
            logger.exception("Job %s lost the application's database", job.pk)
            raise
        except Exception as error:
            logger.exception("Job %s failed", job.pk)
            _say(run, error)
            name = error.__class__.__name__
            message = f"Unexpected {name}; the log has it under job {job.pk}"
            jobs.fail(job, code="INTERNAL_ERROR", message=message, result=run.result)
        else:
            jobs.complete(job, result)


def _say(run: Run, error: BaseException) -> None:
    """Keep why the run ends, before it is ended: who sees that it failed also sees why."""
    if isinstance(error, Cancelled):
        run.log.line(error.message, level="warning")
    else:
        run.log.fail(error)
    run.log.write()


def code_of(error: DomainError) -> str:
    """The code a failed job carries: the error's own, else its kind."""
    return str(error.details.get("code") or error.kind).upper()


def _retry_in(job: Job, error: DomainError) -> timedelta | None:
    """How long until the next try: 10 s, then twice as long each time, an hour at most. None: no more."""
    retries = int(job.payload.get("retries", 0))
    if not isinstance(error, Unavailable) or not error.details.get("retry", True) or job.attempts > retries:
        return None
    return timedelta(seconds=min(10 * 2 ** (job.attempts - 1), 3600))
