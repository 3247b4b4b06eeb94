"""What the lists of the admin share: counting that stays cheap, and what narrows a list down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.core.paginator import Paginator
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse
from django.utils.functional import cached_property

from accounts.actor import Actor
from accounts.admin_site import actor_of
from accounts.models import Organization, User

if TYPE_CHECKING:
    from django.contrib.admin import SimpleListFilter as StockDropdown
    from django.contrib.admin import SimpleListFilter as StockTextFilter
    from django.contrib.admin.views.main import ChangeList as StockChangeList
else:
    from unfold.contrib.filters.admin import DropdownFilter as StockDropdown
    from unfold.contrib.filters.admin import TextFilter as StockTextFilter
    from unfold.views import ChangeList as StockChangeList

COUNTED_ROWS = 10_000
"""A list counts no further than this: beyond it, one narrows down instead of leafing."""
NAMES_A_PAGE = 20


class CappedPaginator(Paginator[Any]):
    """Counts at most COUNTED_ROWS rows, so that a list costs the same on a thousand rows and on a million."""

    template_name = "cartulary/pagination.html"

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet):
            # Only the keys: what each row is annotated with is for those that are shown.
            return rows.order_by().values("pk")[: COUNTED_ROWS + 1].count()
        return len(rows)

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNTED_ROWS)

    @property
    def is_capped(self) -> bool:
        return self._counted > COUNTED_ROWS


class CappedChangeList(StockChangeList):
    """Tells the page that an unfiltered list is whole without counting it a second time."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


class OrganizationFilter(admin.SimpleListFilter):
    """For a superuser: the rows of the organization one acts in, of another, or of all."""

    title = "organization"
    parameter_name = "organization"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        actor = actor_of(request)
        self.acting_in = str(actor.organization_id or "")
        if not actor.sees_all:
            return []
        others = Organization.objects.order_by("slug").values_list("pk", "name")[:50]
        return [("all", "All organizations"), *((str(pk), name) for pk, name in others if pk != actor.organization_id)]

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            first = choice["query_string"] == changelist.get_query_string(remove=[self.parameter_name])
            yield {**choice, "display": "The one you act in"} if first else choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value() or self.acting_in
        if wanted == "all" or not wanted:
            return queryset
        return queryset.filter(organization=wanted)


class DropdownFilter(StockDropdown):
    """A dropdown over `options`; a subclass says what it means in `queryset`."""

    options: ClassVar[Sequence[tuple[str, str]]] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, str]]:
        return self.options


class LivingFilter(DropdownFilter):
    """Living rows unless one asks for the deleted ones."""

    title = "state"
    parameter_name = "state"
    all_option = ("", "Living")
    options = (("deleted", "Deleted"),)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(deleted_at__isnull=self.value() != "deleted")


class TextFilter(StockTextFilter):
    """A field to type in; a subclass says what it means in `queryset`."""

    def value(self) -> str:
        return (super().value() or "").replace("\0", "").strip()


class VisibleFilter(DropdownFilter):
    """A dropdown of what the actor sees of `model`, at most MOST of them, by name."""

    MOST = 500
    model: ClassVar[type[models.Model]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        visible = self.model._default_manager.all().visible_to(actor_of(request))  # type: ignore[attr-defined]
        return [(str(pk), name) for pk, name in visible.order_by("name").values_list("pk", "name")[: self.MOST]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        try:
            return queryset.filter(**{str(self.parameter_name): UUID(value)})
        except ValueError:
            return queryset.none()


def names_page(request: HttpRequest, named: Callable[[str], QuerySet[Any]], field: str) -> JsonResponse:
    """A picker's names, twenty a page, in the form that select2 reads.

    `named` gives the rows for what was typed, in order; `field` is where their names are.
    """
    term, page = request.GET.get("term", "").replace("\0", "").strip(), request.GET.get("page", "1")
    number = min(int(page), 1000) if page.isdecimal() and len(page) < 5 else 1
    start = (max(number, 1) - 1) * NAMES_A_PAGE
    names = list(named(term).values_list(field, flat=True)[start : start + NAMES_A_PAGE + 1])
    shown = [{"id": name, "text": name} for name in names[:NAMES_A_PAGE]]
    return JsonResponse({"results": shown, "pagination": {"more": len(names) > NAMES_A_PAGE}})


def people_visible_to(actor: Actor) -> QuerySet[User]:
    """The members of the organizations that an actor belongs to; everybody for a superuser."""
    people = User.objects.all()
    return people if actor.sees_all else people.filter(memberships__organization__in=actor.organizations)
