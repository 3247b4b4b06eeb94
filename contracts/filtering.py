"""Filters of lists, declared with django-filter: a view names its `filterset_class`, each contract applies it.

What means nothing is refused with 400 and names the parameter; the OpenAPI schema and the form of the
browsable API are made from the same declaration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from django import forms
from django.db.models import F, Model, QuerySet
from django.template import loader
from django.utils.dateparse import parse_date, parse_datetime
from django_filters import rest_framework as filters
from django_filters.fields import BaseCSVField, ChoiceField
from django_filters.widgets import BaseCSVWidget
from rest_framework.request import Request
from rest_framework.views import APIView

from contracts.errors import BadRequest
from contracts.parameters import only

M = TypeVar("M", bound=Model)


MOST_VALUES = 100
"""Values of one parameter: where all must hold, each is a condition of its own, and many take long to plan."""


def moment_from(text: str) -> datetime | None:
    """A moment or a day as ISO 8601 has it, in UTC where it says nothing else; None for what is neither."""
    # A plus sign that a client did not escape arrives as a space.
    text = text.strip().replace(" ", "+") if "T" in text else text.strip()
    try:
        day = parse_date(text)
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else parse_datetime(text)
        if moment is not None:
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    return None


class _MomentField(forms.CharField):
    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        moment = moment_from(text)
        if moment is None:
            raise forms.ValidationError("This must be a moment such as 2024-01-31T12:00:00Z.")
        return moment


class _RepeatedWidget(BaseCSVWidget):  # type: ignore[misc]
    separator: ClassVar[str | None] = None

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        given = data.getlist(name) if hasattr(data, "getlist") else [data.get(name) or ""]
        words = (word.strip() for text in given for word in (text.split(self.separator) if self.separator else [text]))
        return list(dict.fromkeys(word for word in words if word))


class _WordsWidget(_RepeatedWidget):
    separator = ","


class _RepeatedField(BaseCSVField):  # type: ignore[misc]
    base_widget_class = _RepeatedWidget

    def clean(self, value: Any) -> Any:
        if len(value or ()) > MOST_VALUES:
            raise forms.ValidationError(f"At most {MOST_VALUES} values; these are {len(value):,}.")
        return super().clean(value)


class _WordsField(_RepeatedField):
    base_widget_class = _WordsWidget


class MomentFilter(filters.IsoDateTimeFilter):  # type: ignore[misc]
    """A moment or a day, as `moment_from` reads it."""

    field_class = _MomentField


class RepeatedFilter(filters.BaseInFilter, filters.CharFilter):  # type: ignore[misc]
    """Several values, each in a parameter of its own."""

    base_field_class = _RepeatedField


class _SeveralFilter(filters.BaseInFilter):  # type: ignore[misc]
    base_field_class = _WordsField


class WordsFilter(_SeveralFilter, filters.CharFilter):  # type: ignore[misc]
    """Any of several values: repeated, or with commas between."""


class KeysFilter(_SeveralFilter, filters.UUIDFilter):  # type: ignore[misc]
    """Any of several ids."""


class ChoicesFilter(_SeveralFilter, filters.ChoiceFilter):  # type: ignore[misc]
    """Any of several words among `choices` (the words, or pairs with labels)."""

    def __init__(self, *args: Any, choices: Iterable[Any], **kwargs: Any) -> None:
        pairs = [choice if isinstance(choice, tuple) else (str(choice), str(choice)) for choice in choices]
        refusal = f"'%(value)s' is not one of {', '.join(word for word, _ in pairs)}."
        super().__init__(*args, choices=pairs, error_messages={"invalid_choice": refusal}, **kwargs)


class _CapitalsField(ChoiceField):  # type: ignore[misc]
    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).upper()


class CapitalsFilter(ChoicesFilter):
    """Any of several words among `choices`, which are in capitals, whatever case they are asked for in."""

    field_class = _CapitalsField


class SortFilter(filters.OrderingFilter):  # type: ignore[misc]
    """The order: words of `fields` (what each sorts by), `-` before one that descends. Nulls come last."""

    base_field_class = _WordsField

    def __init__(self, fields: Mapping[str, str], **kwargs: Any) -> None:
        refusal = f"'%(value)s' is not one of {', '.join(fields)}, with or without - before it."
        kwargs.setdefault("help_text", f"Fields of {', '.join(fields)}; `-` before one descends.")
        columns = [(column, word) for word, column in fields.items()]
        super().__init__(fields=columns, error_messages={"invalid_choice": refusal}, **kwargs)

    def get_ordering_value(self, param: str) -> Any:
        term: str = super().get_ordering_value(param)
        column = F(term.removeprefix("-"))
        return column.desc(nulls_last=True) if term.startswith("-") else column.asc(nulls_last=True)


class DirectedSortFilter(_SeveralFilter, filters.CharFilter):  # type: ignore[misc]
    """The order: `fields`, each with `:asc` or `:desc` behind it or nothing, which is `:asc`."""

    def __init__(self, fields: Sequence[str], **kwargs: Any) -> None:
        def check(term: str) -> None:
            field, _, direction = term.partition(":")
            if field not in fields or direction.lower() not in {"", "asc", "desc"}:
                message = f"'{term}' is not one of {', '.join(fields)}, with :asc or :desc behind it."
                raise forms.ValidationError(message)

        words = f"A field and a direction, as `updated_at:desc`. Fields: {', '.join(fields)}."
        super().__init__(validators=[check], help_text=words, **kwargs)

    def filter(self, qs: QuerySet[M], value: list[str] | None) -> QuerySet[M]:
        if not value:
            return qs
        order = (term.partition(":") for term in value)
        return qs.order_by(*(f"-{field}" if way.lower() == "desc" else field for field, _, way in order))


@lru_cache(maxsize=256)
def _narrowed(declared: Any, names: frozenset[str]) -> Any:
    """The filterset with these filters: to make the fields of all takes as long as a page of a list."""
    narrowed: Any = type(declared.__name__, (declared,), {})
    narrowed.base_filters = {name: one for name, one in declared.base_filters.items() if name in names}
    return narrowed


class ContractFilters(filters.DjangoFilterBackend):  # type: ignore[misc]
    """Applies a view's `filterset_class`. Raises BadRequest that names each parameter that means nothing."""

    def filter_queryset(self, request: Request, queryset: QuerySet[M], view: APIView) -> QuerySet[M]:
        declared = getattr(view, "filterset_class", None)
        known: Mapping[str, Any] = declared.base_filters if declared else {}
        given = frozenset(known.keys() & request.query_params.keys())
        if not given:
            return queryset
        for name in given:
            if not isinstance(known[name], filters.BaseCSVFilter):
                only(request.query_params, name)
        filterset = _narrowed(declared, given)(**self.get_filterset_kwargs(request, queryset, view))
        if not filterset.is_valid():
            raise BadRequest(fields={name: [str(word) for word in words] for name, words in filterset.errors.items()})
        found: QuerySet[M] = filterset.qs
        return found

    def to_html(self, request: Request, queryset: QuerySet[M], view: APIView) -> str | None:
        """The form of the browsable API, whose fields are called what the parameters are."""
        filterset = self.get_filterset(request, queryset, view)
        if filterset is None:
            return None
        for name, field in filterset.form.fields.items():
            field.label = name
        return str(loader.get_template(self.template).render({"filter": filterset}, request))
