"""Artifacts with what they say, and the search for a component across all releases."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.utils.safestring import SafeString

from accounts.actor import Actor
from accounts.admin_base import TenantAdmin, badge
from accounts.admin_lists import DropdownFilter
from accounts.templatetags.cartulary import ago
from contracts.errors import DomainError
from registry.artifact_content import content_response
from registry.containing import Wanted, releases_with
from registry.models import Artifact, ArtifactRelationship, ArtifactType, Package, Release
from registry.services.artifacts import delete_artifact, update_artifact

SHOWN = 200
TYPE_KINDS = {"sbom": "primary", "vex": "warning", "certification": "success"}


class TypeFilter(DropdownFilter):
    title = "type"
    parameter_name = "type"
    options = ArtifactType.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(type=self.value()) if self.value() else queryset


@admin.register(Artifact)
class ArtifactAdmin(TenantAdmin[Artifact]):
    """Bytes never change; they come in through a release's page, the API or a command."""

    change_form_template = "registry/artifact.html"
    may_add = False
    list_display = ("shown", "kind", "format", "components", "statements", "size_", "added")
    list_filter = (TypeFilter,)
    list_filter_submit = True
    list_select_related = ("organization",)
    ordering = ("-created_at", "-id")
    search_fields = ("name", "filename", "sha256", "serial_number")
    fields = ("metadata",)

    def update(self, actor: Actor, obj: Artifact, form: Any) -> Artifact:
        gone = {key: None for key in obj.metadata if key not in (form.cleaned_data["metadata"] or {})}
        return update_artifact(actor=actor, artifact=obj, metadata={**gone, **(form.cleaned_data["metadata"] or {})})

    def remove(self, actor: Actor, obj: Artifact) -> None:
        delete_artifact(actor=actor, artifact=obj)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        artifact = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if artifact is not None:
            edges = ArtifactRelationship.objects.all().touching(artifact).select_related("source", "target")
            releases = Release.objects.all().visible_to(self.actor(request)).holding([artifact.pk])
            context |= {
                "artifact": artifact,
                "title": str(artifact),
                "contents": artifact.contents.select_related("package", "licence").order_by("position")[:SHOWN],
                "statements": artifact.statements.order_by("position")[:SHOWN],
                "edges": edges[:SHOWN],
                "releases": releases.select_related("project__product")[:SHOWN],
                "shown": SHOWN,
            }
        return super().changeform_view(request, object_id, form_url, context)

    def object_views(self) -> Any:
        return {"download": self.download}

    def download(self, request: HttpRequest, artifact: Artifact) -> HttpResponseBase:
        """The bytes as they were uploaded."""
        return content_response(artifact)

    @admin.display(description="Artifact", ordering="name")
    def shown(self, artifact: Artifact) -> str:
        return str(artifact)

    @admin.display(description="Type", ordering="type")
    def kind(self, artifact: Artifact) -> SafeString:
        return badge(artifact.get_type_display(), TYPE_KINDS.get(artifact.type, ""))

    @admin.display(description="Size", ordering="size")
    def size_(self, artifact: Artifact) -> str:
        return filesizeformat(artifact.size)

    @admin.display(description="Components", ordering="component_count")
    def components(self, artifact: Artifact) -> str:
        return f"{artifact.component_count:,}" if artifact.component_count else "-"

    @admin.display(description="Statements", ordering="statement_count")
    def statements(self, artifact: Artifact) -> str:
        return f"{artifact.statement_count:,}" if artifact.statement_count else "-"

    @admin.display(description="Added", ordering="created_at")
    def added(self, artifact: Artifact) -> SafeString | str:
        return ago(artifact.created_at)


@admin.register(Package)
class PackageAdmin(TenantAdmin[Package]):
    """Components by name, whatever their version; a page tells which releases contain one."""

    change_form_template = "registry/package.html"
    may_add = may_change = may_delete = False
    list_display = ("name", "namespace", "type")
    list_select_related = ("organization",)
    ordering = ("folded_name",)
    search_fields = ("folded_name__startswith", "namespace__startswith")
    search_help_text = "The beginning of a name"
    fields = ("type", "namespace", "name")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Package], search_term: str) -> Any:
        """By the folded name, which is in small letters."""
        return super().get_search_results(request, queryset, search_term.lower())

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        package = self.get_object(request, object_id) if object_id else None
        context = dict(extra_context or {})
        if package is not None:
            context |= self._page(request, package)
        return super().changeform_view(request, object_id, form_url, context)

    def _page(self, request: HttpRequest, package: Package) -> dict[str, Any]:
        version, wanted_range = request.GET.get("version", "").strip(), request.GET.get("range", "").strip()
        rows: list[Any] = []
        try:
            wanted = Wanted(package_id=package.pk, version=version, version_range=wanted_range)
            rows = releases_with(actor=self.actor(request), wanted=wanted).rows(SHOWN + 1)
        except DomainError as error:
            messages.error(request, error.message)
        versions = package.contents.order_by().values_list("version", flat=True).distinct()[:SHOWN]
        return {
            "package": package,
            "title": str(package),
            "rows": rows[:SHOWN],
            "has_more": len(rows) > SHOWN,
            "versions": sorted(versions),
            "version": version,
            "range": wanted_range,
            "scheme": package.type or "generic",
            "shown": SHOWN,
        }
