"""Ingest a file of assets in the foreground."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.core.management.base import CommandError, CommandParser

from audit.commands import DomainCommand
from ingestion.management.organizations import command_actor
from ingestion.models import JobStatus, JobType
from ingestion.services import jobs
from ingestion.services.bulk import check_payload
from ingestion.services.worker import execute


class Command(DomainCommand):
    help = "Ingest a file of assets: json, ndjson or csv, each also gzip, below the import folder or at an https URL."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="A path below the import folder, or an https:// URL.")
        parser.add_argument(
            "--format", default="", choices=["", "json", "ndjson", "csv"], help="Told by the name if not given."
        )
        parser.add_argument("--organization", metavar="SLUG", help="Needed where there are several.")

    def handle(self, *args: Any, file: str, format: str, organization: str | None = None, **options: Any) -> None:
        actor = command_actor(organization)
        source = file if "://" in file else f"file://{'' if file.startswith('/') else '/'}{quote(file)}"
        payload = check_payload({"source": source, "format": format})
        job = jobs.begin(actor=actor, type=JobType.BULK_INGESTION, payload=payload)
        execute(job)
        job.refresh_from_db()
        result = job.result or {}
        for row in result.get("errors", []):
            self.stderr.write(f"Row {row['index']} {row['qualified_name']}: {row['message']}")
        if job.status != JobStatus.COMPLETED:
            raise CommandError((job.error or {}).get("message") or f"The ingestion ended as {job.status}")
        counts = ", ".join(f"{result[word]} {word}" for word in ("created", "updated", "unchanged"))
        self.stdout.write(f"Ingested {result['processed']} rows: {counts}, {result['error_count']} left out.")
