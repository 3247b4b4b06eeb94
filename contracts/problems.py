"""Any exception as one `Problem`, which each contract then words in its own shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.core import exceptions as django_errors
from django.core.signals import got_request_exception
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from rest_framework import exceptions as drf_errors
from rest_framework.request import Request
from rest_framework.settings import api_settings

from contracts.errors import DomainError, Invalid, RateLimited

log = structlog.get_logger("contracts")

STATUSES: Mapping[str, int] = {
    "invalid": 400,
    "bad_request": 400,
    "error": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "conflict": 409,
    "stale": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "rate_limited": 429,
    "internal": 500,
    "unavailable": 503,
}
"""The HTTP status of each kind of problem, where a contract says nothing else."""

RETRY_SECONDS = 5
"""What `Retry-After` suggests when something we depend on does not answer."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, in words for the caller.

    `kind` is a key of STATUSES. `details` holds plain JSON values; `fields` maps the path of a field
    ("schema.0.name") to what is wrong with it; `resource` is snake_case ("data_source") or empty.
    """

    kind: str
    message: str
    details: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, list[str]] = field(default_factory=dict)
    resource: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return STATUSES[self.kind]


def problem_of(error: Exception, request: Request | HttpRequest) -> Problem:
    """The problem that an exception is to the caller.

    What nobody foresaw is a bug: it is logged with its traceback and the request's id, told to
    whoever listens to `got_request_exception`, and says nothing of our insides to the caller.
    """
    for kind, translate in _TRANSLATIONS:
        if isinstance(error, kind):
            problem = translate(error)
            if problem is not None:
                return problem
    return _bug(error, request)


def _bug(error: Exception, request: Request | HttpRequest) -> Problem:
    inner = request._request if isinstance(request, Request) else request
    log.error("unhandled exception", method=inner.method, path=inner.path, exc_info=error)
    got_request_exception.send(sender=None, request=inner)
    return Problem("internal", "An unexpected error occurred")


def label(resource: str) -> str:
    """`data_source` as it begins a sentence: "Data source"."""
    return resource.replace("_", " ").capitalize()


# Ours --------------------------------------------------------------------------------------------


def _domain(error: DomainError) -> Problem:
    headers = {}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(max(1, error.retry_after))
    elif error.kind == "unavailable":
        headers["Retry-After"] = str(RETRY_SECONDS)
    return Problem(
        kind=error.kind,
        message=_missing(error) if error.kind == "not_found" else error.message,
        details=error.details,
        fields=error.fields if isinstance(error, Invalid) else {},
        resource=error.resource,
        headers=headers,
    )


def _missing(error: DomainError) -> str:
    """`NotFound(resource="asset", asset_id="7")` says "Asset with id '7' not found"."""
    if error.message != error.default_message or not error.resource:
        return error.message
    if not error.details:
        return f"{label(error.resource)} not found"
    name, value = next(iter(error.details.items()))
    return f"{label(error.resource)} with {name.removeprefix(f'{error.resource}_')} '{value}' not found"


# Django REST Framework's -------------------------------------------------------------------------


def _drf_validation(error: drf_errors.ValidationError) -> Problem:
    return _invalid(flatten(error.detail))


def _drf_method(error: drf_errors.MethodNotAllowed) -> Problem:
    return Problem("method_not_allowed", _words(error))


def _drf_throttled(error: drf_errors.Throttled) -> Problem:
    wait = max(1, round(getattr(error, "wait", None) or 1))
    return Problem("rate_limited", f"Rate limit exceeded. Try again in {wait} seconds.", headers=_retry(wait))


def _drf_other(error: drf_errors.APIException) -> Problem | None:
    kind = next((kind for kind, status in STATUSES.items() if status == error.status_code), "")
    if kind in {"invalid", "bad_request"}:
        kind = "bad_request"
    if not kind and 400 <= error.status_code < 500:
        kind = "bad_request"
    if kind in {"", "internal"}:
        return None
    return Problem(kind, _words(error), headers=_retry(RETRY_SECONDS) if kind == "unavailable" else {})


def _as(kind: str) -> Callable[[drf_errors.APIException], Problem]:
    return lambda error: Problem(kind, _words(error))


def _words(error: drf_errors.APIException) -> str:
    detail: Any = error.detail
    if isinstance(detail, dict):
        detail = detail.get("detail") or next(iter(detail.values()), "")
    if isinstance(detail, list):
        detail = detail[0] if detail else ""
    return str(detail) or str(error.default_detail)


def flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """DRF's nested error detail as {path of the field: [what is wrong]}; "" is the whole input."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            whole = name == api_settings.NON_FIELD_ERRORS_KEY
            for where, words in flatten(inner, path if whole else _join(path, str(name))).items():
                found.setdefault(where, []).extend(words)
        return found
    if isinstance(detail, list | tuple):
        if any(isinstance(inner, Mapping | list | tuple) for inner in detail):
            return flatten({str(index): inner for index, inner in enumerate(detail) if inner}, path)
        return {path: [str(words) for words in detail]} if detail else {}
    return {path: [str(detail)]}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _invalid(found: Mapping[str, list[str]]) -> Problem:
    """The message names the first thing that is wrong, `fields` all that speak of a field."""
    fields = {path: words for path, words in found.items() if path}
    path, words = next(iter(found.items()), ("", [Invalid.default_message]))
    return Problem("invalid", f"{path}: {words[0]}" if path else words[0], fields=fields)


