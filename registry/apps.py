from django.apps import AppConfig
from django.db.models.signals import post_save
from django.utils.module_loading import import_string


class RegistryConfig(AppConfig):
    name = "registry"
    verbose_name = "Registry"

    def ready(self) -> None:
        """Organizations are below us and know nothing of entries; what search shows of these follows them."""
        follow = import_string("registry.services.entry_catalog.follow_organization")
        post_save.connect(follow, sender="accounts.Organization", dispatch_uid="registry.follow_organization")
