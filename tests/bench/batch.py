"""Batch ingestion against COPY of the same rows into the same tables."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

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
_EVENTS = (
    "COPY audit_auditevent (id, organization_id, entity_type, entity_id, entity_name, entity_version, action,"
    " actor_kind, user_id, user_name, door, request_id, after_state, timestamp) FROM STDIN"
)


def rows(world: World) -> list[Row]:
    """New rows, then the same rows again."""
    return [*_new(world), *_unchanged(world)]


def _new(world: World) -> list[Row]:
    numbers = count()
    floor_ms, product_ms = compare(
        lambda: copy_floor(world, asset_rows(SIZE, prefix=f"floor{next(numbers)}")),
        lambda: ingest(world, asset_rows(SIZE, prefix=f"new{next(numbers)}")),
        runs=5,
    )
    statements = statements_of(lambda: ingest(world, asset_rows(SIZE, prefix="counted")))
    work = f"batch of {SIZE:,} new assets, tags, audit and search"
    return [Row(work, "COPY into asset and audit", floor_ms, product_ms, 3, statements)]


def _unchanged(world: World) -> list[Row]:
    batch = asset_rows(SIZE, prefix="same")
    ingest(world, batch)
    names = [row["qualified_name"] for row in batch]
    floor_ms, product_ms = compare(
        lambda: read_and_compare_floor(world, batch, names), lambda: ingest(world, batch), runs=5
    )
    statements = statements_of(lambda: ingest(world, batch))
    work = f"the same batch of {SIZE:,} again, unchanged"
    return [Row(work, "SELECT of the rows and comparison", floor_ms, product_ms, 2, statements)]


def ingest(world: World, batch: list[dict[str, Any]]) -> None:
    result = upsert_assets(actor=world.actor, drafts=[AssetDraft(**row) for row in batch])
    if result.errors:
        raise RuntimeError(f"the bench's own rows were refused: {result.errors[0]}")


def copy_floor(world: World, batch: list[dict[str, Any]]) -> None:
    """The least that writing these assets and their events can cost."""
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


def read_and_compare_floor(world: World, batch: list[dict[str, Any]], names: list[str]) -> None:
    """The least that finding out that nothing changed can cost."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.qualified_name, a.type, a.name, a.description, a.metadata, a.schema,"
            " array_agg(t.name) FROM catalog_asset a LEFT JOIN catalog_assettag x ON x.asset_id = a.id"
            " LEFT JOIN catalog_tag t ON t.id = x.tag_id"
            " WHERE a.organization_id = %s AND a.deleted_at IS NULL AND a.qualified_name = ANY(%s) GROUP BY a.id",
            [world.organization.pk, names],
        )
        there = {line[0]: line for line in cursor.fetchall()}
    for row in batch:
        line = there[row["qualified_name"]]
        same = (
            line[1] == row["type"]
            and line[2] == row["name"]
            and line[3] == row["description"]
            and _json(line[4]) == row["metadata"]
            and _json(line[5]) == row["schema"]
            and set(line[6]) == set(row["tags"])
        )
        if not same:
            raise RuntimeError(f"{row['qualified_name']} is not what the bench wrote")


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str) else value
