"""`versions/`: of each product and version, the components and the artifacts they came with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, Prefetch, QuerySet, Window
from django.db.models.functions import RowNumber
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.errors import NotFound
from contracts.views import uuid_of
from registry.api.releases.answers import ProductVersionSerializer
from registry.api.releases.base import ReleasesView
from registry.api.releases.filters import VersionFilters
from registry.api.releases.serializers import ContentSerializer
from registry.models import CollectionItem, Content, ProductVersion, Release

SHOWN = 100
"""Components listed of each artifact in a list; `GET versions/{id}/components` has them all."""


class Versions(ReleasesView[ProductVersion]):
    resource = "version"
    queryset = ProductVersion.objects.none()
    serializer_class = ProductVersionSerializer
    filterset_class = VersionFilters
    lookup_url_kwarg = "version_id"

    def get_queryset(self) -> QuerySet[ProductVersion]:
        releases = Release.objects.select_related("project").order_by("project__name")
        visible = ProductVersion.objects.all().visible_to(self.actor).select_related("product")
        return visible.prefetch_related(Prefetch("releases", queryset=releases))

    def list(self, request: Request) -> Response:
        """Of each product, the highest version first."""
        found = self.filter_queryset(self.get_queryset())
        rows = self.paginate_queryset(found.order_by("product__name", "-sort_key", "id"))
        return self.get_paginated_response(self._shaped(rows))

    def retrieve(self, request: Request, version_id: str) -> Response:
        return Response(self._shaped([self.get_object()])[0])

    @extend_schema(filters=False, responses=ContentSerializer(many=True))
    def components(self, request: Request, version_id: str) -> Response:
        """All components of a version, in pages."""
        key = uuid_of(version_id)
        version = ProductVersion.objects.all().visible_to(self.actor).filter(pk=key).first() if key else None
        if version is None:
            raise NotFound(resource="version", version_id=version_id)
        found = Content.objects.filter(artifact__in=_held([version.pk]).values("artifact"))
        rows = self.paginate_queryset(
            found.select_related("package", "licence").order_by("artifact", "position")  # type: ignore[arg-type]
        )
        return self.get_paginated_response(ContentSerializer(rows, many=True).data)

    def _shaped(self, versions: Sequence[ProductVersion] | None) -> Any:
        listed = list(versions or ())
        artifacts = _artifacts([version.pk for version in listed])
        context = {"artifacts": artifacts, "components": _components(artifacts)}
        return ProductVersionSerializer(listed, many=True, context=context).data


def _held(version_ids: Sequence[UUID]) -> QuerySet[CollectionItem]:
    """What the current collections of these versions' releases hold."""
    return CollectionItem.objects.filter(
        collection__release__product_version__in=version_ids, collection=F("collection__release__collection")
    )


def _artifacts(version_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    rows = (
        _held(version_ids)
        .order_by("created_at", "artifact")
        .values(
            "association_type",
            version_id=F("collection__release__product_version"),
            release_id=F("collection__release"),
            id=F("artifact"),
            type=F("artifact__type"),
            format=F("artifact__format"),
            name=F("artifact__name"),
            component_count=F("artifact__component_count"),
        )
    )
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["version_id"]].append({name: value for name, value in row.items() if name != "version_id"})
    return found


def _components(artifacts: dict[UUID, list[dict[str, Any]]]) -> dict[UUID, list[dict[str, Any]]]:
    """The first components of each artifact, each with the artifact it came with. One statement."""
    owners: dict[UUID, list[UUID]] = defaultdict(list)
    for version_id, held in artifacts.items():
        for artifact_id in {row["id"] for row in held if row["component_count"]}:
            owners[artifact_id].append(version_id)
    place = Window(RowNumber(), partition_by=F("artifact"), order_by=F("position").asc())
    rows = (
        Content.objects.filter(artifact__in=owners)
        .annotate(place=place)
        .filter(place__lte=SHOWN)
        .select_related("package", "licence")
        .order_by("artifact", "position")
    )
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        shape = {
            "group": row.package.namespace,
            "name": row.package.name,
            "version": row.version,
            "purl": row.purl,
            "licence": row.licence.expression if row.licence else "",
            "artifact_id": row.artifact_id,
        }
        for version_id in owners[row.artifact_id]:
            found[version_id].append(shape)
    return found
