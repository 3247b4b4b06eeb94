"""The collection contract (`/api/v1`: data sources, tasks, templates).

What its page leaves open: `details` is one line, "host: This field is required.; port: …" for a
validation error, "name=value" pairs else, empty where there is nothing to add. A value out of range
in the query or the body is INVALID_REQUEST, a version that is not current CONFLICT.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.response import Response

from contracts.base import ContractView, Enveloped
from contracts.openapi import NUMBER, TEXT, Schema, shape
from contracts.paging import WindowPagination
from contracts.problems import Problem
from contracts.throttling import AddressThrottle


class CollectionPagination(WindowPagination):
    """`page` and `page_size` (20, at most 100). The rows stand under the view's `rows_key`, else `data`."""

    limit_name = "page_size"
    rows_key = "data"

    def bind(self, view: Any) -> None:
        self.rows_key = getattr(view, "rows_key", self.rows_key)

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            Enveloped(
                {
                    self.rows_key: data,
                    "total": self.total,
                    "page": self.window.page,
                    "page_size": self.window.limit,
                }
            )
        )

    def get_results(self, data: Any) -> Any:
        return data[self.rows_key]

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        return shape(**{self.rows_key: schema}, total=NUMBER, page=NUMBER, page_size=NUMBER)


class CollectionThrottle(AddressThrottle):
    """The page counts by address, whoever asks."""

    scope = "collection"
    setting = "RATE_COLLECTION"


class Collection(ContractView):
    contract = "collection"
    codes: ClassVar = {
        "invalid": "INVALID_REQUEST",
        "bad_request": "INVALID_REQUEST",
        "error": "INVALID_REQUEST",
        "unauthenticated": "UNAUTHORIZED",
        "forbidden": "FORBIDDEN",
        "not_found": "NOT_FOUND",
        "method_not_allowed": "METHOD_NOT_ALLOWED",
        "not_acceptable": "NOT_ACCEPTABLE",
        "conflict": "CONFLICT",
        "stale": "CONFLICT",
        "too_large": "PAYLOAD_TOO_LARGE",
        "unsupported_media_type": "UNSUPPORTED_MEDIA_TYPE",
        "rate_limited": "RATE_LIMITED",
        "internal": "INTERNAL_ERROR",
        "unavailable": "SERVICE_UNAVAILABLE",
    }
    pagination_class: Any = CollectionPagination
    throttle_classes = [CollectionThrottle]

    @classmethod
    def error_body(cls, problem: Problem, request_id: str) -> dict[str, Any]:
        said = [f"{path}: {' '.join(words)}" for path, words in problem.fields.items()]
        said += [f"{name}={_told(value)}" for name, value in problem.details.items()]
        return {
            "code": cls.codes[problem.kind],
            "message": problem.message,
            "details": "; ".join(said),
            "request_id": request_id,
        }

    @classmethod
    def error_schema(cls) -> Schema:
        return shape(code=TEXT, message=TEXT, details=TEXT, request_id=TEXT)


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
