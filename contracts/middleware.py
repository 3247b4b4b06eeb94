"""Around every request: its id, and JSON for what breaks outside DRF's views under a contract's path."""

from __future__ import annotations

import re
from collections.abc import Callable

import structlog
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from uuid_utils.compat import uuid7

from contracts.addresses import client_address
from contracts.ownership import answer

HEADER = "X-Request-Id"
_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,63}")


class RequestContext:
    """Gives each request an id: the client's `X-Request-Id` where it is sane (at most 64 characters), else a new one.

    The id is `request.request_id`, stands in every log line of the request, and comes back as a header.
    Who asks is `request.client_address`, for doors that may not import from here.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _SANE.fullmatch(given) else str(uuid7())
        request.request_id = request_id  # type: ignore[attr-defined]
        request.client_address = client_address(request)  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self._host_refused(request) or self.get_response(request)
        response[HEADER] = request_id
        if response.status_code == 304:
            del response["Content-Length"]  # RFC 9110, 8.6: the length of the whole answer, or none
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """What a view outside DRF raises, and what a response raises while it is rendered."""
        return answer(request, error)

    def _host_refused(self, request: HttpRequest) -> HttpResponseBase | None:
        """Refuse a bad Host here: Django would answer with a page of its own."""
        try:
            request.get_host()
        except DisallowedHost as error:
            return answer(request, error)
        return None
