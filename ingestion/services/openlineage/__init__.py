"""OpenLineage (2-0-2): events of schedulers and engines about jobs, their runs and their datasets."""

from ingestion.services.openlineage.receiving import BATCH_LIMIT, Received, Taken, receive_event, receive_events

__all__ = ["BATCH_LIMIT", "Received", "Taken", "receive_event", "receive_events"]
