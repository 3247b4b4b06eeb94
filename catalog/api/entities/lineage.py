"""Lineage in the entities contract: edges between entities, and the graph around one.

`GET /lineage/{type}/{id}` walks at most ten steps each way and 1,000 edges; where there was more, the header
`X-Truncated: true` says so, since the answer's public schema has no place for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.permissions import actor_of
from catalog.api.entities.described import EntityReferenceSerializer
from catalog.api.entities.kinds import BY_TYPE, KINDS
from catalog.api.entities.lineage_details import details_of, metadata_of, texts_in
from catalog.api.parameters import number_of, parameter
from catalog.lineage import DEEPEST, EDGES, Direction, Node, Step, lineage
from catalog.models import Asset, AssetType, Relationship, RelationshipType
from catalog.names import join_name, split_name
from catalog.services import delete_lineage, delete_lineage_told_by, put_lineage
from contracts.entities import Entities, base_of
from contracts.entity_routes import PATCH
from contracts.errors import BadRequest, Invalid, NotFound
from contracts.patching import patched
from contracts.views import ContractViewSet, uuid_of

_TYPES = {kind.entity: kind.types for kind in KINDS}
_DEPTHS = [
    parameter(name, f"Steps to follow, 0 to {DEEPEST}; 1 where it is not said.", type_=int)
    for name in ("upstreamDepth", "downstreamDepth")
]


class LineageColumnSerializer(serializers.Serializer[Any]):
    fromColumns = serializers.ListField(child=serializers.CharField())
    toColumn = serializers.CharField()
    function = serializers.CharField(required=False)


class LineageDetailsSerializer(serializers.Serializer[Any]):
    sqlQuery = serializers.CharField(required=False)
    columnsLineage = LineageColumnSerializer(many=True, required=False)
    pipeline = EntityReferenceSerializer(required=False)
    description = serializers.CharField(required=False)
    source = serializers.CharField(required=False)  # type: ignore[assignment]  # the contract's name for it


class LineageEdgeBody(serializers.Serializer[Any]):
    fromEntity = EntityReferenceSerializer()
    toEntity = EntityReferenceSerializer()
    description = serializers.CharField(required=False)
    lineageDetails = LineageDetailsSerializer(required=False)


class AddLineageBody(serializers.Serializer[Any]):
    edge = LineageEdgeBody()


class ShownEdgeSerializer(serializers.Serializer[Any]):
    fromEntity = serializers.UUIDField()
    toEntity = serializers.UUIDField()
    lineageDetails = LineageDetailsSerializer(required=False)


class EntityLineageSerializer(serializers.Serializer[Any]):
    entity = EntityReferenceSerializer()
    nodes = EntityReferenceSerializer(many=True)
    upstreamEdges = ShownEdgeSerializer(many=True)
    downstreamEdges = ShownEdgeSerializer(many=True)


class FoundEdgeSerializer(serializers.Serializer[Any]):
    edge = LineageDetailsSerializer()


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of an edge that a request speaks of."""

    actor: Actor
    upstream: Asset
    downstream: Asset

    def edge(self) -> Relationship:
        """Raises NotFound."""
        found = Relationship.objects.visible_to(self.actor).between(self.upstream.pk, self.downstream.pk).first()
        if found is None:
            names = f"'{self.upstream.qualified_name}' to '{self.downstream.qualified_name}'"
            raise NotFound(f"There is no lineage from {names}", resource="lineage")
        return found

    def put(self, details: Any) -> None:
        """Relate the two with these details, or give the edge that is there these details."""
        put_lineage(
            actor=self.actor,
            upstream=self.upstream,
            downstream=self.downstream,
            describe=partial(self._metadata, details),
        )

    def _metadata(self, details: Any, known: Mapping[str, Any]) -> dict[str, Any]:
        metadata = metadata_of(details, self.upstream.qualified_name, self.downstream.qualified_name, known)
        key = metadata.get("pipeline")
        if key and not Asset.objects.visible_to(self.actor).filter(pk=key, type=AssetType.PIPELINE).exists():
            raise NotFound(f"There is no pipeline '{key}'", resource="pipeline")
        return metadata


