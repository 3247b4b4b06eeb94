"""How a search of the releases contract is read: from a query string or from a body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware
from rest_framework.request import Request

from contracts.errors import BadRequest
from registry.api.releases.forms import WANTED, Form
from registry.containing import Wanted


class Asked:
    """A search, however it came: by GET all in the query string, by POST under `query` in the body."""

    def __init__(self, request: Request, form: Form) -> None:
        self.by_post = request.method == "POST"
        fields = form.body_fields if self.by_post else form.query_fields
        if not self.by_post:
            self.values: dict[str, Any] = {name: request.query_params.getlist(name) for name in request.query_params}
            self.sort: Any = [word for text in self.values.pop("sort", []) for word in text.split(",")]
            self.include = _words("include", self.values.pop("include", []))
            for name in ("page", "limit", "format"):
                if name not in fields:
                    self.values.pop(name, None)
        else:
            body: Any = request.data
            _refuse_unknown(body, form.parts, "")
            self.values = _said(body, "query", {})
            if not isinstance(self.values, dict):
                raise BadRequest(fields={"query": ["This must be an object."]})
            self.sort = _said(body, "sort", [])
            self.include = _words("include", _said(body, "include", []))
        _refuse_unknown(self.values, fields, "query." if self.by_post else "")
        unknown = [word for word in self.include if word not in form.includes]
        if unknown:
            known = ", ".join(form.includes) or "what this search can include: it is nothing"
            raise BadRequest(fields={"include": [f"'{unknown[0]}' is not one of {known}."]})

    def words(self, name: str, among: Iterable[str] = ()) -> list[str]:
        """One word or several. Raises BadRequest for what is none, or not among these."""
        found = _words(name, self.values.get(name, []))
        choices = list(among)
        if choices and not set(found) <= set(choices):
            raise BadRequest(fields={name: [f"Choose from {', '.join(choices)}."]})
        return found

    def text(self, name: str) -> str:
        value = self.values.get(name, "")
        if isinstance(value, list) and not self.by_post:
            value = value[-1] if value else ""
        if not isinstance(value, str):
            raise BadRequest(fields={name: ["This must be a text."]})
        return value.strip()

    def order(self) -> list[tuple[str, bool]]:
        """(field, descends) pairs: `-name` in a query string, `{field, order}` in a body."""
        listed = [self.sort] if isinstance(self.sort, str | dict) else self.sort
        if not isinstance(listed, list):
            raise BadRequest(fields={"sort": ["This must be a list."]})
        return [_term(term) for term in listed if term != ""]


def _said(body: Mapping[str, Any], name: str, default: Any) -> Any:
    """What the body says of this; null and an empty text say nothing."""
    value = body.get(name)
    return default if value is None or value == "" else value


def _term(term: Any) -> tuple[str, bool]:
    if isinstance(term, str):
        return term.strip().removeprefix("-"), term.strip().startswith("-")
    if isinstance(term, dict) and isinstance(term.get("field"), str):
        order = term.get("order", "asc")
        if isinstance(order, str) and order in {"asc", "desc"} and set(term) <= {"field", "order"}:
            return term["field"], order == "desc"
    raise BadRequest(fields={"sort": ['A term is {"field": "…", "order": "asc" or "desc"}.']})


def _words(name: str, value: Any) -> list[str]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
        raise BadRequest(fields={name: ["This must be a text or a list of texts."]})
    return [word.strip() for text in listed for word in text.split(",") if word.strip()]


def _refuse_unknown(given: Mapping[str, Any], known: Iterable[str], prefix: str) -> None:
    unknown = [name for name in given if name not in set(known)]
    if unknown:
        raise BadRequest(fields={f"{prefix}{name}": ["Unknown field."] for name in unknown})


# What components, and when -----------------------------------------------------------------------


def components_in(given: Any) -> Wanted | None:
    if given is None:
        return None
    if not isinstance(given, dict) or set(given) - {*WANTED, "license"}:
        raise BadRequest(fields={"components": [f"This must be an object with {', '.join(WANTED)}."]})
    given = dict(given)
    if "license" in given:
        if "licence" in given:
            raise BadRequest(fields={"components": ["licence and license are the same: give one of them."]})
        given["licence"] = given.pop("license")
    if not all(isinstance(value, str) for value in given.values()):
        raise BadRequest(fields={"components": ["What is asked for must be texts."]})
    return wanted_of(given)


def wanted_of(given: Mapping[str, str]) -> Wanted:
    return Wanted(
        name=given.get("name", ""),
        purl=given.get("purl", ""),
        version=given.get("version", ""),
        version_range=given.get("version_range", ""),
        licence=given.get("licence", ""),
    )


def dates_in(asked: Asked) -> tuple[date | datetime | None, date | datetime | None]:
    """`date_range: {start, end}` in a body, `start` and `end` in a query string."""
    span = asked.values.get("date_range") if asked.by_post else asked.values
    if span is None:
        return None, None
    if not isinstance(span, dict) or (asked.by_post and set(span) - {"start", "end"}):
        raise BadRequest(fields={"date_range": ["This must be an object with start and end."]})
    start, end = _date(span.get("start"), "start"), _date(span.get("end"), "end")
    return start, end


def _date(value: Any, name: str) -> date | datetime | None:
    if isinstance(value, list):
        value = value[-1] if value else None
    if value in (None, ""):
        return None
    try:
        moment = parse_datetime(value) if isinstance(value, str) and len(value) > 10 else None
        if moment is not None:
            return make_aware(moment) if is_naive(moment) else moment.astimezone(UTC)
        found = parse_date(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):  # also a moment that in UTC lies before the year 1 or after 9999
        found = None
    if found is None:
        raise BadRequest(fields={f"date_range.{name}": ["Write a date as 2024-01-31, or a time with it."]})
    return found
