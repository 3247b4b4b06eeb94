"""Collect a data source in the foreground."""

from __future__ import annotations

import signal
import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from audit.commands import DomainCommand
from ingestion.management.organizations import command_actor
from ingestion.models import DataSource, Job, JobStatus
from ingestion.services.collections import begin_here, full_collection_of
from ingestion.services.running import Run
from ingestion.services.sources import get_data_source
from ingestion.services.worker import execute


class Command(DomainCommand):
    help = "Collect a data source here and now, as its full-collection task does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="The data source's name or id.")
        parser.add_argument("--organization", metavar="SLUG", help="Needed where there are several.")

    def handle(self, *args: Any, source: str, organization: str | None = None, **options: Any) -> None:
        actor = command_actor(organization)
        found = DataSource.objects.visible_to(actor).filter(name=source).first() or get_data_source(actor, source)
        job = begin_here(actor=actor, task=full_collection_of(actor=actor, source=found))
        self._run(job)
        if job.status != JobStatus.COMPLETED:
            message = (job.error or {}).get("message") or f"The collection ended as {job.status}"
            raise CommandError(message)
        self._tell(found.name, job.result or {})

    def _run(self, job: Job) -> None:
        """Run the job; Ctrl-C asks it to stop at its next step, once more ends the process."""

        def stop(signum: int, frame: Any) -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            interrupted.append(True)

        interrupted: list[bool] = []
        former = signal.signal(signal.SIGINT, stop)
        try:
            execute(job, run=_Shown(job, self.stderr if sys.stderr.isatty() else None, interrupted))
        finally:
            signal.signal(signal.SIGINT, former)
        job.refresh_from_db()

    def _tell(self, name: str, result: dict[str, Any]) -> None:
        for warning in result["warnings"]:
            self.stderr.write(f"{warning['object'] or name}: {warning['message']}")
        counts = ", ".join(f"{result[word]} {word}" for word in ("created", "updated", "unchanged", "removed"))
        warned = result["warning_count"]
        also = f" ({warned} warning{'s' if warned > 1 else ''})" if warned else ""
        self.stdout.write(f"Collected {name}: {counts}{also}.")


class _Shown(Run):
    """A run whose progress is also a line on the terminal, and that Ctrl-C cancels."""

    def __init__(self, job: Job, terminal: Any, interrupted: list[bool]) -> None:
        super().__init__(job)
        self.terminal, self.interrupted = terminal, interrupted

    def check(self) -> None:
        if self.interrupted:
            Job.objects.filter(pk=self.job.pk).update(cancel_requested=True)
            self._checked_at = float("-inf")
        super().check()

    def _write(self) -> None:
        super()._write()
        if self.terminal is not None:
            of = f"{self._done}/{self._total}" if self._total else str(self._done or "")
            line = f"{self.job.progress:3d} %  {self.job.phase} {of} {self._current}"
            self.terminal.write(f"\r{line[:100]:<100}", ending="\r" if self.job.progress < 99 else "\n")