def _retry(seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)}


# Django's ----------------------------------------------------------------------------------------


def _django_validation(error: django_errors.ValidationError) -> Problem:
    if hasattr(error, "error_dict"):
        whole = django_errors.NON_FIELD_ERRORS
        return _invalid({"" if name == whole else name: words for name, words in error.message_dict.items()})
    return _invalid({"": list(error.messages)})


def _forbidden(error: django_errors.PermissionDenied) -> Problem:
    return Problem("forbidden", str(error) or "You may not do this")


def _suspicious(error: django_errors.SuspiciousOperation) -> Problem:
    if isinstance(error, django_errors.DisallowedHost):
        return Problem("bad_request", "This host is not served here")
    return Problem("bad_request", "The request cannot be read")


def _fixed(kind: str, message: str) -> Callable[[Exception], Problem]:
    return lambda _: Problem(kind, message)


# The database's ----------------------------------------------------------------------------------


def _integrity(error: IntegrityError) -> Problem | None:
    """The net under the services: two writers met, and the constraint decided (409, as for any conflict).

    A service that knows which constraint it is says it better. What is not about another writer
    (a missing value, a failed check) stays a bug.
    """
    state = getattr(error.__cause__, "sqlstate", None)
    met = state in {"23505", "23503"} or "UNIQUE constraint" in str(error) or "FOREIGN KEY constraint" in str(error)
    if not met:
        return None
    log.warning("a constraint decided that no service translated", exc_info=error)
    return Problem("conflict", "It conflicts with what is there already")


def _data(error: DataError | OverflowError) -> Problem:
    log.warning("a value that the database cannot hold", exc_info=error)
    return Problem("invalid", "A value in the request cannot be stored: it is too large or holds a NUL character")


def _overflow(error: OverflowError) -> Problem | None:
    """SQLite's driver refuses an integer beyond 64 bits before the database sees it."""
    return _data(error) if "SQLite INTEGER" in str(error) else None


def _unreachable(error: Exception) -> Problem | None:
    """No connection, a server that is going down, a deadlock or a lock not had in time: try again.

    On SQLite the same class also speaks of missing tables, which is a bug, and of words to look for that are
    longer than it compares.
    """
    cause = error.__cause__ or error
    if "LIKE or GLOB pattern too complex" in str(error):
        return Problem("bad_request", "What is looked for is too long")
    if type(cause).__module__.startswith("sqlite3") and not any(
        words in str(error) for words in ("locked", "unable to open", "disk")
    ):
        return None
    log.error("the database does not answer", error=str(error))
    return Problem("unavailable", "The database does not answer now; try again", headers=_retry(RETRY_SECONDS))


_TRANSLATIONS: list[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], Problem | None]]] = [
    (DomainError, _domain),
    (drf_errors.ValidationError, _drf_validation),
    ((drf_errors.AuthenticationFailed, drf_errors.NotAuthenticated), _as("unauthenticated")),
    (drf_errors.PermissionDenied, _as("forbidden")),
    (drf_errors.NotFound, _as("not_found")),
    (drf_errors.MethodNotAllowed, _drf_method),
    (drf_errors.NotAcceptable, _as("not_acceptable")),
    (drf_errors.UnsupportedMediaType, _as("unsupported_media_type")),
    (drf_errors.Throttled, _drf_throttled),
    (drf_errors.APIException, _drf_other),
    (django_errors.ValidationError, _django_validation),
    (Http404, _fixed("not_found", "Not found")),
    (django_errors.PermissionDenied, _forbidden),
    (django_errors.RequestDataTooBig, _fixed("too_large", "The request is too large")),
    ((MultiPartParserError, UnreadablePostError), _fixed("bad_request", "The request body cannot be read")),
    (django_errors.BadRequest, _fixed("bad_request", "The request cannot be read")),
    (django_errors.SuspiciousOperation, _suspicious),
    (IntegrityError, _integrity),
    (DataError, _data),
    (OverflowError, _overflow),
    ((OperationalError, InterfaceError), _unreachable),
]
"""First match wins; a translation that returns None has looked closer and found a bug."""
