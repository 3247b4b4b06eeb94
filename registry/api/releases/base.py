"""What the views of the releases contract share: who asks, for which project and release, filters, sorting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast
from uuid import UUID

from django.db.models import F, Model, OrderBy, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.permissions import actor_of
from contracts.errors import BadRequest, Conflict, NotFound
from contracts.releases import Releases, ReleasesPagination
from contracts.views import ContractViewSet, uuid_of
from registry.models import Artifact, Product, Project, Release

M = TypeVar("M", bound=Model)

CANDIDATES = 50
"""How many releases an ambiguous version is answered with."""

OF_PROJECT = OpenApiParameter(
    "project_id", OpenApiTypes.UUID, description="Whose release it is, where several projects have this version."
)

_VERSION_PARAMETER = re.compile(r";\s*version\s*=\s*\"?v?(\d+)(?:\.0)?\"?", re.IGNORECASE)


class BodyPagination(ReleasesPagination):
    """The same window, also from the body of a search by POST."""

    def parameters(self, request: Request) -> Mapping[str, Any]:
        body: Any = request.data if request.method == "POST" else request.query_params
        return cast(Mapping[str, Any], body)


class ReleasesView(Releases, ContractViewSet[M]):
    """A viewset of this contract. The path says the version; `Accept` and `Content-Type` may repeat it."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        spoken = "1" if request.path.startswith("/api/v1/") else "2"
        for header in ("Accept", "Content-Type"):
            asked = _VERSION_PARAMETER.findall(request.headers.get(header, ""))
            if asked and spoken not in asked:
                words = f"{header} asks for version {asked[0]}; this path is version {spoken}"
                raise BadRequest(words, fields={header: [words]})

    @property
    def actor(self) -> Actor:
        return actor_of(self.request)

    # What the path names -------------------------------------------------------------------------

    def product(self) -> Product:
        visible = Product.objects.all().visible_to(self.actor)
        return cast(Product, self._named(visible, "product", self.kwargs["product_id"]))

    def project(self) -> Project:
        visible = Project.objects.all().visible_to(self.actor).select_related("product")
        return cast(Project, self._named(visible, "project", self.kwargs["project_id"]))

    def artifact(self, value: Any = None) -> Artifact:
        visible = Artifact.objects.all().visible_to(self.actor)
        wanted = self.kwargs["artifact_id"] if value is None else value
        return cast(Artifact, self._named(visible, "artifact", wanted))

    def release_of_project(self) -> Release:
        """The project's release with the version in the path."""
        project = self.project()
        version = self.kwargs["version"]
        found = self._releases().filter(project=project, version=version).first()
        if found is None:
            raise NotFound(resource="release", version=version)
        return found

    def release_by_version(self) -> Release:
        """The release with the version in the path: of `?project_id=`, else the only one in the workspace.

        Raises Conflict with the candidates where several projects have it.
        """
        version = self.kwargs["version"]
        found = self._releases().filter(version=version)
        project_id = self.request.query_params.get("project_id")
        if project_id:
            key = uuid_of(project_id)
            if key is None:
                raise BadRequest(fields={"project_id": ["This is no UUID."]})
            found = found.filter(project=key)
        candidates = list(found[: CANDIDATES + 1])
        if not candidates:
            raise NotFound(resource="release", version=version)
        if len(candidates) > 1:
            raise Conflict(
                "Several projects have a release of this version; say which with project_id",
                version=version,
                candidates=[_candidate(release) for release in candidates[:CANDIDATES]],
            )
        return candidates[0]

    def _releases(self) -> QuerySet[Release]:
        return Release.objects.all().visible_to(self.actor).select_related("project__product", "collection")

    def _named(self, visible: QuerySet[Any], resource: str, value: Any) -> Any:
        key = uuid_of(value)
        found = visible.filter(pk=key).first() if key is not None else None
        if found is None:
            raise NotFound(resource=resource, **{f"{resource}_id": str(value)})
        return found

    # Answers -------------------------------------------------------------------------------------

    def listed(self, rows: Sequence[Any]) -> Response:
        """One page of rows that are in their shape already."""
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(page)


def _candidate(release: Release) -> dict[str, Any]:
    return {
        "id": str(release.pk),
        "version": release.version,
        "project_id": str(release.project_id),
        "project": release.project.name,
        "product": release.project.product.name,
    }


# Query parameters --------------------------------------------------------------------------------


def words_in(request: Request, name: str) -> list[str]:
    """`?name=a,b` and `?name=a&name=b` alike."""
    return [word.strip() for text in request.query_params.getlist(name) for word in text.split(",") if word.strip()]


def sorted_by(queryset: QuerySet[M], wanted: Iterable[tuple[str, bool]], fields: Mapping[str, str]) -> QuerySet[M]:
    """The queryset in this order, from (field, descends) pairs; nulls last. Raises BadRequest."""
    terms: list[OrderBy] = []
    for name, descends in wanted:
        if name not in fields:
            raise BadRequest(fields={"sort": [f"'{name}' is not one of {', '.join(sorted(fields))}."]})
        field = F(fields[name])
        terms.append(field.desc(nulls_last=True) if descends else field.asc(nulls_last=True))
    return queryset.order_by(*terms) if terms else queryset


def uuid_or_refuse(value: Any, name: str) -> UUID:
    key = uuid_of(value)
    if key is None:
        raise BadRequest(fields={name: ["This is no UUID."]})
    return key
