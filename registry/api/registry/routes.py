"""The registry contract's routes, below `/api/v1`."""

from __future__ import annotations

from django.urls import URLPattern, path

from registry.api.registry.daily import RegistrySourceDaily, RegistryToolDaily
from registry.api.registry.downloads import RegistrySourceDownloads, RegistryToolDownloads
from registry.api.registry.entries import (
    RegistryDependencies,
    RegistrySources,
    RegistrySourceVersions,
    RegistryTools,
    RegistryToolVersions,
)
from registry.api.registry.organizations import RegistryOrganizations
from registry.api.registry.publishing import RegistrySourceList, RegistryToolList
from registry.api.registry.resolving import RegistryResolve, RegistryVerifyLock
from registry.api.registry.searching import RegistrySearch, RegistryStats
from registry.api.registry.uploads import RegistryUploadParts, RegistryUploads

ENTRY = "<str:org>/<str:name>"
VERSION = f"{ENTRY}/<str:version>"

urlpatterns: list[URLPattern] = [
    path(
        "organizations", RegistryOrganizations.as_view({"get": "list", "post": "create"}), name="registry_organizations"
    ),
    path(
        "organizations/<str:slug>",
        RegistryOrganizations.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="registry_organization",
    ),
    path("search", RegistrySearch.as_view(), name="registry_search"),
    path("resolve", RegistryResolve.as_view(), name="registry_resolve"),
    path("resolve/verify", RegistryVerifyLock.as_view(), name="registry_verify_lock"),
    path("stats", RegistryStats.as_view(), name="registry_stats"),
    path("sources", RegistrySourceList.as_view({"get": "list", "post": "create"}), name="registry_sources"),
    path("tools", RegistryToolList.as_view({"get": "list", "post": "create"}), name="registry_tools"),
    path("uploads", RegistryUploads.as_view({"post": "create"}), name="registry_uploads"),
    path(
        "uploads/<str:key>",
        RegistryUploads.as_view({"get": "retrieve", "delete": "destroy"}),
        name="registry_upload",
    ),
    path(
        "uploads/<str:key>/parts/<str:number>",
        RegistryUploadParts.as_view(),
        name="registry_upload_part",
    ),
    path(
        f"sources/{ENTRY}",
        RegistrySources.as_view({"get": "retrieve", "delete": "destroy"}),
        name="registry_source",
    ),
    path(f"tools/{ENTRY}", RegistryTools.as_view({"get": "retrieve", "delete": "destroy"}), name="registry_tool"),
    path(f"stats/sources/{ENTRY}", RegistrySourceDaily.as_view({"get": "get"}), name="registry_source_daily"),
    path(f"stats/tools/{ENTRY}", RegistryToolDaily.as_view({"get": "get"}), name="registry_tool_daily"),
    path(
        f"sources/{VERSION}",
        RegistrySourceVersions.as_view({"get": "retrieve", "delete": "destroy"}),
        name="registry_source_version",
    ),
    path(
        f"tools/{VERSION}",
        RegistryToolVersions.as_view({"get": "retrieve", "delete": "destroy"}),
        name="registry_tool_version",
    ),
    path(
        f"sources/{VERSION}/yank",
        RegistrySourceVersions.as_view({"post": "yank", "delete": "unyank"}),
        name="registry_source_yank",
    ),
    path(
        f"tools/{VERSION}/yank",
        RegistryToolVersions.as_view({"post": "yank", "delete": "unyank"}),
        name="registry_tool_yank",
    ),
    path(
        f"sources/{VERSION}/download", RegistrySourceDownloads.as_view({"get": "get"}), name="registry_source_download"
    ),
    path(f"tools/{VERSION}/download", RegistryToolDownloads.as_view({"get": "get"}), name="registry_tool_download"),
    path(
        f"sources/{VERSION}/dependencies",
        RegistryDependencies.as_view({"get": "dependencies"}),
        name="registry_dependencies",
    ),
    path(
        f"sources/{VERSION}/dependents", RegistryDependencies.as_view({"get": "dependents"}), name="registry_dependents"
    ),
]
