"""Artifacts, their bytes, their relationships, and which releases hold them."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import QueryDict
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.errors import Invalid, NotFound
from contracts.openapi import BYTES
from contracts.parsing import OF_THE_PAGE, loads
from contracts.views import uuid_of
from registry import storage
from registry.api.contents import content_or_unchanged
from registry.api.releases.base import OF_PROJECT, ReleasesView
from registry.api.releases.filters import ArtifactFilters, RelationshipFilters
from registry.api.releases.parsers import ArtifactJSONParser, ArtifactMultiPartParser
from registry.api.releases.serializers import (
    ArtifactChangeSerializer,
    ArtifactSerializer,
    AssociateSerializer,
    AssociationSerializer,
    RelationshipSerializer,
    ReleaseArtifactSerializer,
)
from registry.models import Artifact, ArtifactRelationship, Release
from registry.services.artifact_relationships import relate_artifacts, unrelate_artifacts
from registry.services.artifacts import Upload, add_artifact, delete_artifact, update_artifact
from registry.services.collections import Placement, add_to_release, remove_from_release, upload_to_release


class ArtifactViews(ReleasesView[Artifact]):
    resource = "artifact"
    queryset = Artifact.objects.none()
    serializer_class: Any = ArtifactSerializer
    filterset_class = ArtifactFilters
    lookup_url_kwarg = "artifact_id"

    def get_queryset(self) -> QuerySet[Artifact]:
        return Artifact.objects.all().visible_to(self.actor)


class Artifacts(ArtifactViews):
    """Create from JSON with `content` (an object, or the text of a document) or from a multipart `file`."""

    parser_classes = [ArtifactJSONParser, ArtifactMultiPartParser]

    def list(self, request: Request) -> Response:
        return self.paged(self.filter_queryset(self.get_queryset()))

    @extend_schema(responses={200: ArtifactSerializer, 201: ArtifactSerializer})
    def create(self, request: Request) -> Response:
        """201; 200 with what is there for a repeat of the same bytes."""
        added = add_artifact(actor=self.actor, upload=upload_of(request.data))
        code = status.HTTP_201_CREATED if added.is_new else status.HTTP_200_OK
        return Response(ArtifactSerializer(added.artifact).data, status=code)


class OneArtifact(ArtifactViews):
    def retrieve(self, request: Request, artifact_id: str) -> Response:
        return self.one(self.get_object())

    @extend_schema(request=ArtifactChangeSerializer, responses=ArtifactSerializer)
    def partial_update(self, request: Request, artifact_id: str) -> Response:
        """Metadata only, merged one level deep."""
        artifact = self.get_object()
        serializer = ArtifactChangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return self.one(
            update_artifact(actor=self.actor, artifact=artifact, metadata=serializer.validated_data["metadata"])
        )

    def destroy(self, request: Request, artifact_id: str) -> Response:
        delete_artifact(actor=self.actor, artifact=self.get_object())
        return self.deleted()

    @extend_schema(responses={(200, "*/*"): BYTES})
    def content(self, request: Request, artifact_id: str) -> HttpResponseBase:
        """The bytes as they were uploaded."""
        return content_or_unchanged(request, self.get_object())


class ReleaseArtifacts(ArtifactViews):
    """`…/artifacts` of a release that the project and the version name."""

    parser_classes = [ArtifactJSONParser, ArtifactMultiPartParser]
    serializer_class = ReleaseArtifactSerializer

    def the_release(self) -> Release:
        return self.release_of_project()

    def list(self, request: Request, **path: Any) -> Response:
        """In the order in which they came, unless `sort` says otherwise."""
        held = Artifact.objects.all().in_release(self.the_release())
        return self.paged(self.filter_queryset(held))

    @extend_schema(responses={200: ReleaseArtifactSerializer, 201: ReleaseArtifactSerializer})
    def create(self, request: Request, **path: Any) -> Response:
        """Upload into the release. 200 where it holds these bytes already."""
        release = self.the_release()
        association = text_in(request.data, "association_type") or "primary"
        added, placement = upload_to_release(
            actor=self.actor,
            release=release,
            upload=upload_of(request.data, {"association_type"}),
            association_type=association,
        )
        code = status.HTTP_201_CREATED if added.is_new or placement.is_new else status.HTTP_200_OK
        return Response(ArtifactSerializer(added.artifact).data, status=code)


@extend_schema_view(list=extend_schema(parameters=[OF_PROJECT]))
class VersionArtifacts(ReleaseArtifacts):
    """The same where only the version is named."""

    http_method_names = ["get", "head", "options"]

    def the_release(self) -> Release:
        return self.release_by_version()


_COMMENT = OpenApiParameter("comment", description="Why, for the release's next collection.")
_ASSOCIATED = {200: AssociationSerializer, 201: AssociationSerializer}


class Associations(ReleasesView[Artifact]):
    """That a release holds an artifact."""

    resource = "artifact"
    serializer_class = AssociateSerializer
    queryset = Artifact.objects.none()

    def the_release(self) -> Release:
        return self.release_of_project() if "project_id" in self.kwargs else self.release_by_version()

    def create(self, request: Request, **path: Any) -> Response:
        """201; 200 where the release holds it already."""
        release, artifact, said = self.the_release(), self.artifact(), self.validated()
        placement = add_to_release(
            actor=self.actor,
            release=release,
            artifact=artifact,
            association_type=said["association_type"] or "primary",
            comment=said.get("comment", ""),
        )
        code = status.HTTP_201_CREATED if placement.is_new else status.HTTP_200_OK
        return Response(AssociationSerializer(association_shape(release, placement)).data, status=code)

    def destroy(self, request: Request, **path: Any) -> Response:
        """Take it out of the release; the artifact stays."""
        release, artifact = self.the_release(), self.artifact()
        comment = request.query_params.get("comment", "")
        remove_from_release(actor=self.actor, release=release, artifact=artifact, comment=comment)
        return self.deleted()


@extend_schema_view(
    create=extend_schema(parameters=[OF_PROJECT], responses=_ASSOCIATED),
    destroy=extend_schema(parameters=[OF_PROJECT, _COMMENT]),
)
class Association(Associations):
    """Where only the version is named."""


@extend_schema_view(create=extend_schema(responses=_ASSOCIATED), destroy=extend_schema(parameters=[_COMMENT]))
class ProjectAssociation(Associations):
    """Where the project and the version are named."""


def association_shape(release: Release, placement: Placement) -> dict[str, Any]:
    return {
        "release_version": release.version,
        "release_id": release.pk,
        "project_id": release.project_id,
        "artifact_id": placement.item.artifact_id,
        "association_type": placement.item.association_type,
        "created_at": placement.item.created_at,
    }


class ArtifactRelationships(ReleasesView[ArtifactRelationship]):
    resource = "relationship"
    queryset = ArtifactRelationship.objects.none()
    serializer_class = RelationshipSerializer
    filterset_class = RelationshipFilters

    def get_queryset(self) -> QuerySet[ArtifactRelationship]:
        visible = ArtifactRelationship.objects.all().visible_to(self.actor)
        return visible.touching(self.artifact()).select_related("source", "target")

    def get_object(self) -> ArtifactRelationship:
        value = self.kwargs["relationship_id"]
        key = uuid_of(value)
        found = self.get_queryset().filter(pk=key).first() if key else None
        if found is None:
            raise NotFound(resource="relationship", relationship_id=str(value))
        return found

    def list(self, request: Request, **path: Any) -> Response:
        """Both directions, newest first."""
        return self.paged(self.filter_queryset(self.get_queryset()))

    def retrieve(self, request: Request, **path: Any) -> Response:
        return Response(self.get_serializer(self.get_object()).data)

    def create(self, request: Request, **path: Any) -> Response:
        source, data = self.artifact(), self.validated()
        edge = relate_artifacts(
            actor=self.actor,
            source=source,
            target=self.artifact(data["target_id"]),
            type=data["type"],
            metadata=data.get("metadata"),
        )
        return Response(self.get_serializer(edge).data, status=status.HTTP_201_CREATED)

    def destroy(self, request: Request, **path: Any) -> Response:
        unrelate_artifacts(actor=self.actor, relationship=self.get_object())
        return self.deleted()


# Bodies ------------------------------------------------------------------------------------------

FILENAME_LENGTH = 255
UPLOAD_FIELDS = {"type", "format", "content", "file", "metadata", "filename"}


def upload_of(data: Any, also: Set[str] = frozenset()) -> Upload:
    """The upload that a body describes, which may have `also` fields. Raises Invalid for what means nothing."""
    unknown = [name for name in data if name not in UPLOAD_FIELDS | also | OF_THE_PAGE]
    if unknown:
        raise Invalid(fields={name: ["Unknown field."] for name in unknown})
    if isinstance(data, QueryDict) and (repeated := [name for name, values in data.lists() if len(values) > 1]):
        raise Invalid(fields={name: ["This was sent more than once."] for name in repeated})
    type_ = text_in(data, "type")
    if not type_:
        raise Invalid(fields={"type": ["This field is required."]})
    content, filename = _content(data)
    named = text_in(data, "filename")
    if len(named) > FILENAME_LENGTH:
        raise Invalid(fields={"filename": [f"A name has at most {FILENAME_LENGTH} characters."]})
    return Upload(
        content=content,
        type=type_,
        format=text_in(data, "format"),
        filename=named or filename[:FILENAME_LENGTH],
        media_type=str(getattr(data.get("file"), "content_type", "") or "")[:100],
        metadata=_metadata(data.get("metadata")),
    )


def _content(data: Any) -> tuple[Iterable[bytes], str]:
    file, content = data.get("file"), data.get("content")
    if isinstance(file, UploadedFile) and content:
        raise Invalid(fields={"content": ["Send the document as content or as file, not as both."]})
    if isinstance(file, UploadedFile):
        return file.chunks(storage.CHUNK), file.name or ""
    if file not in (None, ""):
        raise Invalid(fields={"file": ["This must be a file of a multipart body."]})
    if isinstance(content, UploadedFile):
        return content.chunks(storage.CHUNK), content.name or ""
    if isinstance(content, str):
        content = content.encode()
    if not isinstance(content, bytes):
        raise Invalid(fields={"content": ["Send the document as content, or as file in a multipart body."]})
    return [content], ""


def _metadata(value: Any) -> Any:
    """An object; in a multipart body its JSON."""
    if isinstance(value, str):
        value = loads(value.encode()) if value.strip() else None
    if value is not None and not isinstance(value, dict):
        raise Invalid(fields={"metadata": ["This must be a JSON object."]})
    return value


def text_in(data: Any, name: str) -> str:
    """A text of the body, '' where it is not there. Raises Invalid for what is no text."""
    value = data.get(name) if hasattr(data, "get") else None
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Invalid(fields={name: ["This must be a text."]})
    return value
