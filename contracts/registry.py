"""The registry contract (`/api/v1`: organizations, sources, tools, resolve, stats, health).

What its page leaves open: 400 BAD_REQUEST is for what cannot be read (malformed JSON, a query
parameter out of range), 422 VALIDATION_ERROR for a body that was read and is not valid; the messages
by field are in `details`. `meta` is there where it holds something. Answers to one who signed in are
not for shared caches.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.base import ContractView, Enveloped
from contracts.openapi import FLAG, FREE, NUMBER, TEXT, Schema, shape
from contracts.paging import WindowPagination
from contracts.problems import STATUSES, Problem
from contracts.throttling import Throttle


class RegistryPagination(WindowPagination):
    """`page` (at most 10000) and `limit` (20, at most 100; a view's paginator may allow more)."""

    max_page = 10_000

    def meta(self) -> dict[str, Any]:
        """`meta.pagination` of an answer."""
        page, pages = self.window.page, self.window.pages(self.total)
        return {
            "page": page,
            "per_page": self.window.limit,
            "total": self.total,
            "pages": pages,
            "has_next": page < pages,
            "has_prev": page > 1,
        }

    def get_paginated_response(self, data: Any) -> Response:
        return Response(envelope(data, pagination=self.meta()))

    def get_results(self, data: Any) -> Any:
        return data["data"]

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        return shape(success=FLAG, data=schema, meta=shape(pagination=self.meta_schema()))

    @staticmethod
    def meta_schema() -> Schema:
        """What `meta` answers, as an OpenAPI schema."""
        counts = dict.fromkeys(("page", "per_page", "total", "pages"), NUMBER)
        return shape(**counts, has_next=FLAG, has_prev=FLAG)


class RegistryThrottle(Throttle):
    """By actor for those who sign in, by address and less for those who do not."""

    scope = "registry"

    def rate(self, request: Request) -> str:
        return str(settings.RATE_REGISTRY_ANONYMOUS if request.auth is None else settings.RATE_REGISTRY_AUTHENTICATED)


class SignInThrottle(RegistryThrottle):
    """A count of its own: who has used up what the anonymous may ask can still sign in, which allows more."""

    scope = "registry sign-in"

    def rate(self, request: Request) -> str:
        return str(settings.RATE_REGISTRY_AUTHENTICATED)


def envelope(data: Any, **meta: Any) -> Enveloped:
    """`{success, data, meta}`; `meta` only where there is some."""
    return Enveloped(success=True, data=data, meta=meta) if meta else Enveloped(success=True, data=data)


class Registry(ContractView):
    contract = "registry"
    codes: ClassVar = {
        "invalid": "VALIDATION_ERROR",
        "bad_request": "BAD_REQUEST",
        "error": "BAD_REQUEST",
        "unauthenticated": "UNAUTHORIZED",
        "forbidden": "FORBIDDEN",
        "not_found": "NOT_FOUND",
        "method_not_allowed": "METHOD_NOT_ALLOWED",
        "not_acceptable": "NOT_ACCEPTABLE",
        "conflict": "CONFLICT",
        "stale": "CONFLICT",
        "too_large": "PAYLOAD_TOO_LARGE",
        "unsupported_media_type": "UNSUPPORTED_MEDIA_TYPE",
        "rate_limited": "RATE_LIMIT_EXCEEDED",
        "internal": "INTERNAL_ERROR",
        "unavailable": "SERVICE_UNAVAILABLE",
    }
    statuses = {**STATUSES, "invalid": 422}
    pagination_class: Any = RegistryPagination
    throttle_classes = [RegistryThrottle]
    cache_control = {"public": True, "max_age": 3600}
    enveloped: ClassVar[bool] = True
    """False for the rare answer that the page shows bare (health)."""

    @classmethod
    def error_body(cls, problem: Problem, request_id: str) -> dict[str, Any]:
        return {
            "success": False,
            "error": {
                "code": cls.codes[problem.kind],
                "message": problem.message,
                "details": {**problem.details, **problem.fields},
            },
        }

    @classmethod
    def error_schema(cls) -> Schema:
        return shape(success=FLAG, error=shape(code=TEXT, message=TEXT, details=FREE))

    def envelope(self, data: Any) -> Any:
        return envelope(data) if self.enveloped else data

    def envelope_schema(self, schema: Schema) -> Schema:
        return shape(success=FLAG, data=schema) if self.enveloped else schema

    def cache_for(self, request: Request) -> Mapping[str, Any]:
        return self.cache_control if request.auth is None else ContractView.cache_control
