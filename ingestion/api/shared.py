"""What the doors of both contracts share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from contracts.errors import BadRequest


def choice_of(request: Request, name: str, choices: Any) -> str | None:
    """A query parameter that must be one of `choices`; None where it is not given. Raises BadRequest."""
    value = request.query_params.get(name)
    if not value:
        return None
    known = [str(one) for one in choices]
    if value not in known:
        raise BadRequest(fields={name: [f"It must be one of {', '.join(known)}."]})
    return value


def moment_of(request: Request, name: str) -> datetime | None:
    """A query parameter that is a time with a zone (ISO 8601); None where it is not given. Raises BadRequest."""
    value = request.query_params.get(name)
    if not value:
        return None
    try:
        # A plus sign that a client did not escape arrives as a space.
        moment = parse_datetime(value.replace(" ", "+") if value.count(" ") == 1 and "T" in value else value)
    except ValueError:
        moment = None
    if moment is None or is_naive(moment):
        raise BadRequest(fields={name: ["It must be a time with a zone, such as 2026-01-31T02:00:00Z."]})
    return moment


def text_parameter(name: str, description: str = "", choices: Any = None) -> OpenApiParameter:
    return OpenApiParameter(name, str, description=description, enum=[str(one) for one in choices or []] or None)
