"""Pages by cursor: each begins after (or before) a row, found by its key, whatever came or went meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from django.core.signing import BadSignature, Signer
from django.db.models import F, Field, Model, QuerySet
from django.db.models.fields.tuple_lookups import (
    Tuple,
    TupleGreaterThan,
    TupleGreaterThanOrEqual,
    TupleLessThan,
    TupleLessThanOrEqual,
)
from rest_framework.pagination import BasePagination
from rest_framework.request import Request

from contracts.errors import BadRequest
from contracts.openapi import Schema, number_parameter, text_parameter
from contracts.paging import WindowPagination, in_total_order

_LOOKUPS: Mapping[tuple[bool, bool], Any] = {
    (True, False): TupleGreaterThan,
    (True, True): TupleGreaterThanOrEqual,
    (False, False): TupleLessThan,
    (False, True): TupleLessThanOrEqual,
}
"""By (whether values ascend from here, whether the row itself is included)."""


Side = Literal["after", "before"]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: the values of the ordering fields of the row there, and what was counted."""

    order: str
    values: list[str]
    total: int
    inclusive: bool = False

    def text(self) -> str:
        """URL-safe, signed."""
        return _signer().sign_object([self.order, self.values, self.total, int(self.inclusive)])

    @classmethod
    def read(cls, name: str, text: str, order: str) -> Cursor:
        """Raises BadRequest for what we did not sign, or signed for a list in another order."""
        try:
            of, values, total, inclusive = _signer().unsign_object(text)
        except (BadSignature, ValueError, TypeError):
            raise _unreadable(name) from None
        if of != order:
            raise _unreadable(name)
        return cls(of, values, total, bool(inclusive))


def _signer() -> Signer:
    return Signer(salt="contracts.cursor", sep=".")


def _unreadable(name: str) -> BadRequest:
    words = "Not a cursor of this list; begin again without one."
    return BadRequest(f"{name}: {words}", fields={name: [words]})


class CursorPages(BasePagination):
    """Reads `limit`, `after`, `before`; leaves `before`, `after` (texts or None) and `total` for the answer.

    The queryset must be ordered by its model's own fields, none of them nullable, all in one
    direction: then one comparison of tuples finds the place in an index.
    """

    default_limit: ClassVar[int] = 10
    max_limit: ClassVar[int] = 1000

    before: str | None
    after: str | None
    total: int

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any] | Chained, request: Request, view: Any = None
    ) -> list[Any]:
        self._list: Listed = queryset if isinstance(queryset, Chained) else _ordered(queryset)
        self.limit = WindowPagination._number(
            request.query_params, "limit", self.default_limit, low=1, high=self.max_limit
        )
        after, before = (request.query_params.get(name) or None for name in ("after", "before"))
        if after and before:
            raise BadRequest("Give 'after' or 'before', not both")
        if after:
            return self._forward(Cursor.read("after", after, self._list.order))
        if before:
            return self._backward(Cursor.read("before", before, self._list.order))
        count = getattr(view, "count", None)
        self.total = count(queryset) if count is not None else self._list.count()
        rows, more = self._list.rows(None, "after", self.limit)
        self.before, self.after = None, self._place(rows[-1]) if more else None
        return rows

    def get_schema_operation_parameters(self, view: Any) -> list[Schema]:
        return [
            number_parameter("limit", "Rows, at most.", default=self.default_limit, low=1, high=self.max_limit),
            text_parameter("after", "A cursor from `paging.after`: the rows that follow."),
            text_parameter("before", "A cursor from `paging.before`: the rows that come first."),
        ]

    def _forward(self, cursor: Cursor) -> list[Any]:
        self.total = cursor.total
        rows, more = self._list.rows(cursor, "after", self.limit)
        # An empty page ends where the last one did: going back must bring that last row again.
        self.before = self._place(rows[0]) if rows else Cursor(cursor.order, cursor.values, cursor.total, True).text()
        self.after = self._place(rows[-1]) if more else None
        return rows

    def _backward(self, cursor: Cursor) -> list[Any]:
        self.total = cursor.total
        rows, more = self._list.rows(cursor, "before", self.limit)
        self.before = self._place(rows[0]) if more else None
        self.after = self._place(rows[-1]) if rows else Cursor(cursor.order, cursor.values, cursor.total, True).text()
        return rows

    def _place(self, row: Model) -> str:
        return self._list.place(row, self.total).text()


