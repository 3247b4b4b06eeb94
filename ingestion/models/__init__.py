"""Where metadata comes from: data sources, the tasks that collect them, and every run of anything."""

from ingestion.models.events import LineageMark, StreamEvent
from ingestion.models.jobs import Job, JobLog, JobStatus, JobType
from ingestion.models.profiles import Profile
from ingestion.models.sources import DataSource, SourceObject, SourceStatus, SourceType, Template
from ingestion.models.tasks import CollectionTask, CollectionType, SchedulerType, TaskStatus
from ingestion.models.webhooks import DeliveryStatus, Webhook, WebhookDelivery

__all__ = [
    "CollectionTask",
    "CollectionType",
    "DataSource",
    "DeliveryStatus",
    "Job",
    "JobLog",
    "JobStatus",
    "JobType",
    "LineageMark",
    "Profile",
    "SchedulerType",
    "SourceObject",
    "SourceStatus",
    "SourceType",
    "StreamEvent",
    "TaskStatus",
    "Template",
    "Webhook",
    "WebhookDelivery",
]
