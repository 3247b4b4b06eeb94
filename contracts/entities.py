"""The entities contract (`/api/v1/<entities>`).

What its page leaves open: an error is `{code, message}` with the HTTP status as `code`; what other
contracts put in details is said in the message. `limit` is 10 unless given, at most 1000.
`paging.total` (its best known client reads it) is counted when scrolling begins and then carried in
the cursor. DELETE answers 200 with the entity.
"""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.parsers import BaseParser
from rest_framework.response import Response

from contracts.base import ContractView, Enveloped
from contracts.cursors import CursorPages
from contracts.openapi import NUMBER, TEXT, Schema, shape
from contracts.parsing import JSONListParser, JSONParser, JSONPatchParser
from contracts.problems import STATUSES, Problem
from contracts.throttling import Throttle


class EntitiesPagination(CursorPages):
    """`limit`, `after` and `before`."""

    def get_paginated_response(self, data: Any) -> Response:
        paging = {"before": self.before, "after": self.after, "total": self.total}
        return Response(Enveloped(data=data, paging=paging))

    def get_results(self, data: Any) -> Any:
        return data["data"]

    def get_paginated_response_schema(self, schema: Schema) -> Schema:
        cursor = {**TEXT, "nullable": True}
        return shape(data=schema, paging=shape(before=cursor, after=cursor, total=NUMBER))


class EntitiesThrottle(Throttle):
    scope = "entities"
    setting = "RATE_ENTITIES"


class Entities(ContractView):
    contract = "entities"
    codes = {kind: str(status) for kind, status in STATUSES.items()}
    pagination_class: Any = EntitiesPagination
    throttle_classes = [EntitiesThrottle]
    deleted_status = status.HTTP_200_OK

    @classmethod
    def error_body(cls, problem: Problem, request_id: str) -> dict[str, Any]:
        message = problem.message
        if len(problem.fields) > 1:
            message = "; ".join(f"{path}: {' '.join(words)}" for path, words in problem.fields.items())
        return {"code": cls.statuses[problem.kind], "message": message}

    @classmethod
    def error_schema(cls) -> Schema:
        return shape(code=NUMBER, message=TEXT)

    def get_parsers(self) -> list[BaseParser]:
        """A PATCH is a JSON Patch, also where it comes as plain JSON."""
        if self.request is not None and self.request.method == "PATCH":
            return [JSONPatchParser(), JSONListParser()]
        return [JSONParser()]

    def deleted(self, data: Any = None) -> Response:
        return Response(data, status=self.deleted_status)