class Graph:
    """Nodes and edges as they are answered; `base` is the absolute URL that every href begins with."""

    def __init__(self, actor: Actor, base: str) -> None:
        self.actor, self.base = actor, base

    def reference(self, node: Node) -> dict[str, Any]:
        """A node; a type that no entity is made of has its own name and leads nowhere."""
        kind = BY_TYPE.get(node.type)
        told = {
            "id": node.id,
            "type": kind.entity if kind else node.type.lower(),
            "name": node.name,
            "fullyQualifiedName": node.qualified_name,
            "deleted": False,
        }
        return {**told, "href": f"{self.base}{kind.path}/{node.id}"} if kind else told

    def edges(self, steps: Iterable[Step], nodes: Mapping[UUID, Node]) -> list[dict[str, Any]]:
        """The edges, and the pipelines that they name, which take one statement."""
        steps = list(steps)
        pipelines = self._pipelines(steps)
        shown = []
        for step in steps:
            ends = step.source_id, step.target_id
            source, target = ends if step.type == RelationshipType.PRODUCES else reversed(ends)
            details = details_of(
                step.metadata,
                nodes[source].qualified_name,
                nodes[target].qualified_name,
                created_at=step.created_at,
                assumed=_assumed(step.type, nodes[target].type),
                pipeline=pipelines.get,
            )
            shown.append({"fromEntity": source, "toEntity": target, "lineageDetails": details})
        return shown

    def _pipelines(self, steps: Iterable[Step]) -> dict[str, dict[str, Any]]:
        keys, names = set(), set()
        for step in steps:
            if key := uuid_of(step.metadata.get("pipeline")):
                keys.add(key)
            names |= {name for name in texts_in(step.metadata.get("by")) if name}
        if not keys and not names:
            return {}
        found = Asset.objects.visible_to(self.actor).filter(type=AssetType.PIPELINE)
        rows = found.filter(Q(pk__in=keys) | Q(qualified_name__in=names))
        references: dict[str, dict[str, Any]] = {}
        for row in rows.values_list("id", "type", "name", "qualified_name"):
            node = Node(*row)
            references[str(node.id)] = references[node.qualified_name] = self.reference(node)
        return references


def _assumed(type_: str, made: str) -> str:
    if type_ != RelationshipType.DEPENDS_ON:
        return "PipelineLineage"
    return "ViewLineage" if made == AssetType.VIEW else "Manual"


class LineageViews(ContractViewSet[Relationship]):
    """Lineage by the ids or the names of entities."""

    queryset = Relationship.objects.none()
    serializer_class: Any = AddLineageBody

    def relate(self, request: Request) -> Response:
        body = dict(request.data)
        edge = body.pop("edge", None)
        if body or not isinstance(edge, Mapping):
            fields = {name: ["There is no such field."] for name in body} or {"edge": ["This must be an object."]}
            raise Invalid(fields=fields)
        unknown = edge.keys() - {"fromEntity", "toEntity", "description", "lineageDetails"}
        if unknown:
            raise Invalid(fields={f"edge.{name}": ["There is no such field."] for name in sorted(unknown)})
        said = Ends(actor_of(request), self._end(edge, "fromEntity"), self._end(edge, "toEntity"))
        details = edge.get("lineageDetails")
        if edge.get("description") is not None and isinstance(details, Mapping | None):
            details = {"description": edge["description"], **(details or {})}
        said.put(details)
        return Response(status=200, data={})

    def put_edge(self, request: Request, **names: str) -> Response:
        said = self._said(names)
        said.put(dict(request.data))
        return Response(status=200, data={})

    def patch_edge(self, request: Request, **names: str) -> Response:
        said = self._said(names)
        said.put(patched(self._details(said), list(request.data)))
        return Response(self._details(said))

    def delete_edge(self, request: Request, **names: str) -> Response:
        said = self._said(names)
        delete_lineage(actor=said.actor, upstream=said.upstream, downstream=said.downstream)
        return Response(status=200, data={})

    def edge(self, request: Request, **names: str) -> Response:
        return Response({"edge": self._details(self._said(names))})

    def delete_source(self, request: Request, **names: str) -> Response:
        """Delete the edges into an entity that came from one kind of source."""
        delete_lineage_told_by(actor=actor_of(request), downstream=self._named(names), source=names["source"])
        return Response(status=200, data={})

    def graph(self, request: Request, **names: str) -> Response:
        actor, asset = actor_of(request), self._named(names)
        graph = Graph(actor, base_of(request))
        walks: dict[Direction, list[Step]] = {"upstream": [], "downstream": []}
        truncated = False
        start = _node(asset)
        nodes = {start.id: start}
        for way, steps in walks.items():
            depth = number_of(request, f"{way}Depth", 1, low=0, high=DEEPEST)
            if depth:
                found = lineage(actor=actor, asset_id=asset.pk, depth=depth, direction=way, limit=EDGES)
                steps.extend([*found.upstream, *found.downstream])
                truncated = truncated or found.truncated
                nodes |= {step.asset.id: step.asset for step in steps}
        answer = {
            "entity": graph.reference(start),
            "nodes": [graph.reference(node) for key, node in nodes.items() if key != start.id],
            "upstreamEdges": graph.edges(walks["upstream"], nodes),
            "downstreamEdges": graph.edges(walks["downstream"], nodes),
        }
        return Response(answer, headers={"X-Truncated": "true"} if truncated else None)

    # What they share ---------------------------------------------------------------------------------

    def _details(self, said: Ends) -> dict[str, Any]:
        edge, made = said.edge(), _node(said.downstream)
        ends = edge.source_id, edge.target_id
        step = Step(made, 1, edge.pk, edge.type, *ends, edge.metadata, edge.created_at)
        nodes = {said.upstream.pk: _node(said.upstream), made.id: made}
        [shown] = Graph(said.actor, base_of(self.request)).edges([step], nodes)
        details: dict[str, Any] = shown["lineageDetails"]
        return details

    def _named(self, names: Mapping[str, str]) -> Asset:
        return self._asset(names["entity"], names.get("pk", ""), names.get("fqn", ""))

    def _said(self, names: Mapping[str, str]) -> Ends:
        source, target = (
            self._asset(names.get(f"{end}_entity", ""), names.get(f"{end}_pk", ""), names.get(f"{end}_fqn", ""))
            for end in ("from", "to")
        )
        return Ends(actor_of(self.request), source, target)

    def _end(self, edge: Mapping[str, Any], field: str) -> Asset:
        given = edge.get(field)
        if not isinstance(given, Mapping) or not isinstance(given.get("type"), str):
            raise Invalid(fields={f"edge.{field}": ["This must be a reference with id and type."]})
        return self._asset(given["type"], str(given.get("id", "")))

    def _asset(self, entity: str, pk: str, fqn: str = "") -> Asset:
        """The living asset of this id, else of this fully qualified name; without an entity's type any will do.

        Raises NotFound.
        """
        if entity and entity not in _TYPES:
            raise BadRequest(f"'{entity[:100]}' is not one of {', '.join(_TYPES)}")
        assets = Asset.objects.visible_to(actor_of(self.request))
        if entity:
            assets = assets.filter(type__in=_TYPES[entity])
        if fqn:
            assets = assets.filter(qualified_name__in=_spellings(fqn))
        else:
            key = uuid_of(pk)
            assets = assets.filter(pk=key) if key else assets.none()
        found = assets.order_by("-id").first()
        if found is None:
            raise NotFound(f"There is no {entity or 'entity'} '{(fqn or pk)[:1000]}'", resource=entity or "entity")
        return found


