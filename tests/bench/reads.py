"""GET one asset and a page of a hundred, against a bare Django view and hand-written SQL."""

from __future__ import annotations

from typing import Any

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path

from tests.bench.batch import ingest
from tests.bench.harness import Row, compare, statements_of
from tests.bench.world import World, asset_rows

_COLUMNS = "id, type, name, qualified_name, description, metadata, schema, version, created_at, updated_at"


def bare_one(request: HttpRequest, key: str) -> HttpResponse:
    """What a Django view with hand-written SQL and orjson takes, without auth, limits or a contract."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM catalog_asset WHERE id = %s", [key])
        names = [column.name for column in cursor.description]
        return _answer(dict(zip(names, cursor.fetchone(), strict=True)))


def bare_page(request: HttpRequest) -> HttpResponse:
    """The same for the hundred assets that changed last."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM catalog_asset WHERE organization_id = %s AND deleted_at IS NULL"
            " ORDER BY updated_at DESC, id DESC LIMIT 100",
            [request.GET["organization"]],
        )
        names = [column.name for column in cursor.description]
        return _answer([dict(zip(names, line, strict=True)) for line in cursor.fetchall()])


def _answer(body: Any) -> HttpResponse:
    return HttpResponse(orjson.dumps(body, default=str), content_type="application/json")


urlpatterns = [path("bare/<str:key>", bare_one), path("bare", bare_page), path("", include("config.urls"))]


def rows(world: World) -> list[Row]:
    """100 columns a table make a page of a quarter of a megabyte with its schemas."""
    ingest(world, asset_rows(2000, prefix="read", columns=25))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with override_settings(ROOT_URLCONF="tests.bench.reads"):
        return [_one(world), _page(world)]


def _one(world: World) -> Row:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM catalog_asset WHERE name = 'orders_000042' LIMIT 1")
        key = cursor.fetchone()[0]
    get = _product(world, f"/v1/assets/{key}")
    floor_ms, product_ms = _compare(f"/bare/{key}", get)
    return Row("GET one asset", "bare Django view", floor_ms, product_ms, 2, statements_of(get))


def _page(world: World) -> Row:
    get = _product(world, "/v1/assets?limit=100&fields=schema")
    floor_ms, product_ms = _compare(f"/bare?organization={world.organization.pk}", get)
    return Row("a page of 100 with schema", "bare Django view", floor_ms, product_ms, 3, statements_of(get))


def _product(world: World, url: str) -> Any:
    client = Client(headers={"Authorization": f"Bearer {world.token}"})

    def get() -> None:
        response = client.get(url)
        if response.status_code != 200:
            raise RuntimeError(f"{url} answered {response.status_code}: {response.content[:200]!r}")

    return get


def _compare(bare_url: str, product: Any) -> tuple[float, float]:
    bare = Client()

    return compare(lambda: bare.get(bare_url), product, runs=50, warmup=5)
