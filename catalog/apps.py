from importlib import import_module

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "catalog"
    verbose_name = "Catalog"

    def ready(self) -> None:
        # Subscribes to the trail; its models can be imported only now that the apps are loaded.
        import_module("catalog.services.following")