class Listed(Protocol):
    """A list in which a cursor can find its place."""

    order: str

    def rows(self, cursor: Cursor | None, side: Side, limit: int) -> tuple[list[Any], bool]:
        """At most `limit` rows on that side of the cursor, in the list's order, and whether there are more."""

    def place(self, row: Any, total: int) -> Cursor: ...

    def count(self) -> int: ...


def _ordered(queryset: QuerySet[Any] | Sequence[Any]) -> _Ordered:
    if not isinstance(queryset, QuerySet):
        raise TypeError("a cursor needs a queryset")
    return _Ordered(in_total_order(queryset))


class Chained:
    """Several lists of one model, each in the same order, one behind the other.

    So each can be read by an index that would not serve them all together. `part_of` says in which of them a
    row stands; `name` is what a cursor is good for, beside the order.
    """

    def __init__(self, name: str, querysets: Sequence[QuerySet[Any]], part_of: Callable[[Any], int]) -> None:
        self.parts = [_ordered(queryset) for queryset in querysets]
        self.part_of = part_of
        self.order = f"{name}:{self.parts[0].order}"

    def rows(self, cursor: Cursor | None, side: Side, limit: int) -> tuple[list[Any], bool]:
        forward = side == "after"
        at, inner = 0, None
        if cursor is not None:
            at = int(cursor.values[0])
            inner = Cursor(cursor.order, cursor.values[1:], cursor.total, cursor.inclusive)
        found: list[Any] = []
        more = False
        while 0 <= at < len(self.parts) and not more:
            rows, more = self.parts[at].rows(inner, side, limit - len(found))
            found = found + rows if forward else rows + found
            at, inner = at + (1 if forward else -1), None
        return found, more

    def place(self, row: Any, total: int) -> Cursor:
        at = self.part_of(row)
        return Cursor(self.order, [str(at), *self.parts[at].place(row, total).values], total)

    def count(self) -> int:
        return sum(part.count() for part in self.parts)


class _Ordered:
    """A queryset and the fields it is ordered by."""

    def __init__(self, queryset: QuerySet[Any]) -> None:
        self.queryset = queryset
        names = [str(name) for name in queryset.query.order_by or queryset.model._meta.ordering]
        meta = queryset.model._meta
        self.fields: list[Field[Any, Any]] = [
            meta.pk if name.lstrip("-") == "pk" else meta.get_field(name.lstrip("-")) for name in names
        ]
        self.ascending = not names[0].startswith("-")
        if any(name.startswith("-") == self.ascending for name in names) or any(field.null for field in self.fields):
            raise TypeError(f"{names}: a cursor needs one direction, and fields that are never null")
        self.order = f"{meta.label_lower}:{','.join(names)}"

    def rows(self, cursor: Cursor | None, side: Side, limit: int) -> tuple[list[Any], bool]:
        """At most `limit` rows on that side of the cursor, in the list's order, and whether there are more."""
        queryset = self.queryset if side == "after" else self.queryset.reverse()
        if cursor is not None:
            ascending = self.ascending == (side == "after")
            place = Tuple(*(F(field.attname) for field in self.fields))
            values = [field.to_python(text) for field, text in zip(self.fields, cursor.values, strict=True)]
            queryset = queryset.filter(_LOOKUPS[ascending, cursor.inclusive](place, values))
        rows = list(queryset[: limit + 1])
        more = len(rows) > limit
        rows = rows[:limit]
        return (rows if side == "after" else rows[::-1]), more

    def count(self) -> int:
        return self.queryset.count()

    def place(self, row: Model, total: int) -> Cursor:
        return Cursor(self.order, [field.value_to_string(row) for field in self.fields], total)
