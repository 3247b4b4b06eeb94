"""What GraphQL's queries and mutations of the catalog take."""

from __future__ import annotations

from enum import Enum
from typing import Any

import strawberry
from strawberry.scalars import JSON

from catalog.asking import LIMIT
from catalog.models import AssetType, RelationshipType

strawberry.enum(AssetType, description="The six of the contract, and what connectors bring.")
strawberry.enum(RelationshipType)


@strawberry.enum
class LineageDirection(Enum):
    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"
    BOTH = "both"


@strawberry.input
class Pagination:
    limit: int | None = LIMIT
    offset: int | None = 0

    @property
    def window(self) -> tuple[int, int]:
        """The limit and the offset, unchecked; null stands for what it is without."""
        return LIMIT if self.limit is None else self.limit, self.offset or 0


@strawberry.input
class AssetFilter:
    type: AssetType | None = None
    tags: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Tags by id or name; an asset carries all of them."
    )
    owner: strawberry.ID | None = strawberry.field(
        default=None, description="A member or a team by id or name; `me` is who asks."
    )
    domain: strawberry.ID | None = strawberry.field(
        default=None, description="A domain by id, full name or name, with all below it."
    )
    term: strawberry.ID | None = strawberry.field(
        default=None, description="A glossary term by id, full name or name, of the asset or its columns."
    )
    search: str | None = None
    sort: str | None = strawberry.field(default=None, description="A field and a direction, as `updated_at:desc`.")


@strawberry.input
class SearchFilters:
    type: AssetType | None = None
    tags: list[strawberry.ID] | None = None


@strawberry.input
class TagFilter:
    category: str | None = None
    search: str | None = strawberry.field(default=None, description="A part of the name.")


@strawberry.input
class SchemaElementInput:
    name: str
    type: str
    nullable: bool | None = None
    position: int | None = None
    description: str | None = None
    primary_key: bool | None = None
    default: str | None = None
    tags: list[str] | None = None
    children: list[SchemaElementInput] | None = None


@strawberry.input(description="A glossary term, by its id or name, and the column that it is said of.")
class TermInput:
    term: strawberry.ID
    column: str | None = None


@strawberry.input(description="What is not given is left as it is. `metadata` merges, a null value removes a key.")
class AssetInput:
    type: AssetType
    name: str
    qualified_name: str
    description: str | None = strawberry.UNSET
    metadata: JSON | None = strawberry.UNSET
    tags: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Tags by id or name; unknown names are made."
    )
    schema: list[SchemaElementInput] | None = strawberry.UNSET
    owner: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A member's id, user name or e-mail address, or a team's id or name."
    )
    domain: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A domain's id, full name or name."
    )
    terms: list[TermInput] | None = strawberry.field(
        default=strawberry.UNSET, description="All terms of the asset and of its columns."
    )
    version: int | None = strawberry.field(default=None, description="The version that is to be changed.")


@strawberry.input
class RelationshipInput:
    source_asset_id: strawberry.ID
    target_asset_id: strawberry.ID
    type: RelationshipType
    metadata: JSON | None = None


@strawberry.input
class TagInput:
    name: str
    category: str | None = None
    description: str | None = None
    colour: str | None = strawberry.field(default=None, description="As #1f77b4.")


def element_data(element: SchemaElementInput) -> dict[str, Any]:
    """A schema element as JSON; what is not given is left out."""
    plain = ("name", "type", "nullable", "position", "description", "primary_key", "default", "tags")
    data = {name: value for name in plain if (value := getattr(element, name)) is not None}
    if element.children:
        data["children"] = [element_data(child) for child in element.children]
    return data
