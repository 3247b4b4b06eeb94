"""The registry contract: organizations, sources, tools, versions, files, resolve, search, stats."""

from registry.api.registry.routes import urlpatterns

__all__ = ["urlpatterns"]
