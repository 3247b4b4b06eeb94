"""Bulk ingestion: a file of assets, read as a stream and written a batch at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.actor import Actor
from accounts.models import Role
from catalog.files import FORMATS
from catalog.services import RowError, upsert_rows
from contracts.errors import Invalid
from ingestion.connectors.tables import chunks
from ingestion.models import Job, JobType
from ingestion.services import jobs
from ingestion.services.fields import refuse_unknown
from ingestion.services.files import check_location, open_location, rows_of
from ingestion.services.running import Run

BATCH = 1000
ERRORS_KEPT = 100


@transaction.atomic
def create_job(*, actor: Actor, data: Mapping[str, Any]) -> Job:
    """A background task as the metastore contract asks for it: `type`, `priority` (0 to 9), `payload`."""
    actor.require(Role.EDITOR)
    refuse_unknown(data, {"type", "priority", "payload"})
    if data.get("type") != JobType.BULK_INGESTION:
        raise Invalid(fields={"type": ["It must be BULK_INGESTION."]})
    priority = data.get("priority", 5)
    if isinstance(priority, bool) or not isinstance(priority, int) or not 0 <= priority <= 9:
        raise Invalid(fields={"priority": ["It must be a whole number from 0 to 9."]})
    payload = check_payload(data.get("payload"))
    return jobs.enqueue(actor=actor, type=JobType.BULK_INGESTION, payload=payload, priority=priority)


def check_payload(payload: Any) -> dict[str, Any]:
    """`source` and `format` of a bulk ingestion, checked; the format is told by the name where it is not given."""
    if not isinstance(payload, Mapping):
        raise Invalid(fields={"payload": ["It must be an object."]})
    unknown = [str(name) for name in payload if name not in {"source", "format", "upsert"}]
    if unknown:
        raise Invalid(fields={f"payload.{name}": ["There is no such field."] for name in unknown})
    source, kind = payload.get("source"), payload.get("format")
    if not isinstance(source, str) or not source or "\x00" in source or len(source) > 2000:
        raise Invalid(fields={"payload.source": ["It must be a URL."]})
    check_location(source)
    if kind in (None, ""):
        name = source.partition("?")[0].removesuffix(".gz")
        kind = name.rpartition(".")[2].replace("jsonl", "ndjson")
    if not isinstance(kind, str) or kind not in FORMATS:
        raise Invalid(fields={"payload.format": [f"It must be one of {', '.join(FORMATS)}."]})
    if not isinstance(payload.get("upsert", True), bool):
        raise Invalid(fields={"payload.upsert": ["It must be true or false."]})
    return {"source": source, "format": kind, "upsert": payload.get("upsert", True)}


def ingest_from_payload(run: Run) -> Mapping[str, Any]:
    """The runner of bulk ingestion: each batch in one transaction; a bad row is told, the rest goes on."""
    payload = run.job.payload
    counts: dict[str, Any] = {"processed": 0, "created": 0, "updated": 0, "unchanged": 0, "error_count": 0}
    errors: list[dict[str, Any]] = []
    run.progress(phase="Opening", until=1)
    with open_location(payload["source"], check=run.check) as opened:
        run.progress(phase="Reading", total=opened.size)
        for batch in chunks(rows_of(opened, payload["format"]), BATCH):
            run.check()
            written = upsert_rows(actor=run.actor, rows=batch, upsert=payload.get("upsert", True))
            counts["error_count"] += len(written.errors)
            kept = written.errors[: ERRORS_KEPT - len(errors)]
            errors += [_told(error, counts["processed"]) for error in kept]
            counts["processed"] += len(batch)
            for name in ("created", "updated", "unchanged"):
                counts[name] += getattr(written, name)
            run.result = {**counts, "errors": errors}
            run.progress(done=opened.position())
    return {**counts, "errors": errors}


def _told(error: RowError, before: int) -> dict[str, Any]:
    """An error of a row with its place in the file, of which so many rows came before the batch."""
    details = error.details
    if "first_index" in details:
        details = {**details, "first_index": before + details["first_index"]}
    place = before + error.index
    return {"index": place, "qualified_name": error.qualified_name, "message": error.message, "details": details}
