"""The catalog's routes of the metastore contract, below `/v1`."""

from __future__ import annotations

from django.urls import URLPattern

from catalog.api import (
    metastore_assets,
    metastore_concepts,
    metastore_lineage,
    metastore_relationships,
    metastore_search,
    metastore_tags,
    metastore_versions,
)

urlpatterns: list[URLPattern] = [
    *metastore_assets.urlpatterns,
    *metastore_versions.urlpatterns,
    *metastore_lineage.urlpatterns,
    *metastore_relationships.urlpatterns,
    *metastore_search.urlpatterns,
    *metastore_tags.urlpatterns,
    *metastore_concepts.urlpatterns,
]
