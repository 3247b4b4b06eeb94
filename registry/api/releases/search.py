"""Searches of releases, artifacts, relationships and components, each by GET and by POST."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware
from rest_framework.request import Request
from rest_framework.response import Response

from contracts.errors import BadRequest
from registry.api.releases.artifacts import SORTS as ARTIFACT_SORTS
from registry.api.releases.base import BodyPagination, ReleasesView, sorted_by, uuid_or_refuse
from registry.api.releases.releases import SORTS as RELEASE_SORTS
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

BODY = {"query", "sort", "include", "page", "limit"}
INCLUDES = ("metadata", "relationships", "releases")


class Asked:
    """A search, however it came: by GET all in the query string, by POST under `query` in the body."""

    def __init__(self, request: Request, fields: Iterable[str]) -> None:
        self.by_post = request.method == "POST"
        fields = set(fields)
        if not self.by_post:
            self.values: dict[str, Any] = {name: request.query_params.getlist(name) for name in request.query_params}
            self.sort: Any = [word for text in self.values.pop("sort", []) for word in text.split(",")]
            self.include = _words("include", self.values.pop("include", []))
            for name in ("page", "limit", "format"):
                if name not in fields:
                    self.values.pop(name, None)
        else:
            body: Any = request.data
            _refuse_unknown(body, BODY, "")
            self.values = body.get("query") or {}
            if not isinstance(self.values, dict):
                raise BadRequest(fields={"query": ["This must be an object."]})
            self.sort = body.get("sort") or []
            self.include = _words("include", body.get("include") or [])
        _refuse_unknown(self.values, fields, "query." if self.by_post else "")
        unknown = [word for word in self.include if word not in INCLUDES]
        if unknown:
            raise BadRequest(fields={"include": [f"'{unknown[0]}' is none of {', '.join(INCLUDES)}."]})

    def words(self, name: str, among: Iterable[str] = ()) -> list[str]:
        """One word or several. Raises BadRequest for what is none, or not among these."""
        found = _words(name, self.values.get(name, []))
        choices = list(among)
        if choices and not set(found) <= set(choices):
            raise BadRequest(fields={name: [f"Choose from {', '.join(choices)}."]})
        return found

    def text(self, name: str) -> str:
        value = self.values.get(name, "")
        if isinstance(value, list) and not self.by_post:
            value = value[-1] if value else ""
        if not isinstance(value, str):
            raise BadRequest(fields={name: ["This must be a text."]})
        return value.strip()

    def order(self) -> list[tuple[str, bool]]:
        """(field, descends) pairs: `-name` in a query string, `{field, order}` in a body."""
        listed = [self.sort] if isinstance(self.sort, str | dict) else self.sort
        if not isinstance(listed, list):
            raise BadRequest(fields={"sort": ["This must be a list."]})
        return [_term(term) for term in listed if term]


def _term(term: Any) -> tuple[str, bool]:
    if isinstance(term, str):
        return term.strip().removeprefix("-"), term.strip().startswith("-")
    if isinstance(term, dict) and isinstance(term.get("field"), str):
        order = term.get("order", "asc")
        if order in {"asc", "desc"} and set(term) <= {"field", "order"}:
            return term["field"], order == "desc"
    raise BadRequest(fields={"sort": ['A term is {"field": "…", "order": "asc" or "desc"}.']})


def _words(name: str, value: Any) -> list[str]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
        raise BadRequest(fields={name: ["This must be a text or a list of texts."]})
    return [word.strip() for text in listed for word in text.split(",") if word.strip()]


def _refuse_unknown(given: Mapping[str, Any], known: Iterable[str], prefix: str) -> None:
    unknown = [name for name in given if name not in set(known)]
    if unknown:
        raise BadRequest(fields={f"{prefix}{name}": ["Unknown field."] for name in unknown})


class SearchReleases(ReleasesView[Release]):
    resource = "release"
    serializer_class = ReleaseSerializer
    pagination_class = BodyPagination
    fields = ("q", "project_id", "product_id", "version_pattern", "status", "date_range", "start", "end", "components")

    def get_queryset(self) -> QuerySet[Release]:
        return self._releases()

    def search(self, request: Request) -> Response:
        asked = Asked(request, self.fields)
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
        found = found.released_between(*_dates(asked))  # type: ignore[attr-defined]
        wanted = _components(asked.values.get("components"))
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
    serializer_class = ArtifactSerializer
    pagination_class = BodyPagination
    fields = (
        "type",
        "format",
        "release_version",
        "project_id",
        "has_relationship",
        "content",
        "name",
        "purl",
        "version",
        "version_range",
        "licence",
    )

    def get_queryset(self) -> QuerySet[Artifact]:
        return Artifact.objects.all().visible_to(self.actor)

    def search(self, request: Request) -> Response:
        """`content.components` asks for components by name, purl, version, version_range, licence."""
        asked = Asked(request, self.fields)
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
            return _components(content.get("components"))
        given = {name: asked.text(name) for name in WANTED if asked.text(name)}
        return _components(given) if given else None


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
    serializer_class = RelationshipSerializer
    pagination_class = BodyPagination
    fields = ("source_type", "target_type", "relationship_type", "source_id", "target_id")

    def get_queryset(self) -> QuerySet[ArtifactRelationship]:
        return ArtifactRelationship.objects.all().visible_to(self.actor).select_related("source", "target")

    def search(self, request: Request) -> Response:
        asked = Asked(request, self.fields)
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
        return self.paged(sorted_by(found, asked.order(), {"created_at": "created_at", "type": "type"}))


class SearchComponents(ReleasesView[Content]):
    """Which releases contain a component."""

    resource = "component"
    serializer_class = ReleaseSerializer
    pagination_class = BodyPagination
    queryset = Content.objects.none()

    def search(self, request: Request) -> Response:
        """One row for each component asked for in each release's current artifacts, newest release first."""
        asked = Asked(request, WANTED)
        wanted = _wanted({name: asked.text(name) for name in WANTED})
        found = releases_with(actor=self.actor, wanted=wanted)
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


