"""Releases of a project: their status, their collections, and what is inside them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.errors import BadRequest, NotFound
from registry.api.releases.answers import ChangesSerializer, LicenceSerializer, VulnerabilitySerializer
from registry.api.releases.base import ReleasesView, words_in
from registry.api.releases.filters import ContentFilters, ReleaseFilters
from registry.api.releases.serializers import (
    CollectionSerializer,
    ContentSerializer,
    ReleaseSerializer,
    WholeCollectionSerializer,
)
from registry.models import Artifact, Collection, Content, Release, StatementStatus
from registry.questions import difference, licences_of, sboms_of, vulnerabilities_of
from registry.services.releases import create_release, delete_release, update_release


class ProjectReleases(ReleasesView[Release]):
    resource = "release"
    queryset = Release.objects.none()
    serializer_class = ReleaseSerializer
    filterset_class = ReleaseFilters

    def get_queryset(self) -> QuerySet[Release]:
        return self._releases().filter(project=self.project())

    def get_object(self) -> Release:
        return self.release_of_project()

    def list(self, request: Request, **path: Any) -> Response:
        """Highest version first."""
        return self.paged(self.filter_queryset(self.get_queryset()))

    def retrieve(self, request: Request, **path: Any) -> Response:
        return self.one(self.get_object())

    def create(self, request: Request, **path: Any) -> Response:
        project = self.project()
        return self.created(create_release(actor=self.actor, project=project, data=self.validated()))

    def partial_update(self, request: Request, **path: Any) -> Response:
        release = self.get_object()
        release = update_release(actor=self.actor, release=release, changes=self.validated(partial=True))
        return self.one(release)

    def destroy(self, request: Request, **path: Any) -> Response:
        delete_release(actor=self.actor, release=self.get_object())
        return self.deleted()

    def etag_of(self, instance: Release) -> str | None:
        """A release's `version` is its name, not a count of changes."""
        return None


@extend_schema_view(retrieve=extend_schema(responses=WholeCollectionSerializer))
class ReleaseCollections(ReleasesView[Collection]):
    """The history of a release's artifacts: `1` is what it was first released with."""

    resource = "collection"
    queryset = Collection.objects.none()
    serializer_class = CollectionSerializer

    def get_queryset(self) -> QuerySet[Collection]:
        return Collection.objects.filter(release=self.release_of_project())

    def list(self, request: Request, **path: Any) -> Response:
        return self.paged(self.get_queryset().annotate(artifact_count=Count("items")))

    def retrieve(self, request: Request, *, number: int, **path: Any) -> Response:
        found = self.get_queryset().filter(number=number).first()
        if found is None:
            raise NotFound(resource="collection", number=number)
        held = Artifact.objects.filter(placements__collection=found).annotate(
            association_type=F("placements__association_type")
        )
        found.artifacts = held.order_by("placements__created_at", "id")  # type: ignore[attr-defined]
        return Response(WholeCollectionSerializer(found).data)


class ReleaseContents(ReleasesView[Content]):
    """What is inside a release, from the index of its SBOMs and the statements of VEX documents."""

    resource = "component"
    queryset = Content.objects.none()
    serializer_class = ContentSerializer
    filterset_class = ContentFilters

    def get_queryset(self) -> QuerySet[Content]:
        return Content.objects.filter(artifact__in=sboms_of(self.release_of_project()))

    @extend_schema(responses=ContentSerializer(many=True))
    def components(self, request: Request, **path: Any) -> Response:
        """The components of its SBOMs."""
        found = self.filter_queryset(self.get_queryset())
        return self.paged(found.select_related("package", "licence").order_by("artifact", "position"))

    @extend_schema(filters=False, responses=LicenceSerializer(many=True))
    def licences(self, request: Request, **path: Any) -> Response:
        """Each licence with how many components carry it, most first."""
        return self.listed(licences_of(self.release_of_project()))

    @extend_schema(
        filters=False,
        parameters=[
            OpenApiParameter(
                "status", many=True, explode=False, enum=StatementStatus.values, description="Any of them."
            )
        ],
        responses=VulnerabilitySerializer(many=True),
    )
    def vulnerabilities(self, request: Request, **path: Any) -> Response:
        """What VEX documents say of it and of its components."""
        wanted = words_in(request, "status")
        if unknown := set(wanted) - set(StatementStatus.values):
            words = f"'{min(unknown)[:100]}' is not one of {', '.join(StatementStatus.values)}."
            raise BadRequest(fields={"status": [words]})
        said = vulnerabilities_of(self.release_of_project())
        return self.listed([one for one in said if not wanted or one["status"] in wanted])

    @extend_schema(
        parameters=[OpenApiParameter("since", description="The version to compare with; the one before by default.")],
        responses=ChangesSerializer,
    )
    def changes(self, request: Request, **path: Any) -> Response:
        """What its SBOMs hold that another release's do not, and the other way round."""
        release = self.release_of_project()
        before = self._since(release, request.query_params.get("since", ""))
        found = difference(before, release)
        whole = {"from": before.version, "to": release.version, "added": found.added, "removed": found.removed}
        return Response(ChangesSerializer({**whole, "moved": found.moved, "unchanged": found.unchanged}).data)

    def _since(self, release: Release, version: str) -> Release:
        others = Release.objects.filter(project=release.project_id)
        if version:
            found = others.filter(version=version).first()
        else:
            found = others.filter(sort_key__lt=release.sort_key).first()
        if found is None:
            raise NotFound(resource="release", version=version or f"before {release.version}")
        return found
