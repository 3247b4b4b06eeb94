"""Assets over REST: what every contract that speaks of them shares, and how they are looked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.permissions import actor_of
from catalog import reading
from catalog.api.parameters import body_of, choices_of, moment_of, order_of, words_of
from catalog.asking import domains_named, owned_by, terms_named
from catalog.counts import count_assets
from catalog.models import Asset, AssetTag, AssetTerm, AssetType, Origin, Tag
from catalog.querysets import AssetQuerySet
from catalog.search import matching
from catalog.services import create_asset, delete_asset, update_asset
from catalog.validation import tag_key
from contracts.conditional import expected_version, is_fresh, set_validators, version_etag
from contracts.errors import NotFound
from contracts.views import ContractViewSet, uuid_of

SORTS = ("name", "type", "qualified_name", "created_at", "updated_at")
NARROWING = frozenset(
    {
        "type",
        "tag",
        "search",
        "source",
        "owner",
        "domain",
        "term",
        "created_after",
        "created_before",
        "updated_after",
        "updated_before",
    }
)
"""The parameters that `narrowed` reads."""


class AssetViews(ContractViewSet[Asset]):
    """Assets that the actor can see."""

    resource = "asset"
    queryset = Asset.objects.none()

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
        found = narrowed(self.get_queryset(), request).order_by(*order_of(request, SORTS, "updated_at:desc"))
        shown = self.paginate_queryset(reading.rows(found, fields=fields)) or []
        return self.get_paginated_response([reading.shape(row, fields) for row in shown])

    def retrieve(self, request: Request, pk: str) -> Response:
        return self.show(reading.one(actor_of(request), self.key_of(pk)), asset_id=pk)

    def create(self, request: Request) -> Response:
        actor = actor_of(request)
        asset = create_asset(actor=actor, data=body_of(request))
        return self.show(reading.one(actor, asset.pk), code=201)

    def update(self, request: Request, pk: str) -> Response:
        actor, key, expected = actor_of(request), self.key_of(pk), expected_version(request)
        changes = {name: value for name, value in body_of(request).items() if name != "version"}
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

    def show(self, row: Any, *, code: int = 200, **named: str) -> Response:
        """A row of `reading` with its validators. Raises NotFound, with what was looked for, where there is none."""
        if row is None:
            raise NotFound(resource=self.resource, **named)
        etag = version_etag(row.version)
        if self.request.method in {"GET", "HEAD"} and is_fresh(self.request, etag):
            response = Response(status=304)
        else:
            response = Response(reading.shape(row), status=code)
        set_validators(response, etag=etag, modified=row.updated_at)
        return response


def narrowed(assets: AssetQuerySet, request: Request) -> AssetQuerySet:
    """The assets that fit every filter of the query string. Raises BadRequest for what means nothing."""
    actor = actor_of(request)
    if types := choices_of(request, "type", AssetType.values):
        assets = assets.filter(type__in=types)
    for name in words_of(request, "tag"):
        carried = AssetTag.objects.filter(asset=OuterRef("pk"), tag__in=tags_named(actor, name))
        assets = assets.filter(Exists(carried))
    for field, suffix in (("created", "at"), ("updated", "at")):
        if after := moment_of(request, f"{field}_after"):
            assets = assets.filter(**{f"{field}_{suffix}__gte": after})
        if before := moment_of(request, f"{field}_before"):
            assets = assets.filter(**{f"{field}_{suffix}__lt": before})
    if sources := words_of(request, "source"):
        assets = assets.filter(origin__in=origins_named(actor, sources))
    if owners := words_of(request, "owner"):
        assets = assets.filter(owned_by(actor, owners))
    if domains := words_of(request, "domain"):
        assets = assets.filter(domain__in=domains_named(actor, domains))
    for name in words_of(request, "term"):
        said = AssetTerm.objects.filter(asset=OuterRef("pk"), term__in=terms_named(actor, name))
        assets = assets.filter(Exists(said))
    words = matching(actor=actor, query=request.query_params.get("search", ""))
    return assets if words is None else assets.filter(pk__in=words)


def tags_named(actor: Actor, name: str) -> list[UUID]:
    """The tag of this id or name."""
    named = Q(key=tag_key(name))
    if key := uuid_of(name):
        named |= Q(pk=key)
    return list(Tag.objects.visible_to(actor).filter(named).values_list("pk", flat=True))


def origins_named(actor: Actor, names: Sequence[str]) -> list[UUID]:
    """The sources of these ids or names."""
    keys = [key for name in names if (key := uuid_of(name))]
    return list(
        Origin.objects.visible_to(actor).filter(Q(name__in=names) | Q(pk__in=keys)).values_list("pk", flat=True)
    )
