"""Releases of a project: their status, their collections, and what is inside them."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.errors import BadRequest, NotFound
from registry.api.releases.base import ReleasesView, sort_of, sorted_by, words_in
from registry.api.releases.serializers import (
    ArtifactSerializer,
    CollectionSerializer,
    ContentSerializer,
    ReleaseSerializer,
)
from registry.models import Artifact, Collection, Content, Release, ReleaseStatus
from registry.questions import difference, licences_of, sboms_of, vulnerabilities_of
from registry.services.releases import create_release, delete_release, update_release

SORTS = {
    "version": "sort_key",
    "release_date": "release_date",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "status": "status",
}


class ProjectReleases(ReleasesView[Release]):
    resource = "release"
    serializer_class = ReleaseSerializer

    def get_queryset(self) -> QuerySet[Release]:
        return self._releases().filter(project=self.project())

    def get_object(self) -> Release:
        return self.release_of_project()

    def list(self, request: Request, **path: Any) -> Response:
        """Highest version first; `version` takes `*`."""
        found = self.get_queryset()
        if request.query_params.get("status"):
            found = found.filter(status__in=statuses_of(request))
        if request.query_params.get("version"):
            found = found.matching_version(request.query_params["version"])  # type: ignore[attr-defined]
        return self.paged(sorted_by(found, sort_of(request), SORTS))

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


class ReleaseCollections(ReleasesView[Collection]):
    """The history of a release's artifacts: `1` is what it was first released with."""

    resource = "collection"
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
        artifacts = ArtifactSerializer(held.order_by("placements__created_at", "id"), many=True).data
        return Response({**CollectionSerializer(found).data, "artifacts": artifacts})


class ReleaseContents(ReleasesView[Content]):
    """What is inside a release, from the index of its SBOMs and the statements of VEX documents."""

    resource = "component"
    serializer_class = ContentSerializer

    def get_queryset(self) -> QuerySet[Content]:
        return Content.objects.filter(artifact__in=sboms_of(self.release_of_project()))

    def components(self, request: Request, **path: Any) -> Response:
        """`q` looks for a part of the name, `licence` for an identifier."""
        found = self.get_queryset()
        if request.query_params.get("q"):
            found = found.filter(package__folded_name__contains=request.query_params["q"].lower())
        if request.query_params.get("licence"):
            found = found.filter(licence__identifiers__contains=f"|{request.query_params['licence'].casefold()}|")
        return self.paged(found.select_related("package", "licence").order_by("artifact", "position"))

    def licences(self, request: Request, **path: Any) -> Response:
        return self.listed(licences_of(self.release_of_project()))

    def vulnerabilities(self, request: Request, **path: Any) -> Response:
        """`status` narrows down to affected, not_affected, fixed, under_investigation."""
        wanted = words_in(request, "status")
        said = vulnerabilities_of(self.release_of_project())
        return self.listed([one for one in said if not wanted or one["status"] in wanted])

    def changes(self, request: Request, **path: Any) -> Response:
        """What is different from the release with the version `since`; by default from the one before."""
        release = self.release_of_project()
        before = self._since(release, request.query_params.get("since", ""))
        found = difference(before, release)
        entries = {"added": found.added, "removed": found.removed}
        return Response(
            {
                "from": before.version,
                "to": release.version,
                **{
                    name: [
                        {"group": one.group, "name": one.name, "type": one.type, "versions": one.versions}
                        for one in listed
                    ]
                    for name, listed in entries.items()
                },
                "changed": [
                    {
                        "group": one.group,
                        "name": one.name,
                        "type": one.type,
                        "from": one.before,
                        "to": one.after,
                        "direction": one.direction,
                    }
                    for one in found.moved
                ],
                "unchanged": found.unchanged,
            }
        )

    def _since(self, release: Release, version: str) -> Release:
        others = Release.objects.filter(project=release.project_id)
        if version:
            found = others.filter(version=version).first()
        else:
            found = others.filter(sort_key__lt=release.sort_key).first()
        if found is None:
            raise NotFound(resource="release", version=version or f"before {release.version}")
        return found


def statuses_of(request: Request) -> list[str]:
    """Raises BadRequest for one that is none."""
    wanted = words_in(request, "status")
    if not set(wanted) <= set(ReleaseStatus.values):
        raise BadRequest(fields={"status": [f"Choose from {', '.join(ReleaseStatus.values)}."]})
    return wanted
