"""A worker's hold on one job: its progress, its cancel flag, its lease."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import DatabaseError, InterfaceError, connection

from accounts.actor import Actor, system_actor
from accounts.live import publish
from contracts.errors import DomainError
from ingestion.models import Job
from ingestion.services import jobs
from ingestion.services.logs import RunLog

logger = logging.getLogger(__name__)

BEAT = 10.0
"""Seconds between two renewals of a lease of 30."""
LOG_EVERY = 1.0
"""Seconds between two writes of a run's lines."""


class Cancelled(DomainError):
    """Somebody asked for it."""

    default_message = "The task was cancelled"


class LeaseLost(DomainError):
    """Another worker has the job now: stop, and write nothing more to it."""

    default_message = "Another worker has taken the job"


class TimedOut(DomainError):
    """The run took longer than its task allows."""


class Run:
    """What a runner is given. Progress reaches the row and the sockets at most every `every` seconds.

    A change of phase is always written, and so is the last state, by whoever ends the job.
    """

    def __init__(self, job: Job, *, every: float = 0.2) -> None:
        self.job = job
        self.every = every
        self.log = RunLog(job)
        self.lost = threading.Event()
        self.deadline: float | None = None
        self._limit = 0.0
        self.result: dict[str, Any] | None = None  # what was done so far, kept also when the job fails
        self._phase, self._done, self._total, self._current = "", 0, job.total, ""
        self._from, self._until = 0, 99
        self._written_at = self._checked_at = self._logged_at = self._phase_began = float("-inf")

    @property
    def actor(self) -> Actor:
        """Who the trail names: the one who asked for the job, or the application; the job's id is the request's."""
        actor = system_actor(self.job.organization, name=self.job.author or "Cartulary", door="job")
        actor = replace(actor, request_id=str(self.job.pk))
        if self.job.created_by_id is None:
            return actor
        return replace(actor, kind="user", user_id=self.job.created_by_id)

    def limit(self, seconds: float) -> None:
        """Let `check` raise TimedOut from `seconds` after now."""
        self.deadline = time.monotonic() + seconds
        self._limit = seconds

    def check(self) -> None:
        """Between two steps. Raises Cancelled, TimedOut or LeaseLost; asks the row at most every `every` seconds."""
        if self.lost.is_set():
            raise LeaseLost()
        now = time.monotonic()
        if self.deadline is not None and now > self.deadline:
            raise TimedOut(f"It took longer than the {self._limit:.0f} seconds its task allows", code="TIMEOUT")
        if now - self._checked_at < self.every:
            return
        self._checked_at = now
        asked = jobs.held(self.job).values_list("cancel_requested", flat=True).first()
        if asked is None:
            self.lost.set()
            raise LeaseLost()
        if asked:
            raise Cancelled()

    def progress(
        self,
        *,
        phase: str | None = None,
        done: int | None = None,
        total: int | None = None,
        current: str = "",
        until: int = 99,
    ) -> None:
        """Say where the run is: the phase in words, steps done of a total (None where it is not known).

        A new phase starts at the per cent where the last one was to end, and leads to `until`.
        """
        new_phase = phase is not None and phase != self._phase
        if new_phase:
            self._from = self._until if self._phase else 0
            self._until = max(self._from, min(until, 99))
            self._phase, self._done, self._total = phase or "", 0, None
            self._phase_began = time.monotonic()
            self.log.line(f"{phase}: {total:,} to do" if total else str(phase))
        self._done = self._done if done is None else done
        self._total = self._total if total is None else total
        self._current = current
        if new_phase or time.monotonic() - self._written_at >= self.every:
            self._write()

    def flush(self) -> None:
        """Write the last state, which the job keeps when it ends."""
        if self._phase:
            self._write()
        self.log.write()

    @property
    def percent(self) -> int:
        """0 to 99: it is 100 only when the job has ended well."""
        if not self._total:
            return self._from
        share = min(self._done / self._total, 1)
        return int(self._from + (self._until - self._from) * share)

    def _write(self) -> None:
        self._written_at = time.monotonic()
        fields: dict[str, Any] = {
            "phase": self._phase[:100],
            "done": self._done,
            "total": self._total,
            "progress": self.percent,
        }
        if not jobs.held(self.job).update(**fields):
            self.lost.set()
            return
        for name, value in fields.items():
            setattr(self.job, name, value)
        if self._written_at - self._logged_at >= LOG_EVERY:
            self._logged_at = self._written_at
            self.log.write()
        elapsed = max(self._written_at - self._phase_began, 0.001)
        event = jobs.event_of(self.job) | {"current": self._current, "rate": round(self._done / elapsed, 1)}
        publish(self.job.organization_id, f"task.progress:{self.job.pk}", event)


@contextmanager
def heartbeat(run: Run, *, every: float | None = None) -> Iterator[None]:
    """Renew the run's lease from a thread of its own, however long one step takes."""
    stop = threading.Event()
    thread = threading.Thread(target=_beat, args=(run, stop, every or BEAT), name=f"lease-{run.job.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _beat(run: Run, stop: threading.Event, every: float) -> None:
    try:
        while not stop.wait(every):
            try:
                if not jobs.renew(run.job):
                    run.lost.set()
                    return
            except (DatabaseError, InterfaceError):
                # The next beat tries again on a new connection; the lease holds for two more.
                logger.warning("Could not renew the lease of job %s", run.job.pk, exc_info=True)
                connection.close()
    finally:
        connection.close()
