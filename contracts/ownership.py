"""Which contract a path belongs to, and answers in its shape where no view of it does."""

from __future__ import annotations

from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import defaults
from django.views.csrf import csrf_failure as csrf_page
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.base import ContractView
from contracts.collection import Collection
from contracts.entities import Entities
from contracts.errors import NotFound
from contracts.metastore import Metastore
from contracts.problems import Problem, problem_of
from contracts.registry import Registry
from contracts.releases import Releases
from contracts.rendering import JSONRenderer

SEGMENTS: dict[str, type[ContractView]] = {
    **dict.fromkeys(
        ("datasources", "tasks", "templates", "executions", "webhooks", "profiles", "login", "refresh"), Collection
    ),
    **dict.fromkeys(("projects",), Releases),
    **dict.fromkeys(
        (
            "apiEndpoints",
            "charts",
            "classifications",
            "collections",
            "containers",
            "dashboards",
            "databases",
            "databaseSchemas",
            "datasets",
            "domains",
            "entities",
            "glossaries",
            "glossaryTerms",
            "indexes",
            "keyspaces",
            "lineage",
            "pipelines",
            "queues",
            "searchIndexes",
            "services",
            "storedProcedures",
            "system",
            "tables",
            "tags",
            "teams",
            "topics",
            "users",
            "views",
        ),
        Entities,
    ),
}
"""The first segment below /api/v1, of every contract but the registry's, which has the rest."""


def contract_of(path: str) -> type[ContractView] | None:
    """The contract that speaks at this path; None for the admin and other pages."""
    match [*path.split("/")[1:], "", ""]:
        case ["v1", *_]:
            return Metastore
        case ["api", "v2", *_]:
            return Releases
        case ["api", "v1", "search", below, *_] if below:
            return Entities if below in {"fieldQuery", "query"} else Releases
        case ["api", "v1", first, *_]:
            return SEGMENTS.get(first, Registry)
        case ["api", *_]:
            return Registry
    return None


def answer(request: HttpRequest, error: Exception) -> HttpResponse | None:
    """The error in the shape of the path's contract, as JSON; None where no contract owns the path."""
    contract = contract_of(request.path_info)
    if contract is None:
        return None
    response = _json(contract, problem_of(error, request), request)
    response._has_been_logged = response.status_code == 500  # type: ignore[attr-defined]  # with its traceback
    return response


def _json(contract: type[ContractView], problem: Problem, request: HttpRequest) -> HttpResponse:
    body = contract.error_body(problem, str(getattr(request, "request_id", "")))
    return HttpResponse(
        JSONRenderer().render(body),
        content_type=JSONRenderer.media_type,
        status=contract.statuses[problem.kind],
        headers=dict(problem.headers),
    )


# Unrouted paths ----------------------------------------------------------------------------------


class _Unrouted(ContractView):
    """Any method on a path that leads nowhere; counted by address like any request."""

    authentication_classes = []
    permission_classes = []
    renderer_classes = [JSONRenderer]
    schema = None

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """JSON, whatever is accepted: a browser must learn that there is nothing, not that it asks wrongly."""
        return self.get_renderers()[0], JSONRenderer.media_type

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        raise NotFound(f"There is nothing at {request.path}")

    def options(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Response:
        return self.http_method_not_allowed(request)


def _view_of(contract: type[ContractView]) -> Any:
    return cast(Any, type(f"{contract.__name__}Unrouted", (_Unrouted, contract), {})).as_view()


_UNROUTED: dict[type[ContractView], Any] = {
    contract: _view_of(contract) for contract in (Metastore, Collection, Registry, Releases, Entities)
}


def unrouted(request: HttpRequest) -> HttpResponseBase:
    """404 in the shape of the path's contract."""
    view: HttpResponseBase = _UNROUTED[contract_of(request.path_info) or Registry](request)
    return view


unrouted.csrf_exempt = True  # type: ignore[attr-defined]


# Django's error views ----------------------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, exception) or defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, exception) or defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, NotFound()) or defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django has logged the exception by now."""
    contract = contract_of(request.path_info)
    if contract is None:
        return defaults.server_error(request)
    return _json(contract, Problem("internal", "An unexpected error occurred"), request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    contract = contract_of(request.path_info)
    if contract is None:
        return csrf_page(request, reason)
    return _json(contract, Problem("forbidden", f"CSRF Failed: {reason}"), request)
