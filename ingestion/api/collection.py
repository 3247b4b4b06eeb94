"""Routes of the collection contract: data sources, tasks and their executions, templates."""

from __future__ import annotations

from contracts.views import Router
from ingestion.api.collection_sources import CollectionDataSources
from ingestion.api.collection_tasks import CollectionTasks
from ingestion.api.collection_templates import CollectionTemplates

router = Router()
router.register("datasources", CollectionDataSources, basename="datasource")
router.register("tasks", CollectionTasks, basename="collection-task")
router.register("templates", CollectionTemplates, basename="template")

urlpatterns = router.urls