def _node(asset: Asset) -> Node:
    return Node(asset.pk, asset.type, asset.name, asset.qualified_name)


def _spellings(fqn: str) -> set[str]:
    """A fully qualified name as it was written, and as we write it."""
    try:
        return {fqn, join_name(*split_name(fqn))}
    except ValueError:
        return {fqn}


class EntitiesLineage(Entities, LineageViews):
    @extend_schema(parameters=_DEPTHS, responses=EntityLineageSerializer)
    def graph(self, request: Request, **names: str) -> Response:
        """What the entity is made from, and what is made from it."""
        return super().graph(request, **names)

    @extend_schema(request=LineageDetailsSerializer, responses=OpenApiTypes.OBJECT)
    def put_edge(self, request: Request, **names: str) -> Response:
        """Relate two entities, with these details."""
        return super().put_edge(request, **names)

    @extend_schema(request=PATCH, responses=LineageDetailsSerializer)
    def patch_edge(self, request: Request, **names: str) -> Response:
        """Apply a JSON Patch to the details of the lineage between two entities."""
        return super().patch_edge(request, **names)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def delete_edge(self, request: Request, **names: str) -> Response:
        """Take away the lineage between two entities."""
        return super().delete_edge(request, **names)

    @extend_schema(responses=FoundEdgeSerializer)
    def edge(self, request: Request, **names: str) -> Response:
        """The details of the lineage between two entities."""
        return super().edge(request, **names)

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def delete_source(self, request: Request, **names: str) -> Response:
        """Take away the lineage into an entity that came from one source, such as `QueryLineage`."""
        return super().delete_source(request, **names)


_EDGE = EntitiesLineage.as_view({"put": "put_edge", "patch": "patch_edge", "delete": "delete_edge"})
_FOUND = EntitiesLineage.as_view({"get": "edge"})
_GRAPH = EntitiesLineage.as_view({"get": "graph"})
_SOURCE = EntitiesLineage.as_view({"delete": "delete_source"})
_ENDS = "<str:from_entity>/name/<path:from_fqn>/<str:to_entity>/name/<path:to_fqn>"
"""A name may hold slashes, so that what is more special comes first."""

urlpatterns = [
    path("lineage/getLineageEdge/<str:from_pk>/<str:to_pk>", _FOUND, name="entities-lineage-edge"),
    path(f"lineage/getLineageEdge/{_ENDS}", _FOUND, name="entities-lineage-edge-by-name"),
    path("lineage/source/name/<str:entity>/<path:fqn>/type/<str:source>", _SOURCE, name="entities-lineage-source-name"),
    path("lineage/<str:entity>/<str:pk>/type/<str:source>", _SOURCE, name="entities-lineage-source"),
    path(f"lineage/{_ENDS}", _EDGE, name="entities-lineage-between-names"),
    path("lineage/<str:entity>/name/<path:fqn>", _GRAPH, name="entities-lineage-by-name"),
    path("lineage/<str:from_entity>/<str:from_pk>/<str:to_entity>/<str:to_pk>", _EDGE, name="entities-lineage-between"),
    path("lineage/<str:entity>/<str:pk>", _GRAPH, name="entities-lineage-of"),
]
