"""By what the lists of the catalog are narrowed down."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.admin_lists import DropdownFilter, VisibleFilter, people_visible_to
from accounts.admin_site import actor_of
from accounts.models import User
from catalog.models import Asset, AssetType, Origin, Tag

Assets = QuerySet[Asset]


class TypeFilter(DropdownFilter):
    title = "type"
    parameter_name = "type"
    options = AssetType.choices

    def queryset(self, request: HttpRequest, queryset: Assets) -> Assets:
        return queryset.filter(type=self.value()) if self.value() else queryset


class TagFilter(VisibleFilter):
    title = "tag"
    parameter_name = "tags"
    model = Tag


class OriginFilter(VisibleFilter):
    """Assets by the data source that brought them, or the ones that people made."""

    title = "data source"
    parameter_name = "origin"
    model = Origin

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        actor = actor_of(request)
        origins = (
            Origin.objects.all() if actor.sees_all else Origin.objects.filter(organization__in=actor.organizations)
        )
        names = origins.order_by("name").values_list("pk", "name")[: self.MOST]
        return [("none", "Made by hand"), *((str(pk), name) for pk, name in names)]

    def queryset(self, request: HttpRequest, queryset: Assets) -> Assets:
        return queryset.filter(origin=None) if self.value() == "none" else super().queryset(request, queryset)


class OwnerFilter(VisibleFilter):
    title = "owner"
    parameter_name = "owner"
    model = User

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = people_visible_to(actor_of(request)).order_by("name", "username")
        found = [(str(one.pk), one.display_name) for one in people[: self.MOST]]
        return [("none", "Nobody"), ("me", "Me"), *found]

    def queryset(self, request: HttpRequest, queryset: Assets) -> Assets:
        if self.value() == "none":
            return queryset.filter(owner=None)
        if self.value() == "me":
            return queryset.filter(owner=request.user.pk)
        return super().queryset(request, queryset)


class DescribedFilter(DropdownFilter):
    title = "description"
    parameter_name = "described"
    options = (("yes", "Described"), ("no", "Not described"))

    def queryset(self, request: HttpRequest, queryset: Assets) -> Assets:
        if self.value() == "yes":
            return queryset.exclude(description="")
        return queryset.filter(description="") if self.value() == "no" else queryset


class StateFilter(DropdownFilter):
    """Living assets unless one asks for others: the deleted ones can be found here, and restored."""

    title = "state"
    parameter_name = "state"
    all_option = ["", "Living"]
    options = (("stale", "Stale: no longer found at the source"), ("deleted", "Deleted"), ("all", "Living and deleted"))

    def queryset(self, request: HttpRequest, queryset: Assets) -> Assets:
        state = self.value()
        if state == "all":
            return queryset
        if state == "deleted":
            return queryset.filter(deleted_at__isnull=False)
        living = queryset.filter(Q(deleted_at=None))
        return living.filter(stale_since__isnull=False) if state == "stale" else living
