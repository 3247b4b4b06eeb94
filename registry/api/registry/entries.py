"""Sources and tools: lists, one, its versions, what a version is made of, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view, inline_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.permissions import PublicReads, actor_of
from contracts.conditional import is_fresh, set_validators
from contracts.errors import BadRequest, Invalid, NotFound
from contracts.filtering import RepeatedFilter, SortFilter, WordsFilter
from contracts.openapi import Schema
from contracts.parsing import OF_THE_PAGE
from contracts.registry import Registry, RegistryPagination, envelope
from contracts.views import ContractViewSet
from registry.api.registry.shapes import (
    SourceDetailSerializer,
    ToolDetailSerializer,
    VersionSerializer,
)
from registry.models import Dependency, DependencySet, Entry, EntryKind, LabelKind, Statistics, Version
from registry.querysets.entries import ORDERS, EntryQuerySet
from registry.services.withdrawing import delete_entry, delete_version, unyank, yank
from registry.specs import is_version


class EntryFilters(filters.FilterSet):  # type: ignore[misc]
    """What a list of entries may be narrowed and sorted by."""

    org = filters.CharFilter(method="of_organization", help_text="Slug of an organization.")
    type = WordsFilter(method="of_types", help_text="Any of them.")
    organism = filters.CharFilter(method="of_organism", help_text="Common name, scientific name or NCBI taxonomy id.")
    format = WordsFilter(method="with_formats", help_text="All of them must be there.")
    tag = RepeatedFilter(method="with_tags", help_text="Repeatable; all of them must be carried.")
    sort = SortFilter(ORDERS, method="sorted_by")

    def of_organization(self, found: EntryQuerySet, name: str, value: str) -> EntryQuerySet:
        return found.in_organization(value)

    def of_types(self, found: EntryQuerySet, name: str, value: list[str]) -> EntryQuerySet:
        return found.of_types(value)

    def of_organism(self, found: EntryQuerySet, name: str, value: str) -> EntryQuerySet:
        return found.of_organism(value)

    def with_formats(self, found: EntryQuerySet, name: str, value: list[str]) -> EntryQuerySet:
        return found.labelled(LabelKind.FORMAT, value)

    def with_tags(self, found: EntryQuerySet, name: str, value: list[str]) -> EntryQuerySet:
        return found.labelled(LabelKind.TAG, value)

    def sorted_by(self, found: EntryQuerySet, name: str, value: list[str]) -> EntryQuerySet:
        return found.sorted_by(value)


class EntryPart(ContractViewSet[Entry]):
    """What is said of one kind of entry, and how one is found by its address."""

    kind: ClassVar[str]
    permission_classes = [PublicReads]
    queryset = Entry.objects.none()

    @property
    def actor(self) -> Actor:
        return actor_of(self.request)

    def entries(self) -> QuerySet[Entry]:
        return Entry.objects.visible_to(self.actor).filter(kind=self.kind)

    def named(self, org: str, name: str) -> QuerySet[Entry]:
        return Entry.objects.visible_to(self.actor).filter(kind=self.kind).named(org, name)

    def entry(self, org: str, name: str) -> Entry:
        found = self.named(org, name).select_related("organization", "organism").first()
        if found is None:
            raise self.missing(org, name)
        return found

    def missing(self, org: str, name: str) -> NotFound:
        what = "Data source" if self.kind == EntryKind.SOURCE else "Tool"
        return NotFound(f"{what} '{org}:{name}' not found", resource=self.kind)

    def version(self, org: str, name: str, version: str) -> Version:
        """The version of this name, or the highest that `latest` or a range lets through."""
        entry = self.entry(org, name)
        found = Version.objects.filter(entry=entry).wanted(version)
        if found is None:
            raise NotFound(f"Version '{version}' of '{org}:{name}' not found", resource="version")
        found.entry = entry
        return found

    def is_conditional(self) -> bool:
        return self.request.method in {"GET", "HEAD"} and "HTTP_IF_NONE_MATCH" in self.request.META

    def unchanged(self, etag: str) -> Response | None:
        """304 where the client holds what this tag stands for."""
        if not is_fresh(self.request, etag):
            return None
        response = Response(status=304)
        set_validators(response, etag=etag)
        return response


class Entries(EntryPart):
    """Lists of entries, one, and its deletion."""

    list_serializer: ClassVar[type[serializers.BaseSerializer[Any]]]
    filterset_class = EntryFilters

    def get_queryset(self) -> QuerySet[Entry]:
        found = Entry.objects.visible_to(self.actor).filter(kind=self.kind).sorted_by([])
        return found.select_related("organization", "organism")

    def count(self, queryset: QuerySet[Entry]) -> int:
        """From the counters where nothing else narrows down but the organization."""
        asked = self.request.query_params
        if any(asked.get(name) for name in ("type", "organism", "format", "tag")):
            return queryset.order_by().count()
        counted = Statistics.objects.visible_to(self.actor)
        if asked.get("org"):
            counted = counted.in_organization(asked["org"])
        return counted.totals()[f"{self.kind}s"]

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.list_serializer(rows, many=True).data)

    def retrieve(self, request: Request, org: str, name: str) -> Response:
        if self.is_conditional():
            facts = self.named(org, name).values_list("pk", "revision", "downloads", "organization__updated_at").first()
            fresh = self.unchanged(_entry_etag(facts)) if facts else None
            if fresh is not None:
                return fresh
        listed = Version.objects.living().order_by("-sort_key", "-version")
        shown = self.named(org, name).select_related("organization", "organism")
        entry = shown.prefetch_related(Prefetch("versions", listed, to_attr="listed_versions")).first()
        if entry is None:
            raise self.missing(org, name)
        response = Response(self.get_serializer(entry).data)
        facts = (entry.pk, entry.revision, entry.downloads, entry.organization.updated_at)
        set_validators(response, etag=_entry_etag(facts), modified=entry.updated_at)
        return response

    def destroy(self, request: Request, org: str, name: str) -> Response:
        delete_entry(actor=self.actor, entry=self.entry(org, name))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _entry_etag(facts: Sequence[Any]) -> str:
    """The counts are part of the answer, and so of the tag."""
    key, revision, downloads, organization_changed = facts
    return f'"{str(key)[-12:]}-{revision}-{downloads}-{int(organization_changed.timestamp())}"'


# What the schema shows of answers that no serializer makes ---------------------------------------

_PAGE = inline_serializer(
    "DependencyPage",
    {
        "source": serializers.CharField(),
        "format": serializers.CharField(allow_null=True),
        "dependency_count": serializers.IntegerField(),
        "tree_checksum": serializers.CharField(allow_null=True),
        "dependencies": inline_serializer(
            "DependencyRow",
            {
                "source": serializers.CharField(),
                "checksum": serializers.CharField(),
                "size": serializers.IntegerField(),
            },
            many=True,
        ),
    },
)
_DEPENDENTS = inline_serializer(
    "DependentPage",
    {
        "source": serializers.CharField(),
        "dependent_count": serializers.IntegerField(),
        "dependents": inline_serializer(
            "DependentRow",
            {
                "source": serializers.CharField(),
                "formats": serializers.ListField(child=serializers.CharField()),
                "dependency_count": serializers.IntegerField(),
                "published_at": serializers.DateTimeField(),
            },
            many=True,
        ),
    },
)
_PAGING = [
    OpenApiParameter("page", int, default=1, description="The page, from 1."),
    OpenApiParameter("limit", int, default=1000, description="Rows of a page, at most 1,000."),
]
_REASON = inline_serializer("YankReason", {"reason": serializers.CharField()})


class Versions(EntryPart):
    """One version; yanking and deleting it."""

    serializer_class: Any = VersionSerializer

    def retrieve(self, request: Request, org: str, name: str, version: str) -> Response:
        found = self.version(org, name, version)
        etag = f'"{str(found.pk)[-12:]}-{found.revision}-{found.downloads}"'
        fresh = self.unchanged(etag) if self.is_conditional() else None
        response = fresh or Response(VersionSerializer(found).data)
        set_validators(response, etag=etag, modified=found.updated_at)
        return response

    def exactly(self, org: str, name: str, version: str) -> Version:
        """The version of this very name: what is changed nobody chooses. Raises BadRequest."""
        if not is_version(version):
            words = "This must be one version by its name, no range and not latest."
            raise BadRequest(fields={"version": [words]})
        return self.version(org, name, version)

    def destroy(self, request: Request, org: str, name: str, version: str) -> Response:
        delete_version(actor=self.actor, version=self.exactly(org, name, version))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=_REASON, responses=VersionSerializer)
    def yank(self, request: Request, org: str, name: str, version: str) -> Response:
        found = self.exactly(org, name, version)
        said: Any = request.data
        if unknown := [str(field) for field in said if field not in {"reason", *OF_THE_PAGE}]:
            raise Invalid(fields={field: ["Unknown field."] for field in unknown})
        changed = yank(actor=self.actor, version=found, reason=said.get("reason", ""))
        changed.entry = found.entry
        return Response(VersionSerializer(changed).data)

    @extend_schema(request=None, responses=VersionSerializer)
    def unyank(self, request: Request, org: str, name: str, version: str) -> Response:
        found = self.exactly(org, name, version)
        changed = unyank(actor=self.actor, version=found)
        changed.entry = found.entry
        return Response(VersionSerializer(changed).data)


class DependencyPagination(RegistryPagination):
    """A thousand at a time, by their numbers in the list: the last page costs what the first does."""

    default_limit = 1000
    max_limit = 1000


class Dependencies(EntryPart):
    """What a version is made of, and what is made of it."""

    paginator: DependencyPagination

    @extend_schema(
        operation_id="registry_dependencies",
        parameters=[OpenApiParameter("format", description="Of the dependencies."), *_PAGING],
        responses=_PAGE,
    )
    def dependencies(self, request: Request, org: str, name: str, version: str) -> Response:
        found = self.version(org, name, version)
        window = self.paginator.open(request)
        wanted = request.query_params.get("format", "").lower()
        etag = f'"{str(found.pk)[-12:]}-{found.revision}-{wanted}-{window.offset}-{window.limit}"'
        fresh = self.unchanged(etag) if self.is_conditional() else None
        if fresh is not None:
            return fresh
        sets = list(DependencySet.objects.filter(version=found).order_by("first"))
        chosen = [of_format for of_format in sets if not wanted or of_format.format == wanted]
        if wanted and sets and not chosen:
            raise NotFound(f"'{org}:{name}@{version}' has no dependencies of format '{wanted}'")
        first = chosen[0].first if chosen else 0
        total = sum(of_format.count for of_format in chosen)
        whole = len(chosen) != 1
        self.paginator.close(total)
        data = {
            "source": f"{found.entry.organization.slug}:{found.entry.slug}@{found.version}",
            "format": None if whole else chosen[0].format,
            "dependency_count": total,
            "tree_checksum": _checksum(found.tree_checksum if whole else chosen[0].tree_checksum),
            "dependencies": [
                {"source": spec, "checksum": _checksum(checksum), "size": size}
                for spec, checksum, size in _rows(found, first, total, window.offset, window.limit)
            ],
        }
        response = Response(envelope(data, pagination=self.paginator.meta()))
        set_validators(response, etag=etag, modified=found.updated_at)
        return response

    @extend_schema(operation_id="registry_dependents", parameters=_PAGING, responses=_DEPENDENTS)
    def dependents(self, request: Request, org: str, name: str, version: str) -> Response:
        """The versions that depend on this one, of those that the actor may see; newest first."""
        found = self.version(org, name, version)
        above = Dependency.objects.filter(target=found).values("version")
        visible = Version.objects.visible_to(self.actor).filter(pk__in=above).order_by("-id")
        window = self.paginator.open(request)
        self.paginator.close(visible.order_by().count())
        shown = visible.select_related("entry__organization")[window.offset : window.offset + window.limit]
        data = {
            "source": f"{found.entry.organization.slug}:{found.entry.slug}@{found.version}",
            "dependent_count": self.paginator.total,
            "dependents": [
                {
                    "source": f"{row.entry.organization.slug}:{row.entry.slug}@{row.version}",
                    "formats": row.formats,
                    "dependency_count": row.dependency_count,
                    "published_at": row.published_at,
                }
                for row in shown
            ],
        }
        return Response(envelope(data, pagination=self.paginator.meta()))


def _rows(version: Version, first: int, total: int, offset: int, limit: int) -> Iterable[tuple[str, str, int]]:
    """Spec, checksum and size of one page, found by number: no row before the page is read."""
    begin = first + min(offset, total)
    end = first + min(offset + limit, total)
    rows = Dependency.objects.filter(version=version, position__gte=begin, position__lt=end).order_by("position")
    names = ("target__entry__organization__slug", "target__entry__slug", "format", "target__version")
    for org, slug, name, number, checksum, size in rows.values_list(*names, "checksum", "size"):
        yield f"{org}:{slug}-{name}@{number}", checksum, size


def _checksum(digest: str) -> str | None:
    return f"sha256-{digest}" if digest else None


# Routed classes ----------------------------------------------------------------------------------


@extend_schema_view(
    retrieve=extend_schema(operation_id="registry_source"),
    destroy=extend_schema(operation_id="registry_source_delete"),
)
class RegistrySources(Registry, Entries):
    kind = EntryKind.SOURCE
    serializer_class = SourceDetailSerializer


@extend_schema_view(
    retrieve=extend_schema(operation_id="registry_tool"),
    destroy=extend_schema(operation_id="registry_tool_delete"),
)
class RegistryTools(Registry, Entries):
    kind = EntryKind.TOOL
    serializer_class = ToolDetailSerializer


@extend_schema_view(
    retrieve=extend_schema(operation_id="registry_source_version"),
    destroy=extend_schema(operation_id="registry_source_version_delete"),
)
class RegistrySourceVersions(Registry, Versions):
    kind = EntryKind.SOURCE


@extend_schema_view(
    retrieve=extend_schema(operation_id="registry_tool_version"),
    destroy=extend_schema(operation_id="registry_tool_version_delete"),
)
class RegistryToolVersions(Registry, Versions):
    kind = EntryKind.TOOL


class RegistryDependencies(Registry, Dependencies):
    kind = EntryKind.SOURCE
    pagination_class = DependencyPagination

    def envelope_schema(self, schema: Schema) -> Schema:
        return DependencyPagination().get_paginated_response_schema(schema)
