"""The metastore contract (`/v1`).

What its page leaves open: `details` holds the domain's details and, for a validation error, the
messages by field. A code is made of the resource where the resource says more (`ASSET_NOT_FOUND`,
`TAG_CONFLICT`); a version that is not current is `VERSION_CONFLICT`, with 409.
"""

from __future__ import annotations

from typing import Any

from rest_framework.response import Response

from contracts.base import ContractView, Enveloped
from contracts.openapi import FLAG, FREE, NUMBER, TEXT, Schema, number_parameter, shape
from contracts.paging import MAX_NUMBER, Window, WindowPagination
from contracts.problems import Problem
from contracts.throttling import Throttle


class MetastorePagination(WindowPagination):
    """`limit` (20, at most 100) and `offset`."""

    def read(self, parameters: Any) -> Window:
        return Window(
            limit=self._number(parameters, "limit", self.default_limit, low=1, high=self.max_limit),
            offset=self._number(parameters, "offset", 0, low=0, high=MAX_NUMBER),
        )

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            Enveloped(
                data=data,
                pagination={
                    "total": self.total,
                    "limit": self.window.limit,
                    "offset": self.window.offset,
                    "has_more": self.window.offset + len(data) < self.total,
                },
            )
        )

    def get_results(self, data: Any) -> Any:
        return data["data"]

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        return shape(data=schema, pagination=shape(total=NUMBER, limit=NUMBER, offset=NUMBER, has_more=FLAG))

    def get_schema_operation_parameters(self, view: Any) -> list[Schema]:
        return [
            number_parameter("limit", "Rows, at most.", default=self.default_limit, low=1, high=self.max_limit),
            number_parameter("offset", "Rows to leave out first.", default=0, low=0),
        ]


class MetastoreThrottle(Throttle):
    scope = "metastore"
    setting = "RATE_METASTORE"


class Metastore(ContractView):
    contract = "metastore"
    codes = {
        "invalid": "VALIDATION_ERROR",
        "bad_request": "BAD_REQUEST",
        "error": "BAD_REQUEST",
        "unauthenticated": "UNAUTHORIZED",
        "forbidden": "FORBIDDEN",
        "not_found": "NOT_FOUND",
        "method_not_allowed": "METHOD_NOT_ALLOWED",
        "not_acceptable": "NOT_ACCEPTABLE",
        "conflict": "CONFLICT",
        "stale": "VERSION_CONFLICT",
        "too_large": "PAYLOAD_TOO_LARGE",
        "unsupported_media_type": "UNSUPPORTED_MEDIA_TYPE",
        "rate_limited": "RATE_LIMIT_EXCEEDED",
        "internal": "INTERNAL_ERROR",
        "unavailable": "SERVICE_UNAVAILABLE",
    }
    pagination_class: Any = MetastorePagination
    throttle_classes = [MetastoreThrottle]

    @classmethod
    def error_body(cls, problem: Problem, request_id: str) -> dict[str, Any]:
        code = cls.codes[problem.kind]
        if problem.resource and problem.kind in {"not_found", "conflict"}:
            code = f"{problem.resource.upper()}_{code}"
        return {"error": {"code": code, "message": problem.message, "details": {**problem.details, **problem.fields}}}

    @classmethod
    def error_schema(cls) -> Schema:
        return shape(error=shape(code=TEXT, message=TEXT, details=FREE))
