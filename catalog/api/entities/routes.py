"""Routes of a collection: the same for every kind."""

from __future__ import annotations

from typing import Any, cast

from django.urls import URLPattern, path
from drf_spectacular.utils import extend_schema

from catalog.api.entities import described as shapes
from catalog.api.entities.bulk import BulkViews
from catalog.api.entities.kinds import Kind
from catalog.api.entities.versions import VersionViews
from contracts.entities import Entities
from contracts.entity_routes import PATCH, BulkResultSerializer, EntityHistorySerializer, RestoreBody
from contracts.entity_stale import StaleBody
from contracts.openapi import described


class EntityCollection(Entities, BulkViews, VersionViews):
    """Everything that one collection of entities answers to."""


def view_of(kind: Kind) -> Any:
    """The viewset of this kind, with its descriptions."""
    entity, body = shapes.entity_serializer(kind), shapes.body_serializer(kind)
    name = f"{kind.entity[0].upper()}{kind.entity[1:]}Collection"
    made = type(name, (EntityCollection,), {"kind": kind, "serializer_class": body, "__doc__": _words(kind)})
    scopes = [
        shapes.query(scope, f"Only what is in the {scope} of this fully qualified name.")
        for scope in ("service", "database", "databaseSchema")
        if scope in kind.shown
    ]
    reads: list[Any] = [shapes.FIELDS, shapes.INCLUDE]
    flags = [shapes.query(flag, "", ("false", "true")) for flag in ("recursive", "hardDelete")]
    return described(
        made,
        list=extend_schema(parameters=[*reads, *scopes], responses=entity(many=True)),
        retrieve=extend_schema(parameters=reads, responses=entity),
        by_name=extend_schema(parameters=reads, responses=entity, operation_id=f"entities_{kind.path}_by_name"),
        create=extend_schema(request=body, responses={201: entity}),
        upsert=extend_schema(
            request=body, responses={200: entity, 201: entity}, operation_id=f"entities_{kind.path}_put"
        ),
        update=extend_schema(request=body, parameters=[shapes.IF_MATCH], responses={200: entity, 201: entity}),
        partial_update=extend_schema(
            request=PATCH,
            parameters=[shapes.IF_MATCH],
            responses=entity,
        ),
        destroy=extend_schema(parameters=[*flags, shapes.IF_MATCH], responses={200: entity}),
        restore=extend_schema(request=RestoreBody, responses=entity),
        versions=extend_schema(responses=EntityHistorySerializer, operation_id=f"entities_{kind.path}_versions"),
        version=extend_schema(responses=entity, operation_id=f"entities_{kind.path}_version"),
        bulk=extend_schema(request=body(many=True), responses=BulkResultSerializer),
        delete_stale=extend_schema(
            request=StaleBody,
            responses={200: BulkResultSerializer},
            operation_id=f"entities_{kind.path}_delete_stale",
        ),
    )


def _words(kind: Kind) -> str:
    types = " and ".join(kind.types)
    return f"Assets of type {types}, as {kind.path}."


def routes_of(kind: Kind) -> list[URLPattern]:
    view = cast(Any, view_of(kind))
    one = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
    name = kind.path
    return [
        path(name, view.as_view({"get": "list", "post": "create", "put": "upsert"}), name=f"entities-{name}"),
        path(f"{name}/restore", view.as_view({"put": "restore"}), name=f"entities-{name}-restore"),
        path(f"{name}/bulk", view.as_view({"put": "bulk"}), name=f"entities-{name}-bulk"),
        path(f"{name}/deleteStale", view.as_view({"delete": "delete_stale"}), name=f"entities-{name}-stale"),
        path(f"{name}/name/<path:fqn>", view.as_view({"get": "by_name"}), name=f"entities-{name}-by-name"),
        path(f"{name}/<str:pk>", view.as_view(one), name=f"entities-{name}-one"),
        path(f"{name}/<str:pk>/versions", view.as_view({"get": "versions"}), name=f"entities-{name}-versions"),
        path(
            f"{name}/<str:pk>/versions/<str:decimal>",
            view.as_view({"get": "version"}),
            name=f"entities-{name}-version",
        ),
    ]
