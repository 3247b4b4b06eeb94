"""Pages by offset. Each contract says how a page is asked for and how it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import F, OrderBy, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.errors import BadRequest
from contracts.openapi import Schema, number_parameter
from contracts.parameters import only

DEEP = 1000
"""The offset from which keys are fetched first, by the index alone, and rows after."""
MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list was asked for."""

    offset: int
    limit: int

    @property
    def page(self) -> int:
        """The number of the page, from 1."""
        return self.offset // self.limit + 1

    def pages(self, total: int) -> int:
        """How many pages there are; none of an empty list."""
        return -(-total // self.limit)


class WindowPagination(BasePagination):
    """A page by offset. Raises BadRequest for a value out of range or no number at all.

    Views that search elsewhere use `open(request)` for the window and `close(total)` for the count,
    then `get_paginated_response(rows)`; for querysets `paginate_queryset` does all of it.
    """

    default_limit: ClassVar[int] = 20
    max_limit: int = 100
    limit_name: ClassVar[str] = "limit"
    page_name: ClassVar[str] = "page"
    max_page: ClassVar[int | None] = None

    request: Request
    window: Window
    total: int

    def bind(self, view: Any) -> None:
        """Take over what the view says about its lists."""

    def open(self, request: Request) -> Window:
        """Read which part is asked for."""
        self.request = request
        self.window = self.read(self.parameters(request))
        return self.window

    def close(self, total: int) -> None:
        """Say how many there are in all."""
        self.total = total

    def parameters(self, request: Request) -> Mapping[str, Any]:
        """Where the window is said; a search by POST reads its body."""
        return request.query_params

    def read(self, parameters: Mapping[str, Any]) -> Window:
        limit = self._number(parameters, self.limit_name, self.default_limit, low=1, high=self.max_limit)
        page = self._number(parameters, self.page_name, 1, low=1, high=self.max_page or MAX_NUMBER // self.max_limit)
        return Window((page - 1) * limit, limit)

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any]:
        self.bind(view)
        window = self.open(request)
        if not isinstance(queryset, QuerySet):
            self.close(len(queryset))
            return list(queryset[window.offset : window.offset + window.limit])
        count = getattr(view, "count", None)
        self.close(count(queryset) if count is not None else queryset.count())
        return rows_of(queryset, window, self.total)

    def get_results(self, data: Any) -> Any:
        """The rows in an answer, for the browsable pages."""
        raise KeyError

    def get_paginated_response(self, data: Any) -> Response:
        raise NotImplementedError

    def get_schema_operation_parameters(self, view: Any) -> list[Schema]:
        return [
            number_parameter(self.page_name, "The page, from 1.", default=1, low=1, high=self.max_page),
            number_parameter(
                self.limit_name, "Rows of a page, at most.", default=self.default_limit, low=1, high=self.max_limit
            ),
        ]

    @staticmethod
    def _number(parameters: Mapping[str, Any], name: str, default: int, *, low: int, high: int) -> int:
        given = only(parameters, name)
        if given is None or given == "":
            return default
        text = "" if isinstance(given, bool) else str(given)
        if text.isascii() and text.isdigit() and len(text) < 20 and low <= int(text) <= high:
            return int(text)
        most = f" to {high}" if high < MAX_NUMBER // 1000 else ""
        words = f"must be a whole number from {low}{most}" if most else f"must be a whole number, {low} or more"
        raise BadRequest(f"{name} {words}", fields={name: [words.capitalize() + "."]})


def rows_of(queryset: QuerySet[Any], window: Window, total: int) -> list[Any]:
    """One page of rows, in the queryset's order, its key as the last tie-breaker.

    Deep pages fetch their keys first, which an index on the order holds, and the rows after; those
    nearer to the end than to the beginning are read from the end.
    """
    if window.offset >= total:
        return []
    queryset = in_total_order(queryset)
    if window.offset < DEEP:
        return list(queryset[window.offset : window.offset + window.limit])
    count = min(window.limit, total - window.offset)
    from_end = total - window.offset - count
    if from_end < window.offset:
        keys = list(queryset.reverse().values_list("pk", flat=True)[from_end : from_end + count])[::-1]
    else:
        keys = list(queryset.values_list("pk", flat=True)[window.offset : window.offset + count])
    found = {row.pk: row for row in queryset.order_by().filter(pk__in=keys)}
    return [found[key] for key in keys if key in found]


def in_total_order(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The queryset with its key last in the order, so that no row is on two pages or on none."""
    order = list(queryset.query.order_by or (queryset.model._meta.ordering if queryset.query.default_ordering else ()))
    key = queryset.model._meta.pk.name
    if any(name in {"pk", "-pk", key, f"-{key}"} for name in order if isinstance(name, str)):
        return queryset
    return queryset.order_by(*order, "-pk" if order and _descends(order[-1]) else "pk")


def _descends(term: Any) -> bool:
    if isinstance(term, OrderBy):
        return bool(term.descending)
    return isinstance(term, str) and term.startswith("-") and not isinstance(term, F)
