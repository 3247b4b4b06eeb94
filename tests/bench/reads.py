"""Assets one by one and in pages: against a bare Django view, and the last pages of a long list against the first."""

from __future__ import annotations

from typing import Any

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from catalog.models import Asset
from contracts.cursors import Cursor, CursorPages
from tests.bench.batch import ingest
from tests.bench.harness import Row, compare, statements_of
from tests.bench.world import World, asset_rows, settle

PAGE = 100

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
    """25 columns a table make a page of a quarter of a megabyte with its schemas."""
    world.fill()
    ingest(world, asset_rows(2000, prefix="read", columns=25))
    settle()
    with override_settings(ROOT_URLCONF="tests.bench.reads"):
        return [_one(world), _page(world), _cursor_page(world), _deep_page(world)]


def _one(world: World) -> Row:
    key = Asset.objects.visible_to(world.actor).get(qualified_name="read.sales.orders_000042").pk
    get = _product(world, f"/v1/assets/{key}")
    floor_ms, product_ms = _compare(f"/bare/{key}", get, runs=300)
    return Row("GET one asset", "bare Django view", floor_ms, product_ms, 2, statements_of(get))


def _page(world: World) -> Row:
    get = _product(world, "/v1/assets?limit=100&fields=schema")
    floor_ms, product_ms = _compare(f"/bare?organization={world.organization.pk}", get, runs=60)
    return Row("a page of 100 with schema", "bare Django view", floor_ms, product_ms, 3, statements_of(get))


def _product(world: World, url: str) -> Any:
    client = Client(headers={"Authorization": f"Bearer {world.token}"})

    def get() -> None:
        response = client.get(url)
        if response.status_code != 200:
            raise RuntimeError(f"{url} answered {response.status_code}: {response.content[:200]!r}")

    return get


def _compare(bare_url: str, product: Any, *, runs: int) -> tuple[float, float]:
    bare = Client()

    return compare(lambda: bare.get(bare_url), product, runs=runs, warmup=10)


def _cursor_page(world: World) -> Row:
    """A page of 100 by cursor near the end of the list, against the first: the paginator and its rows."""
    assets = Asset.objects.visible_to(world.actor).order_by("-updated_at", "-id")
    count = assets.count()
    pages = count // PAGE
    before = assets.reverse()[count - (pages - 1) * PAGE : count - (pages - 1) * PAGE + 1].get()
    place = [before.updated_at.isoformat(), str(before.pk)]
    cursor = Cursor(f"{Asset._meta.label_lower}:-updated_at,-id", place, count).text()

    def read(**parameters: str) -> Any:
        request = Request(APIRequestFactory().get("/", {"limit": str(PAGE), **parameters}))
        found = CursorPages().paginate_queryset(assets.all(), request, _Counted(count))
        if len(found) != PAGE:
            raise RuntimeError(f"{len(found)} rows are no page")
        return found

    def deep() -> Any:
        return read(after=cursor)

    times = compare(read, deep, runs=40, warmup=5)
    return Row(f"cursor page {pages:,} of {count:,} assets", "page 1", *times, 1.2, statements_of(deep))


class _Counted:
    """A view that knows how long its list is, as ours do."""

    def __init__(self, total: int) -> None:
        self.total = total

    def count(self, _: Any) -> int:
        return self.total


def _deep_page(world: World) -> Row:
    """The door's whole answer against LIMIT and OFFSET over whole rows, a hundred from the end of the seeded ones."""
    offset = Asset.objects.visible_to(world.actor).count() - 1100
    get = _product(world, f"/v1/assets?limit=100&offset={offset}")

    def naive() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS} FROM catalog_asset WHERE organization_id = %s AND deleted_at IS NULL"
                " ORDER BY updated_at DESC, id DESC LIMIT 100 OFFSET %s",
                [world.organization.pk, offset],
            )
            cursor.fetchall()

    times = compare(naive, get, runs=5)
    return Row(f"100 assets from offset {offset:,}", "LIMIT and OFFSET", *times, 0.2, statements_of(get))
