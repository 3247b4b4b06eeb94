"""The pages of collection: data sources, their tasks and every run, templates and webhooks."""

from django.contrib import admin
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule

from ingestion.admin.deleted import DeletedRowAdmin
from ingestion.admin.profiles import profile_of
from ingestion.admin.runs import JobAdmin
from ingestion.admin.sources import DataSourceAdmin
from ingestion.admin.tasks import CollectionTaskAdmin
from ingestion.admin.templates import TemplateAdmin
from ingestion.admin.webhooks import WebhookAdmin

# Beat's tables are the scheduler's own; people schedule on the page of a collection task.
for model in (ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule):
    admin.site.unregister(model)

__all__ = [
    "CollectionTaskAdmin",
    "DataSourceAdmin",
    "DeletedRowAdmin",
    "JobAdmin",
    "TemplateAdmin",
    "WebhookAdmin",
    "profile_of",
]
