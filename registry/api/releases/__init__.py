"""The releases contract: `/api/v2`, and the `/api/v1/projects…` and `/api/v1/search/…` paths of its page."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path

from registry.api.releases.artifacts import (
    ArtifactRelationships,
    Artifacts,
    Association,
    OneArtifact,
    ProjectAssociation,
    ReleaseArtifacts,
    VersionArtifacts,
)
from registry.api.releases.products import Components, Products, Projects
from registry.api.releases.releases import ProjectReleases, ReleaseCollections, ReleaseContents
from registry.api.releases.search import SearchArtifacts, SearchComponents, SearchRelationships, SearchReleases
from registry.api.releases.versions import Versions

LIST: dict[str, Any] = {"get": "list", "post": "create"}
ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
SEARCH: dict[str, Any] = {"get": "search", "post": "search"}

_RELEASES = "projects/<str:project_id>/releases"
_RELEASE = f"{_RELEASES}/<str:version>"

_projects: list[URLPattern] = [
    path(_RELEASES, ProjectReleases.as_view(LIST)),
    path(_RELEASE, ProjectReleases.as_view(ONE)),
    path(f"{_RELEASE}/artifacts", ReleaseArtifacts.as_view(LIST)),
    path(
        f"{_RELEASE}/artifacts/<str:artifact_id>",
        ProjectAssociation.as_view({"post": "create", "delete": "destroy"}),
    ),
    path(f"{_RELEASE}/collections", ReleaseCollections.as_view({"get": "list"})),
    path(f"{_RELEASE}/collections/<int:number>", ReleaseCollections.as_view({"get": "retrieve"})),
    path(f"{_RELEASE}/components", ReleaseContents.as_view({"get": "components"})),
    path(f"{_RELEASE}/licences", ReleaseContents.as_view({"get": "licences"})),
    path(f"{_RELEASE}/vulnerabilities", ReleaseContents.as_view({"get": "vulnerabilities"})),
    path(f"{_RELEASE}/changes", ReleaseContents.as_view({"get": "changes"})),
    path("projects", Projects.as_view({"get": "list"})),
    path("projects/<str:project_id>", Projects.as_view(ONE)),
    path("projects/<str:project_id>/components", Components.as_view(LIST)),
    path("projects/<str:project_id>/components/<str:component_id>", Components.as_view(ONE)),
]
_searches: list[URLPattern] = [
    path("search/releases", SearchReleases.as_view(SEARCH)),
    path("search/artifacts", SearchArtifacts.as_view(SEARCH)),
    path("search/relationships", SearchRelationships.as_view(SEARCH)),
    path("search/components", SearchComponents.as_view(SEARCH)),
]

urlpatterns: list[URLPattern] = [
    path("products", Products.as_view(LIST)),
    path("products/<str:product_id>", Products.as_view(ONE)),
    path("products/<str:product_id>/projects", Projects.as_view(LIST)),
    *_projects,
    path("versions", Versions.as_view({"get": "list"})),
    path("versions/<str:version_id>", Versions.as_view({"get": "retrieve"})),
    path("versions/<str:version_id>/components", Versions.as_view({"get": "components"})),
    path("artifacts", Artifacts.as_view(LIST)),
    path("artifacts/<str:artifact_id>", OneArtifact.as_view(ONE)),
    path(
        "artifacts/<str:artifact_id>/content",
        OneArtifact.as_view({"get": "content"}),
        name="releases-artifact-content",
    ),
    path("artifacts/<str:artifact_id>/relationships", ArtifactRelationships.as_view(LIST)),
    path(
        "artifacts/<str:artifact_id>/relationships/<str:relationship_id>",
        ArtifactRelationships.as_view({"get": "retrieve", "delete": "destroy"}),
    ),
    path("releases/<str:version>/artifacts", VersionArtifacts.as_view({"get": "list"})),
    path(
        "releases/<str:version>/artifacts/<str:artifact_id>",
        Association.as_view({"post": "create", "delete": "destroy"}),
    ),
    *_searches,
]
"""Below `/api/v2`."""

v1_urlpatterns: list[URLPattern] = [*_projects, *_searches]
"""Below `/api/v1`, beside the registry's own."""
