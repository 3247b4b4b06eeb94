"""Searches of releases, artifacts, relationships and components, each by GET and by POST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.errors import BadRequest
from registry.api.releases.answers import FoundArtifactSerializer, FoundComponentSerializer
from registry.api.releases.asked import Asked, components_in, dates_in, wanted_of
from registry.api.releases.base import BodyPagination, ReleasesView, sorted_by, uuid_or_refuse
from registry.api.releases.filters import ARTIFACT_SORTS, RELATIONSHIP_SORTS, RELEASE_SORTS
from registry.api.releases.forms import ARTIFACTS, COMPONENTS, RELATIONSHIPS, RELEASES, WANTED
from registry.api.releases.serializers import ArtifactSerializer, RelationshipSerializer, ReleaseSerializer
from registry.containing import Wanted, components_like, releases_with
from registry.models import (
    Artifact,
    ArtifactRelationship,
    ArtifactRelationType,
    ArtifactType,
    CollectionItem,
    Content,
    Release,
    ReleaseStatus,
)


class SearchReleases(ReleasesView[Release]):
    resource = "release"
    queryset = Release.objects.none()
    serializer_class = ReleaseSerializer
    pagination_class = BodyPagination

    def get_queryset(self) -> QuerySet[Release]:
        return self._releases()

    @RELEASES.documented(ReleaseSerializer)
    def search(self, request: Request) -> Response:
        asked = Asked(request, RELEASES)
        found = self.get_queryset()
        if asked.text("q"):
            text = asked.text("q")
            found = found.filter(Q(project__name__icontains=text) | Q(version__icontains=text))
        for name, column in (("project_id", "project__in"), ("product_id", "project__product__in")):
            if asked.words(name):
                found = found.filter(**{column: [uuid_or_refuse(word, name) for word in asked.words(name)]})
        if asked.text("version_pattern"):
            found = found.matching_version(asked.text("version_pattern"))  # type: ignore[attr-defined]
        if asked.words("status", ReleaseStatus.values):
            found = found.filter(status__in=asked.words("status"))
        found = found.released_between(*dates_in(asked))  # type: ignore[attr-defined]
        wanted = components_in(asked.values.get("components"))
        if wanted is not None:
            inside = components_like(actor=self.actor, wanted=wanted).order_by().values("artifact")
            found = found.filter(
                pk__in=CollectionItem.objects.filter(
                    artifact__in=inside, collection=F("collection__release__collection")
                ).values("collection__release")
            )
        return self.paged(sorted_by(found.order_by("-created_at", "-id"), asked.order(), RELEASE_SORTS))


class SearchArtifacts(ReleasesView[Artifact]):
    resource = "artifact"
    queryset = Artifact.objects.none()
    serializer_class = ArtifactSerializer
    pagination_class = BodyPagination

    def get_queryset(self) -> QuerySet[Artifact]:
        return Artifact.objects.all().visible_to(self.actor)

    @ARTIFACTS.documented(FoundArtifactSerializer)
    def search(self, request: Request) -> Response:
        """By what they are, which releases hold them, what they are related to, and the components inside."""
        asked = Asked(request, ARTIFACTS)
        found = self.get_queryset()
        if asked.words("type", ArtifactType.values):
            found = found.filter(type__in=asked.words("type"))
        if asked.words("format"):
            found = found.filter(format__in=asked.words("format"))
        found = self._in_releases(found, asked)
        if asked.words("has_relationship"):
            found = self._related(found, asked.words("has_relationship"))
        wanted = self._wanted(asked)
        if wanted is not None:
            inside = components_like(actor=self.actor, wanted=wanted)
            found = found.filter(pk__in=inside.order_by().values("artifact"))
        rows = self.paginate_queryset(_including(sorted_by(found, asked.order(), ARTIFACT_SORTS), asked.include))
        return self.get_paginated_response([_shape(row, asked.include) for row in rows or ()])

    def _in_releases(self, found: QuerySet[Artifact], asked: Asked) -> QuerySet[Artifact]:
        versions = asked.words("release_version")
        projects = [uuid_or_refuse(word, "project_id") for word in asked.words("project_id")]
        if not versions and not projects:
            return found
        held: QuerySet[Any] = CollectionItem.objects.filter(collection=F("collection__release__collection"))
        if versions:
            held = held.filter(collection__release__version__in=versions)
        if projects:
            held = held.filter(collection__release__project__in=projects)
        return found.filter(pk__in=held.values("artifact"))

    def _related(self, found: QuerySet[Artifact], kinds: list[str]) -> QuerySet[Artifact]:
        """By the type of the artifact at the other end, or by the type of the relationship."""
        types = [kind for kind in kinds if kind in ArtifactType.values]
        edges = [kind for kind in kinds if kind in ArtifactRelationType.values]
        if len(types) + len(edges) < len(kinds):
            choices = ", ".join([*ArtifactType.values, *ArtifactRelationType.values])
            raise BadRequest(fields={"has_relationship": [f"Choose from {choices}."]})
        all_edges = ArtifactRelationship.objects.all()
        forth = all_edges.filter(Q(target__type__in=types) | Q(type__in=edges), source=OuterRef("pk"))
        back = all_edges.filter(Q(source__type__in=types) | Q(type__in=edges), target=OuterRef("pk"))
        return found.filter(Exists(forth) | Exists(back))

    def _wanted(self, asked: Asked) -> Wanted | None:
        content = asked.values.get("content")
        if asked.by_post:
            if content is None:
                return None
            if not isinstance(content, dict) or set(content) - {"components"}:
                raise BadRequest(fields={"query.content": ["This must be an object with components."]})
            return components_in(content.get("components"))
        given = {name: asked.text(name) for name in WANTED if asked.text(name)}
        return components_in(given) if given else None


def _including(found: QuerySet[Artifact], include: list[str]) -> QuerySet[Artifact]:
    if "relationships" in include:
        edges = ArtifactRelationship.objects.select_related("source", "target")
        found = found.prefetch_related(Prefetch("outgoing", queryset=edges), Prefetch("incoming", queryset=edges))
    if "releases" in include:
        held = CollectionItem.objects.filter(collection=F("collection__release__collection"))
        found = found.prefetch_related(Prefetch("placements", queryset=held.select_related("collection__release")))
    return found


def _shape(artifact: Artifact, include: list[str]) -> dict[str, Any]:
    """All of it, and what `include` asks for; with an `include` that does not name metadata, without that."""
    shape = dict(ArtifactSerializer(artifact).data)
    if include and "metadata" not in include:
        del shape["metadata"]
    if "relationships" in include:
        edges = [*artifact.outgoing.all(), *artifact.incoming.all()]
        shape["relationships"] = RelationshipSerializer(edges, many=True).data
    if "releases" in include:
        releases = [item.collection.release for item in artifact.placements.all()]
        shape["releases"] = [
            {"id": release.pk, "project_id": release.project_id, "version": release.version} for release in releases
        ]
    return shape


class SearchRelationships(ReleasesView[ArtifactRelationship]):
    resource = "relationship"
    queryset = ArtifactRelationship.objects.none()
    serializer_class = RelationshipSerializer
    pagination_class = BodyPagination

    def get_queryset(self) -> QuerySet[ArtifactRelationship]:
        return ArtifactRelationship.objects.all().visible_to(self.actor).select_related("source", "target")

    @RELATIONSHIPS.documented(RelationshipSerializer)
    def search(self, request: Request) -> Response:
        asked = Asked(request, RELATIONSHIPS)
        found = self.get_queryset()
        for name, column, choices in (
            ("source_type", "source__type__in", ArtifactType.values),
            ("target_type", "target__type__in", ArtifactType.values),
            ("relationship_type", "type__in", ArtifactRelationType.values),
        ):
            if asked.words(name, choices):
                found = found.filter(**{column: asked.words(name)})
        for name in ("source_id", "target_id"):
            if asked.words(name):
                keys = [uuid_or_refuse(word, name) for word in asked.words(name)]
                found = found.filter(**{f"{name}__in": keys})
        return self.paged(sorted_by(found, asked.order(), RELATIONSHIP_SORTS))


class SearchComponents(ReleasesView[Content]):
    """Which releases contain a component."""

    resource = "component"
    serializer_class = FoundComponentSerializer
    pagination_class = BodyPagination
    queryset = Content.objects.none()

    @COMPONENTS.documented(FoundComponentSerializer)
    def search(self, request: Request) -> Response:
        """One row for each component asked for in each release's current artifacts, newest release first."""
        asked = Asked(request, COMPONENTS)
        found = releases_with(actor=self.actor, wanted=wanted_of({name: asked.text(name) for name in WANTED}))
        paginator: Any = self.paginator
        window = paginator.open(request)
        paginator.close(found.count())
        return self.get_paginated_response([_row(row) for row in found.rows(window.limit, window.offset)])


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "component": {name: row[name] or "" for name in ("group", "name", "version", "purl", "type", "licence")},
        "release": {
            "id": row["release_id"],
            "version": row["release_version"],
            "status": row["release_status"],
            "release_date": row["release_date"],
        },
        "project": {"id": row["project_id"], "name": row["project_name"]},
        "product": {"id": row["product_id"], "name": row["product_name"]},
        "artifact_id": row["artifact_id"],
    }
