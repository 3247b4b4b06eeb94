"""What the GraphQL resolvers share: who asks, how they reach the database, and loaders that gather a level's keys.

Resolvers run on an event loop and reach the database only through `Context.run`. A loader collects the keys
that one level of a query asks for and reads them with a constant number of statements.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import orjson
import strawberry
from strawberry.dataloader import DataLoader

from accounts.actor import Actor
from catalog.asking import TagRow, rows_of, tags_by_asset
from catalog.lineage import Direction, Lineage
from catalog.lineages import lineages
from catalog.models import Asset
from contracts.errors import NotFound

T = TypeVar("T")
InThread = Callable[[Callable[..., Any]], Callable[..., Awaitable[Any]]]
"""Makes a function that reads the database one to be awaited: asgiref's `sync_to_async`, or one like it."""


class Walk(NamedTuple):
    """One asset's lineage as a query asks for it."""

    asset_id: UUID
    depth: int
    direction: Direction


@dataclass
class Context:
    """One operation: the actor, and how the database is reached from the event loop."""

    actor: Actor
    in_thread: InThread
    assets: DataLoader[UUID, Any] = field(init=False)
    tags: DataLoader[UUID, list[TagRow]] = field(init=False)
    schemas: DataLoader[UUID, list[dict[str, Any]]] = field(init=False)
    lineages: DataLoader[Walk, Lineage] = field(init=False)

    def __post_init__(self) -> None:
        self.forget()

    def fresh(self) -> Context:
        """The same for another operation."""
        return Context(self.actor, self.in_thread)

    def forget(self) -> None:
        """Begin anew with what the database holds now: after a write, and for each event of a subscription."""
        self.assets = DataLoader(load_fn=self._loading(_assets))
        self.tags = DataLoader(load_fn=self._loading(_tags))
        self.schemas = DataLoader(load_fn=self._loading(_schemas))
        self.lineages = DataLoader(load_fn=self._loading(_lineages))

    async def run(self, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Run what reads the database, with the actor as its first argument."""
        found: T = await self.in_thread(work)(self.actor, *arguments, **named)
        return found

    async def write(self, work: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Run what writes; what was loaded before is forgotten."""
        done = await self.run(work, *arguments, **named)
        self.forget()
        return done

    def _loading(
        self, load: Callable[[Actor, Sequence[Any]], list[Any]]
    ) -> Callable[[list[Any]], Awaitable[list[Any]]]:
        async def load_fn(keys: list[Any]) -> list[Any]:
            return await self.run(load, keys)

        return load_fn


Info = strawberry.Info[Context, None]


def _assets(actor: Actor, keys: Sequence[UUID]) -> list[Any]:
    found = {row.pk: row for row in rows_of(actor, keys, with_schema=False)}
    return [found.get(key) or NotFound(resource="asset", asset_id=str(key)) for key in keys]


def _tags(actor: Actor, keys: Sequence[UUID]) -> list[list[TagRow]]:
    found = tags_by_asset(keys)
    return [found.get(key, []) for key in keys]


def _schemas(actor: Actor, keys: Sequence[UUID]) -> list[list[dict[str, Any]]]:
    found = dict(Asset.objects.visible_to(actor).filter(pk__in=keys).values_list("pk", "schema"))
    return [found.get(key, []) for key in keys]


def _lineages(actor: Actor, walks: Sequence[Walk]) -> list[Lineage | Exception]:
    together: dict[tuple[int, Direction], list[UUID]] = defaultdict(list)
    for walk in walks:
        together[walk.depth, walk.direction].append(walk.asset_id)
    found: dict[Walk, Lineage] = {}
    for (depth, direction), keys in together.items():
        for key, lineage in lineages(actor=actor, asset_ids=keys, depth=depth, direction=direction).items():
            found[Walk(key, depth, direction)] = lineage
    return [found.get(walk) or NotFound(resource="asset", asset_id=str(walk.asset_id)) for walk in walks]


def json_of(text: str) -> Any:
    return orjson.loads(text)
