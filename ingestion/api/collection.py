"""Routes of the collection contract: data sources, tasks and their executions, templates, webhooks, profiles."""

from __future__ import annotations

from contracts.views import Router
from ingestion.api.collection_profiles import CollectionProfiles
from ingestion.api.collection_sources import CollectionDataSources
from ingestion.api.collection_tasks import CollectionTasks
from ingestion.api.collection_templates import CollectionTemplates
from ingestion.api.collection_webhooks import CollectionWebhooks

router = Router()
router.register("datasources", CollectionDataSources, basename="datasource")
router.register("tasks", CollectionTasks, basename="collection-task")
router.register("templates", CollectionTemplates, basename="template")
router.register("webhooks", CollectionWebhooks, basename="webhook")
router.register("profiles", CollectionProfiles, basename="profile")

urlpatterns = router.urls
