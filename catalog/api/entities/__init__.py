"""The catalog's collections of the entities contract, below `/api/v1`."""

from __future__ import annotations

from django.urls import URLPattern

from catalog.api.entities import domains, glossaries, lineage, owning, query, search, tags
from catalog.api.entities.kinds import KINDS
from catalog.api.entities.routes import routes_of

urlpatterns: list[URLPattern] = [
    *(route for kind in KINDS for route in routes_of(kind)),
    *owning.urlpatterns,
    *tags.urlpatterns,
    *domains.urlpatterns,
    *glossaries.urlpatterns,
    *lineage.urlpatterns,
    *search.urlpatterns,
    *query.urlpatterns,
]
