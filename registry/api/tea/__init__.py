"""The Transparency Exchange API 0.4.0, for consumers: `/tea/v0.4.0`, and `/.well-known/tea`."""

from __future__ import annotations

from django.urls import URLPattern, path, re_path

from registry.api.tea import views

_ROOT = "tea/v0.4.0"


def _collections(kind: str, *, of_product: bool) -> list[URLPattern]:
    below = f"{_ROOT}/{kind}/<str:uuid>"
    return [
        path(f"{below}/collection/latest", views.LatestCollectionOf.as_view(of_product=of_product)),
        path(f"{below}/collection/<int:version>", views.CollectionOf.as_view(of_product=of_product)),
        path(f"{below}/collections", views.CollectionsOf.as_view(of_product=of_product)),
    ]


urlpatterns: list[URLPattern] = [
    path(".well-known/tea", views.WellKnown.as_view()),
    path(f"{_ROOT}/discovery", views.Discovery.as_view()),
    path(f"{_ROOT}/products", views.Products.as_view()),
    path(f"{_ROOT}/product/<str:uuid>", views.OneProduct.as_view()),
    path(f"{_ROOT}/product/<str:uuid>/releases", views.ReleasesOfProduct.as_view()),
    path(f"{_ROOT}/product/<str:uuid>/cle", views.ProductLifecycle.as_view()),
    path(f"{_ROOT}/productReleases", views.ProductReleases.as_view()),
    path(f"{_ROOT}/productRelease/<str:uuid>", views.OneProductRelease.as_view()),
    path(f"{_ROOT}/productRelease/<str:uuid>/cle", views.ProductReleaseLifecycle.as_view()),
    *_collections("productRelease", of_product=True),
    path(f"{_ROOT}/components", views.Components.as_view()),
    path(f"{_ROOT}/component/<str:uuid>", views.OneComponent.as_view()),
    path(f"{_ROOT}/component/<str:uuid>/releases", views.ReleasesOfComponent.as_view()),
    path(f"{_ROOT}/component/<str:uuid>/cle", views.ComponentLifecycle.as_view()),
    path(f"{_ROOT}/componentReleases", views.ComponentReleases.as_view()),
    path(f"{_ROOT}/componentRelease/<str:uuid>", views.OneComponentRelease.as_view()),
    path(f"{_ROOT}/componentRelease/<str:uuid>/cle", views.ComponentReleaseLifecycle.as_view()),
    *_collections("componentRelease", of_product=False),
    path(f"{_ROOT}/artifact/<str:uuid>/content", views.ArtifactContent.as_view(), name="tea-artifact-content"),
    path(f"{_ROOT}/artifact/<str:uuid>", views.OneArtifact.as_view()),
    path(f"{_ROOT}/artifact/<str:uuid>/<str:version>", views.OneArtifact.as_view()),
    re_path(r"^tea(?:/.*)?$", views.Unrouted.as_view()),
]
"""Below the root."""
