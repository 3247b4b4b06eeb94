from importlib import import_module

from django.apps import AppConfig


class IngestionConfig(AppConfig):
    name = "ingestion"
    verbose_name = "Collection"

    def ready(self) -> None:
        # Subscribes to the trail; its models can be imported only now that the apps are loaded.
        import_module("ingestion.services.events")
