"""`/graphql` over HTTP: queries and mutations by POST, queries by GET, GraphiQL for a browser, the schema to download.

Authenticated as the metastore contract is; a browser's session counts only with its CSRF token. A request that
cannot be carried out at all has the contract's status, and its error stands in `errors` as GraphQL has it.
"""

from __future__ import annotations

from typing import Any

import orjson
from asgiref.sync import async_to_sync, sync_to_async
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from accounts.permissions import actor_of
from catalog.schema_loading import Context
from config.graphql.schema import schema
from contracts.base import Enveloped
from contracts.errors import BadRequest
from contracts.metastore import Metastore
from contracts.problems import Problem
from contracts.rendering import JSONRenderer

_BODY = {"query", "variables", "operationName", "extensions"}
_READS = {OperationType.QUERY}
_ALL = {OperationType.QUERY, OperationType.MUTATION}


@extend_schema(exclude=True)
class GraphQL(Metastore):
    """One operation a request."""

    renderer_classes = [JSONRenderer]

    @classmethod
    def error_body(cls, problem: Problem, request_id: str) -> dict[str, Any]:
        error = super().error_body(problem, request_id)["error"]
        return {
            "errors": [
                {"message": error["message"], "extensions": {"code": error["code"], "details": error["details"]}}
            ]
        }

    def get(self, request: Request) -> Response:
        given: dict[str, Any] = {name: request.query_params[name] for name in _BODY if name in request.query_params}
        try:
            given["variables"] = orjson.loads(given.get("variables") or "{}")
        except orjson.JSONDecodeError:
            raise BadRequest("'variables' must be a JSON object") from None
        return self._answer(request, given, _READS)

    def post(self, request: Request) -> Response:
        return self._answer(request, dict(request.data), _ALL)

    def _answer(self, request: Request, given: dict[str, Any], allowed: set[OperationType]) -> Response:
        query, variables, name = given.get("query"), given.get("variables"), given.get("operationName")
        if not isinstance(query, str) or not query.strip():
            raise BadRequest("'query' must hold a GraphQL document")
        if not isinstance(variables, dict | None) or not isinstance(name, str | None):
            raise BadRequest("'variables' must be a JSON object, 'operationName' text")
        context = Context(actor_of(request), sync_to_async)
        try:
            result = async_to_sync(schema.execute)(
                query, variables, context, None, name or None, allowed_operation_types=allowed
            )
        except CannotGetOperationTypeError:
            raise BadRequest("'operationName' must name one of the operations where there are several") from None
        except InvalidOperationTypeError:
            raise BadRequest("Subscriptions are told over graphql-transport-ws; mutations take POST") from None
        body = Enveloped(data=result.data)
        if result.errors:
            body["errors"] = [error.formatted for error in result.errors]
        return Response(body)


_operations = GraphQL.as_view()


@csrf_exempt  # the view itself asks for the token where a session is what authenticates
def graphql(request: HttpRequest) -> HttpResponseBase:
    """GraphiQL for who asks for a page, else the answer to an operation."""
    asks_for_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    if asks_for_page and "query" not in request.GET:
        return graphiql(request)
    response: HttpResponseBase = _operations(request)
    return response


@ensure_csrf_cookie
def graphiql(request: HttpRequest) -> HttpResponse:
    """The editor, from files that are served here. It holds nothing: what it asks is authenticated when it asks."""
    return render(request, "doors/graphiql.html")


def sdl(request: HttpRequest) -> HttpResponse:
    """The schema in GraphQL's own language."""
    response = HttpResponse(schema.as_str() + "\n", content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="schema.graphql"'
    return response
