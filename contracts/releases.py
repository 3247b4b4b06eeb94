"""The releases contract (`/api/v2`, and the `/api/v1/projects…` and `/api/v1/search/…` its page shows).

What its page leaves open: `resource_type` stands in every 404 ("resource" where the path leads
nowhere), `details` wherever there are some. A body that cannot be read is a `validation_error` too, as the
page's "Invalid request format" has it. Links are absolute and keep the other query parameters.
"""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from contracts.base import ContractView, Enveloped
from contracts.openapi import FREE, NUMBER, TEXT, Schema, shape
from contracts.paging import WindowPagination
from contracts.problems import Problem
from contracts.throttling import Throttle


class ReleasesPagination(WindowPagination):
    """`page` and `limit` (20, at most 100), with `Link` (RFC 8288) and `X-Total-Count`."""

    def get_paginated_response(self, data: Any) -> Response:
        window = self.window
        headers = {"X-Total-Count": str(self.total), "Link": self.links()}
        body = Enveloped(items=data, total=self.total, page=window.page, limit=window.limit)
        return Response(body, headers=headers)

    def get_results(self, data: Any) -> Any:
        return data["items"]

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        return shape(items=schema, total=NUMBER, page=NUMBER, limit=NUMBER)

    def links(self) -> str:
        """First and last always; prev and next where there is one."""
        page, last = self.window.page, max(1, self.window.pages(self.total))
        numbers = {"first": 1, "prev": min(page - 1, last), "next": page + 1, "last": last}
        if page <= 1:
            del numbers["prev"]
        if page >= last:
            del numbers["next"]
        url = self.request.build_absolute_uri()
        links = {rel: replace_query_param(url, "page", number) for rel, number in numbers.items()}
        return ", ".join(f'<{link}>; rel="{rel}"' for rel, link in links.items())


class ReleasesThrottle(Throttle):
    scope = "releases"
    setting = "RATE_RELEASES"


class Releases(ContractView):
    contract = "releases"
    codes: ClassVar = {
        "invalid": "validation_error",
        "bad_request": "validation_error",
        "error": "validation_error",
        "unauthenticated": "unauthorized",
        "forbidden": "forbidden",
        "not_found": "not_found",
        "method_not_allowed": "method_not_allowed",
        "not_acceptable": "not_acceptable",
        "conflict": "conflict",
        "stale": "conflict",
        "too_large": "payload_too_large",
        "unsupported_media_type": "unsupported_media_type",
        "rate_limited": "rate_limit_exceeded",
        "internal": "internal_error",
        "unavailable": "service_unavailable",
    }
    pagination_class: Any = ReleasesPagination
    throttle_classes = [ReleasesThrottle]

    @classmethod
    def error_body(cls, problem: Problem, request_id: str) -> dict[str, Any]:
        body: dict[str, Any] = {"error": cls.codes[problem.kind], "message": problem.message}
        if problem.kind == "not_found":
            body["resource_type"] = problem.resource or "resource"
        details = {**problem.details, **problem.fields}
        if details:
            body["details"] = details
        return body

    @classmethod
    def error_schema(cls) -> Schema:
        schema = shape(error=TEXT, message=TEXT)
        schema["properties"] |= {"details": FREE, "resource_type": TEXT}
        return schema
