"""The catalog's part of the gRPC service `metastore.v1.MetadataService`.

A call takes the actor and the request's message and gives the answer's; whatever surrounds it (who asks,
errors, limits) is config's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from google.protobuf.message import Message

from accounts.actor import Actor
from catalog.asking import (
    LIMIT,
    TagRow,
    assets_page,
    check_types,
    key_of,
    relate,
    row_of,
    tag_names,
    tags_by_asset,
    tags_of,
    window,
)
from catalog.lineage import DEPTH, EDGES, Direction, Node, Step, lineage
from catalog.models import Asset
from catalog.protos import metadata_pb2 as pb
from catalog.reading import owner_of, terms_of
from catalog.search import Hit, search
from catalog.services import create_asset, delete_asset, update_asset
from catalog.structs import from_struct, to_struct
from contracts.errors import Invalid

Call = Callable[[Actor, Any], Message]
_WRITABLE = ("type", "name", "qualified_name", "description", "metadata", "tags", "schema", "owner", "domain", "terms")
_ELEMENT_FIELDS = ("name", "type", "nullable", "position", "description", "tags", "primary_key", "default")
"""Of a schema element, beside its children."""


def get_asset(actor: Actor, request: pb.GetAssetRequest) -> pb.Asset:
    return shown(actor, key_of(request.id, "asset"))


def list_assets(actor: Actor, request: pb.ListAssetsRequest) -> pb.ListAssetsResponse:
    page = assets_page(
        actor,
        type=request.type,
        tags=request.tag_ids,
        owner=request.owner,
        domain=request.domain,
        term=request.term,
        words=request.search,
        sort=request.sort,
        limit=request.limit or LIMIT,
        offset=request.offset,
    )
    tags = tags_by_asset([row.pk for row in page.rows])
    return pb.ListAssetsResponse(
        assets=[asset_message(row, tags.get(row.pk, ())) for row in page.rows],
        total=page.total,
        has_more=request.offset + len(page.rows) < page.total,
    )


def create(actor: Actor, request: pb.CreateAssetRequest) -> pb.Asset:
    data: dict[str, Any] = {name: getattr(request, name) for name in ("type", "name", "qualified_name", "description")}
    data = {name: value for name, value in data.items() if value}
    data |= _structures(actor, request, {"metadata", "tags", "schema", "terms"})
    data |= {name: value for name in ("owner", "domain") if (value := getattr(request, name))}
    return shown(actor, create_asset(actor=actor, data=data).pk)


def update(actor: Actor, request: pb.UpdateAssetRequest) -> pb.Asset:
    """What is set is changed; where a mask is given, exactly what it names."""
    masked = list(request.update_mask.paths)
    unknown = [path for path in masked if path not in _WRITABLE]
    if unknown:
        raise Invalid(fields={"update_mask": [f"'{unknown[0]}' is not one of {', '.join(_WRITABLE)}."]})
    named = set(masked) or {name for name in _WRITABLE if _is_set(request, name)}
    plain = named & {"type", "name", "qualified_name", "description"}
    changes: dict[str, Any] = {name: getattr(request, name) for name in plain}
    changes |= _structures(actor, request, named)
    changes |= {name: getattr(request, name) or None for name in ("owner", "domain") if name in named}
    key = key_of(request.id, "asset")
    expected = request.version if request.HasField("version") else None
    update_asset(actor=actor, asset=Asset(pk=key), changes=changes, expected_version=expected)
    return shown(actor, key)


def delete(actor: Actor, request: pb.DeleteAssetRequest) -> pb.Empty:
    expected = request.version if request.HasField("version") else None
    delete_asset(actor=actor, asset=Asset(pk=key_of(request.id, "asset")), expected_version=expected)
    return pb.Empty()


def get_lineage(actor: Actor, request: pb.GetLineageRequest) -> pb.LineageGraph:
    direction: Direction = request.direction or "both"  # type: ignore[assignment]  # lineage refuses other words
    found = lineage(
        actor=actor,
        asset_id=key_of(request.asset_id, "asset"),
        depth=request.depth or DEPTH,
        direction=direction,
        limit=request.limit or EDGES,
    )
    return pb.LineageGraph(
        asset=_node(found.asset),
        upstream=map(_edge, found.upstream),
        downstream=map(_edge, found.downstream),
        truncated=found.truncated,
    )


def relationship(actor: Actor, request: pb.CreateRelationshipRequest) -> pb.Relationship:
    metadata = from_struct(request.metadata)
    edge = relate(actor, request.source_asset_id, request.target_asset_id, request.type, metadata)
    return pb.Relationship(
        id=str(edge.pk),
        source_asset_id=str(edge.source_id),
        target_asset_id=str(edge.target_id),
        type=edge.type,
        metadata=to_struct(edge.metadata),
        created_at=seconds(edge.created_at),
    )


def find(actor: Actor, request: pb.SearchRequest) -> pb.SearchResponse:
    limit, offset = window(request.limit or LIMIT, request.offset)
    types = [request.type] if request.type else []
    check_types(["asset"], types)
    found = search(
        actor=actor,
        query=request.query,
        kinds=["asset"],
        types=types,
        all_tags=tag_names(actor, request.tag_ids, to_filter=True),
        limit=limit,
        offset=offset,
    )
    return pb.SearchResponse(
        results=map(_hit, found.hits),
        total=found.total,
        total_is_exact=found.total_is_exact,
        has_more=bool(found.hits) and offset + len(found.hits) < found.total,
    )


METADATA: dict[str, Call] = {
    "GetAsset": get_asset,
    "ListAssets": list_assets,
    "CreateAsset": create,
    "UpdateAsset": update,
    "DeleteAsset": delete,
    "GetLineage": get_lineage,
    "CreateRelationship": relationship,
    "Search": find,
}


def shown(actor: Actor, key: UUID) -> pb.Asset:
    """One asset with everything. Raises NotFound."""
    return asset_message(row_of(actor, key), tags_of(key))


def asset_message(row: Any, tags: Iterable[TagRow]) -> pb.Asset:
    """A row of `reading.rows` as a message; the schema where the row has it."""
    message = pb.Asset(
        id=str(row.pk),
        type=row.type,
        name=row.name,
        qualified_name=row.qualified_name,
        description=row.description,
        metadata=to_struct(orjson.loads(row.metadata_text)),
        tags=[
            pb.Tag(id=str(tag.id), name=tag.name, category=tag.category, description=tag.description) for tag in tags
        ],
        created_at=seconds(row.created_at),
        updated_at=seconds(row.updated_at),
        version=row.version,
        last_seen_at=seconds(row.last_seen_at if row.stale_since else row.origin__collected_at),
        stale_since=seconds(row.stale_since),
    )
    if owner := owner_of(row):
        message.owner.CopyFrom(pb.Named(**{**owner, "id": str(owner["id"])}))
    if row.domain_id:
        message.domain.CopyFrom(pb.Named(id=str(row.domain_id), name=row.domain__fully_qualified_name))
    for link in terms_of(row):
        message.terms.add(
            id=str(link["id"]), name=link["fully_qualified_name"], status=link["status"], column=link["column"] or ""
        )
    if row.origin_id:
        message.source.CopyFrom(pb.Named(id=str(row.origin_id), name=row.origin__name))
    if row.created_by_id:
        creator = pb.Named(id=str(row.created_by_id), name=row.created_by__name or row.created_by__username)
        message.created_by.CopyFrom(creator)
    if hasattr(row, "schema_text"):
        message.schema.extend(map(_element_message, orjson.loads(row.schema_text)))
    return message


def seconds(moment: datetime | None) -> int:
    """A moment as gRPC tells it: whole seconds since 1970, 0 where there is none."""
    return int(moment.timestamp()) if moment else 0


def _is_set(request: pb.UpdateAssetRequest, name: str) -> bool:
    return bool(getattr(request, name)) if name in {"tags", "schema", "terms"} else request.HasField(name)


def _structures(actor: Actor, request: Any, named: set[str]) -> dict[str, Any]:
    """The fields of a request that are more than text, those that are named."""
    data: dict[str, Any] = {}
    if "metadata" in named:
        data["metadata"] = from_struct(request.metadata)
    if "tags" in named:
        data["tags"] = tag_names(actor, request.tags)
    if "schema" in named:
        data["schema"] = [_element(element) for element in request.schema]
    if "terms" in named:
        data["terms"] = [{"name": link.id or link.name, "column": link.column or None} for link in request.terms]
    return data


def _element(element: pb.SchemaElement) -> dict[str, Any]:
    """A schema element as JSON; what is not set is left out."""
    found: dict[str, Any] = {"name": element.name, "type": element.type}
    for name in ("nullable", "position", "primary_key", "default"):
        if element.HasField(name):
            found[name] = getattr(element, name)
    if element.description:
        found["description"] = element.description
    if element.tags:
        found["tags"] = list(element.tags)
    if element.children:
        found["children"] = [_element(child) for child in element.children]
    return found


def _element_message(element: dict[str, Any]) -> pb.SchemaElement:
    """A schema element as a message, which has no place for its `attributes`."""
    given = {name: value for name in _ELEMENT_FIELDS if (value := element.get(name)) is not None}
    if "default" in given:
        given["default"] = str(given["default"])
    return pb.SchemaElement(**given, children=map(_element_message, element.get("children") or ()))


def _node(node: Node) -> pb.Asset:
    return pb.Asset(id=str(node.id), type=node.type, name=node.name, qualified_name=node.qualified_name)


def _edge(step: Step) -> pb.LineageEdge:
    return pb.LineageEdge(
        asset=_node(step.asset),
        relationship=pb.Relationship(
            id=str(step.relationship_id),
            source_asset_id=str(step.source_id),
            target_asset_id=str(step.target_id),
            type=step.type,
            metadata=to_struct(step.metadata),
            created_at=seconds(step.created_at),
        ),
        depth=step.depth,
    )


def _hit(hit: Hit) -> pb.SearchResult:
    return pb.SearchResult(
        asset=pb.Asset(id=str(hit.id), type=hit.type, name=hit.name, qualified_name=hit.path),
        score=hit.score,
        highlights={field: pb.Highlights(fragments=fragments) for field, fragments in hit.highlights.items()},
    )
