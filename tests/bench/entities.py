"""The entities contract: a bulk against COPY of the same rows, a page against the bare query, the last page."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from django.db import connection
from django.test import Client

from catalog.models import Asset, Origin
from catalog.services import AssetDraft, upsert_assets
from contracts.cursors import Cursor, _signer
from tests.bench.batch import copy_floor
from tests.bench.harness import Row, compare, statements_of
from tests.bench.world import World, asset_rows

SIZE = 1000
MILLION = 1_000_000
_COLUMNS = "id, type, name, qualified_name, description, metadata, schema, version, created_at, updated_at"


def rows(world: World) -> list[Row]:
    Origin.objects.create(organization=world.organization, name="entities", type="postgresql")
    drafts = [AssetDraft("DATABASE", "db", "entities.db"), AssetDraft("SCHEMA", "sales", "entities.db.sales")]
    upsert_assets(actor=world.actor, drafts=drafts)
    return [_bulk(world), _page(World("pages")), _last_page(world)]


def _client(world: World) -> Client:
    return Client(headers={"Authorization": f"Bearer {world.token}"})


def _bulk(world: World) -> Row:
    """New tables with two tags each, in one schema: the rows are these, their edges, and the events of both."""
    numbers, client = count(), _client(world)
    schema = Asset.objects.get(organization=world.organization, qualified_name="entities.db.sales").pk

    def put(body: str) -> None:
        response = client.put("/api/v1/tables/bulk", body, content_type="application/json")
        if response.json()["numberOfRowsPassed"] != SIZE:
            raise RuntimeError(f"the bench's own rows were refused: {response.content[:300]!r}")

    bodies = (json.dumps(_tables(f"new{number}")) for number in count())
    floor_ms, product_ms = compare(
        lambda: copy_floor(world, asset_rows(SIZE, prefix=f"floor_of_entities{next(numbers)}"), schema),
        lambda: put(next(bodies)),
        runs=9,
    )
    statements = statements_of(lambda: put(next(bodies)))
    return Row(f"bulk of {SIZE:,} new tables", "COPY of the same rows", floor_ms, product_ms, 4, statements)


def _tables(prefix: str) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{prefix}_{row['name']}",
            "databaseSchema": "entities.db.sales",
            "description": row["description"],
            "tags": [{"tagFQN": tag} for tag in row["tags"]],
            "columns": [
                {
                    "name": column["name"],
                    "dataType": "VARCHAR",
                    "dataLength": 200,
                    "constraint": "NULL",
                    "ordinalPosition": column["position"],
                }
                for column in row["schema"]
            ],
        }
        for row in asset_rows(SIZE, prefix=prefix)
    ]


def _page(world: World) -> Row:
    """A hundred tables of 25 columns, in an organization that has nothing else."""
    client = _client(world)
    upsert_assets(
        actor=world.actor,
        drafts=[AssetDraft(**{**row, "type": "DATASET"}) for row in asset_rows(100, prefix="pages", columns=25)],
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    organization = world.organization.pk

    def floor() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS} FROM catalog_asset WHERE organization_id = %s AND type = 'DATASET'"
                " AND deleted_at IS NULL ORDER BY id LIMIT 100",
                [organization],
            )
            found = [(*row[:5], json.loads(row[5]), json.loads(row[6]), *row[7:]) for row in cursor.fetchall()]
            json.dumps({"data": found}, default=str)

    def get() -> None:
        response = client.get("/api/v1/datasets?limit=100")
        if response.status_code != 200 or response.content.count(b'"fullyQualifiedName":"pages.') < 100:
            raise RuntimeError(f"the page is not full: {response.content[:200]!r}")

    floor_ms, product_ms = compare(floor, get, runs=50, warmup=5)
    work = "a page of 100 entities with 25 columns"
    return Row(work, "query + json.dumps", floor_ms, product_ms, 3, statements_of(get))


def _last_page(world: World) -> Row:
    """Both pages hold ten rows, and the first is counted too, from the counters."""
    client = _client(world)
    _fill(world)

    def page(after: str) -> dict[str, Any]:
        response = client.get("/api/v1/topics", {"limit": "10", **({"after": after} if after else {})})
        body: dict[str, Any] = response.json()
        return body

    first = page("")
    last = _cursor_near_the_end(world, first["paging"]["after"])
    floor_ms, product_ms = compare(lambda: page(first["paging"]["after"]), lambda: page(last), runs=50, warmup=5)
    return Row(f"the last page of {MILLION:,} entities", "the second page", floor_ms, product_ms, 1.2)


def _fill(world: World) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_asset (id, organization_id, type, name, qualified_name, description, metadata, schema,"
            " curated, version, created_at, updated_at) SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))"
            "::uuid, %s, 'TOPIC', 't' || n, 'million.t' || n, '', '{}', '[]', '[]', 1, now(), now()"
            f" FROM generate_series(1, {MILLION}) AS n",
            [world.organization.pk],
        )
        cursor.execute("ANALYZE catalog_asset")


def _cursor_near_the_end(world: World, after: str) -> str:
    """The cursor that the walk would have had there: the first one with another place."""
    order, values, total, _ = _signer().unsign_object(after)
    place = Asset.objects.filter(organization=world.organization, type="TOPIC").order_by("-id")[15]
    return Cursor(order, [values[0], str(place.pk)], total).text()