# What components, and when -----------------------------------------------------------------------

WANTED = ("name", "purl", "version", "version_range", "licence")


def _components(given: Any) -> Wanted | None:
    if given is None:
        return None
    if not isinstance(given, dict) or set(given) - {*WANTED, "license"}:
        raise BadRequest(fields={"components": [f"This must be an object with {', '.join(WANTED)}."]})
    given = dict(given)
    if "license" in given:
        given.setdefault("licence", given.pop("license"))
    if not all(isinstance(value, str) for value in given.values()):
        raise BadRequest(fields={"components": ["What is asked for must be texts."]})
    return _wanted(given)


def _wanted(given: Mapping[str, str]) -> Wanted:
    return Wanted(
        name=given.get("name", ""),
        purl=given.get("purl", ""),
        version=given.get("version", ""),
        version_range=given.get("version_range", ""),
        licence=given.get("licence", ""),
    )


def _dates(asked: Asked) -> tuple[date | datetime | None, date | datetime | None]:
    """`date_range: {start, end}` in a body, `start` and `end` in a query string."""
    span = asked.values.get("date_range") if asked.by_post else asked.values
    if span is None:
        return None, None
    if not isinstance(span, dict) or (asked.by_post and set(span) - {"start", "end"}):
        raise BadRequest(fields={"date_range": ["This must be an object with start and end."]})
    start, end = _date(span.get("start"), "start"), _date(span.get("end"), "end")
    return start, end


def _date(value: Any, name: str) -> date | datetime | None:
    if isinstance(value, list):
        value = value[-1] if value else None
    if value in (None, ""):
        return None
    try:
        moment = parse_datetime(value) if isinstance(value, str) and len(value) > 10 else None
        found: date | datetime | None = moment or (parse_date(value) if isinstance(value, str) else None)
    except ValueError:
        found = None
    if found is None:
        raise BadRequest(fields={f"date_range.{name}": ["Write a date as 2024-01-31, or a time with it."]})
    return make_aware(found) if isinstance(found, datetime) and is_naive(found) else found
