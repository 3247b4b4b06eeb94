"""What the query strings of the catalog's routes say, read strictly: what means nothing is a 400 that names it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from contracts.errors import BadRequest
from contracts.parameters import only


def body_of(request: Request) -> dict[str, Any]:
    """The body, which the contract's parser has found to be an object."""
    return dict(request.data)


def words_of(request: Request, name: str) -> list[str]:
    """A parameter that may be repeated, and hold several values with commas between; each once."""
    values = (value.strip() for given in request.query_params.getlist(name) for value in given.split(","))
    return list(dict.fromkeys(value for value in values if value))


def choices_of(request: Request, name: str, known: Collection[str]) -> list[str]:
    """The same where only certain values mean something. Raises BadRequest."""
    values = words_of(request, name)
    unknown = [value for value in values if value not in known]
    if unknown:
        raise BadRequest(fields={name: [f"'{unknown[0]}' is not one of {', '.join(known)}."]})
    return values


def choice_of(request: Request, name: str, known: Collection[str]) -> str:
    """One of certain words; empty where it is not said. Raises BadRequest, also for several."""
    values = choices_of(request, name, known)
    if len(values) > 1:
        raise BadRequest(fields={name: [f"Give one of {', '.join(known)}."]})
    return values[0] if values else ""


def number_of(request: Request, name: str, default: int, *, low: int, high: int) -> int:
    """A whole number. Raises BadRequest."""
    given = only(request.query_params, name)
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 10 and low <= int(given) <= high):
        raise BadRequest(fields={name: [f"This must be a whole number from {low} to {high:,}."]})
    return int(given)


def parameter(name: str, description: str, *, type_: type = str, many: bool = False) -> OpenApiParameter:
    """How a parameter is described in the OpenAPI schema."""
    return OpenApiParameter(name, type_, description=description, many=many)
