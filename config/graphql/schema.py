"""The one GraphQL schema: the apps' queries and mutations joined, and the subscriptions to live events."""

from __future__ import annotations

from typing import Any

import strawberry
from django.http import HttpRequest
from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from catalog.schema import CatalogQuery
from catalog.schema_writes import CatalogMutation
from config.graphql.limits import Limits
from config.graphql.subscriptions import Subscription
from contracts.metastore import Metastore
from contracts.problems import problem_of
from ingestion.schema import TaskMutation, TaskQuery


@strawberry.type
class Query(CatalogQuery, TaskQuery):
    pass


@strawberry.type
class Mutation(CatalogMutation, TaskMutation):
    pass


class Schema(strawberry.Schema):
    """Says what goes wrong as the contract does: `extensions.code` is REST's."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        for error in errors:
            tell(error)


def tell(error: GraphQLError) -> None:
    """Give the error its code and details. A bug is logged, and says nothing of our insides."""
    if "code" in (error.extensions or {}):
        return
    cause = error.original_error
    if isinstance(cause, GraphQLError):  # a value that a scalar or an enum does not take
        cause = cause.original_error
    if cause is None:
        refused = "BAD_REQUEST" if isinstance(error, GraphQLSyntaxError) else "VALIDATION_ERROR"
        error.extensions = {"code": refused}
        return
    request = HttpRequest()
    request.method, request.path = "GraphQL", "/".join(map(str, error.path or ()))
    body: dict[str, Any] = Metastore.error_body(problem_of(cause, request), "")["error"]
    error.message = body["message"]
    error.extensions = {"code": body["code"], "details": body["details"]}


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    extensions=[Limits],
    config=StrawberryConfig(auto_camel_case=True, disable_field_suggestions=False),
)
