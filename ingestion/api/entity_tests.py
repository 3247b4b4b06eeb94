"""`/api/v1/services/testConnectionDefinitions` of the entities contract: what a client tries before it collects.

The steps are names that the public clients know; one that a connector of theirs does not know would end it, so
that only those are named which all connectors of a service's type have.
"""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.entities.shapes import SERVICE_TYPES
from contracts.entities import Entities, base_of
from contracts.errors import NotFound

_SUFFIX = ".testConnectionDefinition"
_ACCESS = ("CheckAccess", "Connect with what the service's connection says.", "It cannot be connected to.")
_RELATIONAL = (
    ("GetSchemas", "List the schemas.", "Its schemas cannot be listed."),
    ("GetTables", "List the tables of a schema.", "Its tables cannot be listed."),
    ("GetViews", "List the views of a schema.", "Its views cannot be listed."),
)
_OTHERS = frozenset({"MongoDB", "Oracle"})
"""Whose connectors have steps of their own beside the first."""


class StepSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    description = serializers.CharField()
    errorMessage = serializers.CharField()
    mandatory = serializers.BooleanField()
    shortCircuit = serializers.BooleanField(help_text="Nothing is tried after it has failed.")


class DefinitionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField(help_text="The service's type.")
    fullyQualifiedName = serializers.CharField()
    description = serializers.CharField()
    href = serializers.URLField()
    steps = StepSerializer(many=True)


class DefinitionViews(GenericAPIView[Any]):
    serializer_class: Any = DefinitionSerializer

    def get(self, request: Request, fqn: str) -> Response:
        type_ = fqn.removesuffix(_SUFFIX)
        if type_ not in SERVICE_TYPES.values() or not fqn.endswith(_SUFFIX):
            raise NotFound(f"There is no testConnectionDefinition '{fqn[:1000]}'", resource="definition")
        href = f"{base_of(request)}services/testConnectionDefinitions/name/{fqn}"
        more = () if type_ in _OTHERS else _RELATIONAL
        definition = {
            "id": uuid5(NAMESPACE_URL, fqn),
            "name": type_,
            "fullyQualifiedName": fqn,
            "description": f"What is tried before a service of the type {type_} is collected.",
            "href": href,
            "steps": [_step(*_ACCESS, is_first=True), *(_step(*step) for step in more)],
        }
        return Response(definition)


def _step(name: str, description: str, message: str, *, is_first: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "errorMessage": message,
        "mandatory": is_first or name != "GetViews",
        "shortCircuit": is_first,
    }


class EntitiesTestDefinition(Entities, DefinitionViews):
    @extend_schema(responses=DefinitionSerializer, operation_id="entities_test_connection_definition")
    def get(self, request: Request, fqn: str) -> Response:
        """The steps of a connection test: `Postgres.testConnectionDefinition`, …"""
        return super().get(request, fqn)


urlpatterns = [
    path("services/testConnectionDefinitions/name/<str:fqn>", EntitiesTestDefinition.as_view(), name="entities-tests")
]
