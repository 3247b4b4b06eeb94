"""The catalog's GraphQL types and queries, as the metastore contract names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from accounts.actor import Actor
from catalog import models
from catalog.asking import Page, TagRow, assets_page, key_of, page_keys, tag_names, window
from catalog.lineage import DEPTH, Step
from catalog.lineage import Lineage as Found
from catalog.models import AssetType, RelationshipType
from catalog.reading import domain_of, owner_of, terms_of
from catalog.schema_inputs import AssetFilter, LineageDirection, Pagination, SearchFilters, TagFilter
from catalog.schema_loading import Info, Walk, json_of
from catalog.search import Hit, SearchPage, search


@strawberry.type
class User:
    id: strawberry.ID
    name: str


@strawberry.type(description="A member, or a team.")
class Owner:
    id: strawberry.ID
    name: str
    type: str = strawberry.field(description="`user` or `team`.")


@strawberry.type(description="A part of the business.")
class Domain:
    id: strawberry.ID
    name: str
    fully_qualified_name: str


@strawberry.type(description="A glossary term as it is said of an asset, or of one of its columns.")
class TermLink:
    id: strawberry.ID
    name: str
    fully_qualified_name: str
    status: str
    column: str | None


@strawberry.type(description="The data source that brought an asset.")
class Source:
    id: strawberry.ID
    name: str


@strawberry.type
class Tag:
    id: strawberry.ID
    name: str
    category: str
    description: str


@strawberry.type(description="A column, or a field of a message or document.")
class SchemaElement:
    name: str
    type: str
    nullable: bool | None
    position: int | None
    description: str | None
    primary_key: bool | None
    default: str | None
    tags: list[str]
    inner: strawberry.Private[list[dict[str, Any]]]

    @strawberry.field
    def children(self) -> list[SchemaElement]:
        return elements_of(self.inner)


@strawberry.type(description="Which part of a list this is.")
class PageInfo:
    total: int
    limit: int
    offset: int
    has_more: bool


@strawberry.type
class Asset:
    id: strawberry.ID
    type: AssetType
    name: str
    qualified_name: str
    description: str | None
    owner: Owner | None
    domain: Domain | None
    terms: list[TermLink]
    source: Source | None
    version: int
    stale_since: datetime | None
    created_by: User | None
    created_at: datetime
    updated_at: datetime
    key: strawberry.Private[UUID]
    metadata_text: strawberry.Private[str]

    @strawberry.field
    def metadata(self) -> JSON | None:
        return JSON(json_of(self.metadata_text))

    @strawberry.field
    async def tags(self, info: Info) -> list[Tag]:
        return [tag_of(tag) for tag in await info.context.tags.load(self.key)]

    @strawberry.field
    async def schema(self, info: Info) -> list[SchemaElement] | None:
        return elements_of(await info.context.schemas.load(self.key))

    @strawberry.field
    async def lineage(
        self, info: Info, depth: int | None = DEPTH, direction: LineageDirection | None = LineageDirection.BOTH
    ) -> LineageGraph | None:
        return LineageGraph(found=await info.context.lineages.load(_walk(self.key, depth, direction)))


@strawberry.type
class AssetConnection:
    data: list[Asset]
    pagination: PageInfo


@strawberry.type
class Relationship:
    id: strawberry.ID
    type: RelationshipType
    metadata: JSON | None
    created_at: datetime
    source_key: strawberry.Private[UUID]
    target_key: strawberry.Private[UUID]

    @strawberry.field
    async def source(self, info: Info) -> Asset:
        return asset_of(await info.context.assets.load(self.source_key))

    @strawberry.field
    async def target(self, info: Info) -> Asset:
        return asset_of(await info.context.assets.load(self.target_key))


@strawberry.type
class LineageEdge:
    step: strawberry.Private[Step]

    @strawberry.field(description="Steps from the start, from 1.")
    def depth(self) -> int:
        return self.step.depth

    @strawberry.field(description="Where the edge leads to.")
    async def asset(self, info: Info) -> Asset:
        return asset_of(await info.context.assets.load(self.step.asset.id))

    @strawberry.field
    def relationship(self) -> Relationship:
        return Relationship(
            id=strawberry.ID(str(self.step.relationship_id)),
            type=RelationshipType(self.step.type),
            metadata=JSON(self.step.metadata),
            created_at=self.step.created_at,
            source_key=self.step.source_id,
            target_key=self.step.target_id,
        )


@strawberry.type
class LineageGraph:
    found: strawberry.Private[Found]

    @strawberry.field
    async def asset(self, info: Info) -> Asset:
        return asset_of(await info.context.assets.load(self.found.asset.id))

    @strawberry.field(description="What the asset is made from, the nearest first.")
    def upstream(self) -> list[LineageEdge]:
        return [LineageEdge(step=step) for step in self.found.upstream]

    @strawberry.field(description="What is made from it.")
    def downstream(self) -> list[LineageEdge]:
        return [LineageEdge(step=step) for step in self.found.downstream]

    @strawberry.field(description="There are more edges than were followed.")
    def truncated(self) -> bool:
        return self.found.truncated


@strawberry.type
class SearchResult:
    hit: strawberry.Private[Hit]

    @strawberry.field
    async def asset(self, info: Info) -> Asset:
        return asset_of(await info.context.assets.load(self.hit.id))

    @strawberry.field(description="From 0 to 1.")
    def score(self) -> float:
        return self.hit.score

    @strawberry.field(description="Safe HTML by field, <em> around words.")
    def highlights(self) -> JSON:
        return JSON(self.hit.highlights)


@strawberry.type
class CatalogQuery:
    @strawberry.field
    async def asset(self, info: Info, id: strawberry.ID) -> Asset | None:
        return asset_of(await info.context.assets.load(key_of(id, "asset")))

    @strawberry.field
    async def assets(
        self, info: Info, filter: AssetFilter | None = None, pagination: Pagination | None = None
    ) -> AssetConnection | None:
        wanted, part = filter or AssetFilter(), pagination or Pagination()
        page = await info.context.run(
            assets_page,
            type=wanted.type.value if wanted.type else "",
            tags=list(wanted.tags or ()),
            owner=wanted.owner or "",
            domain=wanted.domain or "",
            term=wanted.term or "",
            words=wanted.search or "",
            sort=wanted.sort or "",
            limit=part.window[0],
            offset=part.window[1],
        )
        return _connection(page, part)

    @strawberry.field
    async def search(
        self, info: Info, query: str, filters: SearchFilters | None = None, pagination: Pagination | None = None
    ) -> list[SearchResult | None] | None:
        wanted, part = filters or SearchFilters(), pagination or Pagination()
        found = await info.context.run(_search, query, wanted, part)
        return [SearchResult(hit=hit) for hit in found.hits]

    @strawberry.field
    async def lineage(
        self,
        info: Info,
        asset_id: strawberry.ID,
        depth: int | None = DEPTH,
        direction: LineageDirection | None = LineageDirection.BOTH,
    ) -> LineageGraph | None:
        walk = _walk(key_of(asset_id, "asset"), depth, direction)
        return LineageGraph(found=await info.context.lineages.load(walk))

    @strawberry.field
    async def tags(
        self, info: Info, filter: TagFilter | None = None, pagination: Pagination | None = None
    ) -> list[Tag | None] | None:
        found = await info.context.run(_tags, filter or TagFilter(), pagination or Pagination())
        return [tag_of(tag) for tag in found]


def asset_of(row: Any) -> Asset:
    """A row of `reading.rows` as its GraphQL type."""
    return Asset(
        id=strawberry.ID(str(row.pk)),
        type=AssetType(row.type),
        name=row.name,
        qualified_name=row.qualified_name,
        description=row.description,
        owner=_owner(row),
        domain=Domain(**_with_id(domain)) if (domain := domain_of(row)) else None,
        terms=[TermLink(**_with_id(link)) for link in terms_of(row)],
        source=Source(id=strawberry.ID(str(row.origin_id)), name=row.origin__name) if row.origin_id else None,
        version=row.version,
        stale_since=row.stale_since,
        created_by=_person(row.created_by_id, row.created_by__name, row.created_by__username),
        created_at=row.created_at,
        updated_at=row.updated_at,
        key=row.pk,
        metadata_text=row.metadata_text,
    )


def tag_of(tag: TagRow | models.Tag) -> Tag:
    return Tag(id=strawberry.ID(str(tag.id)), name=tag.name, category=tag.category, description=tag.description)


def relationship_of(edge: models.Relationship) -> Relationship:
    return Relationship(
        id=strawberry.ID(str(edge.pk)),
        type=RelationshipType(edge.type),
        metadata=JSON(edge.metadata),
        created_at=edge.created_at,
        source_key=edge.source_id,
        target_key=edge.target_id,
    )


def elements_of(elements: Iterable[dict[str, Any]]) -> list[SchemaElement]:
    return [
        SchemaElement(
            name=element["name"],
            type=element["type"],
            nullable=element.get("nullable"),
            position=element.get("position"),
            description=element.get("description"),
            primary_key=element.get("primary_key"),
            default=element.get("default"),
            tags=element.get("tags") or [],
            inner=element.get("children") or [],
        )
        for element in elements
    ]


def _owner(row: Any) -> Owner | None:
    owner = owner_of(row)
    return Owner(**_with_id(owner)) if owner else None


def _with_id(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {**shown, "id": strawberry.ID(str(shown["id"]))}


def _person(key: UUID | None, name: str | None, username: str | None) -> User | None:
    return User(id=strawberry.ID(str(key)), name=name or username or "") if key else None


def _walk(key: UUID, depth: int | None, direction: LineageDirection | None) -> Walk:
    return Walk(key, DEPTH if depth is None else depth, (direction or LineageDirection.BOTH).value)


def _connection(page: Page, part: Pagination) -> AssetConnection:
    limit, offset = part.window
    return AssetConnection(
        data=[asset_of(row) for row in page.rows],
        pagination=PageInfo(
            total=page.total,
            limit=limit,
            offset=offset,
            has_more=offset + len(page.rows) < page.total,
        ),
    )


def _search(actor: Actor, query: str, wanted: SearchFilters, part: Pagination) -> SearchPage:
    limit, offset = window(*part.window)
    return search(
        actor=actor,
        query=query,
        kinds=["asset"],
        types=[wanted.type.value] if wanted.type else (),
        all_tags=tag_names(actor, wanted.tags or (), to_filter=True),
        limit=limit,
        offset=offset,
    )


def _tags(actor: Actor, wanted: TagFilter, part: Pagination) -> list[models.Tag]:
    limit, offset = window(*part.window)
    found = models.Tag.objects.visible_to(actor).order_by("key")
    if wanted.category:
        found = found.filter(category=wanted.category)
    if wanted.search:
        found = found.filter(name__icontains=wanted.search)
    keys = page_keys(found, limit, offset)
    return list(found.filter(pk__in=keys))
