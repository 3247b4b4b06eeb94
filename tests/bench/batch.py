"""Batch ingestion against COPY of the same rows into the same tables."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from uuid_utils.compat import uuid7

from catalog.services import AssetDraft, upsert_assets
from tests.bench.harness import Row, compare, statements_of
from tests.bench.world import World, asset_rows

SIZE = 10_000

_ASSETS = (
    "COPY catalog_asset (id, organization_id, type, name, qualified_name, description, metadata, schema, curated,"
    " version, created_by_id, created_at, updated_at) FROM STDIN"
)
_UPSERT = (
    "INSERT INTO catalog_asset AS old (organization_id, created_at, updated_at, version, curated,"
    " id, type, name, qualified_name, description, metadata, schema)"
    " SELECT %s, %s, %s, 1, '[]', * FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[],"
    " %s::jsonb[], %s::jsonb[])"
    " ON CONFLICT (organization_id, qualified_name) WHERE deleted_at IS NULL DO UPDATE SET type = excluded.type,"
    " name = excluded.name, description = excluded.description, metadata = excluded.metadata, schema = excluded.schema,"
    " version = old.version + 1, updated_at = excluded.updated_at"
    " WHERE (old.type, old.name, old.description, old.metadata, old.schema) IS DISTINCT FROM"
    " (excluded.type, excluded.name, excluded.description, excluded.metadata, excluded.schema)"
)
_EVENTS = (
    "COPY audit_auditevent (id, organization_id, entity_type, entity_id, entity_name, entity_version, action,"
    " actor_kind, user_id, user_name, door, request_id, after_state, timestamp) FROM STDIN"
)

_EDGES = (
    "COPY catalog_relationship (id, organization_id, source_id, target_id, type, metadata, created_by_id, created_at,"
    " updated_at) FROM STDIN"
)


def rows(world: World) -> list[Row]:
    """New rows, then the same rows again, in a catalog that is large already."""
    world.fill()
    return [*_new(world), *_unchanged(world)]


def _new(world: World) -> list[Row]:
    numbers, run = count(), uuid7().hex[-6:]
    floor_ms, product_ms = compare(
        lambda: copy_floor(world, asset_rows(SIZE, prefix=f"floor{run}{next(numbers)}")),
        lambda: ingest(world, asset_rows(SIZE, prefix=f"new{run}{next(numbers)}")),
        runs=5,
    )
    statements = statements_of(lambda: ingest(world, asset_rows(SIZE, prefix=f"counted{run}")))
    work = f"batch of {SIZE:,} new assets, tags, audit and search"
    return [Row(work, "COPY into asset and audit", floor_ms, product_ms, 3, statements)]


def _unchanged(world: World) -> list[Row]:
    batch = asset_rows(SIZE, prefix="same")
    ingest(world, batch)
    floor_ms, product_ms = compare(lambda: upsert_floor(world, batch), lambda: ingest(world, batch), runs=5)
    statements = statements_of(lambda: ingest(world, batch))
    work = f"the same batch of {SIZE:,} again, unchanged"
    return [Row(work, "INSERT … unnest … ON CONFLICT", floor_ms, product_ms, 2, statements)]


def ingest(world: World, batch: list[dict[str, Any]]) -> None:
    result = upsert_assets(actor=world.actor, drafts=[AssetDraft(**row) for row in batch])
    if result.errors:
        raise RuntimeError(f"the bench's own rows were refused: {result.errors[0]}")


def copy_floor(world: World, batch: list[dict[str, Any]], container: UUID | None = None) -> None:
    """The least that writing these assets and their events can cost; with a `container` its edges to them, too."""
    now = datetime.now(UTC)
    organization, user = world.organization.pk, world.user.pk
    assets = [(uuid7(), row) for row in batch]
    with transaction.atomic(), connection.cursor() as cursor:
        with cursor.copy(_ASSETS) as copy:
            for key, row in assets:
                copy.write_row(
                    (
                        key,
                        organization,
                        row["type"],
                        row["name"],
                        row["qualified_name"],
                        row["description"],
                        orjson.dumps(row["metadata"]).decode(),
                        orjson.dumps(row["schema"]).decode(),
                        "[]",
                        1,
                        user,
                        now,
                        now,
                    )
                )
        with cursor.copy(_EVENTS) as copy:
            for key, row in assets:
                state = orjson.dumps(row).decode()
                copy.write_row(
                    (
                        uuid7(),
                        organization,
                        "ASSET",
                        key,
                        row["qualified_name"],
                        1,
                        "CREATE",
                        "user",
                        user,
                        "Bench",
                        "bench",
                        "",
                        state,
                        now,
                    )
                )
        if container is not None:
            _copy_edges(world, container, [(key, row["qualified_name"]) for key, row in assets], now)


def _copy_edges(world: World, container: UUID, targets: list[tuple[UUID, str]], now: datetime) -> None:
    organization, user = world.organization.pk, world.user.pk
    edges = [(uuid7(), key, name) for key, name in targets]
    with connection.cursor() as cursor:
        with cursor.copy(_EDGES) as copy:
            for edge, key, _ in edges:
                copy.write_row((edge, organization, container, key, "CONTAINS", "{}", user, now, now))
        with cursor.copy(_EVENTS) as copy:
            for edge, key, name in edges:
                state = orjson.dumps({"source": container, "target": key, "type": "CONTAINS", "metadata": {}}).decode()
                of_edge = ("RELATIONSHIP", edge, f"contains {name}", None, "CREATE")
                copy.write_row((uuid7(), organization, *of_edge, "user", user, "Bench", "bench", "", state, now))


def upsert_floor(world: World, batch: list[dict[str, Any]]) -> None:
    """One statement that would write what changed, and finds that nothing did."""
    now = datetime.now(UTC)
    columns: list[list[Any]] = [
        [uuid7() for _ in batch],
        [row["type"] for row in batch],
        [row["name"] for row in batch],
        [row["qualified_name"] for row in batch],
        [row["description"] for row in batch],
        [orjson.dumps(row["metadata"]).decode() for row in batch],
        [orjson.dumps(row["schema"]).decode() for row in batch],
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_UPSERT, [world.organization.pk, now, now, *columns])
        if cursor.rowcount:
            raise RuntimeError(f"{cursor.rowcount} rows are not what the bench wrote")
