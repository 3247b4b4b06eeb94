"""The catalog's GraphQL mutations. Each calls a service and answers with what is there then."""

from __future__ import annotations

from typing import Any

import strawberry

from accounts.actor import Actor
from catalog import models
from catalog.asking import carry_tag, key_of, relate, tag_names
from catalog.schema import Asset, Relationship, Tag, asset_of, relationship_of, tag_of
from catalog.schema_inputs import AssetInput, RelationshipInput, TagInput, element_data
from catalog.schema_loading import Info
from catalog.services import create_asset, create_tag, delete_asset, delete_relationship, update_asset
from contracts.errors import NotFound


@strawberry.type
class CatalogMutation:
    @strawberry.mutation
    async def create_asset(self, info: Info, input: AssetInput) -> Asset | None:
        asset = await info.context.write(_create, input)
        return asset_of(await info.context.assets.load(asset.pk))

    @strawberry.mutation
    async def update_asset(self, info: Info, id: strawberry.ID, input: AssetInput) -> Asset | None:
        asset = await info.context.write(_update, id, input)
        return asset_of(await info.context.assets.load(asset.pk))

    @strawberry.mutation
    async def delete_asset(self, info: Info, id: strawberry.ID) -> bool | None:
        await info.context.write(_delete, id)
        return True

    @strawberry.mutation
    async def create_relationship(self, info: Info, input: RelationshipInput) -> Relationship | None:
        return relationship_of(await info.context.write(_relate, input))

    @strawberry.mutation
    async def delete_relationship(self, info: Info, id: strawberry.ID) -> bool | None:
        await info.context.write(_unrelate, id)
        return True

    @strawberry.mutation
    async def create_tag(self, info: Info, input: TagInput) -> Tag | None:
        return tag_of(await info.context.write(_create_tag, input))

    @strawberry.mutation
    async def add_tag_to_asset(self, info: Info, asset_id: strawberry.ID, tag_id: strawberry.ID) -> bool | None:
        await info.context.write(carry_tag, asset_id, tag_id, carried=True)
        return True

    @strawberry.mutation
    async def remove_tag_from_asset(self, info: Info, asset_id: strawberry.ID, tag_id: strawberry.ID) -> bool | None:
        await info.context.write(carry_tag, asset_id, tag_id, carried=False)
        return True


def _create(actor: Actor, given: AssetInput) -> models.Asset:
    return create_asset(actor=actor, data=_asset_data(actor, given))


def _update(actor: Actor, value: str, given: AssetInput) -> models.Asset:
    asset, changes = models.Asset(pk=key_of(value, "asset")), _asset_data(actor, given)
    return update_asset(actor=actor, asset=asset, changes=changes, expected_version=given.version)


def _asset_data(actor: Actor, given: AssetInput) -> dict[str, Any]:
    data: dict[str, Any] = {
        "type": given.type.value,
        "name": given.name,
        "qualified_name": given.qualified_name,
        "description": given.description,
        "metadata": given.metadata,
        "tags": given.tags,
        "schema": given.schema,
        "owner": given.owner,
        "domain": given.domain,
        "terms": given.terms,
    }
    data = {name: value for name, value in data.items() if value is not strawberry.UNSET}
    if data.get("tags"):
        data["tags"] = tag_names(actor, map(str, data["tags"]))
    if data.get("schema"):
        data["schema"] = [element_data(element) for element in data["schema"]]
    if data.get("terms"):
        data["terms"] = [{"name": str(one.term), "column": one.column} for one in data["terms"]]
    return data


def _delete(actor: Actor, value: str) -> None:
    delete_asset(actor=actor, asset=models.Asset(pk=key_of(value, "asset")))


def _relate(actor: Actor, given: RelationshipInput) -> models.Relationship:
    metadata: Any = given.metadata if given.metadata is not None else {}
    return relate(actor, given.source_asset_id, given.target_asset_id, given.type.value, metadata)


def _unrelate(actor: Actor, value: str) -> None:
    key = key_of(value, "relationship")
    edge = models.Relationship.objects.visible_to(actor).filter(pk=key).first()
    if edge is None:
        raise NotFound(resource="relationship", relationship_id=value)
    delete_relationship(actor=actor, relationship=edge)


def _create_tag(actor: Actor, given: TagInput) -> models.Tag:
    data = {name: value for name, value in vars(given).items() if value is not None}
    return create_tag(actor=actor, data=data)
