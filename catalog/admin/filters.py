"""By what the lists of the catalog are narrowed down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from accounts.admin_lists import DropdownFilter, VisibleFilter, people_visible_to
from accounts.admin_site import actor_of
from accounts.models import Team, User
from catalog.admin.finding import counts_of
from catalog.asking import domains_named, uuid_of
from catalog.models import Asset, AssetTerm, AssetType, Domain, GlossaryTerm, Origin, Tag

Assets = QuerySet[Asset]
LINKS = 5
"""Values of a facet that are shown with their counts."""


class Facet(DropdownFilter):
    """A dropdown with its most frequent values below it, each with how many assets of the list have it."""

    template = "cartulary/facet.html"
    facet: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        self.request = request
        return super().lookups(request, model_admin)

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "links": self._links(changelist)}

    def _links(self, changelist: Any) -> list[dict[str, Any]]:
        counts, is_exact = counts_of(self.request)
        named = {self.key_of(value, str(label)): (value, str(label)) for value, label in self.lookup_choices}
        found = [(count, named[key]) for key, count in counts.get(self.facet, {}).items() if key in named]
        found.sort(key=lambda entry: (-entry[0], entry[1][1]))
        return [
            {
                "label": label,
                "count": f"{count:,}" if is_exact else f"{count:,}+",
                "chosen": self.value() == value,
                "query": changelist.get_query_string({self.parameter_name: value}, ["p"]),
            }
            for count, (value, label) in found[:LINKS]
        ]

    def key_of(self, value: str, label: str) -> str:
        """What the search keeps a value of this filter under: an id as hex, unless a subclass says otherwise."""
        key = uuid_of(value)
        return key.hex if key else value


class TypeFilter(Facet):
    facet = "type"
    title = "type"
    parameter_name = "type"
    options = AssetType.choices

    def queryset(self, request: HttpRequest, queryset: Assets) -> Assets:
        return queryset.filter(type=self.value()) if self.value() else queryset


class TagFilter(Facet, VisibleFilter):
    facet = "tag"
    title = "tag"
    parameter_name = "tags"
    model = Tag

    def key_of(self, value: str, label: str) -> str:
        return label


class DomainFilter(Facet, VisibleFilter):
    """Assets of a domain and of those below it, or of none."""

    facet = "domain"
    title = "domain"
    parameter_name = "domain"
    model = Domain

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.request = request
        self.actor = actor_of(request)
        named = Domain.objects.visible_to(self.actor).order_by("key").values_list("pk", "fully_qualified_name")
        return [("none", "None"), *((str(pk), name) for pk, name in named[: self.MOST])]

    def queryset(self, request: HttpRequest, queryset: Assets) -> Assets:
        if self.value() == "none":
            return queryset.filter(domain=None)
        value = self.value()
        return queryset.filter(domain__in=domains_named(self.actor, [value])) if value else queryset


class TermFilter(VisibleFilter):
    """Assets that a term is said of, or of a column of theirs."""

    title = "term"
    parameter_name = "terms"
    model = GlossaryTerm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        named = GlossaryTerm.objects.visible_to(actor_of(request)).order_by("key")
        return [(str(pk), name) for pk, name in named.values_list("pk", "fully_qualified_name")[: self.MOST]]

    def queryset(self, request: HttpRequest, queryset: Assets) -> Assets:
        if not self.value():
            return queryset
        said = AssetTerm.objects.filter(asset=OuterRef("pk"), term=uuid_of(self.value()))
        return queryset.filter(Exists(said))


class OriginFilter(Facet, VisibleFilter):
    """Assets by the data source that brought them, or the ones that people made."""

    facet = "origin"
    title = "data source"
    parameter_name = "origin"
    model = Origin

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.request = request
        actor = actor_of(request)
        origins = (
            Origin.objects.all() if actor.sees_all else Origin.objects.filter(organization__in=actor.organizations)
        )
        names = origins.order_by("name").values_list("pk", "name")[: self.MOST]
        return [("none", "Made by hand"), *((str(pk), name) for pk, name in names)]

    def queryset(self, request: HttpRequest, queryset: Assets) -> Assets:
        return queryset.filter(origin=None) if self.value() == "none" else super().queryset(request, queryset)


class OwnerFilter(Facet, VisibleFilter):
    facet = "owner"
    title = "owner"
    parameter_name = "owner"
    model = User

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        self.request = request
        people = people_visible_to(actor_of(request)).order_by("name", "username")
        found = [(str(one.pk), one.display_name) for one in people[: self.MOST]]
        teams = Team.objects.visible_to(actor_of(request)).order_by("key")[: self.MOST]
        return [("none", "Nobody"), ("me", "Me"), *((str(one.pk), one.shown_name) for one in teams), *found]

    def queryset(self, request: HttpRequest, queryset: Assets) -> Assets:
        if self.value() == "none":
            return queryset.filter(owner=None, owner_team=None)
        if self.value() == "me":
            return queryset.filter(owner=request.user.pk)
        key = uuid_of(self.value())
        if self.value() and key is None:
            return queryset.none()
        return queryset.filter(Q(owner=key) | Q(owner_team=key)) if key else queryset


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
