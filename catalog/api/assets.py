"""Assets over REST: what every contract that speaks of them shares."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import actor_of
from catalog import reading
from catalog.api.filters import AssetFilters
from catalog.api.parameters import body_of, choices_of
from catalog.counts import count_assets
from catalog.models import Asset, AssetType
from catalog.querysets import AssetQuerySet
from catalog.services import create_asset, delete_asset, update_asset
from contracts.conditional import expected_version, is_fresh, set_validators, version_etag
from contracts.errors import NotFound
from contracts.returned import (
    WasShown,
    changes_of,
    earlier_time,
    earlier_time_or_none,
    same,
    same_one,
    same_time,
)
from contracts.views import ContractViewSet, uuid_of

NARROWING = AssetFilters.base_filters.keys() - {"sort"}
READ_ONLY: Mapping[str, WasShown] = {
    "id": same,
    "source": same_one,
    "last_seen_at": earlier_time_or_none,
    "stale_since": earlier_time_or_none,
    "created_by": same_one,
    "created_at": same_time,
    "updated_at": earlier_time,
}
"""What is shown of an asset and cannot be changed."""


class AssetViews(ContractViewSet[Asset]):
    """Assets that the actor can see."""

    resource = "asset"
    queryset = Asset.objects.none()
    filterset_class: Any = AssetFilters

    def get_queryset(self) -> AssetQuerySet:
        return Asset.objects.visible_to(actor_of(self.request))

    def count(self, queryset: QuerySet[Asset]) -> int:
        """From the counters where nothing but the type narrows the list."""
        given = {name for name, value in self.request.query_params.items() if value}
        if given & NARROWING <= {"type"}:
            return count_assets(actor_of(self.request), choices_of(self.request, "type", AssetType.values))
        return super().count(queryset)

    def list(self, request: Request) -> Response:
        fields = choices_of(request, "fields", reading.FIELDS)
        found: Any = self.filter_queryset(self.get_queryset().order_by("-updated_at"))
        shown = self.paginate_queryset(reading.rows(found, fields=fields)) or []
        return self.get_paginated_response([reading.shape(row, fields) for row in shown])

    def retrieve(self, request: Request, pk: str) -> Response:
        fields = choices_of(request, "fields", reading.FIELDS)
        return self.show(reading.one(actor_of(request), self.key_of(pk)), fields=fields, asset_id=pk)

    def create(self, request: Request) -> Response:
        actor = actor_of(request)
        asset = create_asset(actor=actor, data=body_of(request))
        return self.show(reading.one(actor, asset.pk), code=201)

    def update(self, request: Request, pk: str) -> Response:
        actor, key, expected = actor_of(request), self.key_of(pk), expected_version(request)

        def shown() -> Mapping[str, Any] | None:
            row = reading.one(actor, key)
            return None if row is None else reading.shape(row, [*READ_ONLY, "version"])

        said = {name: value for name, value in body_of(request).items() if name != "version"}
        changes = changes_of(said, READ_ONLY, shown, resource=self.resource, expected_version=expected)
        update_asset(actor=actor, asset=Asset(pk=key), changes=changes, expected_version=expected)
        return self.show(reading.one(actor, key), asset_id=pk)

    def destroy(self, request: Request, pk: str) -> Response:
        expected = expected_version(request)
        delete_asset(actor=actor_of(request), asset=Asset(pk=self.key_of(pk)), expected_version=expected)
        return Response(status=204)

    def key_of(self, value: str) -> UUID:
        """The id in the path. Raises NotFound where it is none."""
        key = uuid_of(value)
        if key is None:
            raise NotFound(resource=self.resource, asset_id=value)
        return key

    def show(self, row: Any, *, code: int = 200, fields: Collection[str] = (), **named: str) -> Response:
        """A row of `reading`, or these fields of it, with its validators.

        Raises NotFound, with what was looked for, where there is none.
        """
        if row is None:
            raise NotFound(resource=self.resource, **named)
        etag = version_etag(row.version)
        if self.request.method in {"GET", "HEAD"} and is_fresh(self.request, etag):
            response = Response(status=304)
        else:
            response = Response(reading.shape(row, fields), status=code)
        set_validators(response, etag=etag, modified=row.updated_at)
        return response
