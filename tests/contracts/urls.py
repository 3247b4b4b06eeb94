"""Tiny views in all five contracts: enough to make each of them fail in every way."""

from __future__ import annotations

from typing import Any, cast

from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organization, Role
from accounts.permissions import actor_of
from contracts.base import ContractView
from contracts.collection import Collection
from contracts.conditional import expected_version
from contracts.entities import Entities
from contracts.errors import Conflict, Invalid, NotFound, Stale, Unavailable
from contracts.metastore import Metastore
from contracts.ownership import unrouted
from contracts.registry import Registry
from contracts.releases import Releases
from contracts.views import ListsAndRetrieves, Router


class ThingSerializer(serializers.ModelSerializer[Organization]):
    class Meta:
        model = Organization
        fields = ["id", "slug", "name"]


class NewThingSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=10)
    size = serializers.IntegerField(min_value=1)


class ThingViews(ListsAndRetrieves[Organization]):
    """Things are organizations here: a model every database of the tests has."""

    resource = "data_source"
    serializer_class = ThingSerializer
    rows_key = "data_sources"

    def get_queryset(self) -> Any:
        queryset = Organization.objects.order_by("slug")
        return queryset.none() if "nothing" in self.request.query_params else queryset

    def create(self, request: Request) -> Response:
        actor_of(request).require(Role.EDITOR)
        given = self._validated(request)
        if given["name"] == "taken":
            raise Conflict("Name already exists", resource=self.resource, name="taken")
        return Response(given, status=201)

    def update(self, request: Request, pk: str) -> Response:
        current = 3
        expected = expected_version(request)
        if expected not in {None, current}:
            raise Stale(resource=self.resource, expected_version=expected, current_version=current)
        return Response({"version": current + 1})

    def _validated(self, request: Request) -> dict[str, Any]:
        serializer = NewThingSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


class UnrenderableRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        raise RuntimeError("secret of the renderer")


class BrokenViews(ContractView):
    """Raises what the path names."""

    permission_classes = []
    ERRORS: dict[str, Any] = {
        "bug": lambda: RuntimeError("secret inside"),
        "unavailable": lambda: Unavailable("The source does not answer"),
        "no-database": lambda: OperationalError("could not connect to server at 10.0.0.7"),
        "integrity": lambda: IntegrityError("UNIQUE constraint failed: secret_table.name"),
        "not-null": lambda: IntegrityError("NOT NULL constraint failed: secret_table.name"),
        "invalid": lambda: Invalid(fields={"host": ["Unknown host."], "port": ["Too high."]}),
        "missing": lambda: NotFound(resource="data_source", data_source_id="7"),
    }

    def get(self, request: Request, kind: str) -> Response:
        if kind == "render":
            request.accepted_renderer = UnrenderableRenderer()
            return Response({})
        raise self.ERRORS[kind]()


class ShownView(ContractView):
    """The same to all, whoever they are."""

    permission_classes = []

    def get(self, request: Request) -> Response:
        return Response({"shown": True})


class EchoView(ContractView):
    """Answers the body it was sent; open to all."""

    authentication_classes = []
    permission_classes = []

    def post(self, request: Request) -> Response:
        return Response(request.data)


def outside(request: HttpRequest) -> HttpResponse:
    """A plain Django view that breaks."""
    raise RuntimeError("secret outside")


def routes(contract: type[ContractView]) -> Any:
    """`things`, `things/<id>`, `broken/<kind>`, `echo`, `shown` and `outside` in one contract."""
    things, broken, echo, shown = (
        cast(Any, type(f"{contract.__name__}{views.__name__}", (contract, views), {}))
        for views in (ThingViews, BrokenViews, EchoView, ShownView)
    )
    router = Router()
    router.register("things", things, basename=f"{contract.contract}-thing")
    return include(
        [
            *router.urls,
            path("broken/<kind>", broken.as_view()),
            path("echo", echo.as_view()),
            path("shown", shown.as_view()),
            path("outside", outside),
        ]
    )


PREFIXES: dict[str, str] = {
    "metastore": "/v1",
    "collection": "/api/v1/datasources",
    "registry": "/api/v1/sources",
    "releases": "/api/v2",
    "entities": "/api/v1/tables",
}
CONTRACTS: dict[str, type[ContractView]] = {
    found.contract: found for found in (Metastore, Collection, Registry, Releases, Entities)
}

urlpatterns = [
    *(path(f"{PREFIXES[name].lstrip('/')}/", routes(contract)) for name, contract in CONTRACTS.items()),
    re_path(r"^(?:v1|api)(?:/.*)?$", unrouted),
]

handler400 = "contracts.ownership.bad_request"
handler403 = "contracts.ownership.permission_denied"
handler404 = "contracts.ownership.page_not_found"
handler500 = "contracts.ownership.server_error"
