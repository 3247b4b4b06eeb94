"""What the lists of the releases contract may be narrowed and sorted by."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from contracts.filtering import ChoicesFilter, KeysFilter, SortFilter, WordsFilter
from registry.models import ArtifactRelationType, ArtifactType, Content, ProductVersion, Release, ReleaseStatus

RELEASE_SORTS = {
    "version": "sort_key",
    "release_date": "release_date",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "status": "status",
}
ARTIFACT_SORTS = {
    "created_at": "created_at",
    "updated_at": "updated_at",
    "type": "type",
    "format": "format",
    "name": "name",
}
RELATIONSHIP_SORTS = {"created_at": "created_at", "type": "type"}


class _Named(filters.FilterSet):  # type: ignore[misc]
    q = filters.CharFilter("name", "icontains", help_text="A part of the name.")
    sort = SortFilter({"name": "name", "created_at": "created_at", "updated_at": "updated_at"})


class _Tagged(_Named):
    tags = WordsFilter(method="tagged", help_text="All of them must be carried.")

    def tagged(self, found: Any, name: str, value: list[str]) -> QuerySet[Any]:
        tagged: QuerySet[Any] = found.tagged(value)
        return tagged


class ProductFilters(_Tagged):
    category = filters.CharFilter()
    lifecycle_status = WordsFilter(help_text="Any of them.")


class ProjectFilters(_Tagged):
    type = WordsFilter(help_text="Any of them.")
    status = WordsFilter(help_text="Any of them.")


class ComponentFilters(_Named):
    type = WordsFilter(help_text="Any of them.")


class ReleaseFilters(filters.FilterSet):  # type: ignore[misc]
    status = ChoicesFilter(choices=ReleaseStatus.choices, help_text="Any of them.")
    version = filters.CharFilter(method="matching", help_text="`*` stands for anything, `?` for one character.")
    sort = SortFilter(RELEASE_SORTS)

    def matching(self, found: Any, name: str, value: str) -> QuerySet[Release]:
        matching: QuerySet[Release] = found.matching_version(value)
        return matching


class ArtifactFilters(filters.FilterSet):  # type: ignore[misc]
    type = ChoicesFilter(choices=ArtifactType.choices, help_text="Any of them.")
    format = WordsFilter(help_text="Any of them.")
    sort = SortFilter(ARTIFACT_SORTS)


class RelationshipFilters(filters.FilterSet):  # type: ignore[misc]
    type = ChoicesFilter(choices=ArtifactRelationType.choices, help_text="Any of them.")


class ContentFilters(filters.FilterSet):  # type: ignore[misc]
    q = filters.CharFilter(method="named", help_text="A part of the name.")
    licence = filters.CharFilter(method="licensed", help_text="An SPDX identifier.")

    def named(self, found: QuerySet[Content], name: str, value: str) -> QuerySet[Content]:
        return found.filter(package__folded_name__contains=value.lower())

    def licensed(self, found: QuerySet[Content], name: str, value: str) -> QuerySet[Content]:
        return found.filter(licence__identifiers__contains=f"|{value.casefold()}|")


class VersionFilters(filters.FilterSet):  # type: ignore[misc]
    product_id = KeysFilter("product", help_text="Any of them.")
    version = filters.CharFilter(method="matching", help_text="`*` stands for anything, `?` for one character.")
    q = filters.CharFilter("product__name", "icontains", help_text="A part of the product's name.")

    def matching(self, found: QuerySet[ProductVersion], name: str, value: str) -> QuerySet[ProductVersion]:
        of_releases = Release.objects.all().matching_version(value)
        return found.filter(pk__in=of_releases.values("product_version"))
