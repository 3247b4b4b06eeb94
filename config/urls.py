"""Every route. Each contract's own are in the apps' `api` packages, and end without a slash."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView

import accounts.api.collection
import accounts.api.metastore
import accounts.api.registry
import accounts.api.teams
import audit.api.metastore
import catalog.api.entities
import catalog.api.metastore
import ingestion.api.collection
import ingestion.api.entities
import ingestion.api.entity_tests
import ingestion.api.metastore
import ingestion.api.openlineage
import registry.api.registry
import registry.api.releases
import registry.api.tea
from config.doors import doors, proto
from config.graphql.view import graphql, sdl
from config.health import Health
from config.schema import SchemaView
from config.system import SystemVersion
from contracts.ownership import unrouted

Routes = list[URLPattern | URLResolver]

METASTORE: Routes = [
    *catalog.api.metastore.urlpatterns,
    *ingestion.api.metastore.urlpatterns,
    *accounts.api.metastore.urlpatterns,
    *accounts.api.teams.urlpatterns,
    *audit.api.metastore.urlpatterns,
]
"""Below `/v1`, what is asked most often first."""

COLLECTION: Routes = [*accounts.api.collection.urlpatterns, *ingestion.api.collection.urlpatterns]
"""Below `/api/v1`, as the registry and the entities."""

REGISTRY: Routes = [
    path("health", Health.as_view(), name="health"),
    *accounts.api.registry.urlpatterns,
    *registry.api.registry.urlpatterns,
]

ENTITIES: Routes = [
    path("system/version", SystemVersion.as_view(), name="system-version"),
    *catalog.api.entities.urlpatterns,
    *ingestion.api.entities.urlpatterns,
    *ingestion.api.entity_tests.urlpatterns,
    *ingestion.api.openlineage.urlpatterns,
]

RELEASES: Routes = [*registry.api.releases.urlpatterns]
"""Below `/api/v2`."""

PUBLIC: dict[str, list[Any]] = {"permission_classes": [], "authentication_classes": [], "throttle_classes": []}
REDOC: dict[str, str] = {"url_name": "schema", "template_name": "cartulary/redoc.html"}

urlpatterns: Routes = [
    path("admin/doors/", admin.site.admin_view(doors), name="doors"),
    path("admin/", admin.site.urls),
    path("v1/", include(METASTORE)),
    path("api/v1/", include([*COLLECTION, *REGISTRY, *ENTITIES, *registry.api.releases.v1_urlpatterns])),
    path("api/v2/", include(RELEASES)),
    *registry.api.tea.urlpatterns,
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(**PUBLIC, url_name="schema"), name="docs"),
    path("api/redoc", SpectacularRedocView.as_view(**PUBLIC, **REDOC), name="redoc"),
    path("protos/<str:name>", proto, name="proto"),
    path("graphql", graphql, name="graphql"),
    path("graphql/schema.graphql", sdl, name="graphql-schema"),
    # Whatever else is below a contract's paths answers 404 as the contract does, with DEBUG as without.
    re_path(r"^(?:v1|api)(?:/.*)?$", unrouted),
]

handler400 = "contracts.ownership.bad_request"
handler403 = "contracts.ownership.permission_denied"
handler404 = "contracts.ownership.page_not_found"
handler500 = "contracts.ownership.server_error"
